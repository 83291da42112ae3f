# SPDX-License-Identifier: BSD-2-Clause
"""Programs that work with the guest's own files, against the emulator with files of this machine."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

import elfhaven
from elfhaven import Result
from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.machine import Machine
from tests.conformance.programs import fixture
from tests.support.bridge_agent import programs

from .programs import ARGUMENTS, Room

PROGRAMS = programs()
SAMPLE = sorted(PROGRAMS)[::8]


def _linux(machine: Machine, line: str, stdin: bytes = b"") -> bytes:
    status, output, errors = captured(machine, ["sh", "-c", line], stdin)
    assert status == 0, errors
    return output


def _there(machine: Machine, room: Room, ta: Path) -> tuple[Result, object]:
    """As Room.run, in a place of the same name in the guest."""
    place, packed = room.root / "place", io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(room.root / "fixture", ".")
    _linux(machine, f"rm -rf {place} && mkdir -p {place} && tar x -C {place}", packed.getvalue())
    with (room.root / "fixture" / "data.txt").open("rb") as stdin:
        done = elfhaven.run(
            ta, *ARGUMENTS, target="qemu", files="target", env={}, cwd=place, stdin=stdin, capture=True
        )
    left = room.root / "left"
    shutil.rmtree(left, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(_linux(machine, f"tar c -C {place} ."))) as archive:
        archive.extractall(left, filter="fully_trusted")
    return done, fixture.snapshot(left)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_program_does_the_same_there(machine: Machine, name: str, room: Room) -> None:
    ta = room.packed(PROGRAMS[name])
    here, left_here = room.run(ta, "emulator", *ARGUMENTS)
    there, left_there = _there(machine, room, ta)
    assert (there.status, there.fault, there.denied) == (here.status, here.fault, here.denied)
    assert there.stdout == here.stdout
    assert there.stderr == here.stderr
    assert there.crossings == here.crossings
    assert left_there == left_here


def test_the_sample_has_its_size() -> None:
    assert len(SAMPLE) >= 20
