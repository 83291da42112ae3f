# SPDX-License-Identifier: BSD-2-Clause
"""Loading a TA's ELF under ldelf's rules. What ldelf refuses is refused here, with its result code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from elfhaven.abi import elf as abi
from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_BAD_FORMAT,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
)
from elfhaven.abi.utee import TA_HEAD
from elfhaven.machine.address_space import AddressSpace, NoRoom
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pages import Backing, OutOfPages, PagePool
from elfhaven.machine.pagetable import OutOfTables, Protection
from elfhaven.secure.result import TeeResult

ASLR_PAGES = 128  # CFG_TA_ASLR_MAX_OFFSET_PAGES
LDELF_SIZE = 16 * PAGE  # what the loader itself holds of each TA's memory
FLAGS_MASK = (1 << 13) - 1
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
        if self.flags & abi.PF_W:
            return _RW
        return _RX if self.flags & abi.PF_X else Protection.READ


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked ELF: what to map, relative to the load address."""

    segments: tuple[Segment, ...]
    entry: int
    stack_size: int
    flags: int

    @property
    def span(self) -> int:
        return self.segments[-1].pages_end - self.segments[0].first_page


@dataclass(frozen=True, slots=True)
class Loaded:
    """A TA in its address space."""

    load_address: int
    entry: int
    stack_top: int
    flags: int


def check(elf: bytes) -> Plan:
    """Parse by ldelf's rules; TeeResult BAD_FORMAT or NOT_SUPPORTED names the one that is broken."""
    header = _header(elf)
    segments = _segments(elf, header.phoff, header.phnum)
    _check_order(segments)
    for segment in segments:
        _check_segment(segment, len(elf))
    head = _ta_head(elf, segments[0])
    _, _, _, _, stack_size, flags, deprecated = TA_HEAD.unpack(head)
    if flags & ~FLAGS_MASK:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, f"invalid TA flags {flags:#x}")
    entry = header.entry if deprecated == ENTRY_FROM_ELF else deprecated
    return Plan(segments, entry, stack_size, flags)


@dataclass(frozen=True, slots=True)
class _Header:
    entry: int
    phoff: int
    phnum: int


def _header(elf: bytes) -> _Header:
    if len(elf) < abi.EHDR.size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "shorter than an ELF header")
    fields = abi.EHDR.unpack_from(elf)
    ident, kind, machine, _, entry, phoff, _, flags, _, phentsize, phnum, shentsize, _, _ = fields
    if ident[:8] != b"\x7fELF\x02\x01\x01\x00" or machine != abi.EM_AARCH64:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "not an ELF64 for AArch64 with OSABI 0")
    if kind != abi.ET_DYN or flags:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "not ET_DYN with e_flags 0")
    if phentsize != abi.PHDR.size or shentsize != abi.SHDR.size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "sizes of header entries are not 56 and 64")
    if phoff + phnum * phentsize > min(PAGE, len(elf)):
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED, "program headers are not in the first page")
    return _Header(entry, phoff, phnum)


def _segments(elf: bytes, phoff: int, phnum: int) -> tuple[Segment, ...]:
    out = []
    for i in range(phnum):
        kind, flags, offset, address, _, filesz, memsz, align = abi.PHDR.unpack_from(elf, phoff + 56 * i)
        if kind == abi.PT_LOAD:
            out.append(Segment(flags, offset, address, filesz, memsz, align))
    if not out:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "no load segment")
    return tuple(out)


def _check_order(segments: tuple[Segment, ...]) -> None:
    for low, high in pairwise(segments):
        if high.first_page < low.pages_end or high.offset < low.offset + low.file_size:
            raise TeeResult(TEE_ERROR_BAD_FORMAT, "segments overlap or are not in order")
        if high.align != low.align:
            raise TeeResult(TEE_ERROR_BAD_FORMAT, "segments differ in alignment")


