# SPDX-License-Identifier: BSD-2-Clause
"""Random programs that end: instructions of the table's rows, branches ahead, loops with a bound, calls of
small functions, some instructions that the table does not have.

x0..x8 are anybody's, x9..x15 mostly small, x16 leads to where an indirect branch goes, x17 and x18 count
loops, x19..x29 point into memory, x30 links.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.unit.machine.compiled.twins import INDEXES, POINTERS, SVC

from elfhaven.machine.native import atomics
from elfhaven.machine.native.decode import Flow, Row
from elfhaven.machine.native.patterns import A64

NOP = 0xD503201F
_RET = 0xD65F03C0
_ADR_X16 = 0x10000010
_COUNTERS = (17, 18)  # of an outer and an inner loop
_OTHERS = (  # that the interpreter does: FPSR, FPCR, NZCV read and written, CLREX, an atomic increment
    (0xD53B4420,),
    (0xD53B4400,),
    (0xD53B4200,),
    (0xD51B4200,),
    (0xD51B4420,),
    (0xD503305F,),
    (0x885F7E60, 0x11000400, 0x88017E60),
    (0x00000000,),
)
_OTHER_ODDS = (6, 3, 3, 2, 2, 1, 3, 1)
_SETTING = {"adc/sbc": 1 << 29, "logical shifted": 3 << 29, "logical immediate": 3 << 29}  # bits that are set
_SETTING |= {f"add/sub {operand}": 1 << 29 for operand in ("immediate", "shifted", "extended")}
_SETTING |= dict.fromkeys(("ccmn/ccmp", "fcmp", "fccmp", "msr nzcv"), 0)
_READING = ("adc/sbc", "csel", "fcsel", "ccmn/ccmp", "mrs nzcv")
_ROWS = tuple(row for row in A64.rows if row not in atomics.ROWS)  # those are not the default processor's
_REGISTER_FIELDS = ("rd", "rt", "rt2", "rs")  # that an instruction may write


@dataclass(frozen=True)
class Piece:
    """An instruction, or more; `target` is how many pieces ahead (or behind) a branch goes, `leaf` which
    small function a call means."""

    words: tuple[int, ...]
    target: int | None = None
    leaf: int | None = None


@dataclass(frozen=True)
class Sequence_:
    """The pieces of a program and of the functions that it calls."""

    body: tuple[Piece, ...]
    leaves: tuple[tuple[Piece, ...], ...]

    def words(self) -> list[int]:
        """As they lie in memory: the body, svc, the functions."""
        starts = _starts(self.body)
        leaf_starts = []
        at = starts[-1] + 1
        for leaf in self.leaves:
            leaf_starts.append(at)
            at += _starts(leaf)[-1] + 1
        out = _encoded(self.body, 0, leaf_starts)
        out.append(SVC)
        for start, leaf in zip(leaf_starts, self.leaves, strict=True):
            out += [*_encoded(leaf, start, leaf_starts), _RET]
        return out

    def without(self, leaf: int | None, index: int) -> Sequence_:
        """The same with no-operations in place of one piece."""
        pieces = list(self.body if leaf is None else self.leaves[leaf])
        pieces[index] = Piece((NOP,) * len(pieces[index].words))
        if leaf is None:
            return replace(self, body=tuple(pieces))
        leaves = list(self.leaves)
        leaves[leaf] = tuple(pieces)
        return replace(self, leaves=tuple(leaves))

    def places(self) -> list[tuple[int | None, int]]:
        """What `without` can be given, where there is something left."""
        parts: list[tuple[int | None, Sequence[Piece]]] = [(None, self.body), *enumerate(self.leaves)]
        return [
            (leaf, i) for leaf, part in parts for i, piece in enumerate(part) if set(piece.words) != {NOP}
        ]


def _starts(pieces: Sequence[Piece]) -> list[int]:
    """The place of each piece in words, and of the end."""
    out = [0]
    for piece in pieces:
        out.append(out[-1] + len(piece.words))
    return out


def _encoded(pieces: Sequence[Piece], base: int, leaf_starts: Sequence[int]) -> list[int]:
    starts = _starts(pieces)
    out: list[int] = []
    for i, piece in enumerate(pieces):
        words = list(piece.words)
        goal = None
        if piece.target is not None:
            goal = base + starts[max(0, min(i + piece.target, len(pieces)))]
        elif piece.leaf is not None:
            goal = leaf_starts[piece.leaf]
        if goal is not None:
            place = next(k for k, word in enumerate(words) if _offset_slot(word) is not None)
            slot = _offset_slot(words[place])
            assert slot is not None
            words[place] = _aimed(words[place], goal - (base + starts[i] + place), *slot)
        out += words
    return out


def _offset_slot(word: int) -> tuple[int, int] | None:
    """Lowest bit and width of a direct branch's offset; ADR x16 counts as one."""
    if word & 0x9F00001F == _ADR_X16:
        return 5, -19
    found = A64.decode(0, word)
    if found is None:
        return None
    return next(((low, width) for name, low, width in found.row.slots if name.startswith("offset")), None)


def _aimed(word: int, offset: int, low: int, width: int) -> int:
    width = abs(width)
    mask = (1 << width) - 1
    return word & ~(mask << low) | (offset & mask) << low


