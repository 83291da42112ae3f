# SPDX-License-Identifier: BSD-2-Clause
"""Programs of Debian's arm64 packages, as they are: inside, and outside under qemu's user mode."""

from __future__ import annotations

from pathlib import Path

import pytest

import elfhaven
from elfhaven.packages import sysroot
from tests.conformance.debian import COMMANDS, PACKAGES, fill
from tests.support import outside

LIBRARIES = "usr/lib/aarch64-linux-gnu"


@pytest.fixture(scope="module")
def root() -> Path:
    return sysroot(PACKAGES, suite="trixie")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of every program: all of it may be read."""
    made = tmp_path_factory.mktemp("debian")
    fill(made)
    return made


def _outside(root: Path, command: tuple[str, ...], place: Path) -> outside.Seen:
    """Under qemu's user mode, by the system's own dynamic linker."""
    loader = root / "usr/lib/ld-linux-aarch64.so.1"
    program = root / "usr/bin" / command[0]
    words = [loader, "--library-path", root / LIBRARIES, "--argv0", command[0], program, *command[1:]]
    return outside.run([outside.qemu(), "-L", root, *words], place, place / "text")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_of_debian_does_inside_what_it_does_outside(name: str, root: Path, place: Path) -> None:
    command = COMMANDS[name]
    expected = _outside(root, command, place)
    with (place / "text").open("rb") as text:
        seen = elfhaven.run(
            *command,
            debian=PACKAGES,
            manifest=place / "elfhaven.toml" if name == "perl modules" else None,
            memory="large",
            state=place.parent / "state",
            env={},
            cwd=place,
            stdin=text,
            capture=True,
        )
    assert seen.fault is None, seen.fault
    assert seen.stdout == expected.stdout
    assert seen.status == expected.status
    if not seen.denied:
        assert seen.stderr == expected.stderr
