# SPDX-License-Identifier: BSD-2-Clause
"""Which extent should be the main one, and which registers point elsewhere."""

from __future__ import annotations

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.twins import CODE, DATA, RW, Guest

from elfhaven.machine.memory import PAGE
from elfhaven.machine.native.context import FARTHEST
from elfhaven.machine.native.survey import Survey, survey
from elfhaven.machine.native.walk import Extent
from elfhaven.machine.pagetable import Protection

TEXT = Extent(0x1000, 0x8000, 0, Protection.READ | Protection.EXECUTE)
HEAP = Extent(0x10000, 0x4000, 0, RW)
STACK = Extent(0x20000, 0x2000, 0, RW)
NOWHERE, NONE = 0xDEAD0000, range(0)


def find(address: int) -> Extent | None:
    return next((one for one in (TEXT, HEAP, STACK) if one.holds(address)), None)


def reached(one: Extent) -> range:
    """What is looked for in it, where it is the main one."""
    return range(one.first, one.first + one.size - FARTHEST)


def test_the_largest_that_may_be_written_is_the_main_one() -> None:
    held = {"x0": STACK.first, "x1": TEXT.first, "x2": HEAP.first + 8}
    assert survey(held, NONE, find) == Survey(HEAP, ("x0", "x1"))


def test_a_smaller_one_does_not_take_its_place() -> None:
    held = {"x0": STACK.first, "x1": HEAP.first}
    assert survey(held, reached(HEAP), find) == Survey(None, ("x0",))


def test_memory_that_has_grown_is_near() -> None:
    """The main extent is the part of it that was there."""
    held = {"x0": HEAP.first, "x1": HEAP.first + HEAP.size - PAGE}
    assert survey(held, range(HEAP.first, HEAP.first + PAGE), find) == Survey(HEAP, ())


def test_what_was_the_main_one_is_elsewhere_then() -> None:
    held = {"x0": STACK.first, "x1": HEAP.first}
    assert survey(held, reached(STACK), find) == Survey(HEAP, ("x0",))


def test_what_points_nowhere_goes_with_most() -> None:
    held = {"x0": NOWHERE, "x1": HEAP.first, "x2": TEXT.first, "x3": TEXT.first}
    assert survey(held, NONE, find).apart == ("x2", "x3")
    held["x4"] = TEXT.first
    assert survey(held, NONE, find).apart == ("x0", "x2", "x3", "x4")


def test_registers_that_always_point_there_have_no_say() -> None:
    held = {"x0": NOWHERE, "x1": HEAP.first, "x2": TEXT.first, "x3": TEXT.first, "x30": TEXT.first}
    assert survey(held, NONE, find).apart == ("x2", "x3", "x30")


def test_what_is_compiled_while_memory_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop is met again after pages were mapped behind those that it worked on."""
    asked: list[tuple[str, ...]] = []
    guest = Guest(native=True, at_once=2)
    consider = guest.engine.tier.consider

    def listening(text: object, at: int, apart: tuple[str, ...]) -> None:
        asked.append(apart)
        consider(text, at, apart=apart)

    monkeypatch.setattr(guest.engine.tier, "consider", listening)
    # ldr x3, [x1]; ldr x4, [x2]; subs x0, x0, #1; b.ne -12; svc; the same once more
    words = [0xF9400023, 0xF9400044, 0xF1000400, 0x54FFFFA1, 0xD4000001] * 2
    grown = DATA + 8 * PAGE
    guest.map(grown, 2, RW)
    guest.load(words)
    told: list[set[str]] = []

    def served() -> bool:
        told.append({name for apart in asked for name in apart})
        asked.clear()
        if len(told) == 1:
            guest.map(grown + 2 * PAGE, 6, RW)
            guest.engine.registers[0], guest.engine.registers[2] = 9, grown + 5 * PAGE
        return len(told) == 1

    guest.engine.enter(guest.space, 0, CODE, grown + PAGE, (9, grown, grown), served)
    guest.close()
    assert len(told) == 2
    assert not {"sp", "x1", "x2"} & (told[0] | told[1])
