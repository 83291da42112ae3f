# SPDX-License-Identifier: BSD-2-Clause
"""What compiled code is given: a row of words for one engine. Nothing else of the host is in its reach.

Guest memory is reached through two tables, one for reads and one for writes. An entry is the address of a
guest page and what must be added to a guest address in it to make a host address. Only `fill`, which walks
the guest's own translation tables, puts entries there.
"""

from __future__ import annotations

import ctypes

ENV, READ_TABLE, WRITE_TABLE, STOP, REG_WRITE, FILL, ENTRIES, LEAVES = range(8)  # words
WORDS = 8
TLB_BITS = 15
TLB_ENTRIES = 1 << TLB_BITS
_EMPTY = 0xFF


class Context:
    """The words, and the tables that two of them point to."""

    def __init__(self, env: int, reg_write: int) -> None:
        self.words = (ctypes.c_uint64 * WORDS)()
        self._reads = (ctypes.c_uint64 * (2 * TLB_ENTRIES))()
        self._writes = (ctypes.c_uint64 * (2 * TLB_ENTRIES))()
        self.words[ENV] = env
        self.words[REG_WRITE] = reg_write
        self.words[READ_TABLE] = ctypes.addressof(self._reads)
        self.words[WRITE_TABLE] = ctypes.addressof(self._writes)
        self._dirty = True
        self.flush()

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
