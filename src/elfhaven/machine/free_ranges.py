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

    def take(self, span: int, alignment: int = 1) -> int | None:
        """The first address at which `span` > 0 bytes are free, if possible one that `alignment` divides;
        None when no range is long enough."""
        found = self._taken(span, alignment)
        return self._taken(span, 1) if found is None and alignment > 1 else found

    def _taken(self, span: int, alignment: int) -> int | None:
        for i, (start, free) in enumerate(zip(self._starts, self._sizes, strict=True)):
            skipped = -start % alignment
            if free >= skipped + span:
                self._cut(i, skipped, span)
                return start + skipped
        return None

    def _cut(self, i: int, skipped: int, span: int) -> None:
        """Take a part out of a range."""
        start, rest = self._starts[i] + skipped + span, self._sizes[i] - skipped - span
        kept = [(self._starts[i], skipped), (start, rest)]
        self._starts[i : i + 1] = [at for at, size in kept if size]
        self._sizes[i : i + 1] = [size for _, size in kept if size]

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
