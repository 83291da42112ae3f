# SPDX-License-Identifier: BSD-2-Clause
"""ELF executables and their interpreter into a process's memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elfhaven.abi import elf
from elfhaven.errors import ImageError
from elfhaven.normal.ree.areas import EXECUTE, READ, WRITE
from elfhaven.normal.ree.memory import UserMemory

PROGRAM_BASE: Final = 0x55_5555_0000  # of a program that may lie anywhere
_RIGHTS: Final = ((elf.PF_R, READ), (elf.PF_W, WRITE), (elf.PF_X, EXECUTE))
_MAX_HEADERS: Final = 128


@dataclass(frozen=True, slots=True)
class Segment:
    """One PT_LOAD."""

    address: int
    size: int
    offset: int
    file_size: int
    rights: int


@dataclass(frozen=True, slots=True)
class Executable:
    """An ELF file that can run: addresses as they are written in it."""

    data: bytes
    fixed: bool  # ET_EXEC
    entry: int
    header_offset: int
    header_count: int
    segments: tuple[Segment, ...]
    interpreter: str | None

    @property
    def low(self) -> int:
        return elf.page_floor(min(s.address for s in self.segments))

    @property
    def high(self) -> int:
        return elf.page_ceil(max(s.address + s.size for s in self.segments))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Where it lies: addresses in the process."""

    base: int
    entry: int
    headers: int
    header_count: int
    end: int
    interpreter: str | None


def read(path: str | os.PathLike[str]) -> Executable:
    """Reads and checks a file. Raises ImageError."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}", "name an aarch64 program") from None
    return parse(data, os.fspath(path))


def parse(data: bytes, name: str) -> Executable:
    """An executable from a file's bytes; ImageError says what is wrong with it."""
    if len(data) < elf.EHDR.size or data[:4] != elf.MAGIC:
        raise ImageError(f"{name} is no ELF file", "scripts and other formats do not run here")
    ident, kind, machine, _, entry, phoff, _, _, _, entry_size, count, *_ = elf.EHDR.unpack_from(data)
    if machine != elf.EM_AARCH64 or ident[elf.EI_CLASS] == elf.ELFCLASS32:
        what = elf.MACHINES.get(machine, f"machine {machine}")
        raise ImageError(f"{name} is a program for {what}", "build it for 64-bit Arm (aarch64-linux)")
    if kind not in (elf.ET_EXEC, elf.ET_DYN):
        raise ImageError(f"{name} is no executable", "link it first")
    if entry_size != elf.PHDR.size or count > _MAX_HEADERS or phoff + count * entry_size > len(data):
        raise ImageError(
            f"{name} has program headers outside the file", "the file is cut off: build it again"
        )
    headers = [elf.PHDR.unpack_from(data, phoff + i * entry_size) for i in range(count)]
    segments = tuple(_segment(header, data, name) for header in headers if header[0] == elf.PT_LOAD)
    if not segments:
        raise ImageError(f"{name} has nothing to load", "build it as a program")
    return Executable(data, kind == elf.ET_EXEC, entry, phoff, count, segments, _interpreter(headers, data))


def _segment(header: tuple[int, ...], data: bytes, name: str) -> Segment:
    _, flags, offset, address, _, file_size, size, _ = header
    if offset + file_size > len(data) or file_size > size or (address - offset) % elf.PAGE:
        raise ImageError(f"{name} has a segment outside the file", "the file is cut off: build it again")
    rights = sum(right for flag, right in _RIGHTS if flags & flag)
    return Segment(address, size, offset, file_size, rights)


def _interpreter(headers: list[tuple[int, ...]], data: bytes) -> str | None:
    for header in headers:
        if header[0] == elf.PT_INTERP:
            return os.fsdecode(data[header[2] : header[2] + header[5]].rstrip(b"\0"))
    return None


def load(memory: UserMemory, file: Executable, label: str, base: int | None = None) -> Loaded:
    """Maps a file, at `base` or where there is room if it may lie anywhere. Raises OSError (ENOMEM)."""
    span = file.high - file.low
    at = file.low if file.fixed else (base if base is not None else memory.find_gap(span))
    bias = at - file.low
    chunk = memory.chunk(span)
    chunk.hold()
    for segment in file.segments:
        place = segment.address - file.low
        chunk.view(place, segment.file_size)[:] = file.data[segment.offset :][: segment.file_size]
        start, end = elf.page_floor(place), elf.page_ceil(place + segment.size)
        memory.map(at + start, end - start, segment.rights, chunk, offset=start, label=label)
    chunk.release()
    return Loaded(
        bias, file.entry + bias, _headers(file) + bias, file.header_count, at + span, file.interpreter
    )


def _headers(file: Executable) -> int:
    """The address at which the program headers are mapped; 0 where they are not."""
    for s in file.segments:
        if s.offset <= file.header_offset < s.offset + s.file_size:
            return s.address + file.header_offset - s.offset
    return 0
