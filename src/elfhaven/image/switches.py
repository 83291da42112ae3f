# SPDX-License-Identifier: BSD-2-Clause
"""Jump tables: where the indirect jump of a `switch` can lead.

Compilers end the dispatch with `add Xt, Xbase, Xoffset; br Xt`, the offset loaded from a table of bytes,
halfwords or words that a comparison before it bounds. What does not look like that gives no targets.
"""

from __future__ import annotations

import re

from elfhaven.image import a64
from elfhaven.image.flow import Text
from elfhaven.image.reader import Elf

_WINDOW = 32  # words before the jump in which its parts are looked for
_MAX_ENTRIES = 4096
_JUMPS = re.compile(rb"\xd6")


def jump_targets(elf: Elf, text: Text) -> dict[int, list[int]]:
    """Index of a word -> indexes of the indirect jumps whose table names it."""
    found: dict[int, list[int]] = {}
    for jump in text.find_tops(_JUMPS):
        if a64.is_indirect_jump(text.words[jump]):
            for target in _Dispatch(elf, text, jump).targets():
                found.setdefault(target, []).append(jump)
    return found


class _Dispatch:
    """The words before one `br`."""

    def __init__(self, elf: Elf, text: Text, jump: int) -> None:
        self._elf = elf
        self._text = text
        self._jump = jump
        self._first = max(0, jump - _WINDOW)

    def targets(self) -> set[int]:
        words, jump = self._text.words, self._jump
        at = self._last(jump, words[jump] >> 5 & 31, 0x7F000000, 0x0B000000)
        if at is None:
            return set()
        for base, offset in (
            (words[at] >> 5 & 31, words[at] >> 16 & 31),
            (words[at] >> 16 & 31, words[at] >> 5 & 31),
        ):
            origin = self._value(base, at)
            entries = None if origin is None else self._entries(offset, at)
            if origin is not None and entries:
                return self._within(origin, entries, _scale(words[at]))
        return set()

    def _within(self, origin: int, entries: list[int], scale: int) -> set[int]:
        places = [self._text.index(origin + (entry << scale)) for entry in entries]
        return {place for place in places if place is not None}

    def _entries(self, register: int, before: int) -> list[int] | None:
        """The table that the last load into `register` reads, if a comparison bounds it."""
        words = self._text.words
        at = self._last(before, register, 0x3F200C00, 0x38200800)  # load, register offset
        if at is None or words[at] >> 22 & 3 == 0:
            return None
        table, count = self._value(words[at] >> 5 & 31, at), self._bound(at)
        size = 1 << (words[at] >> 30)
        raw = None if table is None or count is None else self._elf.bytes_at(table, count * size)
        if raw is None or size == 8:
            return None
        signed = words[at] >> 23 & 1 == 1 or size == 4 or _sign_extends(words[before])
        return [int.from_bytes(raw[i : i + size], "little", signed=signed) for i in range(0, len(raw), size)]

    def _bound(self, before: int) -> int | None:
        """Entries of the table: the immediate of the last comparison, and one."""
        for at in range(before - 1, self._first - 1, -1):
            word = self._text.words[at]
            if word & 0x7FC0001F == 0x7100001F:
                count = (word >> 10 & 0xFFF) + 1
                return count if count <= _MAX_ENTRIES else None
        return None

    def _value(self, register: int, before: int) -> int | None:
        """The address that ADR, or ADRP and ADD, put into `register`."""
        text = self._text
        for at in range(before - 1, self._first - 1, -1):
            word = text.words[at]
            if word & 31 != register:
                continue
            place = a64.page_address(word, text.address(at))
            if place is not None:
                return place
            parts = a64.add_immediate(word)
            if parts is not None:
                page = self._value(parts[1], at)
                return None if page is None else page + parts[2]
        return None

    def _last(self, before: int, register: int, mask: int, pattern: int) -> int | None:
        """The last word before `before` that fits and has `register` as its result."""
        for at in range(before - 1, self._first - 1, -1):
            word = self._text.words[at]
            if word & 31 == register and word & mask == pattern:
                return at
        return None


def _scale(add: int) -> int:
    """By how many bits ADD (shifted or extended register) shifts its second operand."""
    return add >> 10 & 7 if add >> 21 & 1 else add >> 10 & 63


def _sign_extends(add: int) -> bool:
    return bool(add >> 21 & 1) and add >> 13 & 7 >= 4
