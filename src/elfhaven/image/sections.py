# SPDX-License-Identifier: BSD-2-Clause
"""Sections and symbols of an ELF: hints that nothing depends on, so that a broken table reads as empty."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from elfhaven.abi import elf as abi
from elfhaven.image.reader import Elf

MAX_SECTIONS = 4096
_NEAR = 8  # aliases of one function stand side by side


@dataclass(frozen=True, slots=True)
class Section:
    index: int
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int

    @property
    def allocated(self) -> bool:
        return bool(self.flags & abi.SHF_ALLOC)

    @property
    def executable(self) -> bool:
        return bool(self.flags & abi.SHF_EXECINSTR)


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    value: int
    size: int
    type: int
    section: int


def read_sections(elf: Elf) -> tuple[Section, ...]:
    """All sections in the table's order; empty if the table or an allocated section cannot be right."""
    count = elf.shnum
    if not 0 < count <= MAX_SECTIONS or elf.shoff + count * abi.SHDR.size > len(elf.data):
        return ()
    rows = [abi.SHDR.unpack_from(elf.data, elf.shoff + i * abi.SHDR.size) for i in range(count)]
    names = b""
    if elf.shstrndx < count:
        names = _span(elf, rows[elf.shstrndx][4], rows[elf.shstrndx][5])
    made = []
    for index, (name, kind, flags, address, offset, size, link, *_) in enumerate(rows):
        section = Section(index, _string(names, name), kind, flags, address, offset, size, link)
        if not _plausible(elf, section):
            return ()
        made.append(section)
    return tuple(made)


def read_symbols(elf: Elf, sections: tuple[Section, ...], kind: int) -> Iterator[Symbol]:
    """Symbols of the tables of that sh_type (SHT_SYMTAB or SHT_DYNSYM) with a section of their own."""
    for table in sections:
        if table.type != kind or table.link >= len(sections):
            continue
        raw = _span(elf, table.offset, table.size)
        strings = sections[table.link]
        names = _span(elf, strings.offset, strings.size)
        usable = raw[: len(raw) // abi.SYM.size * abi.SYM.size]
        for name, info, _, shndx, value, size in abi.SYM.iter_unpack(usable):
            if shndx != abi.SHN_UNDEF:
                yield Symbol(_string(names, name), value, size, info & 15, shndx)


class MappingSymbols:
    """`$x` and `$d` (AAELF64, 5.5.4) by section: what the assembler said is code and what is data."""

    def __init__(self, sections: tuple[Section, ...], symbols: list[Symbol]) -> None:
        self._sections = sections
        marks: dict[int, list[tuple[int, str]]] = {}
        for symbol in symbols:
            letter = symbol.name[:3].rstrip(".")
            if letter in ("$x", "$d") and symbol.type == abi.STT_NOTYPE:
                marks.setdefault(symbol.section, []).append((symbol.value, letter[1]))
        self._marks = {section: sorted(pairs) for section, pairs in marks.items()}

    def at(self, address: int) -> str | None:
        """`x`, `d`, or None where no mapping symbol of the section stands at or before `address`."""
        section = section_at(self._sections, address)
        if section is None:
            return None
        pairs = self._marks.get(section.index, [])
        index = bisect_right(pairs, (address, "\x7f")) - 1
        return pairs[index][1] if index >= 0 else None

    def ranges(self, letter: str) -> Iterator[tuple[int, int]]:
        """Ranges of loaded addresses that the letter stands for."""
        for index, pairs in self._marks.items():
            if not index < len(self._sections) or not self._sections[index].allocated:
                continue
            section = self._sections[index]
            ends = (*(address for address, _ in pairs[1:]), section.address + section.size)
            yield from (
                (start, end) for (start, mark), end in zip(pairs, ends, strict=True) if mark == letter
            )


def section_at(sections: tuple[Section, ...], address: int) -> Section | None:
    """The allocated section with file bytes that holds `address`."""
    for section in sections:
        if (
            section.allocated
            and section.type != abi.SHT_NOBITS
            and section.address <= address < section.address + section.size
        ):
            return section
    return None


def by_address(symbols: Iterable[Symbol]) -> list[Symbol]:
    """Symbols in the order that `covering` needs."""
    return sorted(symbols, key=lambda symbol: symbol.value)


def covering(symbols: list[Symbol], address: int) -> list[Symbol]:
    """Those of the last few symbols before `address` (ascending by value) whose size reaches over it."""
    end = bisect_right(symbols, address, key=lambda symbol: symbol.value)
    return [s for s in symbols[max(0, end - _NEAR) : end] if address < s.value + s.size]


def _plausible(elf: Elf, section: Section) -> bool:
    """Whether an allocated section lies where the program headers put the same bytes of the file."""
    if not section.allocated or section.type in (abi.SHT_NOBITS, abi.SHT_NULL) or not section.size:
        return True
    load = elf.load_at(section.address, section.size)
    return load is not None and section.offset - load.offset == section.address - load.address


def _span(elf: Elf, offset: int, size: int) -> bytes:
    return elf.data[offset : offset + size] if offset + size <= len(elf.data) else b""


def _string(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset)
    return table[offset:end].decode("utf-8", "replace") if 0 <= offset < end else ""
