# SPDX-License-Identifier: BSD-2-Clause
"""A strict reader of ELF64 files for AArch64.

The ELF header and the program headers decide how a file is loaded: what is wrong there is an ImageError that
names the file and the offset. Sections, symbols, notes and unwind tables only help to tell code from data:
they are read on demand and left out where they are broken (sections.py, dynamic.py, frames.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError

MAX_PROGRAM_HEADERS = 128
MAX_ADDRESS = 1 << 40  # far above any TA; keeps sums of hostile headers small

_TYPE_NAMES = {
    abi.ET_REL: "a relocatable object (.o)",
    abi.ET_CORE: "a core dump",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One program header; addresses and sizes in bytes, `index` its place in the table."""

    index: int
    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    align: int

    @property
    def end(self) -> int:
        return self.address + self.memory_size

    @property
    def executable(self) -> bool:
        return bool(self.flags & abi.PF_X)

    @property
    def writable(self) -> bool:
        return bool(self.flags & abi.PF_W)

    def holds_bytes(self, address: int, size: int) -> bool:
        """Whether the file gives all of `size` bytes at `address`."""
        return self.address <= address and address + size <= self.address + self.file_size


@dataclass(frozen=True)
class Elf:
    """A file whose header and program headers hold; made by `parse` alone."""

    name: str
    data: bytes = field(repr=False)
    type: int
    entry: int
    phoff: int
    shoff: int
    shnum: int
    shstrndx: int
    segments: tuple[Segment, ...]

    @classmethod
    def parse(cls, data: bytes, name: str) -> Elf:
        """Reads `data`; ImageError if it is no ELF64 for AArch64 or its program headers do not hold."""
        _check_ident(data, name)
        fields = abi.EHDR.unpack_from(data, 0)
        _, kind, _, version, entry, phoff, shoff, _, ehsize, phentsize, phnum, shentsize, shnum, strndx = (
            fields
        )
        if kind not in (abi.ET_EXEC, abi.ET_DYN):
            what = _TYPE_NAMES.get(kind, f"of the unknown type {kind}")
            raise ImageError(f"{name}: the ELF is {what}, not a program", "link it into an executable")
        if version != abi.EV_CURRENT or ehsize != abi.EHDR.size:
            raise ImageError(f"{name}: malformed ELF header: version {version}, header size {ehsize}")
        segments = _segments(data, name, phoff, phentsize, phnum)
        if shentsize != abi.SHDR.size:
            shnum = 0
        return cls(name, data, kind, entry, phoff, shoff, shnum, strndx, segments)

    @cached_property
    def loads(self) -> tuple[Segment, ...]:
        """The PT_LOADs, ascending by address, none overlapping."""
        return tuple(s for s in self.segments if s.type == abi.PT_LOAD)

    def segment(self, kind: int) -> Segment | None:
        """The first program header of that p_type."""
        return next((s for s in self.segments if s.type == kind), None)

    def load_at(self, address: int, size: int = 1) -> Segment | None:
        """The PT_LOAD whose file bytes hold `size` bytes at `address`."""
        return next((s for s in self.loads if s.holds_bytes(address, size)), None)

    def bytes_at(self, address: int, size: int) -> bytes | None:
        """`size` loaded bytes at `address` as the file gives them; None where it does not."""
        load = self.load_at(address, size)
        if load is None or size < 0:
            return None
        at = load.offset + address - load.address
        return self.data[at : at + size]

    def offset_of(self, address: int) -> int | None:
        """File offset of a loaded byte."""
        load = self.load_at(address)
        return None if load is None else load.offset + address - load.address

    def address_of(self, offset: int) -> int | None:
        """Address at which the byte at a file offset is loaded."""
        for load in self.loads:
            if load.offset <= offset < load.offset + load.file_size:
                return load.address + offset - load.offset
        return None

    @property
    def span(self) -> int:
        """Bytes from address 0 to the last page of the last segment."""
        return abi.page_ceil(self.loads[-1].end)

    @property
    def interpreter(self) -> str | None:
        """The path in PT_INTERP; ImageError if it is no terminated string of ASCII."""
        segment = self.segment(abi.PT_INTERP)
        if segment is None:
            return None
        raw = self.data[segment.offset : segment.offset + segment.file_size]
        text, end, _ = raw.partition(b"\0")
        if not end or not text or not text.isascii():
            raise ImageError(f"{self.name}: malformed PT_INTERP at offset {segment.offset:#x}")
        return text.decode()


