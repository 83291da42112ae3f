# SPDX-License-Identifier: BSD-2-Clause
"""Areas of an address space over chunks of the normal world's DRAM, and the one door to what lies there."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.world.shared_memory import NormalMemory, NormalMemoryError, Pages

READ, WRITE, EXECUTE = 1, 2, 4  # PROT_*, and machine.pagetable.Protection
_EFAULT: Final = 14
_STRING_STEP: Final = 256


class Chunk:
    """Contiguous pages. Freed when the last holder lets go; `executable` ones may have been translated."""

    def __init__(self, memory: NormalMemory, size: int) -> None:
        try:
            self.pages: Pages = memory.allocate(size)
        except NormalMemoryError:
            raise OSError(linux.ERRNO["ENOMEM"], f"the normal world has no {size} bytes left") from None
        self._memory = memory
        self._references = 0
        self.executable = False

    @property
    def address(self) -> int:
        return self.pages.physical_address

    def view(self, offset: int, size: int) -> memoryview:
        return self._memory.region.slice(self.address + offset, size)

    def hold(self) -> Chunk:
        self._references += 1
        return self

    def release(self) -> bool:
        """True where translations of what lay there must be forgotten."""
        self._references -= 1
        if self._references:
            return False
        self.free()
        return self.executable

    def free(self) -> None:
        self._memory.free(self.pages)


@dataclass(slots=True, eq=False)
class Area:
    """One area; `label` is the file it came from. `stays`: mremap and brk treat it as a whole."""

    start: int
    end: int
    rights: int
    chunk: Chunk | None
    offset: int = 0
    shared: bool = False
    label: str = ""

    def view(self, address: int, size: int) -> memoryview:
        assert self.chunk is not None
        return self.chunk.view(self.offset + address - self.start, size)


class Areas:
    """Areas in the order of their addresses. `code_epoch` changes with what cached translations of code must
    notice. Errors are OSError with Linux's errno."""

    def __init__(self) -> None:
        self.areas: list[Area] = []
        self._starts: list[int] = []
        self.code_epoch = 0

    def _insert(self, area: Area) -> None:
        place = bisect.bisect_left(self._starts, area.start)
        self.areas.insert(place, area)
        self._starts.insert(place, area.start)

    def _split(self, at: int) -> None:
        area = self.find(at)
        if area is None or area.start == at:
            return
        rest = Area(
            at, area.end, area.rights, area.chunk, area.offset + at - area.start, area.shared, area.label
        )
        area.end = at
        if area.chunk is not None:
            area.chunk.hold()
        self._insert(rest)

    def covers(self, start: int, size: int) -> bool:
        """Whether all of a range is mapped."""
        at = start
        for area in self.within(start, size):
            if area.start > at:
                return False
            at = area.end
        return at >= start + size

    # ---- the door

    def find(self, address: int) -> Area | None:
        """The area that holds `address`."""
        place = bisect.bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        area = self.areas[place]
        return area if address < area.end else None

    def within(self, start: int, size: int) -> Iterator[Area]:
        """The areas that have something of a range."""
        place = max(bisect.bisect_right(self._starts, start) - 1, 0)
        while place < len(self.areas) and self.areas[place].start < start + size:
            if self.areas[place].end > start:
                yield self.areas[place]
            place += 1

    def views(self, address: int, size: int, rights: int) -> list[memoryview]:
        """The live bytes of a range; EFAULT unless the program itself may use all of them so."""
        out = []
        while size > 0:
            area = self.find(address)
            if area is None or area.rights & rights != rights:
                raise OSError(_EFAULT, f"{address:#x} is not open to the program")
            if rights & WRITE and area.rights & EXECUTE:
                self.code_epoch += 1
            take = min(size, area.end - address)
            out.append(area.view(address, take))
            address, size = address + take, size - take
        return out

    def pages(self, address: int, size: int, rights: int) -> list[tuple[Chunk, int, int]]:
        """(chunk, offset, bytes) behind a range of whole pages; EFAULT as `views`."""
        out = []
        while size > 0:
            area = self.find(address)
            if area is None or area.chunk is None or area.rights & rights != rights:
                raise OSError(_EFAULT, f"{address:#x} is not open to the program")
            take = min(size, area.end - address)
            out.append((area.chunk, area.offset + address - area.start, take))
            address, size = address + take, size - take
        return out

    def read(self, address: int, size: int) -> bytes:
        """A copy."""
        found = self.views(address, size, READ)
        return bytes(found[0]) if len(found) == 1 else b"".join(found)

    def write(self, address: int, data: bytes | memoryview) -> None:
        at = 0
        for view in self.views(address, len(data), WRITE):
            view[:] = data[at : at + len(view)]
            at += len(view)

    def read_u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def write_u32(self, address: int, value: int) -> None:
        self.write(address, (value & 0xFFFF_FFFF).to_bytes(4, "little"))

    def read_u64(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def write_u64(self, address: int, value: int) -> None:
        self.write(address, (value & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little"))

    def string(self, address: int, limit: int = linux.PATH_MAX) -> bytes:
        """A NUL-terminated string; ENAMETOOLONG where there is no NUL within `limit` bytes."""
        out = b""
        while len(out) < limit:
            area = self.find(address + len(out))
            room = 1 if area is None else area.end - address - len(out)
            step = self.read(address + len(out), min(room, _STRING_STEP, limit - len(out)))
            end = step.find(b"\0")
            if end >= 0:
                return out + step[:end]
            out += step
        raise OSError(linux.ERRNO["ENAMETOOLONG"], "a string without end")
