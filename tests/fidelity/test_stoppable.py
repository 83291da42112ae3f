# SPDX-License-Identifier: BSD-2-Clause
"""A stoppable program that loops without a call ends on the real OP-TEE, and holds nothing afterwards."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import elfhaven
from elfhaven import Manifest
from elfhaven.target.interrupt import WATCHED
from elfhaven.target.qemu.machine import Machine
from tests.support import endless, zig

SOON = 2.0  # seconds; 0.02 when nothing else runs
HEAVY = """
#include <stdlib.h>
#include <string.h>
int main(void) {
    char *p = malloc(7 << 20);  /* most of the secure memory */
    if (!p) return 3;
    memset(p, 1, 7 << 20);
"""
LOOPS, ENDS = HEAVY + 'for (;;) __asm__ volatile(""); }', HEAVY + "return 5; }"


@pytest.fixture(autouse=True)
def ordinary_signals() -> Iterator[None]:
    before = {number: signal.signal(number, signal.default_int_handler) for number in WATCHED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("name", endless.SOURCES)
def test_ctrl_c_ends_it(machine: Machine, name: str, tmp_path: Path) -> None:
    done, seconds = endless.stopped(name, target="qemu", state=tmp_path / "state", cwd=tmp_path)
    assert (done.status, done.fault) == (130, None)
    assert seconds < SOON


def test_all_that_it_held_is_free_again(machine: Machine, tmp_path: Path) -> None:
    """Three of them would not find room side by side."""
    program = zig.compile_program(LOOPS, flags=endless.FLAGS)
    for _ in range(3):
        done, _ = endless.stop(program, signal.SIGTERM, stoppable=True, target="qemu", cwd=tmp_path)
        assert done.status == 143
    after = zig.compile_program(ENDS, flags=endless.FLAGS)
    assert elfhaven.run(after, manifest=Manifest(), target="qemu", cwd=tmp_path).status == 5


@pytest.mark.parametrize("name", endless.SPINS)
def test_who_spins_gives_others_their_turn(machine: Machine, name: str, tmp_path: Path) -> None:
    done = endless.spins(name, tmp_path, target="qemu")
    assert (done.status, done.fault) == (7, None)
