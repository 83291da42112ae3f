# SPDX-License-Identifier: BSD-2-Clause
"""The guest's translation tables as the MMU walks them (Arm ARM D8), for the tier's own table of pages."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from elfhaven.machine.memory import PAGE, PhysicalMemory, Region
from elfhaven.machine.pagetable import ADDRESS_BITS, ENTRIES, SPAN, Protection, decode

_ENTRY = struct.Struct("<Q")
_TABLE = 3
_ADDRESS = 0x0000_FFFF_FFFF_F000
_LANE = 64  # bits of an entry
_ONES = sum(1 << _LANE * i for i in range(ENTRIES))
_RAMP = sum(i * PAGE << _LANE * i for i in range(ENTRIES))


@dataclass(frozen=True, slots=True)
class Extent:
    """Guest pages that lie one behind the other in the host too, all with the same rights: `size` bytes from
    `first` on, from `host` on there."""

    first: int
    size: int
    host: int
    rights: Protection

    def holds(self, address: int) -> bool:
        return self.first <= address < self.first + self.size

    @property
    def is_data(self) -> bool:
        """Whether it may be written, and is no code."""
        return bool(self.rights & Protection.WRITE and not self.rights & Protection.EXECUTE)


def walk(memory: PhysicalMemory, root: int, address: int) -> tuple[int, Protection] | None:
    """(physical page, what EL0 may do with it); None where nothing is mapped, or not in memory of ours."""
    if address >> ADDRESS_BITS:
        return None
    table = root
    try:
        for shift in (30, 21):
            (entry,) = _ENTRY.unpack(memory.slice(table + 8 * (address >> shift & 511), 8))
            if entry & 3 != _TABLE:
                return None
            table = entry & _ADDRESS
        (entry,) = _ENTRY.unpack(memory.slice(table + 8 * (address >> 12 & 511), 8))
    except ValueError:
        return None
    return decode(entry)


def host_page(memory: PhysicalMemory, physical: int) -> int | None:
    """Where a physical page lies in the host; None for none of ours."""
    region = _region(memory, physical)
    return None if region is None else region.host_address + physical - region.base


def extent(memory: PhysicalMemory, root: int, address: int, most: int = 64 << 20) -> Extent | None:
    """The longest extent around an address, at most so many bytes on each side of its page. None where
    nothing is mapped, or not in memory of ours.

    A table is compared as one large number with the table that it would have to be: about 6 us for 2 MiB.
    """
    found = walk(memory, root, address)
    region = _region(memory, found[0]) if found is not None else None
    if found is None or region is None:
        return None
    page, (physical, rights) = address & -PAGE, found
    tables = _Tables(memory, root)
    low = page - min(most, physical - region.base) & -PAGE
    high = page + PAGE + (min(most, region.base + region.size - PAGE - physical) & -PAGE)
    first, end = _around(tables, page, max(low, 0), min(high, 1 << ADDRESS_BITS))
    return Extent(first, end - first, region.host_address + physical - region.base - (page - first), rights)


class _Tables:
    """Tables of the last level, as numbers of 512 times 64 bits."""

    def __init__(self, memory: PhysicalMemory, root: int) -> None:
        self._memory = memory
        self._root = root
        self._middle: tuple[int, memoryview] | None = None  # which, and its words

    def of(self, span: int) -> int:
        """That of a span of 2 MiB; 0, which no table with a page in it is, where there is none."""
        index, at = divmod(span, ENTRIES)
        if self._middle is None or self._middle[0] != index:
            self._middle = index, self._words(self._root, index)
        words = self._middle[1]
        entry = words[at] if words else 0
        if entry & 3 != _TABLE:
            return 0
        try:
            return int.from_bytes(self._memory.slice(entry & _ADDRESS, PAGE), "little")
        except ValueError:
            return 0

    def _words(self, table: int, index: int) -> memoryview:
        """The words of the table that an entry of a table points to; none where it points to none."""
        try:
            (entry,) = _ENTRY.unpack(self._memory.slice(table + 8 * index, 8))
            if entry & 3 == _TABLE:
                return self._memory.slice(entry & _ADDRESS, PAGE).cast("Q")
        except ValueError:
            pass
        return memoryview(b"")


def _around(tables: _Tables, page: int, low: int, high: int) -> tuple[int, int]:
    """(first, end) within [low, high): how far the entries around that of `page` follow on each other."""
    span, at = divmod(page // PAGE, ENTRIES)
    table = tables.of(span)
    entry = table >> _LANE * at & (1 << _LANE) - 1
    base = entry - at * PAGE - span * SPAN  # what the entry of guest page 0 would be

    def breaks(number: int) -> int:
        """Not 0 in the lanes of those entries of a table that do not follow."""
        wanted = base + number * SPAN
        if wanted < 0 or wanted + SPAN >> _LANE:
            return -1
        return tables.of(number) ^ wanted * _ONES + _RAMP

    differs = breaks(span)
    if differs < 0:
        return page, page + PAGE
    below = differs & (1 << _LANE * at) - 1
    first, number = span * SPAN, span
    while not below and first > low:
        number -= 1
        below = breaks(number)
        first = number * SPAN
    if below:
        first = number * SPAN + _above(below) * PAGE
    above = differs >> _LANE * (at + 1)
    end, number = page + PAGE + _below(above, ENTRIES - at - 1) * PAGE, span
    while not above and end < high:
        number += 1
        above = breaks(number)
        end = number * SPAN + _below(above, ENTRIES) * PAGE
    return max(first, low), min(end, high)


def _above(breaks: int) -> int:
    """The lane behind the last one that is not 0; past the table where the number says nothing."""
    return ENTRIES if breaks < 0 else (breaks.bit_length() + _LANE - 1) // _LANE


def _below(breaks: int, lanes: int) -> int:
    """How many lanes there are before the first one that is not 0."""
    if breaks < 0:
        return 0
    return ((breaks & -breaks).bit_length() - 1) // _LANE if breaks else lanes


def _region(memory: PhysicalMemory, physical: int) -> Region | None:
    for region in memory.regions:
        if region.base <= physical and physical + PAGE <= region.base + region.size:
            return region
    return None
