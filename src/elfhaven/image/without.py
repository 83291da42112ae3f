# SPDX-License-Identifier: BSD-2-Clause
"""A dynamic program without some of the libraries that it names, for a TEE where their size counts.

What it has from them becomes weak: a dynamic linker leaves the addresses zero, and a call goes to address 0,
which ends the program. So the library must be one that the program uses for what is not asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections, read_symbols


def without(program: Elf, libraries: Iterable[Elf]) -> Elf:
    """`program` that needs none of `libraries`. ImageError where it has no dynamic section or no symbols."""
    dropped = list(libraries)
    sonames = {Dynamic(library).soname for library in dropped}
    theirs = {
        symbol.name
        for library in dropped
        for symbol in read_symbols(library, read_sections(library), abi.SHT_DYNSYM)
    }
    data = bytearray(program.data)
    _forget_needed(program, data, sonames)
    _weaken(program, data, theirs)
    return Elf.parse(bytes(data), program.name)


def _forget_needed(program: Elf, data: bytearray, names: set[str | None]) -> None:
    """The dynamic section without those DT_NEEDED; what is left moves up."""
    segment, dynamic = program.segment(abi.PT_DYNAMIC), Dynamic(program)
    if segment is None:
        raise ImageError(f"{program.name}: not a dynamic program: no library can be left out")
    needed = iter(dynamic.needed)
    kept = [entry for entry in dynamic.entries if entry[0] != abi.DT_NEEDED or next(needed) not in names]
    raw = b"".join(abi.DYN.pack(*entry) for entry in kept)
    size = abi.DYN.size * len(dynamic.entries)
    data[segment.offset : segment.offset + size] = raw.ljust(size, b"\0")


def _weaken(program: Elf, data: bytearray, names: set[str]) -> None:
    """Undefined symbols of those names become weak ones."""
    sections = read_sections(program)
    table = next((section for section in sections if section.type == abi.SHT_DYNSYM), None)
    if table is None:
        raise ImageError(f"{program.name}: no table of dynamic symbols: no library can be left out")
    strings = program.data[sections[table.link].offset :][: sections[table.link].size]
    for at in range(table.offset, table.offset + table.size, abi.SYM.size):
        name, info, other, section, value, size = abi.SYM.unpack_from(program.data, at)
        text = strings[name : strings.index(b"\0", name)].decode()
        if section == abi.SHN_UNDEF and text in names:
            info = abi.STB_WEAK << 4 | info & 15
            abi.SYM.pack_into(data, at, name, info, other, section, value, size)
