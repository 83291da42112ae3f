# SPDX-License-Identifier: BSD-2-Clause
"""Random loops of one block that walk through memory, against the interpreter: up and down, by registers and
by tables, over the ends of pages and into holes, and for more rounds than are checked at once.

ELFHAVEN_SEED and ELFHAVEN_LOOPS choose which and how many; `make differential` takes 10,000.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.test_sequences import listing
from tests.unit.machine.compiled.twins import CODE, DATA, FIXED, LONE, SVC, Start, Twins, draw

from elfhaven.machine.engine import FaultKind, Stop
from elfhaven.machine.memory import PAGE

SEED = os.environ.get("ELFHAVEN_SEED", "1")
LOOPS = int(os.environ.get("ELFHAVEN_LOOPS", "400"))
CHUNK = 100
_POINTERS, _STEPS, _DATA = (19, 20, 21, 22), (23, 24), (0, 1, 2, 3)
_COUNTER = 17
# fmul, fadd of vectors and of doubles, fmadd
_FLOATS = (0x6E22DC20, 0x4E22D443, 0x4E61D464, 0x1E621885, 0x1F420CA6)


def _post(choose: random.Random) -> list[int]:
    """ldr or str, of any size, that steps its base on."""
    size, load = choose.randrange(4), choose.getrandbits(1)
    step = choose.choice((1 << size, -(1 << size), choose.randrange(-256, 256), 16, 64)) & 0x1FF
    mode = choose.choice((1, 3))  # post, pre
    base, data = choose.choice(_POINTERS), choose.choice(_DATA)
    return [size << 30 | 0x38000000 | load << 22 | step << 12 | mode << 10 | base << 5 | data]


def _offset(choose: random.Random) -> list[int]:
    size, load = choose.randrange(4), choose.getrandbits(1)
    base, data = choose.choice(_POINTERS), choose.choice(_DATA)
    return [size << 30 | 0x39000000 | load << 22 | choose.randrange(40) << 10 | base << 5 | data]


def _indexed(choose: random.Random) -> list[int]:
    """ldr of [base, index], or [base, index, lsl by its size]."""
    size, shifted = choose.randrange(4), choose.getrandbits(1)
    base, index = choose.choice(_POINTERS), choose.choice(_STEPS)
    word = 0x38606800 | shifted << 12 | size << 30 | index << 16 | base << 5 | choose.choice(_DATA)
    return [word & ~(choose.getrandbits(1) << 22)]


def _table(choose: random.Random) -> list[int]:
    """A small number, by one of several ways, and a load that it is the index of."""
    base, table, small = choose.choice(_POINTERS), choose.choice(_POINTERS), 4
    ways = (
        0x39400000 | base << 5 | small,  # ldrb w4, [base]
        0x12001C04 | choose.choice(_DATA) << 5,  # and w4, w., #255
        0x92400C04 | choose.choice(_DATA) << 5,  # and x4, x., #15
        0x53187C04 | choose.choice(_DATA) << 5,  # lsr w4, w., #24
        0xD3481C04 | choose.choice(_DATA) << 5,  # lsr x4, x., #8, six bits' worth of it too
        0x79400000 | base << 5 | small,  # ldrh w4, [base]
    )
    load = choose.choice((0xB8645800, 0xB8646800, 0x38646800, 0x38645800, 0xF8647800, 0x78645800))
    return [choose.choice(ways), load | table << 5 | choose.choice(_DATA)]


def _step(choose: random.Random) -> list[int]:
    """add or sub of a pointer or an index, or a pointer that is made from both."""
    register = choose.choice((*_POINTERS, *_STEPS))
    if choose.random() < 0.15:
        return [
            0x8B000000 | choose.choice(_STEPS) << 16 | choose.randrange(4) << 10 | register << 5 | register
        ]
    if choose.random() < 0.1:
        return [0xAA0003E0 | choose.choice(_POINTERS) << 16 | choose.choice(_POINTERS)]  # mov
    amount = choose.choice((1, 2, 4, 8, 16, 32, choose.randrange(200)))
    return [0x91000000 | choose.getrandbits(1) << 30 | amount << 10 | register << 5 | register]


def _pair(choose: random.Random) -> list[int]:
    base, load = choose.choice(_POINTERS), choose.getrandbits(1)
    mode, vector = choose.choice((1, 2, 3)), choose.getrandbits(1)
    word = (0xAC000000 if vector else 0xA8000000) | mode << 23 | load << 22
    return [word | (choose.randrange(-4, 5) & 0x7F) << 15 | 2 << 10 | base << 5 | 1]


def _float(choose: random.Random) -> list[int]:
    return [choose.choice(_FLOATS)]


def drawn(number: int) -> tuple[list[int], list[Start]]:
    """A loop and its states, by number."""
    choose = random.Random(f"loops {SEED} {number}")
    kinds = (_post, _offset, _indexed, _table, _step, _pair, _float)
    body: list[int] = []
    for kind in choose.choices(kinds, (5, 4, 4, 3, 4, 2, 2), k=choose.randrange(1, 7)):
        body += kind(choose)
    turn = [0xD1000400 | _COUNTER << 5 | _COUNTER]  # sub x17, x17, #1
    back = -(len(body) + 1) & 0x7FFFF
    words = [*body, *turn, 0xB5000000 | back << 5 | _COUNTER, SVC]
    return words, [_state(choose) for _ in range(3)]


def _state(choose: random.Random) -> Start:
    start = draw(choose, plain_modes=choose.random() < 0.7)
    general = list(start.general)
    general[_COUNTER] = choose.choice((1, 2, 3, 40, 255, 256, 257, 300, 600))
    for index in _STEPS:
        general[index] = choose.choice((0, 0, 8, choose.randrange(300), -choose.randrange(64) % (1 << 64)))
    for pointer in _POINTERS:
        if choose.random() < 0.8:
            page = choose.choice((DATA, DATA, DATA, DATA + 2 * PAGE, DATA + 3 * PAGE, FIXED, LONE))
            general[pointer] = page + choose.choice((0, 8 * choose.randrange(PAGE // 8), PAGE - 64))
    return replace(start, general=general)


@pytest.mark.parametrize("chunk", range((LOOPS + CHUNK - 1) // CHUNK))
def test_loops(chunk: int) -> None:
    print(f"ELFHAVEN_SEED={SEED}")
    twins = Twins()
    try:
        for number in range(CHUNK * chunk, min(CHUNK * (chunk + 1), LOOPS)):
            words, states = drawn(number)
            twins.load(words)
            for i, state in enumerate(states):
                differences = twins.compare(CODE, state)
                if differences:
                    where = f"ELFHAVEN_SEED={SEED}, loop {number}, state {i}"
                    pytest.fail(f"{where}: {differences}\n{listing(words)}")
        assert twins.entries > CHUNK
        assert not twins.native.engine.tier.failed
    finally:
        twins.close()


def test_the_loops_are_of_use() -> None:
    """Some reach their end, and some do not."""
    twins = Twins()
    seen = {Stop.LEFT: 0, FaultKind.DATA: 0}
    for number in range(100):
        words, states = drawn(number)
        twins.plain.load(words)
        for state in states:
            how = twins.run(twins.plain, CODE, state).how[0]
            seen[how] = seen.get(how, 0) + 1
    twins.close()
    assert seen[Stop.LEFT] > 60, seen
    assert seen[FaultKind.DATA] > 30, seen
