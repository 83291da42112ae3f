# SPDX-License-Identifier: BSD-2-Clause
"""Physical memory: a few regions, each one lazily backed mapping of the host."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable

PAGE = 4096
_MAP_NORESERVE = 0x4000
LARGE_PAGE = 2 << 20  # of the host
_LARGE_FROM = 4 << 20  # bytes; a smaller range would pay for memory that it does not use
_DISCARD_FROM = 1 << 16  # below this, writing zeros is cheaper than asking the kernel


def alignment(size: int) -> int:
    """What the address of a range of such a size had better be a multiple of: it is then all large pages."""
    return LARGE_PAGE if size >= _LARGE_FROM else PAGE


class Region:
    """Bytes at [base, base + size) of the physical address space. Pages cost memory once they are touched."""

    def __init__(self, name: str, base: int, size: int) -> None:
        if base % PAGE or size % PAGE or size <= 0:
            raise ValueError(f"region {name}: base and size must be multiples of {PAGE}")
        self.name = name
        self.base = base
        self.size = size
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
        self._mmap = mmap.mmap(-1, size, flags=flags)
        self.host_address = ctypes.addressof(ctypes.c_char.from_buffer(self._mmap))
        self.view = memoryview(self._mmap)

    def slice(self, address: int, size: int) -> memoryview:
        """The live bytes at a physical address; ValueError outside the region."""
        at = address - self.base
        if at < 0 or size < 0 or at + size > self.size:
            raise ValueError(f"{address:#x}+{size:#x} is outside region {self.name}")
        return self.view[at : at + size]

    def expect(self, address: int, size: int) -> None:
        """Say that a range will be used as a whole: large host pages then make its first touches cheap."""
        if size >= _LARGE_FROM:
            self._mmap.madvise(mmap.MADV_HUGEPAGE, address - self.base, size)

    def discard(self, address: int, size: int) -> None:
        """Zero whole pages and give their memory back to the host."""
        if size < _DISCARD_FROM:
            self.slice(address, size)[:] = bytes(size)
        else:
            self._mmap.madvise(mmap.MADV_DONTNEED, address - self.base, size)


class PhysicalMemory:
    """Regions of (name, base, size), which must not overlap."""

    def __init__(self, regions: Iterable[tuple[str, int, int]]) -> None:
        self.regions = tuple(sorted((Region(*r) for r in regions), key=lambda r: r.base))
        for low, high in zip(self.regions, self.regions[1:], strict=False):
            if low.base + low.size > high.base:
                raise ValueError(f"regions {low.name} and {high.name} overlap")

    @classmethod
    def over(cls, *regions: Region) -> PhysicalMemory:
        """Some of another memory's regions: what one side of a machine may reach."""
        made = cls(())
        made.regions = tuple(sorted(regions, key=lambda r: r.base))
        return made

    def region(self, name: str) -> Region:
        """The region of that name; KeyError if there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)

    def slice(self, address: int, size: int) -> memoryview:
        """The live bytes at a physical address; ValueError unless they lie in one region."""
        for region in self.regions:
            if region.base <= address < region.base + region.size:
                return region.slice(address, size)
        raise ValueError(f"no memory at {address:#x}")
