# SPDX-License-Identifier: BSD-2-Clause
"""Several engines on one tier, each in a thread of its own, with other code at the same addresses, some of it
the same as a neighbour's; and one engine whose programs take turns."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.generator import Generator
from tests.unit.machine.compiled.twins import (
    CODE,
    CODE_PAGES,
    DATA,
    FIXED,
    LONE,
    RW,
    RX,
    End,
    Guest,
    Start,
    draw,
)

from elfhaven.machine.memory import PAGE
from elfhaven.machine.native.engine import NativeEngine
from elfhaven.machine.pagetable import Protection

ENGINES, PROGRAMS, ROUNDS = 4, 12, 3


class Tenant:
    """A guest's space with an engine of its own; all share one machine's tier and memory."""

    def __init__(self, house: Guest, engine: NativeEngine) -> None:
        self._guest = tenant = object.__new__(Guest)
        tenant.memory, tenant.pages, tenant.tables = house.memory, house.pages, house.tables
        tenant.machine, tenant.engine = house.machine, engine
        tenant.space = house.new_space()
        tenant.code = tenant.map(CODE, CODE_PAGES, RX)
        tenant.data = [tenant.map(DATA + at * PAGE, 1, RW) for at in range(4)]
        tenant.fixed = tenant.map(FIXED, 1, Protection.READ)
        tenant.lone = tenant.map(LONE, 1, RW)

    def ends(self, number: int) -> list[End]:
        """Of one program from some states."""
        words, states = drawn(number)
        self._guest.load(words)
        return [self._guest.run(CODE, state) for state in states]


def drawn(number: int) -> tuple[list[int], list[Start]]:
    choose = random.Random(f"several {number}")
    return Generator(choose).draw().words(), [draw(choose) for _ in range(ROUNDS)]


def expected() -> list[list[End]]:
    plain = Guest(native=False)
    tenant = Tenant(plain, plain.engine)
    out = [tenant.ends(number) for number in range(PROGRAMS)]
    plain.close()
    return out


@pytest.mark.parametrize("at_once", [1, 2])
def test_in_parallel(at_once: int) -> None:
    """Each engine runs all programs, in an order of its own."""
    want = expected()
    house = Guest(native=True, at_once=at_once)
    engines = [house.machine.create() for _ in range(ENGINES)]
    tenants = [Tenant(house, engine) for engine in engines if isinstance(engine, NativeEngine)]
    together = threading.Barrier(ENGINES)

    def work(index: int) -> list[str]:
        order = random.Random(index).sample(range(PROGRAMS), PROGRAMS)
        together.wait()
        out = []
        for number in order * 2:
            for have, wanted in zip(tenants[index].ends(number), want[number], strict=True):
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
    tenants = [Tenant(house, engine)._guest for engine in engines if isinstance(engine, NativeEngine)]

    def work(guest: Guest) -> int:
        guest.load(words)
        guest.space.write_u64(DATA, 1)
        guest.engine.enter(guest.space, 0, CODE, LONE, (rounds, DATA, 5), lambda: False)
        return int(guest.engine.registers[2])

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(work, tenants))
    entries = [engine.entries for engine in engines if isinstance(engine, NativeEngine)]
    for engine in engines:
        engine.close()
    plain = Guest(native=False)
    plain_result = work(Tenant(plain, plain.engine)._guest)
    plain.close()
    assert not house.engine.tier.failed
    house.close()
    assert results == [plain_result, plain_result]
    assert min(entries) > 0
