# SPDX-License-Identifier: BSD-2-Clause
"""What a program is and needs, in one value: for `inspect` and for messages."""

from __future__ import annotations

from dataclasses import dataclass

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image import accept
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.reader import Elf, Segment
from elfhaven.image.scan import Sites, sites
from elfhaven.image.sections import read_sections


@dataclass(frozen=True, slots=True)
class Summary:
    """An ELF as a user sees it; sizes in bytes, `refusal` why it cannot be packed as it is."""

    name: str
    type: str
    machine: str
    interpreter: str | None
    needed: tuple[str, ...]
    soname: str | None
    build_id: str | None
    stripped: bool
    segments: tuple[Segment, ...]
    memory: int
    sites: Sites | None
    refusal: ImageError | None

    @property
    def calls(self) -> tuple[int, ...]:
        """Numbers of the Linux calls that it makes with a constant number."""
        return self.sites.calls if self.sites else ()


def summarise(elf: Elf) -> Summary:
    """The summary of a file that parses; ImageError where its dynamic section is malformed."""
    dynamic = Dynamic(elf)
    found, refusal = _sites(elf)
    return Summary(
        name=elf.name,
        type=_kind(elf),
        machine=abi.MACHINES[abi.EM_AARCH64],
        interpreter=elf.interpreter,
        needed=dynamic.needed,
        soname=dynamic.soname,
        build_id=build_id(elf),
        stripped=not any(section.type == abi.SHT_SYMTAB for section in read_sections(elf)),
        segments=elf.loads,
        memory=sum(abi.page_ceil(load.end) - abi.page_floor(load.address) for load in elf.loads),
        sites=found,
        refusal=refusal,
    )


def build_id(elf: Elf) -> str | None:
    """The GNU build id in hex, from the notes in the program headers."""
    for segment in elf.segments:
        if segment.type != abi.PT_NOTE:
            continue
        raw = elf.data[segment.offset : segment.offset + segment.file_size]
        at = 0
        while at + abi.NHDR.size <= len(raw):
            name_size, size, kind = abi.NHDR.unpack_from(raw, at)
            name = at + abi.NHDR.size
            body = name + (name_size + 3 & ~3)
            if (
                kind == abi.NT_GNU_BUILD_ID
                and raw[name : name + name_size] == b"GNU\0"
                and body + size <= len(raw)
            ):
                return raw[body : body + size].hex()
            at = body + (size + 3 & ~3)
    return None


def _sites(elf: Elf) -> tuple[Sites | None, ImageError | None]:
    try:
        accept.check(elf)
        return sites(elf), None
    except ImageError as error:
        return None, error


def _kind(elf: Elf) -> str:
    if elf.type == abi.ET_EXEC:
        return "fixed-address program (ET_EXEC)"
    if elf.interpreter:
        return "dynamic program (PIE)"
    if Dynamic(elf).soname or elf.load_at(elf.entry) is None or not elf.entry:
        return "shared library"
    return "static program (static-PIE)"
