# SPDX-License-Identifier: BSD-2-Clause
"""Programs that start others: sessions of one client beside each other, on both places."""

from __future__ import annotations

from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.qemu.machine import Machine
from tests.conformance.children import STDIN, family, program

CASES = [
    "pipes",
    "pipeline",
    "both_ways",
    "threads",
    "sigchld",
    "waiting",
    "vforks",
    "surroundings",
    "becomes",
    "dies",
    "leaves",
    "fork",
]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return family(tmp_path_factory.mktemp("children"), sign="optee-default")


def _run(what: str, target: str, packed: Path, work: Path) -> tuple[object, ...]:
    work.mkdir()
    with STDIN.open("rb") as stdin:
        seen = elfhaven.run(
            program("parent"),
            what,
            manifest=packed / "open.toml",
            target=target,
            state=work.parent / "state",
            cwd=work,
            stdin=stdin,
            capture=True,
        )
    return seen.status, seen.stdout, seen.fault, seen.denied, seen.violated


@pytest.mark.parametrize("what", CASES)
def test_children_are_the_same(what: str, machine: Machine, packed: Path, tmp_path: Path) -> None:
    for target in ("emulator", "qemu"):
        (tmp_path / target).mkdir()
    here = _run(what, "emulator", packed, tmp_path / "emulator" / "work")
    there = _run(what, "qemu", packed, tmp_path / "qemu" / "work")
    assert here == there, "left: the emulator, right: the real OP-TEE"
