# SPDX-License-Identifier: BSD-2-Clause
"""A TA's ELF under ldelf's rules. What ldelf refuses is refused here, with its result code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from elfhaven.abi import elf as abi
from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_BAD_FORMAT,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_GENERIC,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
)
from elfhaven.abi.utee import TA_HEAD
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.result import TeeResult

_EM_ARM = 40
FLAGS_MASK = (1 << 14) - 1
ENTRY_FROM_ELF = 0xFFFF_FFFF_FFFF_FFFF
_RW = Protection.READ | Protection.WRITE
_RX = Protection.READ | Protection.EXECUTE


@dataclass(frozen=True, slots=True)
class Segment:
    """A PT_LOAD."""

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
    def first_page(self) -> int:
        return self.address // PAGE * PAGE

    @property
    def pages_end(self) -> int:
        return (self.end + PAGE - 1) // PAGE * PAGE

    @property
    def protection(self) -> Protection:
        """A segment that is both writable and executable loses the right to execute, as under ldelf."""
        if self.flags & abi.PF_W:
            return _RW
        return _RX if self.flags & abi.PF_X else Protection.READ


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked ELF: what to map, relative to the load address."""

    segments: tuple[Segment, ...]
    entry: int
    dynamic: tuple[int, int]  # address and size of PT_DYNAMIC; (0, 0) without one
    headers: tuple[int, int]  # offset and number of the program headers
    tls: tuple[int, int] | None  # address and memory size of PT_TLS
    fixed: bool = False  # its addresses are those of memory

    @property
    def span(self) -> int:
        return self.segments[-1].pages_end - self.segments[0].first_page

    @property
    def start(self) -> int:
        """Where it begins, relative to the load address: 0 unless it is linked for a fixed address."""
        return self.segments[0].first_page if self.fixed else 0

    @property
    def end(self) -> int:
        """The first address behind it, relative to the load address."""
        return self.segments[-1].pages_end


@dataclass(frozen=True, slots=True)
class Head:
    """struct ta_head; `entry` is relative to the load address."""

    stack_size: int
    flags: int
    entry: int


def check(elf: bytes, *, fixed: bool = False) -> Plan:
    """Parse by ldelf's rules; the TeeResult has ldelf's code and names the one that is broken. With `fixed`
    an ET_EXEC is taken too."""
    header = _header(elf, fixed)
    segments = _segments(elf, header.phoff, header.phnum)
    _check_order(segments)
    segments = _adjust(segments)
    for segment in segments:
        _check_segment(segment, len(elf))
    dynamic, tls = (0, 0), None
    for i in range(header.phnum):
        kind, _, _, address, _, size, memory, _ = abi.PHDR.unpack_from(elf, header.phoff + 56 * i)
        if kind == abi.PT_DYNAMIC:
            dynamic = (address, size)
        elif kind == abi.PT_TLS:
            tls = (address, memory)
    return Plan(segments, header.entry, dynamic, (header.phoff, header.phnum), tls, header.fixed)


def ta_head(elf: bytes, plan: Plan, symbol: int | None = None) -> Head:
    """The head at the symbol `ta_head`, else at the start of the first segment."""
    at = plan.segments[0].address if symbol is None else symbol
    raw = content(elf, plan, at, TA_HEAD.size)
    _, _, _, _, stack_size, flags, deprecated = TA_HEAD.unpack(raw)
    if flags & ~FLAGS_MASK:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, f"invalid TA flags {flags:#x}")
    return Head(stack_size, flags, plan.entry if deprecated == ENTRY_FROM_ELF else deprecated)


def content(elf: bytes, plan: Plan, address: int, size: int) -> bytes:
    """Bytes of the file at an address; BAD_FORMAT where no segment has them."""
    for segment in plan.segments:
        at = address - segment.address
        if at >= 0 and at + size <= segment.file_size:
            return elf[segment.offset + at : segment.offset + at + size]
    raise TeeResult(TEE_ERROR_BAD_FORMAT, f"{address:#x}+{size:#x} is not in the file")


@dataclass(frozen=True, slots=True)
class _Header:
    entry: int
    phoff: int
    phnum: int
    fixed: bool


