# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures for the tests of a TA, as a pytest plugin.

tas          the TAs: those of the project (see `elfhaven new`); override it to give others
plugins      plugins of the supplicant by UUID: none; override it
device       a device of its own for the test: switched off and on, saved and put back, cut from its power
tee          a Context on that device, which is on
session      a session with the first TA
console      the lines of the secure console so far
clock        time that stands still until the test moves it; with it, randomness repeats (see `deterministic`)
hostile_ree  a normal world that changes calls, memory and answers, and withholds RPCs
faults       calls of the TA to the core that fail
power_loss   runs something with the power cut at its first write to storage, at its second, and so on

@pytest.mark.deterministic(seed=0) gives a test such a clock, and randomness from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from elfhaven.client import Context, Session
    from elfhaven.normal.supplicant.plugin import Plugin
    from elfhaven.ta import TrustedApplication
    from elfhaven.testing.device import Device
    from elfhaven.testing.faults import Faults
    from elfhaven.testing.hostile import HostileRee
    from elfhaven.testing.still import StillClock

__all__ = [
    "clock",
    "console",
    "device",
    "faults",
    "hostile_ree",
    "plugins",
    "power_loss",
    "pytest_configure",
    "session",
    "tas",
    "tee",
]
MARK = "deterministic"


def pytest_configure(config: pytest.Config) -> None:
    """pytest's hook."""
    config.addinivalue_line("markers", f"{MARK}(seed=0): the TEE's time stands still, its randomness repeats")


@pytest.fixture
def tas(request: pytest.FixtureRequest) -> Sequence[type[TrustedApplication]]:
    """The TAs of the project that the tests lie in."""
    from elfhaven.sdk.ta_project import load_tas

    return load_tas(request.config.rootpath)


@pytest.fixture
def plugins() -> Mapping[UUID, Plugin]:
    """What the supplicant has beside its own services."""
    return {}


@pytest.fixture
def clock() -> StillClock:
    """The time of the TEE and of the normal world."""
    from elfhaven.testing.still import StillClock

    return StillClock()


@pytest.fixture
def hostile_ree() -> HostileRee:
    """A normal world that does as the TEE asks until it is told otherwise."""
    from elfhaven.testing.hostile import HostileRee

    return HostileRee()


@pytest.fixture
def faults() -> Faults:
    """Nothing fails until it is told to."""
    from elfhaven.testing.faults import Faults

    return Faults()


@pytest.fixture
def device(
    request: pytest.FixtureRequest,
    tas: Sequence[type[TrustedApplication]],
    plugins: Mapping[UUID, Plugin],
    tmp_path: Path,
) -> Iterator[Device]:
    """A new device with the TAs. It is switched off when the test is over."""
    from elfhaven.testing.device import Device

    mark = request.node.get_closest_marker(MARK)
    still = mark is not None or "clock" in request.fixturenames

    def asked(name: str) -> Any:
        return request.getfixturevalue(name) if name in request.fixturenames else None

    made = Device(
        tmp_path / "device",
        tas,
        plugins=plugins,
        clock=request.getfixturevalue("clock") if still else None,
        seed=mark.kwargs.get("seed", 0) if mark is not None else 0,
        ree=asked("hostile_ree"),
        faults=asked("faults"),
    )
    yield made
    made.off()


@pytest.fixture
def tee(device: Device) -> Context:
    """A context on the device."""
    return device.tee


@pytest.fixture
def session(tee: Context, tas: Sequence[type[TrustedApplication]]) -> Iterator[Session]:
    """A session with the first of the TAs."""
    with tee.open_session(tas[0].uuid) as opened:
        yield opened


@pytest.fixture
def console(tee: Context) -> Sequence[str]:
    """What TAs and core say."""
    return tee.console


@pytest.fixture
def power_loss(device: Device) -> Callable[..., int]:
    """device.power_losses."""
    return device.power_losses
