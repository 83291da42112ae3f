# SPDX-License-Identifier: BSD-2-Clause
"""A general register that is free at a place: on every way from there it is written before it is read.

Nothing is assumed of calling conventions: a way that comes to a call, a return or an indirect jump leaves all
registers in use, and so does an instruction that is not decoded here.
"""

from __future__ import annotations

from elfhaven.image import a64
from elfhaven.image.flow import Text

Effect = tuple[int, int]  # registers that are read, and that are wholly written, as bits

_CANDIDATES = (1 << 18) - 1  # x0 to x17; x18 is the platform's, the others have their own work
_MOST = 96  # words looked at
_REGISTERS = (1 << 31) - 1  # without 31, the stack pointer or zero


def free_register(text: Text, index: int) -> int | None:
    """A register that is free at words[index], the highest; None if none is found."""
    used, budget = 0, _MOST
    seen: dict[int, int] = {}
    todo = [(index, _CANDIDATES)]
    while todo:
        at, open_ = todo.pop()
        while True:
            open_ &= ~(used | seen.get(at, 0))
            if not open_:
                break
            budget -= 1
            effect = None if budget < 0 or not 0 <= at < len(text.words) else _effect(text.words[at])
            if effect is None:
                used |= open_
                break
            seen[at] = seen.get(at, 0) | open_
            used |= effect[0] & open_
            open_ &= ~(effect[0] | effect[1])
            target = a64.branch_target(text.words[at], 4 * at)
            if target is not None:
                todo.append((target >> 2, open_))
            if not a64.falls_through(text.words[at]):
                break
            at += 1
    free = _CANDIDATES & ~used
    return free.bit_length() - 1 if free else None


def _effect(word: int) -> Effect | None:
    group = word >> 25 & 15
    if group in (8, 9):
        return _immediate(word)
    if group in (5, 13):
        return _register(word)
    if group in (10, 11):
        return _branch_or_system(word)
    if group in (7, 15):
        return _vector(word)
    return _memory(word) if group in (4, 6, 12, 14) else None


def _bits(*registers: int) -> int:
    return sum({1 << number for number in registers}) & _REGISTERS


def _fields(word: int) -> tuple[int, int, int, int]:
    """Rd (Rt), Rn, Ra (Rt2), Rm."""
    return word & 31, word >> 5 & 31, word >> 10 & 31, word >> 16 & 31


def _immediate(word: int) -> Effect:
    rd, rn, _, rm = _fields(word)
    kind, opc = word >> 23 & 7, word >> 29 & 3
    if kind < 2:  # ADR
        return 0, _bits(rd)
    if kind == 5:
        return (_bits(rd), 0) if opc == 3 else (0, _bits(rd))  # MOVK keeps the rest
    if kind == 6 and opc == 1:  # BFM
        return _bits(rd, rn), 0
    return _bits(rn, rm) if kind == 7 else _bits(rn), _bits(rd)


def _register(word: int) -> Effect | None:
    rd, rn, ra, rm = _fields(word)
    second = word >> 21 & 15
    if not word >> 28 & 1 or second == 4:  # logical, add and subtract, select
        return _bits(rn, rm), _bits(rd)
    if second == 0:
        return _bits(rn, rm), 0 if word >> 10 & 63 else _bits(rd)  # RMIF and SETF have no result
    if second == 2:  # conditional compare
        return _bits(rn, rm), 0
    if second == 6:
        authenticates = word >> 30 & 1 and rm == 1
        return (_bits(rd, rn), 0) if authenticates else (_bits(rn, rm), _bits(rd))
    return (_bits(rn, rm, ra), _bits(rd)) if second >= 8 else None


def _branch_or_system(word: int) -> Effect | None:
    top, rt = word >> 24, word & 31
    if top & 0x7C == 0x34:  # CBZ, TBZ
        return _bits(rt), 0
    if top == 0x54 or top & 0xFC == 0x14 or word in (a64.NOP, 0xD503241F, 0xD503245F, 0xD503249F, 0xD50324DF):
        return 0, 0  # B, B.cond, NOP, BTI
    if word & 0xFFFFF000 == 0xD5033000:  # barriers
        return 0, 0
    if word & 0xFFF00000 == 0xD5300000:  # MRS
        return 0, _bits(rt)
    return (_bits(rt), 0) if word & 0xFFF00000 == 0xD5100000 else None  # MSR


def _vector(word: int) -> Effect:
    """Only conversions and moves of elements touch general registers."""
    converts = word & 0x5F000000 == 0x1E000000 and (not word >> 21 & 1 or not word >> 10 & 63)
    copies = word & 0x9FE08400 == 0x0E000400
    rd, rn, _, _ = _fields(word)
    return (_bits(rd, rn), 0) if converts or copies else (0, 0)


def _memory(word: int) -> Effect | None:
    rt, rn, rt2, rm = _fields(word)
    vector = word >> 26 & 1
    if word & 0x3B000000 == 0x18000000:  # literal
        return 0, 0 if vector or word >> 30 == 3 else _bits(rt)
    if word & 0x3A000000 == 0x28000000:  # pair
        if vector:
            return _bits(rn), 0
        return (_bits(rn), _bits(rt, rt2)) if word >> 22 & 1 else (_bits(rn, rt, rt2), 0)
    if word & 0xBE000000 == 0x0C000000:  # structures
        return _bits(rn, rm), 0
    if word & 0x3A000000 != 0x38000000:
        return None  # exclusives and what came later
    offset = word >> 21 & 1 and not word >> 24 & 1
    if offset and word >> 10 & 3 != 2:
        return _bits(rt, rn, rm), 0  # atomic operations, authenticated loads
    base = _bits(rn, rm) if offset else _bits(rn)
    if vector:
        return base, 0
    if word >> 22 & 3 == 0:
        return base | _bits(rt), 0
    return base, 0 if word >> 30 == 3 and word >> 22 & 3 == 2 else _bits(rt)  # PRFM has no result
