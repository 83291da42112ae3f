# SPDX-License-Identifier: BSD-2-Clause
"""Which engine executes: the one that is named, else the environment's, else the interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfhaven.errors import UsageError
from elfhaven.target.emulator import ENGINE, Emulator, chosen_engine
from elfhaven.target.state import StateDirectory

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")


@pytest.mark.parametrize(
    ("named", "environment", "chosen"),
    [
        (None, None, "interpreter"),
        (None, "", "interpreter"),
        (None, "native", "native"),
        (None, "auto", "native"),
        ("interpreter", "native", "interpreter"),
        ("native", "interpreter", "native"),
        ("auto", None, "native"),
    ],
)
def test_chosen(
    named: str | None, environment: str | None, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENGINE, raising=False)
    if environment is not None:
        monkeypatch.setenv(ENGINE, environment)
    assert chosen_engine(named) == chosen


def test_the_environment_reaches_the_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE, "native")
    with Emulator(StateDirectory(tmp_path)) as emulator:
        assert emulator.core.config.engine == "native"


def test_an_unknown_one_is_an_error_wherever_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no engine called 'fast'"):
        chosen_engine("fast")
    monkeypatch.setenv(ENGINE, "fast")
    with pytest.raises(UsageError, match="no engine called 'fast'"):
        Emulator(StateDirectory(tmp_path))


@pytest.mark.parametrize("interrupted", [False, True])
def test_who_interrupts_is_in_a_hurry(
    interrupted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is not put off by what is compiled for the next run."""
    finished: list[str] = []
    with Emulator(StateDirectory(tmp_path)) as emulator:
        monkeypatch.setattr(emulator.core, "finish", lambda: finished.append("finished"))
        if interrupted:
            emulator.interrupt()
    assert finished == ([] if interrupted else ["finished"])
