# SPDX-License-Identifier: BSD-2-Clause
"""The normal world's DRAM as both worlds see it: pages to hand out, and copies for the core.

Lock order: `NormalMemory._lock` is a leaf; nothing is called while it is held.
"""

from __future__ import annotations

import bisect
import threading
from dataclasses import dataclass

from elfhaven.abi.optee_msg import PAGE_SIZE
from elfhaven.machine.memory import Region


class NormalMemoryError(Exception):
    """A physical address outside the normal world's DRAM, or no pages left."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Contiguous pages of normal memory; `size` is as asked for, `view` has exactly that many bytes."""

    physical_address: int
    size: int
    view: memoryview

    @property
    def page_addresses(self) -> range:
        end = self.physical_address + (self.size + PAGE_SIZE - 1) // PAGE_SIZE * PAGE_SIZE
        return range(self.physical_address, end, PAGE_SIZE)


class NormalMemory:
    """First-fit allocator over one region; also the core's way to read and write normal memory."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._lock = threading.Lock()
        self._starts = [region.base]  # free extents, sorted, never adjacent
        self._sizes = [region.size]

    def allocate(self, size: int) -> Pages:
        """Zeroed pages for `size` > 0 bytes; NormalMemoryError if there is no room."""
        span = max(1, (size + PAGE_SIZE - 1) // PAGE_SIZE) * PAGE_SIZE
        with self._lock:
            address = self._take(span)
        return Pages(address, size, self.region.slice(address, size))

    def _take(self, span: int) -> int:
        for i, free in enumerate(self._sizes):
            if free >= span:
                address = self._starts[i]
                if free == span:
                    del self._starts[i], self._sizes[i]
                else:
                    self._starts[i] += span
                    self._sizes[i] -= span
                return address
        raise NormalMemoryError(f"no {span} contiguous bytes left in normal memory")

    def free(self, pages: Pages) -> None:
        """Give pages back; their content is lost."""
        span = len(pages.page_addresses) * PAGE_SIZE
        self.region.discard(pages.physical_address, span)
        with self._lock:
            self._give(pages.physical_address, span)

    def _give(self, address: int, span: int) -> None:
        i = bisect.bisect_left(self._starts, address)
        if i < len(self._starts) and address + span == self._starts[i]:
            span += self._sizes[i]
            del self._starts[i], self._sizes[i]
        if i and self._starts[i - 1] + self._sizes[i - 1] == address:
            self._sizes[i - 1] += span
            return
        self._starts.insert(i, address)
        self._sizes.insert(i, span)

    @property
    def free_bytes(self) -> int:
        return sum(self._sizes)

    def contains(self, address: int, size: int) -> bool:
        """Whether the range lies in the normal world's DRAM."""
        return self.region.base <= address and address + size <= self.region.base + self.region.size

    def read(self, address: int, size: int) -> bytes:
        """A copy of `size` bytes; NormalMemoryError outside normal memory."""
        return bytes(self._slice(address, size))

    def write(self, address: int, data: bytes) -> None:
        """Write bytes; NormalMemoryError outside normal memory."""
        self._slice(address, len(data))[:] = data

    def _slice(self, address: int, size: int) -> memoryview:
        if not self.contains(address, size):
            raise NormalMemoryError(f"{address:#x}+{size:#x} is not in normal memory")
        return self.region.slice(address, size)