def _check_ident(data: bytes, name: str) -> None:
    """Magic, class, byte order and machine, in the order in which they say most to the user."""
    if data[:2] == b"#!":
        raise ImageError(f"{name}: a script, not an ELF program", "name its interpreter's ELF instead")
    if data[:4] != abi.MAGIC:
        raise ImageError(f"{name}: not an ELF file (no magic at offset 0)")
    if len(data) < abi.EHDR.size:
        raise ImageError(f"{name}: truncated: {len(data)} bytes hold no ELF header")
    order = "little" if data[abi.EI_DATA] == abi.ELFDATA2LSB else "big"
    number = int.from_bytes(data[18:20], order)  # type: ignore[arg-type]
    machine = abi.MACHINES.get(number, f"machine {number}")
    fix = "compile it for aarch64-linux"
    if data[abi.EI_CLASS] != abi.ELFCLASS64:
        bits = "a 32-bit" if data[abi.EI_CLASS] == abi.ELFCLASS32 else "of an unknown class of"
        raise ImageError(f"{name}: {bits} ELF for {machine}; only AArch64 (ELF64) runs here", fix)
    if order != "little":
        raise ImageError(f"{name}: a big-endian ELF for {machine}; only little-endian AArch64 runs here", fix)
    if number != abi.EM_AARCH64:
        raise ImageError(f"{name}: an ELF for {machine}; only AArch64 runs here", fix)
    if data[abi.EI_VERSION] != abi.EV_CURRENT:
        raise ImageError(f"{name}: malformed ELF header: ELF version {data[abi.EI_VERSION]} at offset 6")


def _segments(data: bytes, name: str, phoff: int, phentsize: int, phnum: int) -> tuple[Segment, ...]:
    if phentsize != abi.PHDR.size or not 0 < phnum <= MAX_PROGRAM_HEADERS:
        raise ImageError(
            f"{name}: malformed ELF header: {phnum} program headers of {phentsize} bytes"
            f" (1 to {MAX_PROGRAM_HEADERS} of {abi.PHDR.size} are read)"
        )
    if phoff + phnum * phentsize > len(data):
        raise ImageError(f"{name}: truncated: program headers at {phoff:#x} lie beyond the file's end")
    segments = []
    for index in range(phnum):
        kind, flags, offset, address, _, filesz, memsz, align = abi.PHDR.unpack_from(
            data, phoff + index * phentsize
        )
        segment = Segment(index, kind, flags, offset, address, filesz, memsz, align)
        _check_segment(segment, len(data), name)
        segments.append(segment)
    _check_order([s for s in segments if s.type == abi.PT_LOAD], name)
    return tuple(segments)


def _check_segment(segment: Segment, size: int, name: str) -> None:
    if segment.type not in (abi.PT_LOAD, abi.PT_DYNAMIC, abi.PT_INTERP, abi.PT_TLS):
        return  # help only: whoever reads it checks it
    where = f"{name}: program header {segment.index}"
    if segment.offset + segment.file_size > size:
        raise ImageError(
            f"{where}: truncated: {segment.file_size:#x} bytes at {segment.offset:#x} end beyond the file"
            f" ({size:#x} bytes)",
            "copy the file again; it is not whole",
        )
    if segment.file_size > segment.memory_size:
        raise ImageError(f"{where}: malformed: its file size exceeds its memory size")
    if segment.address + segment.memory_size > MAX_ADDRESS:
        raise ImageError(f"{where}: malformed: it ends at {segment.end:#x}, beyond any address of a TA")
    if segment.type == abi.PT_LOAD and segment.align > 1:
        _check_alignment(segment, where)


def _check_alignment(segment: Segment, where: str) -> None:
    if segment.align & (segment.align - 1):
        raise ImageError(f"{where}: malformed: its alignment {segment.align:#x} is no power of two")
    if (segment.offset - segment.address) % min(segment.align, abi.PAGE):
        raise ImageError(
            f"{where}: malformed: offset {segment.offset:#x} and address {segment.address:#x}"
            f" differ within a page"
        )


def _check_order(loads: list[Segment], name: str) -> None:
    if not loads:
        raise ImageError(f"{name}: malformed: the ELF has no PT_LOAD segment")
    for before, after in pairwise(loads):
        if before.address > after.address:
            raise ImageError(f"{name}: malformed: program header {after.index} is out of order")
        if before.end > after.address:
            raise ImageError(
                f"{name}: program headers {before.index} and {after.index} overlap"
                f" at {after.address:#x}..{before.end:#x}"
            )
