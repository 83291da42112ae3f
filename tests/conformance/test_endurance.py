# SPDX-License-Identifier: BSD-2-Clause
"""A thousand runs in one process leave no page, session or file open."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.container import Request, execute
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory
from tests.support import zig

RUNS = 1000
HELLO = """
#include <stdio.h>
int main(void) {
    FILE *file = fopen("greeting", "r");
    char line[64] = "";
    if (!file || !fgets(line, sizeof line, file)) return 1;
    printf("hello %s", line);
    return 7;
}
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "greeting").write_text("world\n")
    return tmp_path


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _mappings() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


@pytest.mark.timeout(900)
def test_a_thousand_runs_leave_no_file_and_no_mapping(place: Path) -> None:
    program = zig.compile_program(HELLO)

    def run_once() -> None:
        done = elfhaven.run(program, state=place / "state", cwd=place, capture=True)
        assert (done.status, done.stdout) == (7, b"hello world\n")

    for _ in range(20):  # caches of this process fill
        run_once()
    gc.collect()
    files, mappings = _open_files(), _mappings()
    for _ in range(RUNS - 20):
        run_once()
    gc.collect()
    assert _open_files() == files
    assert _mappings() <= mappings + 20


@pytest.mark.timeout(900)
def test_a_thousand_sessions_leave_no_page_on_one_device(place: Path) -> None:
    device = StateDirectory(str(place / "state"))
    packed = elfhaven.pack(zig.compile_program(HELLO))
    with (
        open(os.devnull, "wb") as sink,
        Emulator(device, images={packed.uuid: packed.path.read_bytes()}) as emulator,
    ):
        request = Request(("hello",), {}, str(place), (0, sink.fileno(), sink.fileno()))
        assert execute(emulator, packed, request).status == 7  # the driver keeps a buffer for the next call
        before = emulator.core.leaks()
        for _ in range(RUNS):
            assert execute(emulator, packed, request).status == 7
        assert emulator.core.leaks() == before
        assert {name for name, count in before.items() if count} <= {"shm"}
