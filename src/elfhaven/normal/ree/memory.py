# SPDX-License-Identifier: BSD-2-Clause
"""The address space of a process: areas over chunks of the normal world's DRAM, as Linux's mm.

A chunk is contiguous and counted by reference: an area holds it, and so does memory that is registered with
the TEE, which sees these very pages. An area without rights has no chunk until it is given some. Nothing is
paged: DRAM that nobody touched costs the host nothing.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import OutOfTables, PageTable, Protection, TablePool
from elfhaven.world.shared_memory import NormalMemory, NormalMemoryError, Pages

READ, WRITE, EXECUTE = 1, 2, 4  # PROT_*, and machine.pagetable.Protection
LOWEST: Final = 0x1_0000  # mmap_min_addr
HIGHEST: Final = 1 << 39
MMAP_TOP: Final = 0x7F_F000_0000  # areas without a wanted place lie below, downwards
_TABLES: Final = 24 << 20  # bytes of DRAM for translation tables
_LARGE: Final = 2 << 20  # areas from this size on begin at a multiple of it
_EFAULT: Final = 14
_STRING_STEP: Final = 256


def page_up(value: int) -> int:
    return value + PAGE - 1 & -PAGE


class Chunk:
    """Contiguous pages. Freed when the last holder lets go; `executable` ones may have been translated."""

    def __init__(self, memory: NormalMemory, size: int) -> None:
        try:
            self.pages: Pages = memory.allocate(size)
        except NormalMemoryError:
            raise OSError(linux.ERRNO["ENOMEM"], f"the normal world has no {size} bytes left") from None
        self._memory = memory
        self._references = 0
        self.executable = False

    @property
    def address(self) -> int:
        return self.pages.physical_address

    def view(self, offset: int, size: int) -> memoryview:
        return self._memory.region.slice(self.address + offset, size)

    def hold(self) -> Chunk:
        self._references += 1
        return self

    def release(self) -> bool:
        """True where translations of what lay there must be forgotten."""
        self._references -= 1
        if self._references:
            return False
        self.free()
        return self.executable

    def free(self) -> None:
        self._memory.free(self.pages)


@dataclass(slots=True, eq=False)
class Area:
    """One area; `label` is the file it came from. `stays`: mremap and brk treat it as a whole."""

    start: int
    end: int
    rights: int
    chunk: Chunk | None
    offset: int = 0
    shared: bool = False
    label: str = ""

    def view(self, address: int, size: int) -> memoryview:
        assert self.chunk is not None
        return self.chunk.view(self.offset + address - self.start, size)


class UserMemory:
    """One process's memory. `epoch` changes with what a TLB must notice, `code_epoch` with what cached
    translations of code must. Errors are OSError with Linux's errno."""

    def __init__(self, normal: NormalMemory) -> None:
        self._normal = normal
        self._reserved = Chunk(normal, _TABLES).hold()
        self._tables = TablePool(normal.region, self._reserved.address, _TABLES)
        self._table = PageTable(self._tables, _TABLES // PAGE)
        self.areas: list[Area] = []
        self._starts: list[int] = []
        self.mapped = 0
        self.epoch = self._tables.stamp()
        self.code_epoch = 0

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

    def covers(self, start: int, size: int) -> bool:
        """Whether all of a range is mapped."""
        at = start
        for area in self.within(start, size):
            if area.start > at:
                return False
            at = area.end
        return at >= start + size

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

    def _insert(self, area: Area) -> None:
        place = bisect.bisect_left(self._starts, area.start)
        self.areas.insert(place, area)
        self._starts.insert(place, area.start)

    def _split(self, at: int) -> None:
        area = self.find(at)
        if area is None or area.start == at:
            return
        rest = Area(
            at, area.end, area.rights, area.chunk, area.offset + at - area.start, area.shared, area.label
        )
        area.end = at
        if area.chunk is not None:
            area.chunk.hold()
        self._insert(rest)

    # ---- the door

    def find(self, address: int) -> Area | None:
        """The area that holds `address`."""
        place = bisect.bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        area = self.areas[place]
        return area if address < area.end else None

    def within(self, start: int, size: int) -> Iterator[Area]:
        """The areas that have something of a range."""
        place = max(bisect.bisect_right(self._starts, start) - 1, 0)
        while place < len(self.areas) and self.areas[place].start < start + size:
            if self.areas[place].end > start:
                yield self.areas[place]
            place += 1

    def views(self, address: int, size: int, rights: int) -> list[memoryview]:
        """The live bytes of a range; EFAULT unless the program itself may use all of them so."""
        out = []
        while size > 0:
            area = self.find(address)
            if area is None or area.rights & rights != rights:
                raise OSError(_EFAULT, f"{address:#x} is not open to the program")
            if rights & WRITE and area.rights & EXECUTE:
                self.code_epoch += 1
            take = min(size, area.end - address)
            out.append(area.view(address, take))
            address, size = address + take, size - take
        return out

    def pages(self, address: int, size: int, rights: int) -> list[tuple[Chunk, int, int]]:
        """(chunk, offset, bytes) behind a range of whole pages; EFAULT as `views`."""
        out = []
        while size > 0:
            area = self.find(address)
            if area is None or area.chunk is None or area.rights & rights != rights:
                raise OSError(_EFAULT, f"{address:#x} is not open to the program")
            take = min(size, area.end - address)
            out.append((area.chunk, area.offset + address - area.start, take))
            address, size = address + take, size - take
        return out

    def read(self, address: int, size: int) -> bytes:
        """A copy."""
        found = self.views(address, size, READ)
        return bytes(found[0]) if len(found) == 1 else b"".join(found)

    def write(self, address: int, data: bytes | memoryview) -> None:
        at = 0
        for view in self.views(address, len(data), WRITE):
            view[:] = data[at : at + len(view)]
            at += len(view)

    def read_u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def write_u32(self, address: int, value: int) -> None:
        self.write(address, (value & 0xFFFF_FFFF).to_bytes(4, "little"))

    def read_u64(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def write_u64(self, address: int, value: int) -> None:
        self.write(address, (value & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little"))

    def string(self, address: int, limit: int = linux.PATH_MAX) -> bytes:
        """A NUL-terminated string; ENAMETOOLONG where there is no NUL within `limit` bytes."""
        out = b""
        while len(out) < limit:
            area = self.find(address + len(out))
            room = 1 if area is None else area.end - address - len(out)
            step = self.read(address + len(out), min(room, _STRING_STEP, limit - len(out)))
            end = step.find(b"\0")
            if end >= 0:
                return out + step[:end]
            out += step
        raise OSError(linux.ERRNO["ENAMETOOLONG"], "a string without end")
