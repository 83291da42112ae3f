# SPDX-License-Identifier: BSD-2-Clause
"""Several engines on one tier, each in a thread of its own, with other code at the same addresses, some of it
the same as a neighbour's; one engine whose programs take turns; and what the interpreter has for itself."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.generator import Generator
from tests.unit.machine.compiled.twins import CODE, DATA, LONE, RW, End, Guest, Start, draw

from elfhaven.machine.memory import PAGE
from elfhaven.machine.native.engine import NativeEngine

ENGINES, PROGRAMS, ROUNDS = 4, 12, 3


def ends(guest: Guest, number: int) -> list[End]:
    """Of one program from some states."""
    words, states = drawn(number)
    guest.load(words)
    return [guest.run(CODE, state) for state in states]


def drawn(number: int) -> tuple[list[int], list[Start]]:
    choose = random.Random(f"several {number}")
    return Generator(choose).draw().words(), [draw(choose) for _ in range(ROUNDS)]


def expected() -> list[list[End]]:
    plain = Guest(native=False)
    out = [ends(plain, number) for number in range(PROGRAMS)]
    plain.close()
    return out


@pytest.mark.parametrize("at_once", [1, 2])
def test_in_parallel(at_once: int) -> None:
    """Each engine runs all programs, in an order of its own."""
    want = expected()
    house = Guest(native=True, at_once=at_once)
    engines = [house.machine.create() for _ in range(ENGINES)]
    lodgers = [house.lodger(engine) for engine in engines]
    together = threading.Barrier(ENGINES)

    def work(index: int) -> list[str]:
        order = random.Random(index).sample(range(PROGRAMS), PROGRAMS)
        together.wait()
        out = []
        for number in order * 2:
            for have, wanted in zip(ends(lodgers[index], number), want[number], strict=True):
                out += [f"engine {index}, program {number}: {one}" for one in have.differences(wanted)]
        return out

    with ThreadPoolExecutor(ENGINES) as pool:
        found = [line for lines in pool.map(work, range(ENGINES)) for line in lines]
    entries = [engine.entries for engine in engines if isinstance(engine, NativeEngine)]
    for engine in engines:
        engine.close()
    house.close()
    assert not found
    assert min(entries) > PROGRAMS


def test_compiled_meanwhile() -> None:
    """A worker compiles while they run: long loops, whose code is taken into use in their middle."""
    # loop: ldr x3, [x1]; add x3, x3, x2; ror x2, x3, #7; str x2, [x1]; subs x0, x0, #1; b.ne loop; svc
    words = [0xF9400023, 0x8B020063, 0x93C31C62, 0xF9000022, 0xF1000400, 0x54FFFF61, 0xD4000001]
    rounds = 30_000_000
    house = Guest(native=True, at_once=0)
    engines = [house.machine.create() for _ in range(2)]
    lodgers = [house.lodger(engine) for engine in engines]

    def work(guest: Guest) -> int:
        guest.load(words)
        guest.space.write_u64(DATA, 1)
        guest.engine.enter(guest.space, 0, CODE, LONE, (rounds, DATA, 5), lambda: False)
        return int(guest.engine.registers[2])

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, lodgers))
    entries = [engine.entries for engine in engines if isinstance(engine, NativeEngine)]
    for engine in engines:
        engine.close()
    plain = Guest(native=False)
    plain_result = work(plain)
    plain.close()
    assert not house.engine.tier.failed
    house.close()
    assert results == [plain_result, plain_result]
    assert min(entries) > 0


def test_the_interpreter_has_a_large_tlb_where_it_has_much_to_do() -> None:
    """Compiled code has no use for one, which takes longer to fill and to flush."""
    guest = Guest(native=True, at_once=1 << 20)
    guest.map(DATA + 64 * PAGE, 1024, RW)
    guest.load([0x8B010000, 0xD4000001])  # add x0, x0, x1; svc

    def total() -> int:
        guest.engine.enter(guest.space, 0, CODE, LONE, (40, 2), lambda: False)
        return int(guest.engine.registers[0])

    assert total() == 42
    assert not guest.engine._grown
    guest.engine._told[CODE] += 1  # as of a block that was hot
    assert total() == 42
    assert guest.engine._grown
    assert total() == 42
    guest.close()
