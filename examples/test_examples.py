# SPDX-License-Identifier: BSD-2-Clause
"""Every example gives what its cases say: natively (through qemu's user mode), and the same inside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cases
import pytest
from build import RECIPES
from cases import HERE, Case
from elftools.elf.elffile import ELFFile

from elfhaven.packages import fetch

EXAMPLES = tuple(RECIPES)
CASES = [
    pytest.param(example, example, case, id=f"{example}: {case.name}")
    for example in EXAMPLES
    for case in cases.load(example)
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first run compiles libc, libc++ and SQLite


def built(example: str) -> Path:
    """build.py as a user runs it."""
    command = [sys.executable, str(HERE / "build.py"), example]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.rstrip("\n"))


@pytest.fixture(scope="session")
def programs() -> dict[str, Path]:
    """Filled by the tests as they need them."""
    return {}


@pytest.fixture
def program(programs: dict[str, Path], request: pytest.FixtureRequest) -> Path:
    example = str(request.param)
    if example not in programs:
        programs[example] = built(example)
    return programs[example]


@pytest.fixture(scope="session")
def qemu() -> Path:
    return fetch(["qemu-user-static"]) / "usr" / "bin" / "qemu-aarch64-static"


@pytest.mark.parametrize("program", EXAMPLES, indirect=True)
def test_it_is_static_and_position_independent(program: Path) -> None:
    with program.open("rb") as file:
        elf = ELFFile(file)
        segments = {segment["p_type"] for segment in elf.iter_segments()}
        assert (elf["e_machine"], elf["e_type"]) == ("EM_AARCH64", "ET_DYN")
    assert "PT_DYNAMIC" in segments
    assert "PT_INTERP" not in segments


@pytest.mark.parametrize("program, example, case", CASES, indirect=["program"])
def test_outside(program: Path, example: str, case: Case, qemu: Path, tmp_path: Path) -> None:
    cases.play(example, case, tmp_path / "outside", (qemu, program), case.env)
