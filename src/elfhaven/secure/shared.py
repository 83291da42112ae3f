# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory as the core sees it: registered buffers by cookie, and buffers described in a message.

What the normal world describes is read once, into our own copy, and checked before use: every page must
lie in normal memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from elfhaven.abi.gp import TEE_ERROR_BAD_PARAMETERS, TEE_ERROR_OUT_OF_MEMORY
from elfhaven.abi.optee_msg import ATTR_NONCONTIG, PAGE_SIZE, PAGES_PER_LIST
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.pages import Backing
from elfhaven.secure.params import BackedBuffer
from elfhaven.secure.result import TeeResult
from elfhaven.world.message import Param, pages_of
from elfhaven.world.shared_memory import NormalMemory

MAX_PAGES = 1 << 18  # 1 GiB; bounds the work that one message can ask for


@dataclass(slots=True)
class Registered:
    """A buffer registered under a cookie: pages, and where in the first of them it begins."""

    backing: Backing
    offset: int
    size: int
    guarded: bool = True  # registered by the normal world's own command


class SharedMemory:
    """All that the normal world has shared."""

    def __init__(self, memory: PhysicalMemory, normal: NormalMemory) -> None:
        self._memory = memory
        self._normal = normal
        self._registered: dict[int, Registered] = {}

    def __len__(self) -> int:
        return len(self._registered)

    def register(self, param: Param) -> None:
        """OPTEE_MSG_CMD_REGISTER_SHM."""
        if not param.attr & ATTR_NONCONTIG or not param.c or param.c in self._registered:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        self._registered[param.c] = self._describe(param)

    def unregister(self, cookie: int) -> None:
        """OPTEE_MSG_CMD_UNREGISTER_SHM. Mappings made of it live on until their call ends."""
        if self._registered.pop(cookie, None) is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def find(self, cookie: int) -> Registered | None:
        return self._registered.get(cookie)

    def adopt(self, param: Param) -> Registered:
        """A payload that an RPC allocated: usable by its cookie until `drop`."""
        found = self._describe(param)
        found.guarded = False
        if param.c and param.c not in self._registered:
            self._registered[param.c] = found
        return found

    def drop(self, cookie: int) -> None:
        self._registered.pop(cookie, None)

    def registered(self, param: Param) -> BackedBuffer | None:
        """The part of a registered buffer that an RMEM parameter means; None for a NULL reference."""
        if not param.c and not param.b:
            return None
        found = self._registered.get(param.c)
        if found is None or param.a + param.b > found.size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return BackedBuffer(self._memory, found.backing, found.offset + param.a, param.b)

    def temporary(self, param: Param) -> BackedBuffer | None:
        """The buffer that a TMEM parameter means; None for a NULL reference."""
        if not param.a:
            if param.b:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            return None
        found = self._describe(param)
        return BackedBuffer(self._memory, found.backing, found.offset, found.size)

    def _describe(self, param: Param) -> Registered:
        offset = param.a % PAGE_SIZE
        if param.b > MAX_PAGES * PAGE_SIZE:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        if param.attr & ATTR_NONCONTIG:
            pages = self._page_list(param.a - offset, pages_of(offset, param.b))
        else:
            first = param.a - offset
            pages = [(first, pages_of(offset, param.b) * PAGE_SIZE)]
        for address, size in pages:
            if not self._normal.contains(address, size) or address % PAGE_SIZE:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return Registered(Backing(pages, secure=False), offset, param.b)

    def _page_list(self, address: int, count: int) -> list[tuple[int, int]]:
        """Extents of the pages listed from `address` on."""
        extents: list[tuple[int, int]] = []
        while count:
            if not self._normal.contains(address, PAGE_SIZE):
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            words = struct.unpack(f"<{PAGES_PER_LIST + 1}Q", self._normal.read(address, PAGE_SIZE))
            take = min(count, PAGES_PER_LIST)
            _extend(extents, words[:take])
            address, count = words[PAGES_PER_LIST], count - take
        return extents


def _extend(extents: list[tuple[int, int]], pages: tuple[int, ...]) -> None:
    """Append pages, joining neighbours."""
    for page in pages:
        if extents and extents[-1][0] + extents[-1][1] == page:
            extents[-1] = (extents[-1][0], extents[-1][1] + PAGE_SIZE)
        else:
            extents.append((page, PAGE_SIZE))
