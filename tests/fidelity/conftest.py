# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: a machine with the real OP-TEE, the emulator, and one transcript from both.

These tests carry the marker `qemu` and are left out unless it is asked for: `make fidelity` is
`pytest -m qemu tests/fidelity`. Those that carry `metal` too are a quick part of all kinds, which `make test`
runs as well. The first run fetches about 95 MB of Debian packages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from elfhaven.errors import PackageError, TargetError
from elfhaven.target.emulator import Emulator
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.target import Qemu
from elfhaven.target.state import StateDirectory
from tests.unit.secure.crypto.tee import Tee

from .crypto import Both, CryptoSession, Script
from .places import EmulatedPlace, Place, RealPlace, install_probe
from .programs import Room

HERE = Path(__file__).parent
Played = TypeVar("Played")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests of this folder carry the mark `qemu`; where it is not asked for, those without `metal` are
    left out."""
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.qemu)
    if "qemu" not in str(config.getoption("-m")):
        out = {item for item in here if not item.get_closest_marker("metal")}
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """The machine that `elfhaven run --target qemu` uses; left as it was found."""
    yield from _machine("stock")


@pytest.fixture(scope="session")
def large() -> Iterator[Machine]:
    """The same with the large secure memory."""
    yield from _machine("large")


def _machine(memory: str) -> Iterator[Machine]:
    made = Machine(memory)
    try:
        switched_on = made.up(memory, print)
    except (PackageError, TargetError) as error:
        pytest.fail(f"the real OP-TEE cannot be had: {error.cause}; {error.fix}", pytrace=False)
    yield made
    if switched_on:
        made.down()


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return Room.make(tmp_path_factory.mktemp("room"))


@pytest.fixture(scope="session")
def real(machine: Machine) -> Iterator[RealPlace]:
    with Qemu(machine, "stock", print) as target:
        yield RealPlace(target)


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[EmulatedPlace]:
    device = StateDirectory(tmp_path / "device")
    with Emulator(device, "stock") as target:
        yield EmulatedPlace(target, device)


@pytest.fixture
def both(real: RealPlace, emulated: EmulatedPlace) -> Callable[[Callable[[Place], Played]], Played]:
    """Plays on the emulator and on the real OP-TEE, and wants the same transcript, which it gives back."""

    def play(script: Callable[[Place], Played]) -> Played:
        there, here = script(real), script(emulated)
        assert here == there, "left: the emulator, right: the real OP-TEE"
        return there

    return play


@pytest.fixture(scope="session")
def crypto_sessions(
    real: RealPlace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[CryptoSession]]:
    """One session with the real OP-TEE and one with the emulator, for all tests of cryptography."""
    device = StateDirectory(tmp_path_factory.mktemp("device"))
    with Emulator(device, "stock") as target:
        places: list[Place] = [real, EmulatedPlace(target, device)]
        made = [CryptoSession(place, install_probe(place)) for place in places]
        yield made
        for session in made:
            session.close()


@pytest.fixture
def on_both(crypto_sessions: list[CryptoSession]) -> Both:
    """Plays a script of cryptographic calls on both and wants the same transcript."""

    def play(script: Script) -> object:
        seen = []
        for session in crypto_sessions:
            tee = Tee(session)
            seen.append(script(tee))
            tee.close()
        there, here = seen
        assert here == there, "left: the emulator, right: the real OP-TEE"
        return there

    return play
