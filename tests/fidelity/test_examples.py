# SPDX-License-Identifier: BSD-2-Clause
"""Every example, from one packed file: both places give what its cases say and leave the same files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.qemu.machine import Machine

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

import cases  # noqa: E402
from build import RECIPES  # noqa: E402

COMMAND = (sys.executable, "-m", "elfhaven", "run")
CASES = [(example, case) for example in RECIPES for case in cases.load(example)]

pytestmark = pytest.mark.timeout(900)  # the first run compiles libc, libc++ and SQLite


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@cache
def packed(example: str, directory: Path) -> Path:
    """The example's program under its own manifest, signed with the key that both places trust."""
    command = [sys.executable, str(EXAMPLES / "build.py"), example]
    program = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip("\n")
    where = directory / example
    cases.directory(example, where)
    output = directory / f"{example}.ta"
    elfhaven.pack(program, manifest=where / "elfhaven.toml", output=output, sign="optee-default")
    return output


def _played(target: str, ta: Path, example: str, case: cases.Case, made: Path) -> object:
    where = made / "place"
    shutil.rmtree(where, ignore_errors=True)
    command = (*COMMAND, "--target", target, "--state", made / "state", "--", ta)
    package = {"PYTHONPATH": str(Path(elfhaven.__file__).parents[1])}
    outcomes = cases.play(example, case, where, command, os.environ | package | case.env)
    return [outcome.same() for outcome in outcomes], cases.tree(where)


@pytest.mark.parametrize("example, case", CASES, ids=[f"{example}: {case.name}" for example, case in CASES])
def test_an_example_does_the_same(machine: Machine, example: str, case: cases.Case, made: Path) -> None:
    if case.fails_inside:
        pytest.xfail(case.fails_inside)
    ta = packed(example, made)
    there = _played("qemu", ta, example, case, made)
    assert _played("emulator", ta, example, case, made) == there
