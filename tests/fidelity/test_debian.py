# SPDX-License-Identifier: BSD-2-Clause
"""Programs of Debian's arm64 packages with their shared libraries, from one packed file, on both places.

They need the large layout. What they were denied and how often they left the TEE must agree, too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import elfhaven
from elfhaven import Result
from elfhaven.target.qemu.machine import Machine
from tests.conformance.debian import COMMANDS, PACKAGES, fill

SUM = (  # of what four threads give, and a number that they share
    "my $n :shared = 0; my @t = map { my $i = $_; threads->create(sub { for (1..50) { lock($n); $n++ } "
    'return $i * $i }) } 1..4; print join(",", map { $_->join } @t), " $n\\n"'
)
THREADED = {  # programs that start threads of their own
    "perl threads": (
        "perl",
        "-Mthreads",
        "-Mthreads::shared",
        "-e",
        SUM,
    ),
    "xz": ("xz", "-T3", "--block-size=4096", "-c", "text"),
    "sort in parallel": ("sort", "--parallel=4", "-S", "40K", "-k2n", "text"),
}
NEEDS = (*PACKAGES, "xz-utils")
LIBRARIES = """
    "/usr/lib/aarch64-linux-gnu/perl/*/auto/threads/*.so",
    "/usr/lib/aarch64-linux-gnu/perl/*/auto/threads/*/*.so",
]
"""
ALL = COMMANDS | THREADED

pytestmark = pytest.mark.timeout(900)  # the large build of OP-TEE is made first


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("debian")
    fill(made)
    manifest = made / "elfhaven.toml"
    manifest.write_text(manifest.read_text().rstrip().removesuffix("]") + LIBRARIES.lstrip("\n"))
    return made


def _run(ta: Path, command: tuple[str, ...], place: Path, target: str) -> Result:
    with (place / "text").open("rb") as text:
        return elfhaven.run(
            ta,
            *command[1:],
            debian=NEEDS,
            target=target,
            memory="large",
            state=place.parent / "state",
            env={},
            cwd=place,
            stdin=text,
            capture=True,
        )


def _told(done: Result) -> tuple[object, ...]:
    fault = re.sub(r"0x[0-9a-f]{8,}\b", "ADDRESS", done.fault) if done.fault else None
    return done.status, fault, done.denied, done.violated, done.stdout, done.stderr, done.crossings


@pytest.mark.parametrize("name", ALL)
def test_a_program_of_debian_does_the_same(large: Machine, name: str, place: Path) -> None:
    command = ALL[name]
    ta = place / f"{command[0]}.ta"
    if not ta.exists():
        elfhaven.pack(
            command[0], manifest=place / "elfhaven.toml", output=ta, sign="optee-default", debian=NEEDS
        )
    there = _run(ta, command, place, "qemu")
    here = _run(ta, command, place, "emulator")
    assert _told(here) == _told(there), "left: the emulator, right: the real OP-TEE"
    assert here.fault is None
