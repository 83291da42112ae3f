# SPDX-License-Identifier: BSD-2-Clause
"""A TEE behind ioctl: reads and writes this process's memory at the addresses that it is given."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

from elfhaven.abi import gp
from elfhaven.abi import tee_ioctl as tee
from elfhaven.target.device.node import Node

SWAP, WAIT, REFUSE = range(3)
ANSWER = b"what the TA wrote"
NO_TA = bytes(16)
SESSION = 0x1234
NAME = "fake-shared"


@dataclass
class FakeTee:
    """`ioctl` is the seam. What clients asked for is in the lists; `failures` come first, one a request."""

    capabilities: int = tee.GEN_CAP_GP | tee.GEN_CAP_REG_MEM | tee.GEN_CAP_MEMREF_NULL
    implementation: int = tee.IMPL_ID_OPTEE
    failures: list[int] = field(default_factory=list)
    opened: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    seen: list[list[tuple[int, ...]]] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    blocked: set[int] = field(default_factory=set)  # signals that a thread did not take while it waited
    cancels: list[tuple[int, int]] = field(default_factory=list)
    memories: dict[int, tuple[int, int]] = field(default_factory=dict)  # number -> address, size
    descriptors: dict[int, int] = field(default_factory=dict)  # number -> descriptor
    maps: list[mmap.mmap] = field(default_factory=list)

    def node(self, path: Path) -> Node:
        path.touch()
        return Node(path, self.ioctl)

    def live(self) -> int:
        """How many shared memories the client has not given back."""
        return sum(_is_shared(descriptor) for descriptor in self.descriptors.values())

    def ioctl(self, fd: int, request: int, argument: bytearray) -> int:
        assert request >> 16 & 0x3FFF == len(argument)
        if request != tee.IOC_VERSION and self.failures and (number := self.failures.pop(0)):
            raise OSError(number, os.strerror(number))
        if request == tee.IOC_VERSION:
            argument[:] = tee.VERSION_DATA.struct.pack(
                self.implementation, tee.OPTEE_CAP_TZ, self.capabilities
            )
        elif request == tee.IOC_SHM_REGISTER:
            address, size, flags, _ = tee.SHM_REGISTER_DATA.struct.unpack(argument)
            assert flags == 0
            assert self.capabilities & tee.GEN_CAP_REG_MEM
            number = self._know(address, size, os.memfd_create(NAME))
            argument[:] = tee.SHM_REGISTER_DATA.struct.pack(address, size, 0, number)
            return self.descriptors[number]
        elif request == tee.IOC_SHM_ALLOC:
            return self._allocate(argument)
        elif request == tee.IOC_OPEN_SESSION:
            self._open(argument)
        elif request == tee.IOC_INVOKE:
            self._invoke(argument)
        elif request == tee.IOC_CANCEL:
            cancel_id, session = tee.CANCEL_ARG.struct.unpack(argument)
            self.cancels.append((session, cancel_id))
            self.cancelled.set()
        elif request == tee.IOC_CLOSE_SESSION:
            self.closed += tee.CLOSE_SESSION_ARG.struct.unpack(argument)
        else:
            raise OSError(errno.EINVAL, "no such request")
        return 0

    def _know(self, address: int, size: int, descriptor: int) -> int:
        number = len(self.descriptors)  # the first is 0, as with Linux
        self.memories[number] = (address, size)
        self.descriptors[number] = descriptor
        return number

    def _allocate(self, argument: bytearray) -> int:
        size, _, _ = tee.SHM_ALLOC_DATA.struct.unpack(argument)
        whole = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        descriptor = os.memfd_create(NAME)
        os.ftruncate(descriptor, whole)
        room = mmap.mmap(descriptor, whole)
        self.maps.append(room)
        number = self._know(ctypes.addressof(ctypes.c_char.from_buffer(room)), whole, descriptor)
        argument[:] = tee.SHM_ALLOC_DATA.struct.pack(whole, 0, number)
        return descriptor

    def _block(self, argument: bytearray, head: tee.Layout) -> tuple[int, list[int], list[tuple[int, ...]]]:
        """Where the structure lies, its words, its parameters."""
        address, size = tee.BUF_DATA.struct.unpack(argument)
        assert address % 8 == 0
        assert size <= tee.MAX_ARG_SIZE
        data = ctypes.string_at(address, size)
        fields = list(head.struct.unpack_from(data))
        params = list(tee.PARAM.struct.iter_unpack(data[head.size :]))
        assert fields[-1] == len(params)
        return address, fields, params

    def _answer(
        self, address: int, head: tee.Layout, fields: list[int], params: list[tuple[int, ...]]
    ) -> None:
        data = head.struct.pack(*fields) + b"".join(tee.PARAM.struct.pack(*param) for param in params)
        ctypes.memmove(address, data, len(data))

    def _open(self, argument: bytearray) -> None:
        address, fields, params = self._block(argument, tee.OPEN_SESSION_ARG)
        uuid, client, login, _, _, _, _, count = fields
        self.opened.append((uuid, client, login))  # type: ignore[arg-type]
        code = gp.TEE_ERROR_ITEM_NOT_FOUND if uuid == NO_TA else gp.TEE_SUCCESS  # type: ignore[comparison-overlap]
        params = self._swap(params)
        fields[4:] = [SESSION, code, gp.TEE_ORIGIN_TEE if code else gp.TEE_ORIGIN_TRUSTED_APP, count]
        self._answer(address, tee.OPEN_SESSION_ARG, fields, params)

    def _invoke(self, argument: bytearray) -> None:
        address, fields, params = self._block(argument, tee.INVOKE_ARG)
        command, code = fields[0], gp.TEE_SUCCESS
        if command == WAIT:
            self.blocked |= signal.pthread_sigmask(signal.SIG_BLOCK, ())
            self.waiting.set()
            code = gp.TEE_ERROR_CANCEL if self.cancelled.wait(10) else gp.TEE_SUCCESS
        elif command == REFUSE:
            code = gp.TEE_ERROR_SHORT_BUFFER
            params = [
                (attr, a, b * 2 if attr == tee.ATTR_TYPE_MEMREF_OUTPUT else b, c) for attr, a, b, c in params
            ]
        else:
            params = self._swap(params)
        fields[3:5] = [code, gp.TEE_ORIGIN_TRUSTED_APP]
        self._answer(address, tee.INVOKE_ARG, fields, params)

    def _swap(self, params: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Values change places; memory is turned round; memory for output gets ANSWER."""
        self.seen.append(params)
        return [self._swapped(*param) for param in params]

    def _swapped(self, attr: int, a: int, b: int, c: int) -> tuple[int, int, int, int]:
        if attr in (tee.ATTR_TYPE_VALUE_OUTPUT, tee.ATTR_TYPE_VALUE_INOUT):
            return attr, b, a or 7, c
        if attr < tee.ATTR_TYPE_MEMREF_OUTPUT or c == tee.MEMREF_NULL:
            return attr, a, b, c
        start, size = self.memories[c]
        assert a + b <= size
        if attr == tee.ATTR_TYPE_MEMREF_INOUT:
            ctypes.memmove(start + a, ctypes.string_at(start + a, b)[::-1], b)
            return attr, a, b, c
        ctypes.memmove(start + a, ANSWER[:b], min(b, len(ANSWER)))
        return attr, a, min(b, len(ANSWER)), c


def _is_shared(descriptor: int) -> bool:
    try:
        return NAME in os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return False
