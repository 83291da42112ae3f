# SPDX-License-Identifier: BSD-2-Clause
"""Every example gives what its cases say: natively (through qemu's user mode), and the same inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cases
import pytest
from build import RECIPES
from cases import HERE, Case
from elftools.elf.elffile import ELFFile
from tests.support import outside

import elfhaven

EXAMPLES = tuple(RECIPES)
ELFHAVEN = (sys.executable, "-c", "from elfhaven.cli.main import main; raise SystemExit(main())")
PACKAGE = {"PYTHONPATH": str(Path(elfhaven.__file__).parents[1])}
CASES = [(example, case) for example in EXAMPLES for case in cases.load(example)]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first run compiles libc, libc++ and SQLite


def built(example: str) -> Path:
    """build.py as a user runs it."""
    command = [sys.executable, str(HERE / "build.py"), example]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.rstrip("\n"))


def each(inside: bool = False) -> list[Any]:
    """The cases as arguments of a test: (program, example, case)."""
    return [
        pytest.param(
            example,
            example,
            case,
            id=f"{example}: {case.name}",
            marks=[pytest.mark.xfail(reason=case.fails_inside, raises=AssertionError)]
            if inside and case.fails_inside
            else [],
        )
        for example, case in CASES
    ]


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
    return outside.qemu()


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of one emulated device for all the runs."""
    return tmp_path_factory.mktemp("device") / "state"


@pytest.mark.parametrize("program", EXAMPLES, indirect=True)
def test_it_is_static_and_position_independent(program: Path) -> None:
    with program.open("rb") as file:
        elf = ELFFile(file)
        segments = {segment["p_type"] for segment in elf.iter_segments()}
        assert (elf["e_machine"], elf["e_type"]) == ("EM_AARCH64", "ET_DYN")
    assert "PT_DYNAMIC" in segments
    assert "PT_INTERP" not in segments


@pytest.mark.parametrize("program, example, case", each(), indirect=["program"])
def test_outside(program: Path, example: str, case: Case, qemu: Path, tmp_path: Path) -> None:
    cases.play(example, case, tmp_path / "outside", (qemu, program), case.env)


@pytest.mark.parametrize("program, example, case", each(inside=True), indirect=["program"])
def test_inside(program: Path, example: str, case: Case, qemu: Path, device: Path, tmp_path: Path) -> None:
    words = (*ELFHAVEN, "run", "--state", device, "-m", "elfhaven.toml", "--", program)
    inside = cases.play(example, case, tmp_path / "inside", words, os.environ | PACKAGE | case.env)
    outside = cases.play(example, case, tmp_path / "outside", (qemu, program), case.env)
    assert [outcome.same() for outcome in inside] == [outcome.same() for outcome in outside]
    assert cases.tree(tmp_path / "inside") == cases.tree(tmp_path / "outside")


def refused(program: Path, example: str, device: Path, where: Path, *arguments: str) -> cases.Outcome:
    """A run inside that the manifest does not allow."""
    words = (*ELFHAVEN, "run", "--state", device, "-m", "elfhaven.toml", "--", program)
    return cases.run(cases.Step(args=arguments), cases.directory(example, where), words, os.environ | PACKAGE)


@pytest.mark.parametrize("program", ["hello"], indirect=True)
def test_a_path_that_the_manifest_does_not_name_is_denied(
    program: Path, qemu: Path, device: Path, tmp_path: Path
) -> None:
    for wanted in (("poem.txt", "numbered.txt"), ("hello.c", "out/numbered.txt")):
        where = tmp_path / wanted[0]
        inside = refused(program, "hello", device, where, "--number", *wanted)
        assert (inside.status, inside.stdout) == (1, b"")
        assert "Permission denied" in inside.stderr
        assert not (where / wanted[1]).exists()
        outside = cases.run(cases.Step(args=("--number", *wanted)), where, (qemu, program), {})
        assert outside.status == 0


@pytest.mark.parametrize("program", ["lua"], indirect=True)
def test_a_script_that_outgrows_its_heap_is_told_so(program: Path, device: Path, tmp_path: Path) -> None:
    script = "local t = {} for i = 1, 400 do t[i] = ('x'):rep(100000) .. i end print(#t)"
    inside = refused(program, "lua", device, tmp_path / "lua", "-e", script)
    assert (inside.status, inside.stdout) == (1, b"")
    assert "not enough memory" in inside.stderr
