# SPDX-License-Identifier: BSD-2-Clause
"""The normal world's DRAM as both worlds see it: pages to hand out, and copies for the core.

Lock order: `NormalMemory._lock` is a leaf; nothing is called while it is held.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from elfhaven.abi.optee_msg import PAGE_SIZE
from elfhaven.machine.free_ranges import FreeRanges
from elfhaven.machine.memory import Region, alignment


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
        self._free = FreeRanges(region.base, region.size)

    def allocate(self, size: int) -> Pages:
        """Zeroed pages for `size` > 0 bytes; NormalMemoryError if there is no room."""
        span = max(1, (size + PAGE_SIZE - 1) // PAGE_SIZE) * PAGE_SIZE
        with self._lock:
            address = self._free.take(span, alignment(span))
        if address is None:
            raise NormalMemoryError(f"no {span} contiguous bytes left in normal memory")
        self.region.expect(address, span)
        return Pages(address, size, self.region.slice(address, size))

    def free(self, pages: Pages) -> None:
        """Give pages back; their content is lost."""
        span = len(pages.page_addresses) * PAGE_SIZE
        self.region.discard(pages.physical_address, span)
        with self._lock:
            self._free.give(pages.physical_address, span)

    @property
    def free_bytes(self) -> int:
        return self._free.total

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
