# SPDX-License-Identifier: BSD-2-Clause
"""The table of A64 patterns: bits, operands, meaning. Whatever reads instructions reads them here.

A pattern is written as in the Arm ARM's encoding diagrams (C4.1), from bit 31 down: literal bits, and fields
as `name:width` (`name` alone is one bit wide), for instance "sf op S 100010 sh imm12:12 rn:5 rd:5".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfhaven.machine.native.emitter import Emitter

Fields = Mapping[str, int]
Emit = Callable[["Emitter", Fields], None]
_TOKEN = re.compile(r"^(?:([01]+)|([A-Za-z]\w*?)(?::(\d+))?)$")
_SHIFT = 20  # bits of a word below those by which rows are looked up


class Flow(Enum):
    """Where the next instruction is."""

    NEXT = "next"
    JUMP = "jump"  # always at the target
    BRANCH = "branch"  # at the target or behind
    CALL = "call"  # at the target, which comes back behind
    INDIRECT = "indirect"  # where a register says
    INDIRECT_CALL = "indirect call"  # the same, and it comes back behind


def always(_fields: Fields) -> bool:
    """Every encoding of the pattern is one that we cover."""
    return True


@dataclass(frozen=True)
class Row:
    """One pattern. `when` tells encodings that are covered from those that are reserved or left out.
    `emit` writes the meaning as LLVM IR; a branch leaves its condition in Emitter.condition, an indirect one
    the address in Emitter.destination."""

    name: str
    pattern: str
    emit: Emit
    when: Callable[[Fields], bool] = always
    flow: Flow = Flow.NEXT
    floats: bool = False  # it rounds or raises floating-point exceptions
    mask: int = field(init=False)
    value: int = field(init=False)
    slots: tuple[tuple[str, int, int], ...] = field(init=False)  # name, lowest bit, width
    offset: tuple[str, int] | None = field(init=False)  # name and width of where it branches to

    def __post_init__(self) -> None:
        mask, value, slots = _parse(self.pattern)
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "slots", slots)
        offset = next(((name, width) for name, _, width in slots if name.startswith("offset")), None)
        object.__setattr__(self, "offset", offset)

    def fields(self, word: int) -> dict[str, int]:
        """The operands of an instruction of this pattern."""
        return {name: word >> low & (1 << width) - 1 for name, low, width in self.slots}


def _parse(pattern: str) -> tuple[int, int, tuple[tuple[str, int, int], ...]]:
    at, mask, value = 32, 0, 0
    slots = []
    for token in pattern.split():
        found = _TOKEN.match(token)
        if found is None:
            raise ValueError(f"{token!r} in pattern {pattern!r}")
        bits, name, width = found.groups()
        size = len(bits) if bits else int(width or 1)
        at -= size
        if bits:
            mask |= (1 << size) - 1 << at
            value |= int(bits, 2) << at
        else:
            slots.append((name, at, size))
    if at:
        raise ValueError(f"{32 - at} bits in pattern {pattern!r}")
    return mask, value, tuple(slots)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A decoded word at its address."""

    address: int
    word: int
    row: Row
    fields: Fields

    @property
    def target(self) -> int | None:
        """Where a direct branch goes to."""
        if self.row.offset is None:
            return None
        name, width = self.row.offset
        return self.address + 4 * signed(self.fields[name], width) & (1 << 64) - 1

    @property
    def comes_back(self) -> bool:
        """Whether it is a call."""
        return self.row.flow in (Flow.CALL, Flow.INDIRECT_CALL)


class Table:
    """Rows in order; the first that fits an instruction is its own."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self._candidates: dict[int, tuple[Row, ...]] = {}  # by the highest bits of a word, those that may fit

    def _of(self, top: int) -> tuple[Row, ...]:
        found = self._candidates.get(top)
        if found is None:
            word = top << _SHIFT
            found = tuple(row for row in self.rows if not (word ^ row.value) & row.mask >> _SHIFT << _SHIFT)
            self._candidates[top] = found
        return found

    def decode(self, address: int, word: int) -> Instruction | None:
        """None for what is not covered."""
        for row in self._of(word >> _SHIFT):
            if word & row.mask == row.value:
                fields = row.fields(word)
                if row.when(fields):
                    return Instruction(address, word, row, fields)
        return None


def signed(value: int, width: int) -> int:
    """A field as a two's complement number."""
    return value - (1 << width) if value >> width - 1 else value
