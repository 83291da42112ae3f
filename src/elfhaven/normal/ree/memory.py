# SPDX-License-Identifier: BSD-2-Clause
"""The address space of a process: areas over chunks of the normal world's DRAM, as Linux's mm.

A chunk is contiguous and counted by reference: an area holds it, and so does memory that is registered with
the TEE, which sees these very pages. An area without rights has no chunk until it is given some. Nothing is
paged: DRAM that nobody touched costs the host nothing.
"""

from __future__ import annotations

import bisect
from typing import Final

from elfhaven.abi import linux
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import OutOfTables, PageTable, Protection, TablePool
from elfhaven.normal.ree.areas import EXECUTE, READ, Area, Areas, Chunk
from elfhaven.world.shared_memory import NormalMemory

LOWEST: Final = 0x1_0000  # mmap_min_addr
HIGHEST: Final = 1 << 39
MMAP_TOP: Final = 0x7F_F000_0000  # areas without a wanted place lie below, downwards
_TABLES: Final = 24 << 20  # bytes of DRAM for translation tables
_LARGE: Final = 2 << 20  # areas from this size on begin at a multiple of it


def page_up(value: int) -> int:
    return value + PAGE - 1 & -PAGE


class UserMemory(Areas):
    """One process's memory. `epoch` changes with what a TLB must notice."""

    def __init__(self, normal: NormalMemory) -> None:
        super().__init__()
        self._normal = normal
        self._reserved = Chunk(normal, _TABLES).hold()
        self._tables = TablePool(normal.region, self._reserved.address, _TABLES)
        self._table = PageTable(self._tables, _TABLES // PAGE)
        self.mapped = 0
        self.epoch = self._tables.stamp()

    @property
    def root(self) -> int:
        return self._table.root

    def chunk(self, size: int) -> Chunk:
        """Fresh zeroed pages that nobody holds yet."""
        return Chunk(self._normal, size)

    # ---- mapping

    def map(
        self,
        start: int,
        size: int,
        rights: int,
        chunk: Chunk | None = None,
        *,
        offset: int = 0,
        shared: bool = False,
        label: str = "",
    ) -> Area:
        """A new area at `start`, in place of what was there; without a chunk, of fresh pages if it has
        rights."""
        if size <= 0 or start % PAGE or start + size > HIGHEST:
            raise OSError(linux.ERRNO["ENOMEM" if start % PAGE == 0 else "EINVAL"], "no such place")
        if chunk is None and rights:
            chunk = self.chunk(size)
        self.unmap(start, size)
        area = Area(start, start + size, rights, chunk, offset, shared, label)
        if chunk is not None:
            chunk.hold()
        self._enter(area)
        self._insert(area)
        return area

    def find_gap(self, size: int, hint: int = 0) -> int:
        """Where `size` bytes are free: at `hint` if possible, else the highest place below MMAP_TOP."""
        hint &= -PAGE
        if hint >= LOWEST and hint + size <= MMAP_TOP and not any(self.within(hint, size)):
            return hint
        step = _LARGE if size >= _LARGE else PAGE
        top = MMAP_TOP
        for area in reversed(self.areas):
            if area.start >= top:
                continue
            start = (top - size) & -step
            if start >= area.end:
                return start
            top = area.start
        start = (top - size) & -step
        if start < LOWEST:
            raise OSError(linux.ERRNO["ENOMEM"], "no gap of that size")
        return start

    def unmap(self, start: int, size: int) -> None:
        """Unmaps what there is of a range of whole pages."""
        if not any(self.within(start, size)):
            return
        self._split(start)
        self._split(start + size)
        gone = list(self.within(start, size))
        first = bisect.bisect_left(self._starts, start)
        del self.areas[first : first + len(gone)], self._starts[first : first + len(gone)]
        for area in gone:
            self._leave(area)
            if area.chunk is not None and area.chunk.release():
                self.code_epoch += 1
        self.epoch = self._tables.stamp()

    def protect(self, start: int, size: int, rights: int) -> None:
        """mprotect: ENOMEM where something of the range is not mapped."""
        if not self.covers(start, size):
            raise OSError(linux.ERRNO["ENOMEM"], "not mapped")
        self._split(start)
        self._split(start + size)
        for area in list(self.within(start, size)):
            if area.rights == rights:
                continue
            if rights and area.chunk is None:
                area.chunk, area.offset = self.chunk(area.end - area.start).hold(), 0
            self._leave(area)
            area.rights = rights
            self._enter(area)
        self.epoch = self._tables.stamp()

    def grow(self, area: Area, end: int) -> None:
        """More of the chunk behind an area, which has room there."""
        more = Area(area.end, end, area.rights, area.chunk, area.offset + area.end - area.start)
        self._enter(more)
        area.end = end

    def discard(self, start: int, size: int) -> None:
        """Zeroes private pages and gives their memory back (MADV_DONTNEED)."""
        for area in self.within(start, size):
            if area.chunk is not None and not area.shared and not area.label:
                low, high = max(start, area.start), min(start + size, area.end)
                address = area.chunk.address + area.offset + low - area.start
                self._normal.region.discard(address, high - low)

    def move(self, start: int, size: int, to: int) -> None:
        """mremap: areas of [start, start + size) go to a free place, with their pages."""
        self._split(start)
        self._split(start + size)
        for area in list(self.within(start, size)):
            if area.chunk is not None:
                area.chunk.hold()
            self.unmap(area.start, area.end - area.start)
            area.start, area.end = area.start - start + to, area.end - start + to
            self._enter(area)
            self._insert(area)

    def close(self) -> None:
        """Gives everything back."""
        for area in self.areas:
            if area.chunk is not None:
                area.chunk.release()
        self.areas.clear()
        self._starts.clear()
        self._reserved.release()

    def _enter(self, area: Area) -> None:
        size = area.end - area.start
        self.mapped += size
        if area.chunk is None or not area.rights:
            return
        if area.rights & EXECUTE:
            area.chunk.executable = True
        rights = Protection(area.rights | READ)
        try:
            self._table.map(area.start, area.chunk.address + area.offset, size, rights)
        except OutOfTables:
            area.rights = 0
            raise OSError(linux.ERRNO["ENOMEM"], "no translation tables left") from None

    def _leave(self, area: Area) -> None:
        size = area.end - area.start
        self.mapped -= size
        if area.chunk is not None and area.rights:
            self._table.unmap(area.start, size)