def _check_segment(segment: Segment, size: int) -> None:
    if segment.align < PAGE or segment.align & (segment.align - 1):
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "alignment is less than a page or no power of two")
    if (segment.offset - segment.address) % PAGE:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "offset and address differ modulo the page size")
    if not segment.flags & abi.PF_R:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED, "segment is not readable")
    if segment.flags & abi.PF_W and segment.flags & abi.PF_X:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED, "segment is writable and executable")
    if segment.file_size > segment.memory_size or segment.offset + segment.file_size > size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "segment reaches past the end of the file")
    if not segment.flags & abi.PF_W and segment.file_size != segment.memory_size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "read-only segment with filesz other than memsz")
    if segment.end > 1 << 39 or not segment.memory_size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "segment is empty or lies out of reach")


def _ta_head(elf: bytes, first: Segment) -> bytes:
    head = elf[first.offset : first.offset + TA_HEAD.size]
    if len(head) < TA_HEAD.size or first.file_size < TA_HEAD.size:
        raise TeeResult(TEE_ERROR_BAD_FORMAT, "no ta_head at the start of the first segment")
    return head


class Loader:
    """Maps checked TAs into fresh address spaces. Instances of one file share its read-only pages."""

    def __init__(self, pages: PagePool, random: Callable[[int], bytes]) -> None:
        self._pages = pages
        self._random = random
        self._slices: dict[tuple[bytes, int], Backing] = {}  # (file, address): pages in use
        self._digest = b""  # of the file being loaded

    def load(self, elf: bytes, digest: bytes, plan: Plan, space: AddressSpace) -> Loaded:
        """Map everything; `digest` names the file. On a TeeResult the caller closes the space."""
        self._slices = {key: pages for key, pages in self._slices.items() if pages.references}
        self._digest = digest
        try:
            return self._load(elf, plan, space)
        except (OutOfPages, OutOfTables):
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
        except NoRoom:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT) from None

    def _load(self, elf: bytes, plan: Plan, space: AddressSpace) -> Loaded:
        space.base += self._offset()
        space.map(self._pages.allocate(LDELF_SIZE), LDELF_SIZE, Protection.NONE, label="(ldelf)")
        base = self._place(elf, plan, space)
        for segment in plan.segments[1:]:
            self._map(elf, segment, space, base + segment.first_page)
        stack_size = (plan.stack_size + PAGE - 1) // PAGE * PAGE or PAGE
        stack = space.map(self._pages.allocate(stack_size), stack_size, _RW, label="(stack)")
        return Loaded(base, base + plan.entry, stack.end, plan.flags)

    def _offset(self) -> int:
        return int.from_bytes(self._random(2), "little") % ASLR_PAGES * PAGE

    def _place(self, elf: bytes, plan: Plan, space: AddressSpace) -> int:
        """Map the first segment where there is room for all; the load address."""
        first = plan.segments[0]
        rest = plan.span - (first.pages_end - first.first_page)
        try:
            start = self._map(elf, first, space, 0, self._offset(), rest)
        except NoRoom:
            start = self._map(elf, first, space, 0, 0, rest)
        return start - first.first_page

    def _map(
        self, elf: bytes, segment: Segment, space: AddressSpace, at: int, begin: int = 0, end: int = 0
    ) -> int:
        size = segment.pages_end - segment.first_page
        backing = self._backing(elf, segment, size)
        backing.hold()
        try:
            rights = segment.protection
            mapping = space.map(backing, size, rights, at=at, pad_begin=begin, pad_end=end, label="[0]")
        finally:
            backing.release()
        return mapping.start

    def _backing(self, elf: bytes, segment: Segment, size: int) -> Backing:
        """Pages with the segment's content; those of another instance where they cannot be written."""
        if segment.flags & abi.PF_W:
            return self._fill(elf, segment, size)
        key = (self._digest, segment.address)
        known = self._slices.get(key)
        if known is None or not known.references:
            known = self._slices[key] = self._fill(elf, segment, size)
        return known

    def _fill(self, elf: bytes, segment: Segment, size: int) -> Backing:
        backing = self._pages.allocate(size)
        content = memoryview(elf)[segment.offset : segment.offset + segment.file_size]
        inside = segment.address - segment.first_page
        ((address, _),) = backing.extents
        self._pages.memory.slice(address, size)[inside : inside + len(content)] = content
        return backing
