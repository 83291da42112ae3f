# SPDX-License-Identifier: BSD-2-Clause
"""Free ranges of an address range, handed out first-fit; both worlds allocate their pages so."""

from __future__ import annotations

import bisect


class FreeRanges:
    """Ranges of [base, base + size) that are free: sorted, never adjacent. Not locked."""

    def __init__(self, base: int, size: int) -> None:
        self._starts = [base]
        self._sizes = [size]

    @property
    def total(self) -> int:
        """Bytes free in all."""
        return sum(self._sizes)

    def take(self, span: int) -> int | None:
        """The address of the first range of `span` > 0 bytes; None when none is long enough."""
        for i, free in enumerate(self._sizes):
            if free >= span:
                address = self._starts[i]
                self._starts[i] += span
                self._sizes[i] -= span
                if free == span:
                    del self._starts[i], self._sizes[i]
                return address
        return None

    def give(self, address: int, span: int) -> None:
        """Take back what was taken, joined with the free ranges beside it."""
        i = bisect.bisect_left(self._starts, address)
        if i < len(self._starts) and address + span == self._starts[i]:
            span += self._sizes[i]
            del self._starts[i], self._sizes[i]
        if i and self._starts[i - 1] + self._sizes[i - 1] == address:
            self._sizes[i - 1] += span
            return
        self._starts.insert(i, address)
        self._sizes.insert(i, span)
