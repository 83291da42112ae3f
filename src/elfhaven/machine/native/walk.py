# SPDX-License-Identifier: BSD-2-Clause
"""The guest's translation tables as the MMU walks them (Arm ARM D8), for the tier's own table of pages."""

from __future__ import annotations

import struct

from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.pagetable import ADDRESS_BITS, Protection, decode

_ENTRY = struct.Struct("<Q")
_TABLE = 3
_ADDRESS = 0x0000_FFFF_FFFF_F000


def walk(memory: PhysicalMemory, root: int, address: int) -> tuple[int, Protection] | None:
    """(physical page, what EL0 may do with it); None where nothing is mapped, or not in memory of ours."""
    if address >> ADDRESS_BITS:
        return None
    table = root
    try:
        for shift in (30, 21):
            (entry,) = _ENTRY.unpack(memory.slice(table + 8 * (address >> shift & 511), 8))
            if entry & 3 != _TABLE:
                return None
            table = entry & _ADDRESS
        (entry,) = _ENTRY.unpack(memory.slice(table + 8 * (address >> 12 & 511), 8))
    except ValueError:
        return None
    return decode(entry)


def host_page(memory: PhysicalMemory, physical: int) -> int | None:
    """Where a physical page lies in the host; None for none of ours."""
    for region in memory.regions:
        if region.base <= physical and physical + PAGE <= region.base + region.size:
            return region.host_address + physical - region.base
    return None


def text_around(memory: PhysicalMemory, root: int, pc: int, pages: int = 16) -> tuple[int, bytes]:
    """(address, bytes) of the executable pages around `pc`, at most so many on each side."""
    start = end = pc & -PAGE
    out: list[bytes] = []
    while end < (pc & -PAGE) + (pages + 1) * PAGE and (page := _code(memory, root, end)) is not None:
        out.append(page)
        end += PAGE
    while start > (pc & -PAGE) - pages * PAGE and (page := _code(memory, root, start - PAGE)) is not None:
        out.insert(0, page)
        start -= PAGE
    return start, b"".join(out)


def _code(memory: PhysicalMemory, root: int, page: int) -> bytes | None:
    found = walk(memory, root, page) if page >= 0 else None
    if found is None or not found[1] & Protection.EXECUTE or found[1] & Protection.WRITE:
        return None
    try:
        return bytes(memory.slice(found[0], PAGE))
    except ValueError:
        return None
