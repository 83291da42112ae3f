# SPDX-License-Identifier: BSD-2-Clause
"""Stage-1 translation tables (Arm ARM D8): 4 KiB granule, 39-bit addresses, three levels, EL0 leaves.

The engine walks these same tables, so they lie in TEE memory: root (level 1, 1 GiB an entry), level 2 (2
MiB an entry), level 3 (pages). Level-3 tables are the scarce resource of a small OP-TEE
(PGT_CACHE_ENTRIES).
"""

from __future__ import annotations

from array import array
from enum import IntFlag

from elfhaven.machine.memory import PAGE, Region

ENTRIES = 512
SPAN = PAGE * ENTRIES  # bytes that one level-3 table covers
_SPAN_SHIFT = SPAN.bit_length() - 1
ADDRESS_BITS = 39

_VALID_PAGE = 3
_ADDRESS_MASK = 0x0000_FFFF_FFFF_F000
_AF = 1 << 10
_INNER_SHAREABLE = 3 << 8
_NG = 1 << 11
_EL0 = 1 << 6
_READ_ONLY = 1 << 7
_PXN = 1 << 53
_UXN = 1 << 54


class Protection(IntFlag):
    """What EL0 may do with a page."""

    NONE = 0
    READ = 1
    WRITE = 2
    EXECUTE = 4


class OutOfTables(Exception):
    """No page left for a translation table."""


_LANE = 64  # bits of an entry, in a table taken as one number
_ONES = sum(1 << _LANE * i for i in range(ENTRIES))
_RAMP = sum(i * PAGE << _LANE * i for i in range(ENTRIES))
_MANY = 100  # entries, from which on that is quicker than one after the other
_ZEROS = memoryview(bytes(PAGE)).cast("Q")

_LEAF = _AF | _INNER_SHAREABLE | _NG | _EL0 | _PXN | _VALID_PAGE


def leaf(address: int, protection: int) -> int:
    """The level-3 descriptor of a page at physical `address`; 0 (invalid) for no protection."""
    protection = int(protection)
    if not protection:
        return 0
    word = address | _LEAF
    if not protection & 2:
        word |= _READ_ONLY
    if not protection & 4:
        word |= _UXN
    return word


def decode(descriptor: int) -> tuple[int, Protection] | None:
    """(physical address, protection) of a level-3 descriptor, None for an invalid one."""
    if descriptor & 3 != _VALID_PAGE:
        return None
    protection = Protection.READ
    if not descriptor & _READ_ONLY:
        protection |= Protection.WRITE
    if not descriptor & _UXN:
        protection |= Protection.EXECUTE
    return descriptor & _ADDRESS_MASK, protection


class TablePool:
    """Pages for translation tables: [base, base + size) of a region."""

    def __init__(self, region: Region, base: int, size: int) -> None:
        self.base = base
        self.words = region.slice(base, size).cast("Q")
        self._free = list(range(size // PAGE - 1, -1, -1))
        self._total = size // PAGE
        self._stamp = 0

    def stamp(self) -> int:
        """A number that was not given before."""
        self._stamp += 1
        return self._stamp

    def allocate(self) -> int:
        """Index of a zeroed table; OutOfTables when there is none."""
        if not self._free:
            raise OutOfTables
        return self._free.pop()

    def free(self, table: int) -> None:
        self.words[table * ENTRIES : (table + 1) * ENTRIES] = _ZEROS
        self._free.append(table)

    def address(self, table: int) -> int:
        return self.base + table * PAGE

    @property
    def used(self) -> int:
        return self._total - len(self._free)


class PageTable:
    """The tables of one address space. `limit` bounds its level-3 tables."""

    def __init__(self, pool: TablePool, limit: int) -> None:
        self._pool = pool
        self._limit = limit
        self._root = pool.allocate()
        self._middle: dict[int, int] = {}  # address >> 30 -> level-2 table
        self._last: dict[int, int] = {}  # address >> 21 -> level-3 table
        self._pages: dict[int, int] = {}  # address >> 21 -> pages mapped there

    @property
    def root(self) -> int:
        """Physical address for TTBR0."""
        return self._pool.address(self._root)

    def missing(self, address: int, size: int) -> int:
        """Level-3 tables that mapping the range would add."""
        spans = range(address >> _SPAN_SHIFT, (address + size - 1 >> _SPAN_SHIFT) + 1)
        return sum(span not in self._last for span in spans)

    def map(self, address: int, physical: int, size: int, protection: int) -> None:
        """Map pages that are not mapped; OutOfTables, with nothing changed, when tables run out."""
        if len(self._last) + self.missing(address, size) > self._limit:
            raise OutOfTables
        first = leaf(physical, protection)
        for span, start, count in _pieces(address, size):
            self._store(span, start, _words(first, count) if first else _ZEROS[:count])
            self._pages[span] = self._pages.get(span, 0) + count
            first += count * PAGE if first else 0

    def unmap(self, address: int, size: int) -> None:
        """Unmap mapped pages; tables that become empty go back to the pool."""
        for span, start, count in _pieces(address, size):
            self._store(span, start, _ZEROS[:count])
            self._pages[span] -= count
            if not self._pages[span]:
                self._drop(span)

    def walk(self, address: int) -> tuple[int, Protection] | None:
        """Physical address and protection of a byte, None where nothing is mapped."""
        table = self._last.get(address >> _SPAN_SHIFT)
        if table is None:
            return None
        found = decode(self._pool.words[table * ENTRIES + (address // PAGE) % ENTRIES])
        return None if found is None else (found[0] | address % PAGE, found[1])

    def close(self) -> None:
        """Give every table back."""
        for table in (*self._last.values(), *self._middle.values(), self._root):
            self._pool.free(table)
        self._last.clear()
        self._middle.clear()

    def _store(self, span: int, start: int, words: array[int] | memoryview) -> None:
        at = self._table(span) * ENTRIES + start
        self._pool.words[at : at + len(words)] = words

    def _table(self, span: int) -> int:
        table = self._last.get(span)
        if table is None:
            upper = self._middle_table(span // ENTRIES)
            table = self._last[span] = self._pool.allocate()
            self._pool.words[upper * ENTRIES + span % ENTRIES] = self._pool.address(table) | 3
        return table

    def _middle_table(self, index: int) -> int:
        table = self._middle.get(index)
        if table is None:
            table = self._middle[index] = self._pool.allocate()
            self._pool.words[self._root * ENTRIES + index] = self._pool.address(table) | 3
        return table

    def _drop(self, span: int) -> None:
        upper = self._middle[span // ENTRIES]
        self._pool.words[upper * ENTRIES + span % ENTRIES] = 0
        self._pool.free(self._last.pop(span))
        del self._pages[span]


def _words(first: int, count: int) -> array[int] | memoryview:
    """Entries of pages that follow on each other: of many by one multiplication."""
    if count < _MANY:
        return array("Q", range(first, first + count * PAGE, PAGE))
    return memoryview((first * _ONES + _RAMP).to_bytes(PAGE, "little")).cast("Q")[:count]


def _pieces(address: int, size: int) -> list[tuple[int, int, int]]:
    """(span, first entry in it, number of entries) of a page-aligned range."""
    out = []
    page, end = address // PAGE, (address + size) // PAGE
    while page < end:
        count = min(end, (page // ENTRIES + 1) * ENTRIES) - page
        out.append((page // ENTRIES, page % ENTRIES, count))
        page += count
    return out
