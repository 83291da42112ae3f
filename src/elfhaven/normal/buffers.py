# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory of the driver: registration with the TEE, page lists, and buffers kept for reuse.

Locks: `Buffers._lock` guards the tables of handles and kept buffers; no SMC is made while it is held.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import TeeError
from elfhaven.normal.results import tee_error
from elfhaven.world.message import Message, Param, page_lists
from elfhaven.world.shared_memory import NormalMemory, NormalMemoryError, Pages

KEPT_LARGEST: Final = 1 << 20  # bytes of a buffer that is still kept for reuse
_KEPT_EACH: Final = 4  # buffers kept of each size
_NONCONTIG_OUTPUT: Final = msg.ATTR_TMEM_OUTPUT | msg.ATTR_NONCONTIG


@dataclass(slots=True)
class Buffer:
    """Shared memory that the TEE knows by `handle`. `mirror`: the caller's own buffer that it shadows."""

    handle: int
    pages: Pages
    view: memoryview
    mirror: memoryview | None = None


class Buffers:
    """Registered buffers by handle. `send` makes the SMC for a message and gives it back answered."""

    def __init__(self, memory: NormalMemory, send: Callable[[Message], Message]) -> None:
        self._memory = memory
        self._send = send
        self._lock = threading.Lock()
        self._handles = itertools.count(1)
        self._known: dict[int, Buffer] = {}
        self._kept: dict[int, list[Buffer]] = {}

    def __getitem__(self, handle: int) -> Buffer:
        """The buffer of a handle; KeyError if it is not registered."""
        return self._known[handle]

    def register(self, size: int, mirror: memoryview | None = None) -> Buffer:
        """New zeroed memory, registered with the TEE. TeeError where either world has no room."""
        pages = take(self._memory, size)
        handle = next(self._handles)
        try:
            self._announce(pages.page_addresses, 0, pages.size, handle)
        except BaseException:
            self._memory.free(pages)
            raise
        buffer = Buffer(handle, pages, pages.view, mirror)
        with self._lock:
            self._known[handle] = buffer
        return buffer

    def release(self, handle: int) -> None:
        """Takes a buffer back from the TEE and frees it; nothing happens for an unknown handle."""
        with self._lock:
            buffer = self._known.pop(handle, None)
        if buffer is None:
            return
        if self.unshare(handle):  # else the TEE still holds the pages: they stay taken
            self._memory.free(buffer.pages)

    def share(self, extents: Sequence[tuple[int, int]], offset: int, size: int) -> int:
        """Registers pages that somebody else holds: (address, bytes) runs of whole pages, in which `size`
        bytes begin at `offset`. The handle; TeeError as `register`."""
        handle = next(self._handles)
        addresses: list[int] = []
        for address, length in extents:
            addresses += range(address, address + length, msg.PAGE_SIZE)
        self._announce(addresses, offset, size, handle)
        return handle

    def unshare(self, handle: int) -> bool:
        """Takes such pages back from the TEE; False where it keeps them."""
        message = Message(msg.CMD_UNREGISTER_SHM, params=[Param(msg.ATTR_RMEM_INPUT, 0, 0, handle)])
        return self._send(message).result == gp.TEE_SUCCESS

    def borrow(self, size: int) -> Buffer:
        """A buffer of at least `size` bytes for one call; its content is left from an earlier one."""
        wanted = max(msg.PAGE_SIZE, 1 << (size - 1).bit_length() if size > 1 else 1)
        if wanted > KEPT_LARGEST:
            return self.register(size)
        with self._lock:
            kept = self._kept.setdefault(wanted, [])
            if kept:
                return kept.pop()
        return self.register(wanted)

    def give_back(self, buffer: Buffer) -> None:
        """Ends a loan."""
        size = len(buffer.view)
        if size <= KEPT_LARGEST:
            with self._lock:
                kept = self._kept[size]
                if len(kept) < _KEPT_EACH:
                    kept.append(buffer)
                    return
        self.release(buffer.handle)

    def close(self) -> None:
        """Releases every buffer."""
        with self._lock:
            handles = list(self._known)
            self._kept.clear()
        for handle in handles:
            self.release(handle)

    def _announce(self, addresses: Sequence[int], offset: int, size: int, handle: int) -> None:
        """Tells the TEE of pages."""
        lists = listed(self._memory, addresses)
        try:
            param = Param(_NONCONTIG_OUTPUT, lists.physical_address + offset, size, handle)
            answer = self._send(Message(msg.CMD_REGISTER_SHM, params=[param]))
        finally:
            self._memory.free(lists)
        if answer.result != gp.TEE_SUCCESS:
            raise tee_error(answer.result, gp.TEE_ORIGIN_TEE, f"cannot share {size} bytes")


def listed(memory: NormalMemory, addresses: Sequence[int]) -> Pages:
    """The page lists that tell the TEE of pages, in pages of their own."""
    count = -(-len(addresses) // msg.PAGES_PER_LIST)
    lists = take(memory, count * msg.PAGE_SIZE)
    lists.view[:] = page_lists(addresses, lists.physical_address)
    return lists


def take(memory: NormalMemory, size: int) -> Pages:
    """Pages of normal memory; TEE_ERROR_OUT_OF_MEMORY, origin API, where there are none."""
    try:
        return memory.allocate(size)
    except NormalMemoryError:
        raise TeeError(
            gp.TEE_ERROR_OUT_OF_MEMORY,
            gp.TEE_ORIGIN_API,
            f"the normal world has no {size} bytes left to share",
            "close sessions and shared memory that are no longer used",
        ) from None
