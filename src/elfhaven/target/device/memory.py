# SPDX-License-Identifier: BSD-2-Clause
"""Memory that a TEE behind a device node sees: new or the caller's own, and buffers kept for reuse.

Both worlds see the very same bytes: nothing is copied but temporary memory, into a borrowed buffer and out.

Locks: `_lock` guards the tables; the kernel is not asked while it is held.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import mmap
import os
import threading
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import gp
from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import TeeError
from elfhaven.target.device.node import Node

KEPT_LARGEST: Final = 1 << 20  # bytes of a buffer that is still kept for reuse
_KEPT_EACH: Final = 4


@dataclass(slots=True)
class Shared:
    """Shared memory: the kernel's number for it, its descriptor, and its bytes."""

    handle: int
    id: int
    descriptor: int
    view: memoryview


class Memories:
    """The shared memory of a node. Close it, after the last call that uses any of it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._handles = itertools.count(1)
        self._known: dict[int, Shared] = {}
        self._kept: dict[int, list[Shared]] = {}

    def __getitem__(self, handle: int) -> Shared:
        """The memory of a handle; KeyError if there is none."""
        return self._known[handle]

    def new(self, size: int) -> Shared:
        """Zeroed memory. Raises TeeError where there is no room."""
        try:
            if self._node.version.capabilities & tee.GEN_CAP_REG_MEM:
                room = mmap.mmap(-1, size)  # MAP_SHARED: a child of this process changes nothing
                return self._registered(memoryview(room))
            return self._allocated(size)
        except (OSError, OverflowError) as error:
            raise _no_room(size, error) from None

    def register(self, view: memoryview) -> Shared:
        """Makes the caller's bytes shared memory: they must not move while it lasts. Raises TeeError."""
        if not self._node.version.capabilities & tee.GEN_CAP_REG_MEM:
            raise TeeError(
                gp.TEE_ERROR_NOT_SUPPORTED,
                gp.TEE_ORIGIN_COMMS,
                f"{self._node.path} takes no memory of its client's own",
                "allocate shared memory, and copy into it",
            )
        try:
            return self._registered(view)
        except OSError as error:
            raise _no_room(len(view), error) from None

    def release(self, handle: int) -> None:
        """Gives memory back; nothing happens for an unknown handle."""
        with self._lock:
            shared = self._known.pop(handle, None)
        if shared is not None:
            os.close(shared.descriptor)

    def borrow(self, size: int) -> Shared:
        """Memory of at least `size` bytes for one call; TeeError where there is no room."""
        wanted = _rounded(size)
        with self._lock:
            kept = self._kept.get(wanted)
            if kept:
                return kept.pop()
        return self.new(wanted)

    def give_back(self, shared: Shared, used: int) -> None:
        """Ends a loan. The next borrower, who may call another TA, finds zeros where it was used."""
        size = len(shared.view)
        if size <= KEPT_LARGEST:
            shared.view[:used] = bytes(used)
            with self._lock:
                kept = self._kept.setdefault(size, [])
                if len(kept) < _KEPT_EACH:
                    kept.append(shared)
                    return
        self.release(shared.handle)

    def close(self) -> None:
        """Gives everything back."""
        for handle in list(self._known):
            self.release(handle)
        self._kept.clear()

    def _registered(self, view: memoryview) -> Shared:
        address = ctypes.addressof(ctypes.c_char.from_buffer(view))
        argument = bytearray(tee.SHM_REGISTER_DATA.struct.pack(address, len(view), 0, 0))
        descriptor = self._node.ask(tee.IOC_SHM_REGISTER, argument)
        number = tee.SHM_REGISTER_DATA.struct.unpack(argument)[3]
        return self._know(number, descriptor, view)

    def _allocated(self, size: int) -> Shared:
        argument = bytearray(tee.SHM_ALLOC_DATA.struct.pack(size, 0, 0))
        descriptor = self._node.ask(tee.IOC_SHM_ALLOC, argument)
        try:
            room = mmap.mmap(descriptor, size)
        except BaseException:
            os.close(descriptor)
            raise
        return self._know(tee.SHM_ALLOC_DATA.struct.unpack(argument)[2], descriptor, memoryview(room))

    def _know(self, number: int, descriptor: int, view: memoryview) -> Shared:
        shared = Shared(next(self._handles), number, descriptor, view)
        with self._lock:
            self._known[shared.handle] = shared
        return shared


def _rounded(size: int) -> int:
    """Sizes that are kept are whole pages, each twice the one before."""
    if size > KEPT_LARGEST:
        return size
    return max(mmap.PAGESIZE, 1 << max(size - 1, 0).bit_length())


def _no_room(size: int, error: OSError | OverflowError) -> TeeError:
    number = error.errno if isinstance(error, OSError) else errno.ENOMEM
    doing = f"cannot share {size} bytes"
    if number in (errno.ENOMEM, errno.ENOSPC):
        return TeeError(
            gp.TEE_ERROR_OUT_OF_MEMORY,
            gp.TEE_ORIGIN_COMMS,
            f"{doing}: Linux or OP-TEE has no room for it",
            "share less at a time, or release what is shared already",
        )
    if number == errno.EFAULT:
        return TeeError(
            gp.TEE_ERROR_BAD_PARAMETERS,
            gp.TEE_ORIGIN_COMMS,
            f"{doing}: Linux cannot pin this memory",
            "share ordinary memory, not the mapping of a file or a device",
        )
    if number == errno.EINVAL:  # what Linux makes of OP-TEE's refusal
        return TeeError(
            gp.TEE_ERROR_BAD_PARAMETERS,
            gp.TEE_ORIGIN_COMMS,
            f"{doing}: OP-TEE does not take so much",
            "share less at a time",
        )
    return TeeError(gp.TEE_ERROR_GENERIC, gp.TEE_ORIGIN_COMMS, f"{doing}: {os.strerror(number or 0)}")