class Generator:
    """Draws programs."""

    def __init__(self, choose: random.Random, rows: Sequence[Row] = _ROWS) -> None:
        self._choose = choose
        plain = [row for row in rows if row.flow is Flow.NEXT]
        self._memory = [row for row in plain if _is_access(row)]
        self._vectors = [row for row in plain if not _is_access(row) and row.value >> 25 & 7 == 7]
        self._general = [row for row in plain if not _is_access(row) and row.value >> 25 & 7 != 7]
        self._setting = [row for row in plain if row.name in _SETTING]
        self._reading = [row for row in plain if row.name in _READING]
        self._branches = [row for row in rows if row.flow is Flow.BRANCH]

    def draw(self) -> Sequence_:
        """8 to 40 instructions, and up to two functions of a few more."""
        choose = self._choose
        leaves = tuple(
            tuple(self._one() for _ in range(choose.randrange(1, 6))) for _ in range(choose.randrange(3))
        )
        body: list[Piece] = []
        wanted = choose.randrange(8, 41)
        while len(body) < wanted:
            body += self._some(len(leaves), _COUNTERS, wanted - len(body))
        return Sequence_(tuple(body), leaves)

    def _some(self, leaves: int, counters: Sequence[int], room: int) -> list[Piece]:
        kind = self._choose.random()
        if kind < 0.06 and counters and room > 4:
            return self._loop(leaves, counters, room)
        if kind < 0.12 and leaves:
            return [self._call(leaves)]
        if kind < 0.20:
            return [self._branch()]
        if kind < 0.24:
            words = self._choose.choices(_OTHERS, _OTHER_ODDS)[0]
            return [Piece(words)]
        if kind < 0.32 and self._setting and self._reading:
            return self._flags()
        return [self._one()]

    def _flags(self) -> list[Piece]:
        """Flags that are set in one block and read in others, with accesses between that may fault."""
        return [self._flag() for _ in range(self._choose.randrange(2, 8))]

    def _flag(self) -> Piece:
        choose = self._choose
        kind = choose.random()
        if kind < 0.3:
            row = choose.choice(self._setting)
            return Piece((self._word(row) | _SETTING[row.name],))
        if kind < 0.6:
            return Piece((self._word(choose.choice(self._branches)),), choose.randrange(1, 4))
        return Piece((self._word(choose.choice(self._memory if kind < 0.75 else self._reading)),))

    def _loop(self, leaves: int, counters: Sequence[int], room: int) -> list[Piece]:
        """movz xC, #n; ...; lsr xC, xC, #1; cbnz xC back: at most 64 rounds, whatever xC is."""
        counter, choose = counters[0], self._choose
        body: list[Piece] = []
        wanted = choose.randrange(1, min(room - 2, 12))
        while len(body) < wanted:
            body += self._some(leaves, counters[1:], wanted - len(body))
        start = Piece((0xD2800000 | choose.getrandbits(8) << 5 | counter,))
        turn = (0xD341FC00 | counter << 5 | counter, 0xB5000000 | counter)
        return [start, *body, Piece(turn, -len(body))]

    def _call(self, leaves: int) -> Piece:
        leaf = self._choose.randrange(leaves)
        words = (0x94000000,) if self._choose.random() < 0.6 else (_ADR_X16, 0xD63F0200)
        return Piece(words, leaf=leaf)

    def _branch(self) -> Piece:
        """Ahead: b, b.cond, cbz, tbz, or br x16; sometimes br to where no code lies."""
        ahead, kind = self._choose.randrange(1, 7), self._choose.random()
        if kind < 0.02:
            register = self._choose.choice([i for i in range(30) if i != 16])  # x16 may lead back
            return Piece((0xD61F0000 | register << 5,))
        if kind < 0.1:
            return Piece((0x14000000,), ahead)
        if kind < 0.2:
            return Piece((_ADR_X16, 0xD61F0200), ahead)
        row = self._choose.choice(self._branches)
        return Piece((self._word(row),), ahead)

    def _one(self) -> Piece:
        """Neither branch nor call."""
        kind = self._choose.random()
        rows = self._memory if kind < 0.3 else self._vectors if kind < 0.65 else self._general
        return Piece((self._word(self._choose.choice(rows)),))

    def _word(self, row: Row) -> int:
        """A random instruction of a row, which does not often spoil registers that have a purpose."""
        while True:
            word = self._choose.getrandbits(32) & ~row.mask | row.value
            for name, low, width in row.slots:
                value = self._field(row, name, word >> low & (1 << width) - 1, width)
                word = word & ~((1 << width) - 1 << low) | value << low
            found = A64.decode(0, word)
            if found is not None and found.row is row and word & 0x9F00001F != _ADR_X16:
                return word

    def _field(self, row: Row, name: str, value: int, width: int) -> int:
        choose, access = self._choose, _is_access(row)

        def likely(odds: float) -> bool:
            return choose.random() < odds

        if access and name == "rn" and likely(0.96):
            return choose.choice((*POINTERS, 31))
        if access and name == "rm" and width == 5 and likely(0.95):
            return choose.choice(INDEXES)
        if access and name == "imm12" and likely(0.95):
            return value & 0x1F
        if name == "imm19" and likely(0.95):  # a literal
            return choose.randrange(-60, 60) & (1 << width) - 1
        if name in _REGISTER_FIELDS and 16 <= value < 31 and not _is_vector(row):
            return value % 9 if value in (16, *_COUNTERS) or likely(0.97) else value
        return value


def _is_access(row: Row) -> bool:
    """Loads and stores (Arm ARM C4.1)."""
    return row.value >> 25 & 5 == 4 and row.mask >> 27 & 1 == 1 and row.mask >> 25 & 1 == 1


def _is_vector(row: Row) -> bool:
    return row.value >> 25 & 7 == 7
