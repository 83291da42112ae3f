# SPDX-License-Identifier: BSD-2-Clause
"""Regions that lead to known places go there by themselves, wherever these lie and whenever they were
compiled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.test_stopping import FAR, LONG, RET, bl
from tests.unit.machine.compiled.twins import CODE, LONE, SVC, Guest

from elfhaven.machine.engine import Stop
from elfhaven.machine.memory import PAGE

ROUNDS = 5000
FEW = 50  # entries, while the two functions are compiled
COUNT = 0xF1000400  # subs x0, x0, #1
STEP = len(LONG)  # by which the function moves x2


def calling(words: int) -> list[int]:
    """Calls a function so many words ahead of here, ROUNDS times."""
    return [bl(words), COUNT, 0x54FFFFC1, SVC]  # b.ne


@pytest.fixture
def guest() -> Iterator[Guest]:
    made = Guest(native=True, at_once=64)
    yield made
    made.close()


def entries_of(guest: Guest, start: int) -> int:
    """How often the dispatcher entered compiled code while the program ran."""
    before = guest.engine.entries
    epoch = guest.pages.code_epoch
    how = guest.engine.enter(guest.space, epoch, start, LONE, (ROUNDS, 0, 0), lambda: False)
    assert how is Stop.LEFT
    assert guest.engine.registers[2] == ROUNDS * STEP
    return int(guest.engine.entries - before)


def program(caller: int, function: int) -> list[int]:
    """Words from CODE on."""
    words = [0] * (2 * PAGE // 4)
    for at, made in ((caller, calling((function - caller) // 4)), (function, [*LONG, RET])):
        first = (at - CODE) // 4
        words[first : first + len(made)] = made
    return words


@pytest.mark.parametrize(("caller", "function"), [(CODE, FAR), (FAR, CODE), (CODE + 1024, CODE)])
def test_a_call_does_not_come_back_to_the_dispatcher(guest: Guest, caller: int, function: int) -> None:
    """Ahead, in an earlier page than the region's own, and in the same page."""
    guest.load(program(caller, function))
    assert 0 < entries_of(guest, caller) < FEW
    assert guest.engine.tier.pieces == 2


def test_what_is_compiled_later_is_led_to(guest: Guest) -> None:
    """The caller's region is there long before the function's."""
    guest.load([bl(4), COUNT, 0x54FFFFC1, SVC, *LONG, RET])
    guest.engine.tier.consider(guest.engine._texts.around(guest.space.root, CODE).text, 0)
    assert guest.engine.tier.pieces == 1
    assert 0 < entries_of(guest, CODE) < FEW + 64
    assert guest.engine.tier.pieces == 2


def test_what_was_forgotten_is_led_to_again(guest: Guest) -> None:
    guest.load(program(FAR, CODE))
    assert 0 < entries_of(guest, FAR) < FEW
    guest.engine.forget_code()
    assert 0 < entries_of(guest, FAR) < FEW
