# SPDX-License-Identifier: BSD-2-Clause
"""Generated programs on both places. ELFHAVEN_SEED chooses other ones; the seed is in each test's name."""

from __future__ import annotations

import os

import pytest

from elfhaven.target.qemu.machine import Machine
from tests.support import generated

from .programs import Room

FIRST = int(os.environ.get("ELFHAVEN_SEED", "2026"))
COUNT = 100


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT), ids=lambda seed: f"seed {seed}")
def test_a_generated_program_does_the_same(machine: Machine, seed: int, room: Room) -> None:
    done = room.compare(generated.program(seed))
    assert done.stdout


def test_the_generator_makes_the_same_program_for_the_same_seed() -> None:
    assert generated.program(7) == generated.program(7) != generated.program(8)


@pytest.mark.parametrize("name", generated.FAULTS)
def test_a_fault_of_the_generator_ends_alike(machine: Machine, name: str, room: Room) -> None:
    """Each one alone, so that none hangs on the luck of a seed."""
    source = generated.HEAD + f'puts("before"); fflush(stdout); {generated.FAULTS[name]} }}'
    done = room.compare(source)
    assert (done.stdout, done.status != 0) == (b"before\n", True)
