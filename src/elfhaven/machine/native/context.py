# SPDX-License-Identifier: BSD-2-Clause
"""What compiled code is given: a row of words for one engine. Nothing else of the host is in its reach.

Guest memory is reached through extents: runs of guest pages that lie in one run in the host, and that the
guest may use alike. Only the engine, which walks the guest's own translation tables, gives them. There are
two rows of them, for reads and for writes, each with a table of pages that are known to lie in one: the
address of the page, what must be added to a guest address in it to make a host address, and the extent's
first address and size.

A place has a record of the code that was compiled for it, or of what goes back to the interpreter. Regions
that lead there hold its address; another table leads to it from a guest address. Records and tables change
only while no compiled code runs.

The largest extent that may be written is the main one, which compiled code looks at first: what makes a guest
address one relative to it, how far from its start accesses may begin, and where it lies in the host. While
code runs it has these words in registers; when there is a new main extent, RENEWED is set, and the code is
entered anew.

The guest's flags lie here while compiled code runs, as the emitter keeps them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

# words
ENV, READ_TABLE, WRITE_TABLE, STOP, REG_WRITE, EXTENT, ENTRIES, LEAVES, PLACES, HEAT, HOT, NEWS = range(12)
FLAG_KIND, FLAG_A, FLAG_B, MODE = range(12, 16)
MAIN_SKEW, MAIN_REACH, MAIN_HOST, RENEWED = range(16, 20)
READ_EXTENTS = 20  # words of the first row of extents; that for writes lies behind
EXTENTS, EXTENT_WORDS = 16, 3  # first guest address, bytes, what makes a guest address one of the host
WRITE_EXTENTS = READ_EXTENTS + EXTENTS * EXTENT_WORDS
WORDS = WRITE_EXTENTS + EXTENTS * EXTENT_WORDS
TLB_BITS = 13
TLB_WORDS = 4
TLB_ENTRIES = 1 << TLB_BITS
HEAT_ENTRIES = 1 << 15
PLACE_BITS = 17
PLACE_ENTRIES = 1 << PLACE_BITS
PROBES = 4  # entries that a place may lie in, one behind the other
RECORD_WORDS = 5
RECORD_FUNCTION, RECORD_ENTRY, RECORD_BASE, RECORD_SLOTS = range(1, RECORD_WORDS)  # behind the place
SLOT_WORDS = 3  # of a check of accesses, see accesses.py
FARTHEST = 512  # bytes from the first to the end of the last access of a check
WANTED, AGAIN = 1, 2  # of STOP: somebody wants the CPU; code is to be entered anew
CHUNK = 1 << 15  # words of slots that are got at once; behind them lie as many for links
_EMPTY = 0xFF
# Addresses of no code, in records where there is none. A guest may well jump to them; so neither stands where
# it would be looked for.
_NOWHERE, _NOWHERE_ELSE = (1 << 64) - 1, 3


@dataclass(frozen=True, slots=True)
class Heat:
    """`figures` are u64, HEAT_ENTRIES of them; that of a text's first word is number `first`, and behind the
    last comes the first again."""

    figures: bytes = b""
    first: int = 0

    def at(self, offset: int) -> int:
        """How often the block at an offset of the text was met."""
        words = memoryview(self.figures).cast("Q")
        return words[(self.first + offset // 4) % len(words)] if words else 0


COLD = Heat()  # nothing is known


def _chunk() -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * (2 * CHUNK))()


class Context:
    """The words, and the tables that some of them point to."""

    def __init__(self, env: int, reg_write: int, absent: int) -> None:
        """`absent`: the function of dispatch.dispatcher()."""
        self._absent = absent
        self.words = (ctypes.c_uint64 * WORDS)()
        self._reads = (ctypes.c_uint64 * (TLB_WORDS * TLB_ENTRIES))()
        self._writes = (ctypes.c_uint64 * (TLB_WORDS * TLB_ENTRIES))()
        self._slots = [_chunk()]
        self._used = 0  # words of the last of them
        self._next = [0, 0]  # of each row of extents, which is replaced next
        self._places = (ctypes.c_uint64 * (PLACE_ENTRIES + PROBES))()
        self._heat = (ctypes.c_uint64 * HEAT_ENTRIES)()
        self._nowhere = [(ctypes.c_uint64 * RECORD_WORDS)(place) for place in (_NOWHERE, _NOWHERE_ELSE)]
        usual, other = (ctypes.addressof(record).to_bytes(8, "little") for record in self._nowhere)
        last = PLACE_ENTRIES - 1  # where _NOWHERE would be
        self._blank = usual * last + other * (len(self._places) - last)
        self.words[ENV] = env
        self.words[REG_WRITE] = reg_write
        for word, table in (
            (READ_TABLE, self._reads),
            (WRITE_TABLE, self._writes),
            (PLACES, self._places),
            (HEAT, self._heat),
        ):
            self.words[word] = ctypes.addressof(table)
        self._dirty = True
        self._records: dict[int, ctypes.Array[ctypes.c_uint64]] = {}  # by place
        self._held: set[int] = set()  # places that the table leads to
        self.flush()
        self.clear()

    @property
    def address(self) -> int:
        return ctypes.addressof(self.words)

    def flush(self) -> None:
        """Forget every page."""
        if self._dirty:
            ctypes.memset(self._reads, _EMPTY, ctypes.sizeof(self._reads))
            ctypes.memset(self._writes, _EMPTY, ctypes.sizeof(self._writes))
            ctypes.memset(self.address + 8 * MAIN_SKEW, 0, 8 * (WORDS - MAIN_SKEW))
            for chunk in self._slots[:-1]:
                ctypes.memset(chunk, 0, 8 * CHUNK)
            ctypes.memset(self._slots[-1], 0, 8 * self._used)
            self._dirty = False

    def remember(self, first: int, size: int, addend: int, write: bool, main: bool = False) -> int:
        """An extent that may be used so; where it lies from now on. `main`: it may be read and written."""
        self._dirty = True
        if main and size - FARTHEST > self.words[MAIN_REACH]:
            host = first + addend
            self.words[MAIN_SKEW : RENEWED + 1] = [-first & (1 << 64) - 1, size - FARTHEST, host, 1]
        which = self._next[write]
        self._next[write] = (which + 1) % EXTENTS
        at = (WRITE_EXTENTS if write else READ_EXTENTS) + which * EXTENT_WORDS
        self.words[at : at + EXTENT_WORDS] = [first, size, addend & (1 << 64) - 1]
        return self.address + 8 * at

    @property
    def main(self) -> range:
        """The addresses that are looked for in the main extent."""
        first = -self.words[MAIN_SKEW] & (1 << 64) - 1
        return range(first, first + self.words[MAIN_REACH])

    def clear(self) -> None:
        """Forget all code."""
        ctypes.memmove(self._places, self._blank, len(self._blank))
        self._records.clear()
        self._held.clear()
        self._slots = [_chunk()]
        self._used = 0

    def knows(self, place: int) -> bool:
        """Whether code is there for a guest address."""
        return place in self._held

    def slots(self, checks: int, links: Sequence[int] = ()) -> int:
        """The address of slots for a region that leads to places."""
        count = max(checks * SLOT_WORDS, len(links))
        if self._used + count > CHUNK:
            self._slots.append(_chunk())
            self._used = 0
        chunk, at = self._slots[-1], self._used
        self._used += count
        for i, place in enumerate(links):
            chunk[CHUNK + at + i] = ctypes.addressof(self._record(place))
        return ctypes.addressof(chunk) + 8 * at

    def _record(self, place: int) -> ctypes.Array[ctypes.c_uint64]:
        known = self._records.get(place)
        if known is None:
            known = self._records[place] = (ctypes.c_uint64 * RECORD_WORDS)(place, self._absent)
        return known

    def add(self, place: int, function: int, entry: int, base: int, slots: int) -> None:
        """Code for a guest address, from now on this one; `base` is where its region lies, `entry` which of
        the region's entries it is."""
        record = self._record(place)
        record[RECORD_FUNCTION:] = [function, entry, base, slots]
        at = (place >> 2) % PLACE_ENTRIES
        held = [ctypes.c_uint64.from_address(self._places[i]).value for i in range(at, at + PROBES)]
        for wanted in (place, _NOWHERE, _NOWHERE_ELSE, held[0]):
            if wanted in held:
                at += held.index(wanted)
                self._held.discard(wanted)
                break
        self._held.add(place)
        self._places[at] = ctypes.addressof(record)

    def heat(self, first: int) -> Heat:
        """How often the interpreter met which block, of a text from `first` on."""
        figures = ctypes.string_at(ctypes.addressof(self._heat), ctypes.sizeof(self._heat))
        return Heat(figures, (first >> 2) % HEAT_ENTRIES)
