# SPDX-License-Identifier: BSD-2-Clause
"""Dynamic linking of a TA's images: the symbols and relocations that ldelf knows, resolved as it does.

Quirks of ldelf that are kept: a reference to another image's symbol drops the addend, and an image's own
global symbol wins over a weak one of the same name only within that image.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from elfhaven.abi import elf as abi
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_FORMAT,
    TEE_ERROR_GENERIC,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_NOT_SUPPORTED,
)
from elfhaven.machine.address_space import AddressSpace, GuestFault
from elfhaven.secure.result import TeeResult
from elfhaven.secure.ta_elf import Plan, content

R_AARCH64_NONE, R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT = 0, 1025, 1026
R_AARCH64_TLS_TPREL, R_AARCH64_TLSDESC = 1030, 1031
SHT_RELA = 4
_STB_GLOBAL, _STB_WEAK = 1, 2
_STT_TLS = 6
_TYPES = frozenset((abi.STT_NOTYPE, abi.STT_OBJECT, abi.STT_FUNC, _STT_TLS))


@dataclass(frozen=True, slots=True)
class Symbol:
    """A row of the dynamic symbol table."""

    name: str
    value: int
    bind: int
    type: int
    defined: bool

    @property
    def weak(self) -> bool:
        return self.bind == _STB_WEAK


@dataclass(slots=True)
class Dynamic:
    """What an image needs and defines; relocations are (place, type, symbol, addend).

    As ldelf, this goes by the section headers: the kits' linker scripts spread relocations over sections that
    DT_RELA and DT_RELASZ do not describe.
    """

    needed: list[str] = field(default_factory=list)
    soname: int = 0  # address of the name, 0 for none
    table: list[Symbol] = field(default_factory=list)
    symbols: dict[str, Symbol] = field(default_factory=dict)  # what others may use
    relocations: list[tuple[int, int, int, int]] = field(default_factory=list)

    @classmethod
    def parse(cls, elf: bytes, plan: Plan) -> Dynamic:
        """TeeResult BAD_FORMAT where a table reaches out of the file."""
        out = cls()
        address, size = plan.dynamic
        if size:
            out._read_needed(elf, plan, address, size - size % abi.DYN.size)
        sections = _sections(elf)
        for _, kind, flags, _, offset, length, link, _, _, _ in sections:
            if kind == abi.SHT_DYNSYM and not out.table:
                strings = _section(elf, sections, link)
                out._read_symbols(_bytes(elf, offset, length), strings)
            elif kind == SHT_RELA and flags & abi.SHF_ALLOC:
                whole = length - length % abi.RELA.size
                for place, info, addend in abi.RELA.iter_unpack(_bytes(elf, offset, whole)):
                    out.relocations.append((place, info & 0xFFFFFFFF, info >> 32, addend))
        return out

    def _read_needed(self, elf: bytes, plan: Plan, address: int, size: int) -> None:
        tags = list(abi.DYN.iter_unpack(content(elf, plan, address, size)))
        one = dict(reversed(tags))
        table = one.get(abi.DT_STRTAB, 0)
        strings = content(elf, plan, table, one.get(abi.DT_STRSZ, 0))
        self.needed = [_string(strings, value) for tag, value in tags if tag == abi.DT_NEEDED]
        if abi.DT_SONAME in one:
            self.soname = table + one[abi.DT_SONAME]

    def _read_symbols(self, raw: bytes, strings: bytes) -> None:
        if len(raw) % abi.SYM.size:
            raise TeeResult(TEE_ERROR_BAD_FORMAT, "a symbol table of no whole number of symbols")
        for name, info, _, section, value, _ in abi.SYM.iter_unpack(raw):
            text = _string(strings, name) if name else ""
            found = Symbol(text, value, info >> 4, info & 15, section != abi.SHN_UNDEF)
            self.table.append(found)
            if text and found.defined and found.bind in (_STB_GLOBAL, _STB_WEAK):
                known = self.symbols.get(text)
                if known is None or (known.weak and not found.weak):
                    self.symbols[text] = found


Section = tuple[int, int, int, int, int, int, int, int, int, int]


def _sections(elf: bytes) -> list[Section]:
    fields = abi.EHDR.unpack_from(elf)
    raw = _bytes(elf, fields[6], fields[12] * abi.SHDR.size)
    return list(abi.SHDR.iter_unpack(raw))


def _section(elf: bytes, sections: list[Section], index: int) -> bytes:
    if index >= len(sections):
        raise TeeResult(TEE_ERROR_BAD_FORMAT, f"section {index} is not there")
    return _bytes(elf, sections[index][4], sections[index][5])


def _bytes(elf: bytes, offset: int, size: int) -> bytes:
    if offset + size > len(elf):
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "a section reaches past the end of the file")
    return elf[offset : offset + size]


@dataclass(frozen=True, slots=True)
class Image:
    """An ELF file at its load address. `tls_offset`: of its thread-local data, from the thread pointer."""

    uuid: UUID
    base: int
    elf: bytes
    plan: Plan
    dynamic: Dynamic
    tls_offset: int = 0


def find(name: str, images: list[Image]) -> tuple[Image, Symbol] | None:
    """A symbol, and the first image that defines it. TeeResult for a kind of symbol that ldelf refuses."""
    for image in images:
        symbol = image.dynamic.symbols.get(name)
        if symbol is not None:
            if symbol.type not in _TYPES:
                raise TeeResult(TEE_ERROR_NOT_SUPPORTED, f"symbol {name} is of type {symbol.type}")
            if symbol.value > image.plan.end and symbol.type != _STT_TLS:
                raise TeeResult(TEE_ERROR_BAD_FORMAT, f"symbol {name} lies outside its image")
            return image, symbol
    return None


def resolve(name: str, images: list[Image]) -> int | None:
    """The value of a symbol: its address; for a thread-local one its offset."""
    found = find(name, images)
    return None if found is None else _value(*found)


def _value(image: Image, symbol: Symbol) -> int:
    return symbol.value if symbol.type == _STT_TLS else image.base + symbol.value


def relocate(image: Image, images: list[Image], space: AddressSpace, resolver: int) -> None:
    """Apply all relocations of one image. `resolver` is the address of the function for TLS descriptors.

    TeeResult GENERIC, as for a fault of ldelf, where one lies in memory that is not writable.
    """
    try:
        for place, kind, index, addend in image.dynamic.relocations:
            if kind == R_AARCH64_NONE:
                continue
            if place >= image.plan.end:
                raise TeeResult(TEE_ERROR_BAD_FORMAT, "a relocation outside the image")
            where = image.base + place
            if kind == abi.R_AARCH64_RELATIVE:
                space.write_u64(where, image.base + addend)
            elif kind == abi.R_AARCH64_ABS64:
                space.write_u64(where, _absolute(image, images, index, addend))
            elif kind in (R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT):
                space.write_u64(where, _external(_row(image, index), images))
            elif kind == R_AARCH64_TLS_TPREL:
                space.write_u64(where, _thread_offset(image, images, index, addend))
            elif kind == R_AARCH64_TLSDESC:
                space.write_u64(where, resolver)
                space.write_u64(where + 8, _thread_offset(image, images, index, addend))
            else:
                raise TeeResult(TEE_ERROR_BAD_FORMAT, f"relocation type {kind}")
    except GuestFault:
        raise TeeResult(TEE_ERROR_GENERIC, "a relocation in memory that is not writable") from None


def _row(image: Image, index: int) -> Symbol:
    if index >= len(image.dynamic.table):
        raise TeeResult(TEE_ERROR_BAD_FORMAT, f"relocation by symbol {index}, which is not there")
    return image.dynamic.table[index]


def _absolute(image: Image, images: list[Image], index: int, addend: int) -> int:
    symbol = _row(image, index)
    return image.base + symbol.value + addend if symbol.defined else _external(symbol, images)


def _external(symbol: Symbol, images: list[Image]) -> int:
    found = _find(symbol, images)
    return 0 if found is None else _value(*found)


def _find(symbol: Symbol, images: list[Image]) -> tuple[Image, Symbol] | None:
    """None only for a weak reference."""
    found = find(symbol.name, images)
    if found is None and (symbol.defined or not symbol.weak):
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND, f"symbol {symbol.name} is not defined")
    return found


def _thread_offset(image: Image, images: list[Image], index: int, addend: int) -> int:
    """Offset of a thread-local variable from the thread pointer."""
    if not index:
        return image.tls_offset + addend
    found = _find(_row(image, index), images)
    if found is None:  # ldelf follows a null pointer here
        raise TeeResult(TEE_ERROR_GENERIC, "a weak thread-local symbol that nothing defines")
    owner, symbol = found
    return symbol.value + owner.tls_offset + addend


def _string(strings: bytes, at: int) -> str:
    end = strings.find(b"\0", at)
    if not 0 <= at < len(strings) or end < 0:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "a name outside the string table")
    return strings[at:end].decode("latin-1")
