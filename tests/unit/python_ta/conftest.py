# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elfhaven.client import Context
from elfhaven.ta import TrustedApplication, command, python_ta
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

from .tas import Asking, Counter, HelloWorld

OTHERS = (HelloWorld, Counter, Asking)


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


Inside = Callable[..., Any]


@pytest.fixture
def inside(boot: Callable[..., Emulator]) -> Iterator[Inside]:
    """Runs a function in a TA and gives what it returns; an error of it is raised here. The instance, and so
    what the function left open, lasts for the test."""
    given: list[Callable[[], Any]] = []
    made: list[Any] = []

    class Bench(TrustedApplication):
        uuid = "c0c0a000-0000-4000-8000-00000000be9c"

        @command(0)
        def work(self) -> None:
            try:
                made.append(given.pop()())
            except Exception as error:
                made.append(error)

    session = boot(Bench, *OTHERS).context.open_session(Bench.uuid)

    def run(function: Callable[..., Any], *arguments: Any) -> Any:
        given.append(lambda: function(*arguments))
        session.invoke(0)
        answer = made.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    yield run
    session.close()
