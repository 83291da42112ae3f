# SPDX-License-Identifier: BSD-2-Clause
"""What kills a TA, one by one: instructions, accesses, system calls. Both places kill and tell alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from elfhaven.target.faults import Fault
from tests.unit.secure.probe import CODE, DEADLY, HARMLESS, PRIVATE, SHARED, Probe

from .places import Ended, Place, ProbeSession, install_probe

DEAD = (0xFFFF3024, 3)
Both = Callable[[Callable[[Place], object]], object]
Seen = tuple[Ended, Ended, Fault | None]


def _killed(command: Probe, *words: int, value: tuple[int, int] = (0, 0)) -> Callable[[Place], Seen]:
    """A script: the deed, a call after it, and the report."""

    def script(place: Place) -> Seen:
        session = ProbeSession(place, install_probe(place))
        seen = session.run(command, *words, value=value)
        fault = session.fault() if seen == DEAD else None
        after = session.run(Probe.ECHO)
        session.close()
        return seen, after, fault

    return script


@pytest.mark.parametrize("name", DEADLY)
def test_an_instruction_that_kills(both: Both, name: str) -> None:
    seen, after, fault = both(_killed(Probe.TRAP, value=(DEADLY.index(name), 0)))  # type: ignore[misc]
    assert (seen, after) == (DEAD, DEAD)
    assert fault is not None
    assert fault.kind == "undef"


@pytest.mark.parametrize("name", HARMLESS)
def test_an_instruction_that_does_not(both: Both, name: str) -> None:
    seen, after, _ = both(_killed(Probe.TRAP, value=(len(DEADLY) + HARMLESS.index(name), 0)))  # type: ignore[misc]
    assert (seen, after) == ((0, 0), (0, 0))


ACCESSES = {
    "a null read": (Probe.LOAD, 0),
    "a null write": (Probe.STORE, 0),
    "a read of nothing": (Probe.LOAD, 1 << 40),
    "a read that is not canonical": (Probe.LOAD, 1 << 59),
    "a read of the kernel's half": (Probe.LOAD, 0xFFFF_FFFF_0000_0000),
    "a jump to null": (Probe.JUMP, 0),
    "a jump to nothing": (Probe.JUMP, 1 << 40),
    "a jump to data": (Probe.JUMP, PRIVATE | 64),
    "a write to code": (Probe.STORE, CODE),
}
ELSEWHERE = {  # the address shows where a stack or shared memory lies, which is nobody's promise
    "a jump to shared memory": (Probe.JUMP, SHARED | 256),
    "a stack overrun": (Probe.OVERRUN, 0),
}


@pytest.mark.parametrize("name", ACCESSES)
def test_an_access_that_kills(both: Both, name: str) -> None:
    command, address = ACCESSES[name]
    seen, after, fault = both(_killed(command, address))  # type: ignore[misc]
    assert (seen, after) == (DEAD, DEAD)
    assert fault is not None
    assert fault.kind in ("data", "prefetch")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_access_that_kills_at_some_address(both: Both, name: str) -> None:
    command, address = ELSEWHERE[name]

    def script(place: Place) -> tuple[Ended, Ended, str | None]:
        seen, after, fault = _killed(command, address)(place)
        return seen, after, fault.kind if fault else None

    seen, after, kind = both(script)  # type: ignore[misc]
    assert (seen, after) == (DEAD, DEAD)
    assert kind in ("data", "prefetch")


def test_a_panic(both: Both) -> None:
    """The first line of its report. What follows it on the real console may be of an earlier TA's fault."""

    def script(place: Place) -> tuple[int | Ended, Ended, bool]:
        session = ProbeSession(place, install_probe(place))
        seen = session.svc(2, 0x1234)
        return seen, session.run(Probe.ECHO), session.said("TA panicked with code 0x1234")

    assert both(script) == (DEAD, DEAD, True)


@pytest.mark.parametrize("number", [55, 60, 69, 71, 72, 100, 1000, 1 << 31, (1 << 32) + 9])
def test_a_system_call_that_is_none(both: Both, number: int) -> None:
    def script(place: Place) -> tuple[int | Ended, Ended]:
        session = ProbeSession(place, install_probe(place))
        return session.svc(number), session.run(Probe.ECHO)

    both(script)


def test_an_open_that_faults(both: Both) -> None:
    """The TA's own refusal, then a fault in its open entry."""
    from elfhaven.normal.client import Value

    from .places import ended

    def script(place: Place) -> list[Ended]:
        uuid = install_probe(place)
        context = place.context
        return [
            ended(lambda word=word: context.open_session(uuid, Value(word, 0))) for word in (0xDEAD, 0xDEAF)
        ]

    assert both(script) == [(0xFFFF0001, 4), DEAD]
