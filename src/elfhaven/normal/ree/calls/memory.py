# SPDX-License-Identifier: BSD-2-Clause
"""Calls on the address space: brk, mmap and their kin."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.machine.memory import PAGE
from elfhaven.normal.ree.areas import WRITE, Area, Chunk
from elfhaven.normal.ree.calls.words import error
from elfhaven.normal.ree.handles import Handle, HostFile
from elfhaven.normal.ree.memory import HIGHEST, page_up
from elfhaven.world.shared_memory import NormalMemory

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

MAP_SHARED, MAP_TYPE, MAP_FIXED, MAP_ANONYMOUS, MAP_FIXED_NOREPLACE = 1, 0xF, 0x10, 0x20, 0x100000
_HOST_NORESERVE: Final = 0x4000
_HEAP: Final = 64 << 20  # bytes of DRAM behind each stretch of the heap
_DISCARDING: Final = (4, 8)  # MADV_DONTNEED, MADV_FREE
_RIGHTS: Final = 7
MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2


class MemoryCalls:
    """The heap begins at `Process.heap`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._break = process.heap
        self._heap: Area | None = None

    def sys_brk(self, wanted: int) -> int:
        if wanted < self._process.heap or wanted >= self._process.heap + (1 << 36):
            return self._break
        end, before = page_up(wanted), page_up(self._break)
        try:
            if end > before:
                self._grow(before, end)
            elif end < before:
                self._memory.unmap(end, before - end)
                self._heap = None
        except OSError:
            return self._break
        self._break = wanted
        return wanted

    def _grow(self, before: int, end: int) -> None:
        heap = self._heap
        if (
            heap is not None
            and heap.chunk is not None
            and heap.end == before
            and heap.offset + end - heap.start <= heap.chunk.pages.size
        ):
            self._memory.grow(heap, end)
            return
        if any(self._memory.within(before, end - before)):
            raise error("ENOMEM")
        chunk = self._memory.chunk(max(_HEAP, end - before))
        self._heap = self._memory.map(before, end - before, 3, chunk, label="")

    def sys_mmap(self, address: int, length: int, rights: int, flags: int, fd: int, offset: int) -> int:
        size = page_up(length)
        if not length or offset % PAGE or flags & MAP_TYPE not in (1, 2, 3):
            raise error("EINVAL")
        if size > HIGHEST:
            raise error("ENOMEM")
        handle = None if flags & MAP_ANONYMOUS else self._process.files[fd]
        start = self._place(address, size, flags)
        shared = bool(flags & MAP_SHARED)
        chunk = None if handle is None else self._file(handle, size, offset, shared, bool(rights & WRITE))
        label = handle.path if handle is not None else ""
        self._memory.map(start, size, rights & _RIGHTS, chunk, shared=shared, label=label)
        return start

    def _place(self, address: int, size: int, flags: int) -> int:
        if flags & (MAP_FIXED | MAP_FIXED_NOREPLACE):
            if address % PAGE:
                raise error("EINVAL")
            if flags & MAP_FIXED_NOREPLACE and any(self._memory.within(address, size)):
                raise error("EEXIST")
            return address
        return self._memory.find_gap(size, address)

    def _file(self, handle: Handle, size: int, offset: int, shared: bool, writing: bool) -> Chunk:
        pages = handle.memory(offset, size)
        if pages is not None:
            return pages
        if not isinstance(handle, HostFile) or handle.waits:
            raise error("ENODEV")
        if shared:
            return FileChunk(self._process.normal, handle.fd, size, offset, writing)
        chunk = self._memory.chunk(size)
        view, done = chunk.view(0, size), 0
        while done < size:
            count = os.preadv(handle.fd, [view[done:]], offset + done)
            if not count:
                break
            done += count
        return chunk

    def sys_munmap(self, address: int, length: int) -> int:
        if address % PAGE or not length:
            raise error("EINVAL")
        self._memory.unmap(address, page_up(length))
        return 0

    def sys_mprotect(self, address: int, length: int, rights: int) -> int:
        if address % PAGE:
            raise error("EINVAL")
        if length:
            self._memory.protect(address, page_up(length), rights & _RIGHTS)
        return 0

    def sys_mremap(self, old: int, old_size: int, new_size: int, flags: int, wanted: int) -> int:
        old_size, new_size = page_up(old_size), page_up(new_size)
        area = self._memory.find(old)
        if old % PAGE or not new_size:
            raise error("EINVAL")
        if area is None or not self._memory.covers(old, old_size):
            raise error("EFAULT")
        if flags & MREMAP_FIXED:
            self._memory.unmap(wanted, new_size)
        if new_size < old_size:
            self._memory.unmap(old + new_size, old_size - new_size)
            old_size = new_size
        free = not any(self._memory.within(old + old_size, max(new_size - old_size, 0)))
        if not flags & MREMAP_FIXED and (new_size == old_size or free):
            return self._lengthen(area, old, old_size, new_size)
        if not flags & MREMAP_MAYMOVE:
            raise error("ENOMEM")
        rights = area.rights
        to = wanted if flags & MREMAP_FIXED else self._memory.find_gap(new_size)
        self._memory.move(old, old_size, to)
        if new_size > old_size:
            self._memory.map(to + old_size, new_size - old_size, rights)
        return to

    def _lengthen(self, area: Area, old: int, old_size: int, new_size: int) -> int:
        if new_size > old_size:
            self._memory.map(old + old_size, new_size - old_size, area.rights)
        return old

    def sys_madvise(self, address: int, length: int, advice: int) -> int:
        if address % PAGE:
            raise error("EINVAL")
        if advice in _DISCARDING:
            self._memory.discard(address, page_up(length))
        return 0

    def sys_msync(self, address: int, length: int) -> int:
        """Shared files are the host's own pages: there is nothing to do."""
        if not self._memory.covers(address, page_up(length)):
            raise error("ENOMEM")
        return 0

    def sys_mlock(self, _address: int, _length: int) -> int:
        return 0

    sys_munlock = sys_mlock

    def sys_mlockall(self, _flags: int) -> int:
        return 0

    def sys_munlockall(self) -> int:
        return 0

    def sys_membarrier(self, command: int) -> int:
        """One engine: every barrier holds. 0 asks which commands there are."""
        return 0x18 if command == 0 else 0

    def sys_mincore(self, address: int, length: int, out: int) -> int:
        if not self._memory.covers(address, page_up(length)):
            raise error("ENOMEM")
        self._memory.write(out, b"\1" * (page_up(length) // PAGE))
        return 0


class FileChunk(Chunk):
    """Pages of a host's file, mapped over DRAM while they are held."""

    def __init__(self, memory: NormalMemory, fd: int, size: int, offset: int, writing: bool) -> None:
        super().__init__(memory, size)
        self._host = memory.region.host_address + self.address - memory.region.base
        try:
            _map_fixed(self._host, size, writing, mmap.MAP_SHARED, fd, offset)
        except OSError:
            self.free()
            raise

    def free(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _HOST_NORESERVE
        _map_fixed(self._host, page_up(self.pages.size), True, flags, -1, 0)
        super().free()


def _map_fixed(address: int, size: int, writing: bool, flags: int, fd: int, offset: int) -> None:
    """The host's mmap in place of what lies at `address`, which is ours."""
    call = ctypes.CDLL(None, use_errno=True).mmap
    call.restype = ctypes.c_void_p
    rights = mmap.PROT_READ | (mmap.PROT_WRITE if writing else 0)
    got = call(
        ctypes.c_void_p(address),
        ctypes.c_size_t(size),
        rights,
        flags | MAP_FIXED,
        fd,
        ctypes.c_long(offset),
    )
    if got != address:
        number = ctypes.get_errno()
        raise OSError(number or linux.EINVAL, os.strerror(number))
