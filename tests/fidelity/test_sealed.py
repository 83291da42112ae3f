# SPDX-License-Identifier: BSD-2-Clause
"""Sealed files on the real OP-TEE: kept from one run to the next, and every change of them refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.qemu.machine import Machine
from tests.hostile.inside import PRELUDE
from tests.hostile.test_sealed import MANIFEST, PROGRAM
from tests.support import zig


class There:
    """Runs of one program there, with the files of this machine."""

    def __init__(self, place: Path) -> None:
        self.place, self.vault = place, place / "vault"
        self.vault.mkdir()
        (place / "elfhaven.toml").write_text(MANIFEST)
        self._program = zig.compile_program(PRELUDE + PROGRAM)

    def run(self, *words: str) -> tuple[list[str], tuple[str, ...]]:
        """What it said, and the rules that were violated."""
        done = elfhaven.run(
            self._program,
            *words,
            manifest=self.place / "elfhaven.toml",
            target="qemu",
            env={},
            cwd=self.place,
            capture=True,
        )
        assert done.fault is None, done.fault
        assert done.stdout is not None
        return done.stdout.decode().splitlines(), done.violated


@pytest.fixture
def there(machine: Machine, tmp_path: Path) -> There:
    """Its names are new on that machine, whose trusted storage outlives a test."""
    return There(tmp_path)


def test_a_sealed_file_is_kept_and_its_past_refused(there: There) -> None:
    path = there.vault / "a"
    assert there.run("w", "vault/a", "1", "40") == (["close 0"], ())
    first, old = there.run("r", "vault/a"), path.read_bytes()
    assert first[0][0].startswith("163840 ")
    assert there.run("u", "vault/a", "2", "3") == (["close 0"], ())
    second, good = there.run("r", "vault/a"), path.read_bytes()
    assert second[0] != first[0]
    path.write_bytes(old)
    assert there.run("r", "vault/a") == (["open 5"], ("files.sealed",))
    path.write_bytes(good)
    assert there.run("m", "vault/a", "vault/b") == (["rename 0"], ())
    assert there.run("r", "vault/b") == second
    assert there.run("r", "vault/a") == (["open 2"], ())
    assert there.run("d", "vault/b") == (["unlink 0"], ())
    (there.vault / "b").write_bytes(good)
    assert there.run("r", "vault/b") == (["open 5"], ("files.sealed",))


def test_changed_bytes_are_refused_there(there: There) -> None:
    chance, path = random.Random(3), there.vault / "c"
    there.run("w", "vault/c", "5", "4")
    good = path.read_bytes()
    live = [at for at in range(0, len(good), 4096) if any(good[at : at + 4096])]
    for at in live:
        spot = at + chance.randrange(4096)
        path.write_bytes(good[:spot] + bytes([good[spot] ^ 1 << chance.randrange(8)]) + good[spot + 1 :])
        lines, violated = there.run("r", "vault/c")
        assert lines in (["open 5"], ["read 5"])
        assert violated == ("files.sealed",)
    path.write_bytes(good)
    assert there.run("r", "vault/c")[1] == ()
