# SPDX-License-Identifier: BSD-2-Clause
"""Dynamic linking of a TA's images: the relocations and symbols that ldelf knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from elfhaven.abi import elf as abi
from elfhaven.abi.gp import TEE_ERROR_BAD_FORMAT, TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_NOT_SUPPORTED
from elfhaven.machine.address_space import AddressSpace, GuestFault
from elfhaven.secure.result import TeeResult
from elfhaven.secure.ta_elf import Plan, content

R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT = 1025, 1026
SHT_RELA = 4
_BY_SYMBOL = frozenset((abi.R_AARCH64_ABS64, R_AARCH64_GLOB_DAT, R_AARCH64_JUMP_SLOT))
_STB_WEAK = 2


@dataclass(slots=True)
class Dynamic:
    """What an image needs and defines; relocations are (place, type, symbol, addend).

    As ldelf, this goes by the section headers: the kits' linker scripts spread relocations over sections that
    DT_RELA and DT_RELASZ do not describe.
    """

    needed: list[str] = field(default_factory=list)
    symbols: dict[str, int] = field(default_factory=dict)
    names: list[tuple[str, bool]] = field(default_factory=list)  # by index: name, weak
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
            if kind == abi.SHT_DYNSYM:
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
        strings = content(elf, plan, one.get(abi.DT_STRTAB, 0), one.get(abi.DT_STRSZ, 0))
        self.needed = [_string(strings, value) for tag, value in tags if tag == abi.DT_NEEDED]

    def _read_symbols(self, raw: bytes, strings: bytes) -> None:
        for name, info, _, section, value, _ in abi.SYM.iter_unpack(
            raw[: len(raw) - len(raw) % abi.SYM.size]
        ):
            text = _string(strings, name) if name else ""
            self.names.append((text, info >> 4 == _STB_WEAK))
            if text and section != abi.SHN_UNDEF:
                self.symbols.setdefault(text, value)


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
    """An ELF file at its load address."""

    uuid: UUID
    base: int
    elf: bytes
    plan: Plan
    dynamic: Dynamic


def resolve(name: str, images: list[Image]) -> int | None:
    """The address of a symbol, the first image that defines it."""
    for image in images:
        value = image.dynamic.symbols.get(name)
        if value is not None:
            return image.base + value
    return None


def relocate(image: Image, images: list[Image], space: AddressSpace) -> None:
    """Apply all relocations of one image. They must lie in writable segments: other pages are shared."""
    try:
        for place, kind, symbol, addend in image.dynamic.relocations:
            if kind == abi.R_AARCH64_RELATIVE:
                value = image.base + addend
            elif kind in _BY_SYMBOL:
                value = _symbol(image, images, symbol) + addend
            else:
                raise TeeResult(TEE_ERROR_NOT_SUPPORTED, f"relocation type {kind}")
            space.write_u64(image.base + place, value)
    except GuestFault:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "a relocation outside writable memory") from None


def _symbol(image: Image, images: list[Image], index: int) -> int:
    if index >= len(image.dynamic.names):
        raise TeeResult(TEE_ERROR_BAD_FORMAT, f"relocation by symbol {index}, which is not there")
    name, weak = image.dynamic.names[index]
    found = resolve(name, images)
    if found is None and not weak:
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND, f"symbol {name} is not defined")
    return found or 0


def _string(strings: bytes, at: int) -> str:
    end = strings.find(b"\0", at)
    if not 0 <= at < len(strings) or end < 0:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "a name outside the string table")
    return strings[at:end].decode("latin-1")
