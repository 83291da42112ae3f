# SPDX-License-Identifier: BSD-2-Clause
"""An interruption ends compiled code that has no end, soon: in one region, over several, by way of calls and
of branches to where a register says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.twins import CODE, LONE, SVC, Guest

from elfhaven.machine.engine import Stop
from elfhaven.machine.memory import PAGE

PATIENCE = 1.0  # seconds, on a machine that has much else to do; the aim is 0.05
NOP, ADD, RET = 0xD503201F, 0x91000442, 0xD65F03C0  # add x2, x2, #1
FAR = CODE + PAGE  # 1024 instructions ahead


def b(words: int) -> int:
    return 0x14000000 | words & 0x3FFFFFF


def bl(words: int) -> int:
    return 0x94000000 | words & 0x3FFFFFF


def _far(*words: int, head: list[int]) -> list[int]:
    """`head` at CODE, `words` at FAR."""
    return [*head, *[0] * (1024 - len(head)), *words]


LONG = [ADD] * 60  # more than what is compiled with its caller
LOOPS = {
    "to itself": [b(0)],
    "arithmetic": [ADD, b(-1)],
    "conditional": [ADD, 0xF100005F, 0x54FFFFC1, b(-3)],  # cmp x2, #0; b.ne
    "cbnz": [ADD, 0xB5FFFFE2, b(-2)],
    "tbz": [ADD, 0x363FFFE4, b(-2)],
    "loads": [0xF9400023, ADD, b(-2)],
    "stores": [0xF9000023, ADD, b(-2)],
    "floats": [0x1E612800, 0x1E600821, b(-2)],
    "two loops": [ADD, 0xF100A45F, 0x54FFFFC3, 0xD2800002, b(-4)],
    "calls": [bl(2), b(-1), ADD, RET],
    "calls of a long function": _far(*LONG, RET, head=[bl(1024), b(-1)]),
    "calls of a long function behind": _far(bl(-1023), b(-1), head=[b(1024), *LONG, RET]),
    "calls by register": _far(*LONG, RET, head=[0xD63F0080, b(-1)]),  # blr x4
    "a jump there and one back": _far(ADD, b(-1025), head=[b(1024)]),
    "jumps by register": _far(ADD, 0xD61F00A0, head=[ADD, 0xD61F0080]),  # br x4; br x5
    "one jump by register": [ADD, 0xD61F00A0],  # br x5
    "ret to itself": [0xAA0503FE, RET],  # mov x30, x5; ret
    "an instruction that is not compiled": [0xD53B4400 | 6, ADD, b(-2)],
}


@pytest.fixture
def guest() -> Iterator[Guest]:
    made = Guest(native=True)
    yield made
    made.close()


def stopped_after(guest: Guest, words: list[int], before: float = 0.3) -> float:
    """Seconds from the wish to the end."""
    guest.load(words)
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        guest.engine.interrupt()

    timer = threading.Timer(before, ask)
    timer.start()
    arguments = (0, LONE, 1, 0, FAR, CODE)
    how = guest.engine.enter(guest.space, guest.pages.code_epoch, CODE, LONE, arguments, lambda: False)
    took = time.monotonic() - asked[0]
    timer.join()
    assert how is Stop.INTERRUPTED
    guest.engine.rearm()
    return took


@pytest.mark.parametrize("name", LOOPS)
def test_it_ends_soon(guest: Guest, name: str) -> None:
    took = min(stopped_after(guest, LOOPS[name]) for _ in range(2))
    print(f"{name}: {1000 * took:.1f} ms")
    assert guest.engine.entries
    assert took < PATIENCE
    guest.load([ADD, SVC])  # and it can be used again
    assert guest.engine.enter(guest.space, 0, CODE, LONE, (0, 0, 41), lambda: False) is Stop.LEFT
    assert guest.engine.registers[2] == 42


def test_an_interruption_before_it_runs(guest: Guest) -> None:
    guest.load(LOOPS["arithmetic"])
    for _ in range(2):
        guest.engine.interrupt()
        for _ in range(2):
            assert guest.engine.enter(guest.space, 0, CODE, LONE, (), lambda: False) is Stop.INTERRUPTED
        guest.engine.rearm()
