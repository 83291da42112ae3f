# SPDX-License-Identifier: BSD-2-Clause
"""The same program natively and as a process of the emulated normal world: same output, same end."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.support import zig

from elfhaven.errors import ImageError
from elfhaven.machine.engine import Exit, Stop, Translation
from elfhaven.machine.user_engine import UserEngine
from elfhaven.normal.ree import scheduler

from .running import STATIC, Ended, build, run


def native(name: str, *arguments: str, env: dict[str, str] | None = None) -> Ended:
    program = build(name, native=True)
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | (env or {}),
    )  # fmt: skip
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Ended(done.stdout + done.stderr, status)


def same(name: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    expected = native(name, *arguments, env=env)
    assert expected.output.count("\n") > 5
    found = run(build(name), *arguments, env=dict(os.environ) | (env or {}))
    assert (found.output, found.status) == (expected.output, expected.status)


def test_threads() -> None:
    same("threads")


def test_threads_that_never_call_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a short quantum there are many switches, wherever a thread just is."""
    monkeypatch.setattr(scheduler, "QUANTUM", 0.001)
    stops: list[Stop] = []
    go = UserEngine.go

    def counted(engine: UserEngine, space: Translation, code_epoch: int) -> Exit:
        why = go(engine, space, code_epoch)
        stops.extend([why] if isinstance(why, Stop) else [])
        return why

    monkeypatch.setattr(UserEngine, "go", counted)
    same("compute")
    assert stops.count(Stop.INTERRUPTED) > 5


def test_children() -> None:
    same("spawn")


def test_signals() -> None:
    same("signals")


def test_streams() -> None:
    same("streams")


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("native", "ree"):
        (tmp_path / place).mkdir()
    environment = {"MARK": "of the environment"}
    monkeypatch.chdir(tmp_path / "native")
    expected = native("files", "one", env=environment)
    monkeypatch.chdir(tmp_path / "ree")
    found = run(build("files"), "one", env=environment)
    assert expected.status == 3
    assert (found.output, found.status) == (expected.output, 3)
    trees = [sorted(p.name for p in (tmp_path / place).rglob("*")) for place in ("native", "ree")]
    assert trees[0] == trees[1] == ["hard", "link", "moved", "sub"]


@pytest.mark.parametrize("flags", [("-static", "-fPIE", "-pie"), ("-static", "-fno-PIE", "-no-pie")])
def test_kinds_of_executables(flags: tuple[str, ...]) -> None:
    found = run(build("threads", flags=(*flags, *STATIC)))
    assert found.status == 42


def test_a_program_that_forks_is_told_so() -> None:
    source = "#include <unistd.h>\n#include <errno.h>\nint main(void) { return fork() < 0 ? errno : 0; }"
    found = run(zig.compile_program(source, flags=STATIC))
    assert found.status == 38
    assert "fork" in found.notes[0]


def test_a_program_of_another_machine_is_refused() -> None:
    with pytest.raises(ImageError, match=r"is a program for"):
        run(build("threads", native=True))
