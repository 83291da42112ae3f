# SPDX-License-Identifier: BSD-2-Clause
"""Function ranges from the unwind tables (PT_GNU_EH_FRAME, LSB Core 10.6; else .eh_frame), which stay.

Only the encodings that every AArch64 linker writes are read; anything else gives no ranges.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from elfhaven.abi import elf as abi
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections

_SDATA4_DATAREL = 0x3B
_UDATA4 = 0x03
_SDATA4_PCREL = 0x1B
_WIDTHS = {0x0: 8, 0x3: 4, 0x4: 8, 0xB: 4, 0xC: 8}  # bytes of a pointer by its encoding's format
_HEAD = struct.Struct("<BBBBiI")
_ROW = struct.Struct("<ii")


@dataclass(frozen=True, slots=True)
class Function:
    """[start, end) as one FDE gives it; `landing_pads` if it names exception handlers."""

    start: int
    end: int
    landing_pads: bool


@dataclass(frozen=True)
class Frames:
    elf: Elf

    @cached_property
    def _rows(self) -> tuple[tuple[int, int], ...]:
        """(function start, FDE address) of the binary search table, ascending."""
        segment = self.elf.segment(abi.PT_GNU_EH_FRAME)
        if segment is None:
            return tuple(sorted(self._walked()))
        raw = self.elf.bytes_at(segment.address, segment.file_size)
        if raw is None or len(raw) < _HEAD.size:
            return ()
        version, _, count_encoding, table_encoding, _, count = _HEAD.unpack_from(raw)
        if (version, count_encoding, table_encoding) != (1, _UDATA4, _SDATA4_DATAREL):
            return ()
        if _HEAD.size + count * _ROW.size > len(raw):
            return ()
        base = segment.address
        table = _ROW.iter_unpack(raw[_HEAD.size : _HEAD.size + count * _ROW.size])
        return tuple(sorted((base + start, base + fde) for start, fde in table))

    def _walked(self) -> Iterator[tuple[int, int]]:
        """The same, one after the other, for a static program without the table: it has a section alone."""
        section = next((s for s in read_sections(self.elf) if s.name == ".eh_frame" and s.allocated), None)
        raw = self.elf.bytes_at(section.address, section.size) if section is not None else None
        at = 0
        while section is not None and raw is not None and at + 12 <= len(raw):
            length, cie, begin = struct.unpack_from("<IIi", raw, at)
            if length in (0, 0xFFFFFFFF):
                return
            if cie:
                place = section.address + at
                yield place + 8 + begin, place
            at += 4 + length

    def starts(self) -> list[int]:
        return [start for start, _ in self._rows]

    def functions(self) -> Iterator[Function]:
        """All of them, ascending; one whose FDE is not as expected is empty."""
        for start, fde in self._rows:
            size, landing_pads = self._fde(fde, start)
            yield Function(start, start + size, landing_pads)

    def at(self, address: int) -> Function | None:
        """The function that covers `address`."""
        index = bisect_right(self._rows, (address, 1 << 63)) - 1
        if index < 0:
            return None
        start, fde = self._rows[index]
        size, landing_pads = self._fde(fde, start)
        return Function(start, start + size, landing_pads) if address < start + size else None

    def _fde(self, at: int, start: int) -> tuple[int, bool]:
        """(size of the function, has landing pads); (0, False) if the FDE is not as expected."""
        head = self.elf.bytes_at(at, 17)
        if head is None:
            return 0, False
        length, cie_delta, begin, size, augmentation = struct.unpack("<IIiIB", head)
        if length in (0, 0xFFFFFFFF) or at + 8 + begin != start:
            return 0, False
        cie = at + 4 - cie_delta
        letters = self._augmentation(cie)
        if letters is None or not self._pcrel(letters, cie):
            return 0, False
        if "L" not in letters:
            return size, False
        pointer = self.elf.bytes_at(at + 17, augmentation) if augmentation >= 4 else None
        return size, pointer is None or any(pointer)

    def _augmentation(self, cie: int) -> str | None:
        raw = self.elf.bytes_at(cie, 17)
        if raw is None or raw[4:8] != bytes(4) or raw[8] != 1:
            return None
        text, end, _ = raw[9:].partition(b"\0")
        return text.decode("latin-1") if end and text.startswith(b"z") else None

    def _pcrel(self, letters: str, cie: int) -> bool:
        """Whether the CIE's 'R' says that FDEs hold a 32-bit offset from their own place."""
        raw = self.elf.bytes_at(cie + 9 + len(letters) + 1, 24) or b""
        at = _skip_leb(_skip_leb(raw, 0), 0) if raw else b""
        at = _skip_leb(at[1:] if at else b"", 0)  # return register, then the augmentation's length
        for letter in letters[1:]:
            if letter == "R":
                return at[:1] == bytes([_SDATA4_PCREL])
            skip = {"L": 1, "P": 1, "S": 0, "B": 0}.get(letter)
            width = _WIDTHS.get(at[0] & 15) if letter == "P" and at else 0
            if skip is None or width is None:
                return False
            at = at[skip + width :]
        return False


def _skip_leb(raw: bytes, at: int) -> bytes:
    while at < len(raw) and raw[at] & 0x80:
        at += 1
    return raw[at + 1 :]
