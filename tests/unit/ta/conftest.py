# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elfhaven.client import Context
from elfhaven.ta import TrustedApplication, python_ta
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Switches on an emulator with TAs; nothing may be held when the test is over."""
    made: list[Emulator] = []

    def start(*tas: type[TrustedApplication]) -> Emulator:
        made.append(
            Emulator(StateDirectory(tmp_path / "device"), hosted_tas=[python_ta(kind) for kind in tas])
        )
        return made[-1]

    yield start
    for emulator in made:
        emulator.context.close()
        leaks = {name: count for name, count in emulator.core.leaks().items() if name != "shm"}
        emulator.close()
        assert not any(leaks.values()), leaks


@pytest.fixture
def tee(tmp_path: Path) -> Iterator[Callable[..., Context]]:
    """A context on an emulator with TAs."""
    made: list[Context] = []

    def start(*tas: type[TrustedApplication]) -> Context:
        made.append(Context(tas=tas, state=tmp_path / "device"))
        return made[-1]

    yield start
    for context in made:
        context.close()
