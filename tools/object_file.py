# SPDX-License-Identifier: BSD-2-Clause
"""What the build must know of an aarch64 ELF object: its sections, and relocations that it may not need.

The build runs where only ziglang is installed, so this needs the standard library alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHT_RELA, SHF_ALLOC = 4, 2
_HEADER = struct.Struct("<40xQ10x3H")  # e_shoff, e_shentsize, e_shnum, e_shstrndx
_SECTION = struct.Struct("<IIQQQQIIQQ")
_RELA = struct.Struct("<QQq")
# relocations that leave an address in the image, or go through a table of addresses
ABSOLUTE = {257: "ABS64", 258: "ABS32", 259: "ABS16", 311: "ADR_GOT_PAGE", 312: "LD64_GOT_LO12_NC"}


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    kind: int
    flags: int
    offset: int
    size: int
    info: int


def sections(data: bytes) -> list[Section]:
    """The section headers of a little-endian 64-bit ELF."""
    at, entry, count, names_index = _HEADER.unpack_from(data)
    rows = [_SECTION.unpack_from(data, at + entry * index) for index in range(count)]
    names = rows[names_index][4]
    return [Section(_name(data, names + row[0]), row[1], row[2], row[4], row[5], row[7]) for row in rows]


def _name(data: bytes, at: int) -> str:
    return data[at : data.index(0, at)].decode()


def absolute_relocations(path: Path) -> Iterator[str]:
    """Relocations of loaded sections that a linker cannot resolve to an offset, as text."""
    data = path.read_bytes()
    table = sections(data)
    for section in table:
        if section.kind != SHT_RELA or not table[section.info].flags & SHF_ALLOC:
            continue
        for at in range(section.offset, section.offset + section.size, _RELA.size):
            offset, info, _ = _RELA.unpack_from(data, at)
            kind = ABSOLUTE.get(info & 0xFFFFFFFF)
            if kind:
                yield f"{path.name}: {kind} at {table[section.info].name}+{offset:#x}"
