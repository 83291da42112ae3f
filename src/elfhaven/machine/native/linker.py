# SPDX-License-Identifier: BSD-2-Clause
"""Puts object files of LLVM (ELF64, x86-64, position-independent) into memory that can be executed.

Only what compiled regions are made of is taken: text and constants, relocations relative to the PC, and calls
of a few functions, of the C library and of ours. The memory is written, then made read-only and executable:
never both.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ELF = b"\x7fELF\x02\x01\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")
_X86_64, _RELOCATABLE = 62, 1
_SYMTAB, _RELA, _NOBITS = 2, 4, 8
_WRITE, _ALLOC = 1, 2
_UNDEFINED, _SPECIAL = 0, 0xFF00
_ABSOLUTE, _RELATIVE, _CALL = 1, 2, 4  # R_X86_64_64, _PC32, _PLT32
_FRAMES = b".eh_frame"  # for unwinding: nobody does
_JUMP = b"\xff\x25\0\0\0\0"  # jmp [rip]: to the address behind it
_STUB = 16
_READ_EXECUTE = 5
_MOST, _NEAR = 1 << 30, 1 << 30  # bytes of memory, and to what a call reaches from all of it
EXTERNALS = ("memcpy", "memmove", "memset", "round", "roundf")  # of the C library


class LinkError(Exception):
    """An object file that is not of the kind that is made here."""


@dataclass(slots=True)
class _Section:
    type: int
    flags: int
    data: memoryview
    link: int
    info: int
    align: int
    at: int = -1  # where it is put, from the start of the memory; -1: nowhere


@dataclass(slots=True)
class _Object:
    sections: list[_Section]
    symbols: list[tuple[str, int, int]]  # name, section, value
    stubs: dict[str, int]


class Linker:
    """Keeps the memory; what it linked is there as long as the linker is."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._externals = {
            name: ctypes.cast(getattr(self._libc, name), ctypes.c_void_p).value or 0
            for name in EXTERNALS
            if hasattr(self._libc, name)
        }
        self._kept: list[mmap.mmap] = []
        self.size = 0  # bytes in all

    def provide(self, functions: Mapping[str, int]) -> None:
        """Let what is linked from now on call these too."""
        self._externals |= functions

    def link(self, objects: Sequence[bytes]) -> list[dict[str, int]]:
        """For each object file the addresses of its functions by name. LinkError, with nothing done."""
        try:
            memory, base, read = _linked(objects, self._externals)
        except (struct.error, IndexError, ValueError) as error:
            raise LinkError(f"no object file: {error}") from None
        if self._libc.mprotect(ctypes.c_void_p(base), ctypes.c_size_t(len(memory)), _READ_EXECUTE):
            raise LinkError(f"the host gives no executable memory: error {ctypes.get_errno()}")
        self._kept.append(memory)
        self.size += len(memory)
        return [_functions(one, base) for one in read]


def _linked(objects: Sequence[bytes], externals: Mapping[str, int]) -> tuple[mmap.mmap, int, list[_Object]]:
    """Memory that holds them, and its address."""
    read, end = [_read(data) for data in objects], 0
    for one in read:
        end = _place(one, end)
    if end > _MOST:
        raise LinkError("compiled code is too large")
    size = max(end, 1) + mmap.PAGESIZE - 1 & -mmap.PAGESIZE
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for one in read:
        _write(one, memory, base, externals)
    return memory, base, read


def _read(data: bytes) -> _Object:
    head = _HEADER.unpack_from(data)
    if head[0][:7] != _ELF or head[1:3] != (_RELOCATABLE, _X86_64):
        raise LinkError("no object file of x86-64")
    table, count, names = head[6], head[12], head[13]
    heads = [_SECTION.unpack_from(data, table + i * _SECTION.size) for i in range(count)]
    sections = []
    view = memoryview(data)
    for name, type, flags, _, offset, size, link, info, align, _ in heads:
        called = _string(data, heads[names][4] + name)
        if flags & _ALLOC and (flags & _WRITE or type == _NOBITS) and size:
            raise LinkError(f"{called.decode()}: compiled code has no variables")
        if offset + size > len(data):
            raise ValueError("a section reaches past the end")
        if called == _FRAMES:
            flags = 0
        sections.append(_Section(type, flags, view[offset : offset + size], link, info, align))
    return _Object(sections, _symbols(data, heads), {})


def _symbols(data: bytes, heads: list[tuple[int, ...]]) -> list[tuple[str, int, int]]:
    for _, type, _, _, offset, size, link, _, _, _ in heads:
        if type == _SYMTAB:
            found = _SYMBOL.iter_unpack(data[offset : offset + size])
            return [(_string(data, heads[link][4] + s[0]).decode(), s[3], s[4]) for s in found]
    return []


def _string(data: bytes, at: int) -> bytes:
    return data[at : data.index(0, at)]


def _place(one: _Object, end: int) -> int:
    """Give the sections, and stubs behind them, their places from `end` on; the new end."""
    for section in one.sections:
        if section.flags & _ALLOC:
            align = max(section.align, 1)
            section.at = end + align - 1 & -align
            end = section.at + len(section.data)
    end = end + _STUB - 1 & -_STUB
    for name, section_index, _ in one.symbols:
        if section_index == _UNDEFINED and name:
            one.stubs[name] = end
            end += _STUB
    return end


def _write(one: _Object, memory: mmap.mmap, base: int, externals: Mapping[str, int]) -> None:
    for section in one.sections:
        if section.at >= 0:
            memory[section.at : section.at + len(section.data)] = section.data
    for name, at in one.stubs.items():
        if name not in externals:
            raise LinkError(f"compiled code has no use for {name}")
        memory[at : at + _STUB] = (_JUMP + struct.pack("<Q", externals[name])).ljust(_STUB, b"\0")
    for section in one.sections:
        if section.type == _RELA and one.sections[section.info].at >= 0:
            for relocation in _RELOCATION.iter_unpack(section.data):
                _relocate(one, memory, base, externals, section.info, *relocation)


def _relocate(
    one: _Object,
    memory: mmap.mmap,
    base: int,
    externals: Mapping[str, int],
    where: int,
    offset: int,
    info: int,
    addend: int,
) -> None:
    section = one.sections[where]
    kind, target = info & 0xFFFFFFFF, _target(one, info >> 32, base, externals) + addend
    size = 8 if kind == _ABSOLUTE else 4
    if kind not in (_ABSOLUTE, _RELATIVE, _CALL) or offset + size > len(section.data):
        raise LinkError(f"relocation {kind}")
    at = section.at + offset
    if kind == _ABSOLUTE:
        memory[at : at + 8] = struct.pack("<Q", base + target)
    else:
        memory[at : at + 4] = struct.pack("<i", target - at)


def _target(one: _Object, symbol: int, base: int, externals: Mapping[str, int]) -> int:
    """Where a symbol lies, from the start of the memory: what is elsewhere itself if it is near, else its
    stub."""
    name, section, value = one.symbols[symbol]
    if section == _UNDEFINED:
        away = externals[name] - base
        return away if abs(away) < _NEAR else one.stubs[name]
    if section >= _SPECIAL or one.sections[section].at < 0:
        raise LinkError(f"symbol {name or symbol} lies nowhere")
    return one.sections[section].at + value


def _functions(one: _Object, base: int) -> dict[str, int]:
    return {
        name: base + one.sections[section].at + value
        for name, section, value in one.symbols
        if name and 0 < section < _SPECIAL and one.sections[section].at >= 0
    }
