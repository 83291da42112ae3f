# SPDX-License-Identifier: BSD-2-Clause
"""Secure pages: a first-fit allocator of contiguous ranges, as OP-TEE's tee_mm, with an account of what
is out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from elfhaven.machine.free_ranges import FreeRanges
from elfhaven.machine.memory import PAGE, PhysicalMemory, Region


class OutOfPages(Exception):
    """No contiguous range of that size is free."""


@dataclass(slots=True, eq=False)
class Backing:
    """Physical memory behind mappings: extents of (address, size), in order.

    Secure backings are counted by reference and freed whole when the last mapping goes, as OP-TEE's mobjs
    are: unmapping a part of one gives nothing back.
    """

    extents: Sequence[tuple[int, int]]
    secure: bool = True
    pool: PagePool | None = None
    references: int = 0
    executable: bool = field(default=False)

    def pieces(self, offset: int, size: int) -> list[tuple[int, int]]:
        """(physical address, size) runs of a part; ValueError past the end."""
        out = []
        for address, length in self.extents:
            if size == 0:
                break
            if offset < length:
                take = min(size, length - offset)
                out.append((address + offset, take))
                offset, size = 0, size - take
            else:
                offset -= length
        if size:
            raise ValueError("part reaches past the end of its backing")
        return out

    def hold(self) -> None:
        self.references += 1

    def release(self) -> None:
        self.references -= 1
        if not self.references and self.pool is not None:
            self.pool.free(self)


class PagePool:
    """Pages of [base, base + size). Free pages are zero: they are cleared when they come back.

    `code_epoch` counts how often pages that had been executable came back: an engine that has seen an older
    number must forget its translations before it runs code in recycled pages.
    """

    def __init__(self, memory: PhysicalMemory, region: Region, base: int, size: int) -> None:
        self.memory = memory
        self._region = region
        self._free = FreeRanges(base, size)
        self.total = size
        self.used = 0
        self.most_used = 0
        self.code_epoch = 0

    def allocate(self, size: int) -> Backing:
        """Zeroed contiguous pages for `size` bytes; OutOfPages when no range is long enough."""
        span = (size + PAGE - 1) // PAGE * PAGE
        address = self._free.take(span) if span else None
        if address is None:
            raise OutOfPages(f"{span} bytes wanted, {self.total - self.used} free in all")
        self.used += span
        self.most_used = max(self.most_used, self.used)
        self._region.expect(address, span)
        return Backing(((address, span),), True, self)

    def free(self, backing: Backing) -> None:
        """Clear and take back what `allocate` gave."""
        if backing.executable:
            self.code_epoch += 1
        for address, span in backing.extents:
            self._region.discard(address, span)
            self.used -= span
            self._free.give(address, span)
