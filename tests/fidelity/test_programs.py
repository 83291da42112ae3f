# SPDX-License-Identifier: BSD-2-Clause
"""Programs in one file, run on both places: the same output, status, denials, calls that cross, and files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import elfhaven
from elfhaven import Result
from elfhaven.target.qemu.machine import Machine
from tests.conformance.programs import all_programs, fixture
from tests.support import zig

PROGRAMS = all_programs()
MANIFEST = '[files]\nread = ["./"]\nwrite = ["./"]\n'
CLOCKED = frozenset({"times", "clock_resolution"})  # what they print differs from run to run


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pristine fixture and the manifest."""
    root = tmp_path_factory.mktemp("programs")
    fixture.make(root / "fixture")
    (root / "elfhaven.toml").write_text(MANIFEST)
    return root


def _packed(source: str, room: Path) -> Path:
    """One .ta, signed with the key that both trust."""
    program = zig.compile_program(source)
    output = room / f"{program.name}-{abs(hash(source)):x}.ta"
    elfhaven.pack(program, manifest=room / "elfhaven.toml", output=output, sign="optee-default")
    return output


def _run(ta: Path, target: str, room: Path, *arguments: str) -> tuple[Result, object]:
    place = room / "place"  # the same for both: some programs print lengths of paths
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(room / "fixture", place, symlinks=True)
    with (room / "fixture" / "data.txt").open("rb") as stdin:
        done = elfhaven.run(
            ta,
            *arguments,
            target=target,
            state=room / "state",
            env={},
            cwd=place,
            stdin=stdin,
            capture=True,
        )
    return done, fixture.snapshot(place)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same(machine: Machine, name: str, room: Path) -> None:
    ta = _packed(PROGRAMS[name], room)
    there, left_there = _run(ta, "qemu", room, "a", "b c", "")
    here, left_here = _run(ta, "emulator", room, "a", "b c", "")
    assert (here.status, here.fault, here.denied, here.violated) == (
        there.status,
        there.fault,
        there.denied,
        there.violated,
    )
    if name not in CLOCKED:
        assert here.stdout == there.stdout
        assert here.crossings == there.crossings
    assert here.stderr == there.stderr
    assert left_here == left_there
