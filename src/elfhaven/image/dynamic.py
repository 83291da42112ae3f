# SPDX-License-Identifier: BSD-2-Clause
"""The dynamic section: needed libraries, and pointers to code that a program makes as it relocates itself.

Everything is read through addresses of loaded bytes, so a stripped file says as much as an unstripped one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image.reader import Elf

MAX_ENTRIES = 1024
MAX_POINTERS = 1 << 18
_POINTERS = frozenset({abi.R_AARCH64_RELATIVE, abi.R_AARCH64_IRELATIVE, abi.R_AARCH64_ABS64})


@dataclass(frozen=True)
class Dynamic:
    """PT_DYNAMIC of `elf`; all empty for a program that has none."""

    elf: Elf

    @cached_property
    def entries(self) -> tuple[tuple[int, int], ...]:
        """(d_tag, value) pairs up to DT_NULL; ImageError if none ends the list."""
        segment = self.elf.segment(abi.PT_DYNAMIC)
        if segment is None:
            return ()
        raw = self.elf.data[segment.offset : segment.offset + segment.file_size]
        made: list[tuple[int, int]] = []
        for tag, value in abi.DYN.iter_unpack(raw[: len(raw) // abi.DYN.size * abi.DYN.size]):
            if tag == abi.DT_NULL:
                return tuple(made)
            made.append((tag, value))
            if len(made) > MAX_ENTRIES:
                break
        raise ImageError(
            f"{self.elf.name}: malformed dynamic section at offset {segment.offset:#x}: no end within it"
        )

    def value(self, tag: int) -> int | None:
        """The first value of `tag`."""
        return next((value for at, value in self.entries if at == tag), None)

    @property
    def text_relocations(self) -> bool:
        return self.value(abi.DT_TEXTREL) is not None or bool(
            (self.value(abi.DT_FLAGS) or 0) & abi.DF_TEXTREL
        )

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """DT_NEEDED names in order; ImageError if one is outside the string table."""
        return tuple(self._string(value) for tag, value in self.entries if tag == abi.DT_NEEDED)

    @property
    def soname(self) -> str | None:
        return self.text(abi.DT_SONAME)

    def text(self, tag: int) -> str | None:
        """The string that the first value of `tag` stands for; ImageError if it is outside the table."""
        value = self.value(tag)
        return None if value is None else self._string(value)

    def _string(self, offset: int) -> str:
        base, size = self.value(abi.DT_STRTAB), self.value(abi.DT_STRSZ)
        table = self.elf.bytes_at(base, size) if base is not None and size is not None else None
        end = table.find(b"\0", offset) if table is not None else -1
        if table is None or end < 0:
            raise ImageError(
                f"{self.elf.name}: malformed dynamic section: no string at {offset:#x} of DT_STRTAB"
            )
        return table[offset:end].decode("utf-8", "replace")

    def code_pointers(self) -> set[int]:
        """Addresses that relocations put into memory, and of the functions that start and end the program.

        A program of fixed addresses needs no relocations: each word that is an address of its code counts.
        """
        found = {v for t, v in self.entries if t in (abi.DT_INIT, abi.DT_FINI)}
        found |= self._rela_pointers()
        found |= self._relr_pointers() | self._lazy_pointers()
        if self.elf.type == abi.ET_EXEC:
            found |= self._words_that_point()
        return found

    def _words_that_point(self) -> set[int]:
        texts = [(load.address, load.end) for load in self.elf.loads if load.executable]
        found: set[int] = set()
        for load in self.elf.loads:
            start = load.offset + -load.address % 8
            size = load.offset + load.file_size - start & ~7
            if size <= 0:
                continue
            words = set(struct.unpack_from(f"<{size // 8}Q", self.elf.data, start))
            found.update(w for w in words if not w % 4 and any(low <= w < high for low, high in texts))
        return found

    def _table(self, address_tag: int, size_tag: int) -> bytes:
        address, size = self.value(address_tag), self.value(size_tag)
        if address is None or not size:
            return b""
        return self.elf.bytes_at(address, size) or b""

    def _rela_pointers(self) -> set[int]:
        raw = self._table(abi.DT_RELA, abi.DT_RELASZ)
        rows = abi.RELA.iter_unpack(raw[: len(raw) // abi.RELA.size * abi.RELA.size])
        return {addend for _, info, addend in rows if info & 0xFFFFFFFF in _POINTERS}

    @cached_property
    def slots(self) -> frozenset[int]:
        """Addresses of the slots through which the entries of the PLT jump."""
        raw = self._table(abi.DT_JMPREL, abi.DT_PLTRELSZ)
        rows = abi.RELA.iter_unpack(raw[: len(raw) // abi.RELA.size * abi.RELA.size])
        return frozenset(at for at, info, _ in rows if info & 0xFFFFFFFF == abi.R_AARCH64_JUMP_SLOT)

    def _lazy_pointers(self) -> set[int]:
        """What stands in the slots until a call is resolved: the head of the PLT."""
        words = (self.elf.bytes_at(slot, 8) for slot in self.slots)
        return {int.from_bytes(word, "little") for word in words if word is not None}

    def _relr_pointers(self) -> set[int]:
        """What stands at the places of DT_RELR: an address, then bitmaps of the 63 words after it."""
        raw = self._table(abi.DT_RELR, abi.DT_RELRSZ)
        found: set[int] = set()
        place = 0
        for (word,) in struct.iter_unpack("<Q", raw[: len(raw) // 8 * 8]):
            if word & 1:
                places = [place + 8 * bit for bit in range(63) if word >> (bit + 1) & 1]
                place += 63 * 8
            else:
                places, place = [word], word + 8
            cells = (self.elf.bytes_at(place, 8) for place in places)
            found.update(int.from_bytes(cell, "little") for cell in cells if cell is not None)
            if len(found) > MAX_POINTERS or place > self.elf.span:
                break  # no program's table
        return found
