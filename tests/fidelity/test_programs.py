# SPDX-License-Identifier: BSD-2-Clause
"""The corpus on both places: the same output, status, denials, calls that cross, and files."""

from __future__ import annotations

import pytest

from elfhaven.target.qemu.machine import Machine
from tests.conformance.programs import all_programs

from .programs import Room

PROGRAMS = all_programs()
pytestmark = pytest.mark.timeout(900)  # one makes 4,096 files: minutes on a busy machine
CLOCKED = frozenset({"times", "clock_resolution"})  # what they print differs from run to run
# they ask again in time, or while a lock is held by another
IN_TURNS = frozenset({"lock_waited_for", "storm_of_signals", "thread_sixty_four", "wakes_from_outside"})


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same(machine: Machine, name: str, room: Room) -> None:
    room.compare(PROGRAMS[name], printed=name not in CLOCKED, counted=name not in IN_TURNS)
