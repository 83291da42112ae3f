# SPDX-License-Identifier: BSD-2-Clause
"""A process that is to be killed: does what it reads on its standard input to the objects of a device.

    python workload.py STATE UUID < operations

A line of JSON an operation. It writes a byte to its standard output before the first one, and after each.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from uuid import UUID

from elfhaven.normal.client import Direction, Session, SharedMemory, Value
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

SVC, COPY = 1, 13  # commands of probe.c
PRIVATE, SHARED = 10 << 60, 9 << 60
NAME, AREA, OUT, STAGE = 512, 8192, 4096, 32768
ALL, OVERWRITE, META = 7, 0x400, 4


class Ta:
    """The storage calls of the probe; every one must succeed."""

    def __init__(self, session: Session, memory: SharedMemory) -> None:
        self._session = session
        self._memory = memory

    def _run(self, command: int, *words: int) -> None:
        struct.pack_into(f"<{len(words)}Q", self._memory.view, 0, *words)
        self._session.invoke(command, Value(0, 0, Direction.INOUT), self._memory.ref(Direction.INOUT))

    def _svc(self, number: int, *arguments: int) -> None:
        self._run(SVC, number, *arguments, *[0] * (8 - len(arguments)))
        result = struct.unpack_from("<Q", self._memory.view)[0]
        assert result == 0, f"call {number}: {result:#x}"

    def _put(self, data: bytes, where: int) -> int:
        self._memory.view[STAGE : STAGE + len(data)] = data
        self._run(COPY, PRIVATE | where, SHARED | STAGE, len(data))
        return PRIVATE | where

    def _handle(self) -> int:
        self._run(COPY, SHARED | STAGE, PRIVATE | OUT, 4)
        return int.from_bytes(bytes(self._memory.view[STAGE : STAGE + 4]), "little")

    def _open(self, name: str) -> int:
        self._svc(41, 1, self._put(name.encode(), NAME), len(name), ALL, PRIVATE | OUT)
        return self._handle()

    def put(self, name: str, data: bytes) -> None:
        names, content = self._put(name.encode(), NAME), self._put(data, AREA)
        self._svc(42, 1, names, len(name), ALL | OVERWRITE, 0, content, len(data), PRIVATE | OUT)
        self._svc(28, self._handle())

    def write(self, name: str, position: int, data: bytes) -> None:
        handle = self._open(name)
        self._svc(53, handle, position, 0)
        self._svc(51, handle, self._put(data, AREA), len(data))
        self._svc(28, handle)

    def truncate(self, name: str, length: int) -> None:
        handle = self._open(name)
        self._svc(52, handle, length)
        self._svc(28, handle)

    def rename(self, old: str, new: str) -> None:
        handle = self._open(old)
        self._svc(44, handle, self._put(new.encode(), NAME), len(new))
        self._svc(28, handle)

    def remove(self, name: str) -> None:
        self._svc(43, self._open(name))


def main(state: str, uuid: str) -> None:
    with Emulator(StateDirectory(state)) as target:
        memory = target.context.allocate(65536)
        ta = Ta(target.context.open_session(UUID(uuid)), memory)
        os.write(1, b".")
        for line in sys.stdin:
            verb, *arguments = json.loads(line)
            words = [
                bytes.fromhex(a[2:]) if isinstance(a, str) and a.startswith("0x") else a for a in arguments
            ]
            getattr(ta, verb)(*words)
            os.write(1, b".")


if __name__ == "__main__":
    main(*sys.argv[1:])
