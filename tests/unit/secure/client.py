# SPDX-License-Identifier: BSD-2-Clause
"""A session with the probe TA."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from uuid import UUID

from elfhaven.abi import optee_msg as msg
from elfhaven.world.message import Message, Param

from .normal_world import NormalWorld
from .probe import PRIVATE, SHARED, Probe

BUFFER = 65536
AREA = 256  # where a test's own data begin
STAGE = 49152  # in the shared buffer, on the way to or from the TA's memory


class Client:
    """`view` is the shared buffer; words are u64."""

    def __init__(self, world: NormalWorld, uuid: UUID) -> None:
        self.world = world
        self.uuid = uuid
        opened = world.open(uuid)
        assert opened.result == 0, hex(opened.result)
        self.session = opened.session
        self.param, self.pages = world.share(bytes(BUFFER))
        self.view = self.pages.view
        self.last: Message = opened

    def close(self) -> None:
        self.world.close_session(self.session)
        self.world.normal.free(self.pages)

    def invoke(self, command: Probe, *words: int, value: tuple[int, int] = (0, 0)) -> int:
        """One command with words at the start of the buffer; its TEE_Result."""
        struct.pack_into(f"<{len(words)}Q", self.view, 0, *words)
        self.last = self.world.invoke(self.session, command, Param(msg.ATTR_VALUE_INOUT, *value), self.param)
        return self.last.result

    def word(self, index: int = 0) -> int:
        found: int = struct.unpack_from("<Q", self.view, 8 * index)[0]
        return found

    def svc(self, number: int, *arguments: int) -> int:
        """One system call of the TA; its result."""
        words = [*arguments, *[0] * (8 - len(arguments))]
        assert self.invoke(Probe.SVC, number, *words) == 0, hex(self.last.result)
        return self.word()

    def svc_twice(self, first: Sequence[int], second: Sequence[int]) -> tuple[int, int]:
        """Two system calls in one entry; their results."""
        words = [*first, *[0] * (9 - len(first)), *second, *[0] * (9 - len(second))]
        assert self.invoke(Probe.TWICE, *words) == 0, hex(self.last.result)
        return self.word(), self.word(9)

    def share(self, data: bytes, offset: int = AREA) -> int:
        """Data in the shared buffer; the argument that means its address."""
        self.view[offset : offset + len(data)] = data
        return SHARED | offset

    def put(self, data: bytes, offset: int = AREA) -> int:
        """Data in the TA's own memory; the argument that means its address."""
        self.share(data, STAGE)
        assert self.invoke(Probe.COPY, PRIVATE | offset, SHARED | STAGE, len(data)) == 0
        return PRIVATE | offset

    def get(self, size: int, offset: int = AREA) -> bytes:
        """What lies in the TA's own memory."""
        assert self.invoke(Probe.COPY, SHARED | STAGE, PRIVATE | offset, size) == 0
        return bytes(self.view[STAGE : STAGE + size])

    def scratch(self) -> int:
        """Where the TA's own memory begins."""
        assert self.invoke(Probe.SCRATCH) == 0
        return self.word(0)

    def u32(self, offset: int = AREA) -> int:
        return int.from_bytes(self.get(4, offset), "little")
