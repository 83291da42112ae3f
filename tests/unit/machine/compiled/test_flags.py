# SPDX-License-Identifier: BSD-2-Clause
"""Flags that are set in one block and read, or seen by a fault, in a later one: however they were set, they
are the interpreter's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.twins import CODE, FIXED, LONE, SVC, Start, Twins, draw

from elfhaven.machine.engine import FaultKind, Stop

SETTERS = {
    "cmp": (0xEB05009F,),  # x4, x5
    "cmp 32": (0x6B05009F,),
    "cmp immediate": (0xF100049F,),  # x4, #1
    "cmn": (0xAB05009F,),
    "cmn 32": (0x2B05009F,),
    "tst": (0xEA05009F,),
    "tst 32": (0x6A05009F,),
    "adcs": (0xBA05009F,),
    "sbcs 32": (0x7A05009F,),
    "ccmp": (0xEB07009F, 0xFA451089),  # cmp x4, x7; ccmp x4, x5, #9, ne
    "ccmp 32": (0x6B07009F, 0x7A45A086),  # ge, #6
    "ccmn": (0xEA07009F, 0xBA454085),  # tst; mi, #5
    "twice": (0xEB07009F, 0xFA451080, 0xFA47C08F),  # ccmp #0, ne; ccmp x4, x7, #15, gt
    "fcmp": (0x1E612000,),  # d0, d1
    "fcmpe 32": (0x1E212010,),
    "fccmp": (0xEB07009F, 0x1E611404),  # d0, d1, #4, ne
    "msr": (0xD51B4204,),  # x4
    "none": (),
}
COUNT, LOOP_BACK = 0xD1000400, 0xB5000000  # sub x0, x0, #1; cbnz x0
LDR, STR = 0xF9400023, 0xF9000163  # x3, [x1]; x3, [x11]
ADC_X8 = 0x9A080108  # x8, x8, x8
READ_ALL = 0xD53B4202  # mrs x2, nzcv


def over(register: int, words: int) -> int:
    """cbz over so many words."""
    return 0xB4000000 | (words + 1) << 5 | register


def selected() -> list[int]:
    """x2 gets a bit of each condition."""
    # cset x6, condition; add x2, x6, x2, lsl #1
    return [word for cond in range(14) for word in (0x9A9F07E6 | (cond ^ 1) << 12, 0x8B0204C2)]


def branched() -> list[int]:
    """The same by branches, each in a block of its own."""
    # lsl x2, x2, #1; b.cond over the next; add x2, x2, #1
    return [word for cond in range(14) for word in (0xD37FF842, 0x54000040 | cond, 0x91000442)]


def accessed() -> list[int]:
    """The same with accesses before each branch, of which one may fault."""
    return [word for cond in range(14) for word in (LDR, 0x54000040 | cond, 0x91000442, STR)]


READERS = {
    "select": selected(),
    "branch": branched(),
    "access": accessed(),
    "carry": [ADC_X8],
    "all": [READ_ALL],
}


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    made = Twins()
    yield made
    made.close()


def program(setter: tuple[int, ...], reader: list[int], loop: bool) -> list[int]:
    """Set; blocks with a load and a store that may be left out, and set flags again; read."""
    again = SETTERS["cmn"]
    middle = [over(9, 1), LDR, over(12, 3), LDR, *again, STR, over(10, 1), STR]
    words = [*setter, *middle, *reader]
    if loop:
        words += [COUNT, LOOP_BACK | (-len(words) - 1 & 0x7FFFF) << 5]
    return [*words, SVC]


def states(count: int) -> list[Start]:
    out = []
    for number in range(count):
        choose = random.Random(number)
        state = draw(choose, plain_modes=choose.random() < 0.8)
        general = list(state.general)
        general[0] = choose.randrange(1, 4)
        general[1] = choose.choice((LONE + 8, LONE + 64, 0))
        general[11] = choose.choice((LONE + 8, LONE + 128, FIXED))
        if choose.random() < 0.3:
            general[5] = general[4]
        for register in (9, 10, 12):
            general[register] = choose.randrange(2)
        out.append(replace(state, general=general))
    return out


@pytest.mark.parametrize("loop", [False, True], ids=["once", "loop"])
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("setter", SETTERS)
def test_flags_across_blocks(twins: Twins, setter: str, reader: str, loop: bool) -> None:
    twins.load(program(SETTERS[setter], READERS[reader], loop))
    before, seen = twins.entries, set()
    for state in states(24):
        native, plain = (guest.run(CODE, state) for guest in twins.both)
        assert not native.differences(plain), state.general
        seen.add(plain.how[0])
    assert seen == {FaultKind.DATA, Stop.LEFT}
    assert twins.entries > before
