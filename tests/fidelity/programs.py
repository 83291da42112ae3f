# SPDX-License-Identifier: BSD-2-Clause
"""One packed program on both places: what it gave, and the files that it left."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import elfhaven
from elfhaven import Result
from tests.conformance.programs import fixture
from tests.support import zig

MANIFEST = """
[files]
read = ["./"]
write = ["./"]
[net]
connect = ["127.0.0.1:*", "[::1]:*", "unix:./", "unix:@elfhaven-corpus-4", "unix:@elfhaven-corpus-1"]
listen = ["127.0.0.0/8:*", "[::1]:*", "0.0.0.0:*", "unix:./", "unix:@elfhaven-corpus-4"]
"""
ARGUMENTS = ("a", "b c", "")


@dataclass(frozen=True)
class Room:
    """A folder with a pristine fixture and the manifest. Runs happen in `place`, whose path some print."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Room:
        fixture.make(root / "fixture")
        (root / "elfhaven.toml").write_text(MANIFEST)
        return cls(root)

    def packed(self, source: str) -> Path:
        """One .ta, signed with the key that both places trust."""
        output = self.root / f"{hashlib.sha256(source.encode()).hexdigest()[:16]}.ta"
        program = zig.compile_program(source)
        elfhaven.pack(program, manifest=self.root / "elfhaven.toml", output=output, sign="optee-default")
        return output

    def run(self, ta: Path, target: str, *arguments: str) -> tuple[Result, object]:
        """What it gave, and what it left."""
        place = self.root / "place"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.root / "fixture", place, symlinks=True)
        with (self.root / "fixture" / "data.txt").open("rb") as stdin:
            done = elfhaven.run(
                ta,
                *arguments,
                target=target,
                state=self.root / "state",
                env={},
                cwd=place,
                stdin=stdin,
                capture=True,
            )
        return done, fixture.snapshot(place)

    def compare(self, source: str, printed: bool = True, counted: bool = True) -> Result:
        """Both runs must be the same; without `printed`, output and the count of crossings may differ,
        without `counted` that count alone."""
        ta = self.packed(source)
        there, left_there = self.run(ta, "qemu", *ARGUMENTS)
        here, left_here = self.run(ta, "emulator", *ARGUMENTS)
        assert _ending(here) == _ending(there), "left: the emulator, right: the real OP-TEE"
        if printed:
            assert here.stdout == there.stdout
        if printed and counted:
            assert here.crossings == there.crossings
        assert here.stderr == there.stderr
        assert left_here == left_there
        return there


def _ending(done: Result) -> tuple[object, ...]:
    """Without addresses in the TA, which OP-TEE places anew at every start."""
    fault = re.sub(r"0x[0-9a-f]{8,9}\b", "ADDRESS", done.fault) if done.fault else None
    return done.status, fault, done.denied, done.violated
