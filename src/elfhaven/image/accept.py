# SPDX-License-Identifier: BSD-2-Clause
"""Can this ELF run as part of a TA? Refusals name the cause and how to relink."""

from __future__ import annotations

from itertools import pairwise

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.reader import Elf, Segment

MAX_SPAN = 1 << 30  # all the user address space that OP-TEE gives a TA
MAX_ZEROS = 1 << 20  # of a read-only segment, which ldelf wants written out in the file
_RELINK_PIE = (
    "relink it position-independent: `-static-pie` (gcc, clang) or `-static -fPIE -pie` (zig cc), with every"
    " object compiled with -fPIE"
)
_EMULATOR = "; or run it in the emulator alone, as it is: `elfhaven run --memory permissive`"


def check(elf: Elf, *, fixed: bool = False) -> None:
    """ImageError if `elf` cannot be laid out in a TA; `fixed`: for the permissive profile."""
    if elf.type == abi.ET_EXEC and not fixed:
        raise ImageError(
            f"{elf.name}: linked for a fixed address (ET_EXEC); OP-TEE chooses a TA's address",
            _RELINK_PIE + _EMULATOR,
        )
    if Dynamic(elf).text_relocations:
        raise ImageError(
            f"{elf.name}: has relocations in its text (DT_TEXTREL), which a TA cannot write", _RELINK_PIE
        )
    for load in elf.loads:
        _check_load(elf.name, load)
    for before, after in pairwise(elf.loads):
        if abi.page_ceil(before.end) > abi.page_floor(after.address):
            raise ImageError(
                f"{elf.name}: program headers {before.index} and {after.index} share the page at"
                f" {abi.page_floor(after.address):#x}",
                "relink it with -z max-page-size=65536, and without -N or -n",
            )
    if elf.span > MAX_SPAN:
        raise ImageError(
            f"{elf.name}: needs {elf.span >> 20} MiB of addresses; a TA has {MAX_SPAN >> 20}",
            "allocate large arrays at run time",
        )
    _check_headers_loaded(elf)


def check_entry(elf: Elf) -> None:
    """ImageError if the entry point is no loaded instruction; for programs and interpreters."""
    load = elf.load_at(elf.entry, 4)
    if elf.entry % 4 or load is None or not load.executable:
        raise ImageError(
            f"{elf.name}: malformed: its entry point {elf.entry:#x} is not in an executable segment",
            "if this is a shared library, name the program that uses it" if elf.entry == 0 else None,
        )


def _check_load(name: str, load: Segment) -> None:
    if load.executable and load.writable:
        raise ImageError(
            f"{name}: program header {load.index} is writable and executable; OP-TEE refuses such memory",
            "relink it without -N and without objects that ask for it",
        )
    if not load.writable and load.memory_size - load.file_size > MAX_ZEROS:
        raise ImageError(
            f"{name}: malformed: program header {load.index} is read-only, and"
            f" {load.memory_size - load.file_size:#x} bytes of it are not in the file"
        )
    if (load.offset - load.address) % abi.PAGE:
        raise ImageError(
            f"{name}: program header {load.index}: offset {load.offset:#x} and address {load.address:#x}"
            " differ within a page",
            "relink it with -z max-page-size=65536",
        )


def _check_headers_loaded(elf: Elf) -> None:
    """The program finds its TLS and relocations through AT_PHDR, so its program headers must be in memory."""
    address = elf.address_of(elf.phoff)
    if address is None or elf.load_at(address, len(elf.segments) * abi.PHDR.size) is None:
        raise ImageError(
            f"{elf.name}: its program headers (offset {elf.phoff:#x}) are in no loaded segment",
            "relink it with the linker's default layout",
        )
