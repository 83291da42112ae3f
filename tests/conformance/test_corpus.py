# SPDX-License-Identifier: BSD-2-Clause
"""Every program of the corpus does inside what it does on Linux: output, status, and the files it leaves.

The yardstick is the kernel of this machine: the same source, compiled for it. Where the architecture shows
(registers, long double, the machine's name, call numbers) it is qemu-aarch64. qemu's user mode is not the
yardstick for the rest because its errno differs from Linux in 20 of these programs.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import elfhaven
from tests.conformance.programs import all_programs, fixture
from tests.support import outside, zig

PROGRAMS = all_programs()
ARGUMENTS = ("a", "b c", "")
ARCHITECTURE_SHOWS = frozenset({"arithmetic", "registers_survive", "uname", "unknown_calls"})
MANIFEST = """
[files]
read = ["./"]
write = ["./"]
[net]
connect = ["127.0.0.1:*", "[::1]:*", "unix:./", "unix:@elfhaven-corpus-4"]
listen = ["127.0.0.0/8:*", "[::1]:*", "0.0.0.0:*", "unix:./", "unix:@elfhaven-corpus-4"]
"""
WHOLE = "ELFHAVEN_WHOLE"  # set: every program is run with checks in its loops too
STOPPABLE = sorted(PROGRAMS)[:: 1 if os.environ.get(WHOLE) else 12]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a pristine fixture, the manifest and the device's state."""
    root = tmp_path_factory.mktemp("corpus")
    fixture.make(root / "fixture")
    (root / "elfhaven.toml").write_text(MANIFEST)
    (root / "stoppable.toml").write_text("stoppable = true\n" + MANIFEST)
    return root


def _fresh(room: Path, name: str) -> Path:
    """A copy of the fixture. Its path has the same length everywhere, since some programs print lengths."""
    place = room / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(room / "fixture", place, symlinks=True)
    return place


def _outside(name: str, source: str, place: Path, stdin: Path) -> outside.Seen:
    target = outside.native_target()
    if target is None or name in ARCHITECTURE_SHOWS:
        program = zig.compile_program(source)
        return outside.run([outside.qemu(), program, *ARGUMENTS], place, stdin)
    return outside.run([zig.compile_program(source, target=target), *ARGUMENTS], place, stdin)


def _inside(source: str, place: Path, room: Path, manifest: str) -> outside.Seen:
    with (room / "fixture" / "data.txt").open("rb") as source_of_input:
        done = elfhaven.run(
            zig.compile_program(source),
            *ARGUMENTS,
            manifest=room / manifest,
            state=room / "state",
            env={},
            cwd=place,
            stdin=source_of_input,
            capture=True,
        )
    assert done.fault is None, done.fault
    assert done.stdout is not None
    assert done.stderr is not None
    return outside.Seen(done.stdout, done.stderr, done.status)


def _compare(name: str, room: Path, manifest: str) -> None:
    there, here = _fresh(room, "there"), _fresh(room, "inner")
    expected = _outside(name, PROGRAMS[name], there, room / "fixture" / "data.txt")
    seen = _inside(PROGRAMS[name], here, room, manifest)
    assert seen.stdout.decode(errors="replace") == expected.stdout.decode(errors="replace")
    assert seen.stderr == expected.stderr
    assert seen.status == expected.status
    assert fixture.snapshot(here) == fixture.snapshot(there)


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_does_inside_what_it_does_on_linux(name: str, room: Path) -> None:
    _compare(name, room, "elfhaven.toml")


@pytest.mark.parametrize("name", STOPPABLE)
def test_with_checks_in_its_loops_it_does_the_same(name: str, room: Path) -> None:
    """A part of the corpus; all of it with ELFHAVEN_WHOLE=1."""
    _compare(name, room, "stoppable.toml")


def test_the_corpus_has_its_size() -> None:
    assert len(PROGRAMS) >= 200
