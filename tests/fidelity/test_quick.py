# SPDX-License-Identifier: BSD-2-Clause
"""A case of every kind on the real OP-TEE, in `make test`: the whole is `make fidelity`."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from elfhaven.image import ta
from elfhaven.target.qemu.machine import Machine
from tests.conformance.programs import all_programs
from tests.support import endless, generated
from tests.unit.secure import probe
from tests.unit.secure.probe import DEADLY, Probe

from .places import Ended, Place, ProbeSession, ended, install_probe, key
from .programs import Room

pytestmark = [pytest.mark.metal, pytest.mark.slow, pytest.mark.timeout(600)]
Both = Callable[[Callable[[Place], object]], object]
CORPUS = ("append", "getdents_removed", "stdin_scanf")
SEEDS = (1, 2)
DEAD = (0xFFFF3024, 3)


def test_what_kills_a_ta(both: Both) -> None:
    deeds = {
        "an instruction": (Probe.TRAP, (), (DEADLY.index("cntvct"), 0)),
        "a null write": (Probe.STORE, (0,), (0, 0)),
        "a stack overrun": (Probe.OVERRUN, (), (0, 0)),
    }

    def script(place: Place) -> dict[str, tuple[Ended, str | None]]:
        seen = {}
        for name, (command, words, value) in deeds.items():
            session = ProbeSession(place, install_probe(place))
            result = session.run(command, *words, value=value)
            fault = session.fault()
            seen[name] = result, fault.kind if fault else None
            session.close()
        return seen

    seen = both(script)
    assert isinstance(seen, dict)
    assert [result for result, _ in seen.values()] == [DEAD] * len(deeds)


def test_calls_of_a_ta(both: Both) -> None:
    def script(place: Place) -> list[object]:
        session = ProbeSession(place, install_probe(place))
        seen: list[object] = [session.svc(number) for number in (55, 71, 1000)]
        seen += [
            session.svc(2, 0x1234),
            session.run(Probe.ECHO),
            session.said("TA panicked with code 0x1234"),
        ]
        return seen

    assert both(script) == [*[0xFFFF000A] * 3, DEAD, DEAD, True]


def test_what_is_not_loaded(both: Both) -> None:
    def script(place: Place) -> list[Ended]:
        changed, elsewhere, large = uuid4(), uuid4(), uuid4()
        data = bytearray(ta.sign(probe.image(changed), changed, key()))
        data[-100] ^= 1
        place.install(changed, bytes(data))
        place.install(elsewhere, ta.sign(probe.image(elsewhere), uuid4(), key()))
        place.install(large, ta.sign(probe.image(large, heap=64 << 20), large, key()))
        return [
            ended(lambda u=u: place.context.open_session(u)) for u in (changed, elsewhere, large, uuid4())
        ]

    seen = both(script)
    assert isinstance(seen, list)
    assert (0, 0) not in seen


@pytest.mark.parametrize("name", CORPUS)
def test_programs_of_the_corpus(machine: Machine, name: str, room: Room) -> None:
    room.compare(all_programs()[name])


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_programs(machine: Machine, seed: int, room: Room) -> None:
    room.compare(generated.program(seed))


def test_a_program_that_is_stopped(machine: Machine, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done, seconds = endless.stopped("loop", target="qemu", cwd=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.status, done.fault) == (130, None)
    assert seconds < 5