def _header(elf: bytes, fixed: bool) -> _Header:
    if len(elf) < abi.EHDR.size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "shorter than an ELF header")
    fields = abi.EHDR.unpack_from(elf)
    ident, kind, machine, _, entry, phoff, shoff, flags, _, phentsize, phnum, shentsize, shnum, _ = fields
    if machine == _EM_ARM and ident[: abi.EI_DATA] == b"\x7fELF\x01":
        raise TeeResult(
            TEE_ERROR_NOT_SUPPORTED, "a 32-bit TA; this core runs 64-bit ones: build it for AArch64"
        )
    if ident[:8] != b"\x7fELF\x02\x01\x01\x00" or machine != abi.EM_AARCH64:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "not an ELF64 for AArch64 with OSABI 0")
    if kind not in ((abi.ET_DYN, abi.ET_EXEC) if fixed else (abi.ET_DYN,)) or flags:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "not ET_DYN with e_flags 0")
    if phentsize != abi.PHDR.size or shentsize != abi.SHDR.size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "sizes of header entries are not 56 and 64")
    if phoff + phnum * phentsize > min(PAGE, len(elf)):
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED, "program headers are not in the first page")
    _expect(phoff % 8 == 0, "program headers are not aligned")
    _expect(shoff != 0, "no section headers")
    if shoff + shnum * shentsize > len(elf):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS, "section headers reach past the end of the file")
    return _Header(entry, phoff, phnum, kind == abi.ET_EXEC)


def _expect(holds: bool, otherwise: str) -> None:
    """What ldelf asserts: where it does not hold, ldelf panics, and the core answers GENERIC."""
    if not holds:
        raise TeeResult(TEE_ERROR_GENERIC, otherwise)


def _segments(elf: bytes, phoff: int, phnum: int) -> tuple[Segment, ...]:
    out = []
    for i in range(phnum):
        kind, flags, offset, address, _, filesz, memsz, align = abi.PHDR.unpack_from(elf, phoff + 56 * i)
        if kind == abi.PT_LOAD:
            out.append(Segment(flags, offset, address, filesz, memsz, align))
    _expect(bool(out), "no load segment")
    return tuple(out)


def _check_order(segments: tuple[Segment, ...]) -> None:
    for segment in segments:
        _expect(segment.align >= PAGE, "alignment is less than a page")
        _expect(segment.end < 1 << 64, "segment wraps around")
        _expect((segment.offset - segment.address) % PAGE == 0, "offset and address differ in a page")
    for low, high in pairwise(segments):
        _expect(high.address >= low.end, "segments overlap or are not in order")
        _expect(high.offset >= low.offset + low.file_size, "segments overlap or are not in order")
        _expect(high.align == low.align, "segments differ in alignment")


def _adjust(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Segments as they are mapped: one that begins in the last page of the one before is joined to it, with
    the rights of both; any other begins at a page."""
    out = [segments[0]]
    for segment in segments[1:]:
        last = out[-1]
        if segment.first_page < last.end:
            _expect(last.memory_size == last.file_size, "a segment shares a page with the bss of another")
            ahead = segment.address - last.address
            out[-1] = replace(
                last,
                flags=last.flags | segment.flags,
                file_size=ahead + segment.file_size,
                memory_size=ahead + segment.memory_size,
            )
            continue
        start = segment.offset // PAGE * PAGE
        shared = bool(segment.offset % segment.align) and start < last.offset + last.file_size
        _expect(not shared or bool(segment.flags & abi.PF_W), "segments share a page of the file")
        ahead = segment.address - segment.first_page
        out.append(
            replace(
                segment,
                offset=start,
                address=segment.first_page,
                file_size=ahead + segment.file_size if segment.memory_size else 0,
                memory_size=ahead + segment.memory_size if segment.memory_size else 0,
            )
        )
    return tuple(out)


def _check_segment(segment: Segment, size: int) -> None:
    if not segment.flags & abi.PF_R:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED, "segment is not readable")
    if not segment.flags & abi.PF_W and segment.file_size != segment.memory_size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "read-only segment with filesz other than memsz")
    if not segment.memory_size:
        raise TeeResult(TEE_ERROR_OUT_OF_MEMORY, "segment is empty")
    if segment.offset + segment.file_size > size:
        raise TeeResult(TEE_ERROR_BAD_STATE, "segment reaches past the end of the file")
    if segment.offset % PAGE + segment.file_size > segment.pages_end - segment.first_page:
        raise TeeResult(TEE_ERROR_ACCESS_DENIED, "segment has more in the file than in memory")
