# SPDX-License-Identifier: BSD-2-Clause
"""One image of a container: an ELF's segments as they will lie in memory, writable for the packer."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from elfhaven.abi import elf as abi
from elfhaven.image.reader import Elf, Segment
from elfhaven.image.scan import Sites

THREAD_STACK = 128 << 10  # musl takes a thread's stack size from PT_GNU_STACK


@dataclass
class Piece:
    """Whole pages at `address` (in the TA): `data` from its start, zeros up to `size`."""

    address: int
    data: bytearray
    size: int
    flags: int


@dataclass
class Placement:
    """`elf` placed at `base`, with what is rewritten in it; `pieces` are its PT_LOADs in order."""

    elf: Elf
    base: int
    sites: Sites
    pieces: list[Piece]

    @classmethod
    def of(cls, elf: Elf, base: int, sites: Sites) -> Placement:
        """Copies the segments and rewrites the embedded program headers."""
        placed = cls(elf, base, sites, [_piece(elf, load, base) for load in elf.loads])
        placed._rewrite_headers()
        return placed

    @property
    def headers(self) -> int:
        """Address of the program headers in the TA."""
        address = self.elf.address_of(self.elf.phoff)
        assert address is not None  # accept.check
        return self.base + address

    def patch(self, address: int, word: int) -> None:
        """Puts a 32-bit word at an address of the ELF's own."""
        self._put(address, struct.pack("<I", word))

    def _put(self, address: int, raw: bytes) -> None:
        load = self.elf.load_at(address, len(raw))
        assert load is not None  # sites and program headers are loaded bytes
        at = address - abi.page_floor(load.address)
        self.pieces[self.elf.loads.index(load)].data[at : at + len(raw)] = raw

    def _rewrite_headers(self) -> None:
        """p_align of 4096, so that a dynamic linker maps no slack, and a stack size that a TA can afford."""
        for segment in self.elf.segments:
            at = self.headers - self.base + segment.index * abi.PHDR.size
            if segment.type == abi.PT_LOAD:
                self._put(at + abi.PHDR_ALIGN, struct.pack("<Q", abi.PAGE))
            elif segment.type == abi.PT_GNU_STACK and segment.memory_size > THREAD_STACK:
                self._put(at + abi.PHDR_MEMSZ, struct.pack("<Q", THREAD_STACK))


def _piece(elf: Elf, load: Segment, base: int) -> Piece:
    start = abi.page_floor(load.address)
    data = bytearray(load.address - start)
    data += elf.data[load.offset : load.offset + load.file_size]
    size = abi.page_ceil(load.end) - start
    if not load.writable:
        data += bytes(size - len(data))  # ldelf wants a read-only segment whole in the file
    return Piece(base + start, data, size, (load.flags & (abi.PF_W | abi.PF_X)) | abi.PF_R)
