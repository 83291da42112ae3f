# SPDX-License-Identifier: BSD-2-Clause
"""What compiled code is given: a row of words for one engine. Nothing else of the host is in its reach.

Guest memory is reached through two tables, one for reads and one for writes. An entry is the address of a
guest page and what must be added to a guest address in it to make a host address. Only `fill`, which walks
the guest's own translation tables, puts entries there.

A third table leads from a guest address to the code that was compiled for it. Its entries point to records
that never change, so that one is never met half written.
"""

from __future__ import annotations

import ctypes

# words
ENV, READ_TABLE, WRITE_TABLE, STOP, REG_WRITE, FILL, ENTRIES, LEAVES, PLACES, HEAT, HOT, NEWS = range(12)
WORDS = 12
TLB_BITS = 15
TLB_ENTRIES = 1 << TLB_BITS
PLACE_BITS = 15
PLACE_ENTRIES = 1 << PLACE_BITS
_EMPTY = 0xFF
_NOWHERE = (1 << 64) - 1


class Context:
    """The words, and the tables that some of them point to."""

    def __init__(self, env: int, reg_write: int) -> None:
        self.words = (ctypes.c_uint64 * WORDS)()
        self._reads = (ctypes.c_uint64 * (2 * TLB_ENTRIES))()
        self._writes = (ctypes.c_uint64 * (2 * TLB_ENTRIES))()
        self._places = (ctypes.c_uint64 * PLACE_ENTRIES)()
        self._heat = (ctypes.c_uint64 * PLACE_ENTRIES)()
        self._nowhere = (ctypes.c_uint64 * 3)(_NOWHERE, 0, 0)
        self._blank = ctypes.addressof(self._nowhere).to_bytes(8, "little") * PLACE_ENTRIES
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
        self._records: dict[int, ctypes.Array[ctypes.c_uint64]] = {}  # by guest address
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
            self._dirty = False

    def remember(self, page: int, addend: int, write: bool) -> None:
        """A page that may be used so."""
        self._dirty = True
        table = self._writes if write else self._reads
        at = 2 * ((page >> 12) % TLB_ENTRIES)
        table[at + 1] = addend & (1 << 64) - 1
        table[at] = page

    def clear(self) -> None:
        """Forget all code."""
        ctypes.memmove(self._places, self._blank, len(self._blank))
        self._records.clear()

    def knows(self, place: int) -> bool:
        """Whether code is there for a guest address."""
        return place in self._records

    def add(self, place: int, function: int, base: int) -> None:
        """Code for a guest address, unless there is some already; `base` is where its region lies."""
        if place not in self._records:
            record = self._records[place] = (ctypes.c_uint64 * 3)(place, function, base)
            self._places[(place >> 2) % PLACE_ENTRIES] = ctypes.addressof(record)
