# SPDX-License-Identifier: BSD-2-Clause
"""A sealed file survives: power that fails before any write, sync, rename or removal; a kill at any moment.

A seeded part runs with every test; ELFHAVEN_SEALED_LOSSES and ELFHAVEN_SEALED_KILLS ask for more
(`make endurance`).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hostile import storm
from tests.hostile.inside import PRELUDE, Device
from tests.hostile.power import Mortal, PowerFails
from tests.support import zig

from elfhaven.abi.container import Command
from elfhaven.normal.client import MemRef
from elfhaven.normal.policy import Policy

LOSSES = int(os.environ.get("ELFHAVEN_SEALED_LOSSES", "20"))
KILLS = int(os.environ.get("ELFHAVEN_SEALED_KILLS", "6"))
MANIFEST = 'name = "storm"\n[files]\nsealed = ["vault/"]\n'
LIFE = 20  # runs of one file
NAMES = ("vault/a", "vault/b")


# Says what it finds, makes the file anew, and removes it: as a database does with its journal.
JOURNAL = r"""
static char data[9000];
int main(int argc, char **argv) {
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0)
        say("open %d", errno);
    else
        say("read %ld", (long)read(fd, data, sizeof data)), close(fd);
    fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
    pwrite(fd, data, sizeof data, 0);
    say("sync %d", fsync(fd));
    close(fd);
    say("unlink %d", unlink(argv[1]));
    return 0;
}
"""


@pytest.fixture(params=["alone", "haven"])
def haven(device: Device, request: pytest.FixtureRequest) -> str:
    """What the manifest adds: nothing, or that the files are those of a haven."""
    (device.place / "vault").mkdir(exist_ok=True)
    return "" if request.param == "alone" else '[haven]\nname = "weather"\n'


def _packed(device: Device, program: str, name: str, haven: str) -> str:
    """The program's manifest; it has been given the haven's key."""
    text = MANIFEST.replace("storm", f"{name}{len(haven)}") + haven
    if haven:
        with device.session(device.pack(program, text)) as session:
            session.invoke(Command.GIVE_KEY, MemRef.input(bytes(range(32))))
    return text


def _run_mortal(device: Device, text: str, program: str, left: int, seed: int, *words: str) -> list[str]:
    """What a program said until the power failed, or to its end."""

    def mortal(policy: Policy, streams: tuple[int, int, int]) -> Mortal:
        return Mortal(policy, streams, left, random.Random(seed))

    try:
        outcome = device.run(program, mortal, *words, text=text)
    except PowerFails as failed:
        return failed.lines
    assert (outcome.status, outcome.violated) == (0, ()), (seed, outcome.lines, outcome.error)
    return outcome.lines


@pytest.mark.timeout(7200)
def test_power_that_fails_anywhere(device: Device, haven: str) -> None:
    """Blocks of a commit reach the disk or not, whole or in part; names may be what they were."""
    chance, text = random.Random(20), _packed(device, storm.PROGRAM, "storm", haven)
    for first in range(0, LOSSES, LIFE):
        model = storm.Model(first)
        names = [f"{name}{first}.{len(haven)}" for name in NAMES]
        for turn in range(first, first + LIFE):
            left = chance.randrange(40 if turn > first else 8)
            lines = _run_mortal(device, text, storm.PROGRAM, left, turn, *names, f"{first}", "4")
            _learn(model, lines, turn)
        assert model.synced >= LIFE // 3


@pytest.mark.timeout(7200)
def test_a_file_that_is_made_and_removed(device: Device, haven: str) -> None:
    said, ended, name = list[str](), 0, f"vault/journal{len(haven)}"
    text = _packed(device, JOURNAL, "journal", haven)
    for turn in range(LOSSES // 2):
        lines = _run_mortal(device, text, JOURNAL, turn % 17, turn, name)
        if lines:
            there, gone = "sync 0" in said, "unlink 0" in said
            expected = (
                {"open 2"}
                if gone
                else {"read 9000", "open 2"}
                if there
                else {"read 9000", "read 0", "open 2"}
            )
            assert lines[0] in expected, (turn, lines, said)
            said = lines
        ended += "unlink 0" in lines
    assert ended >= LOSSES // 40


def _learn(model: storm.Model, lines: list[str], turn: int) -> None:
    """What a run said: what it found was a state that may be there, then what it did."""
    try:
        if lines and lines[0].startswith("at "):
            model.agrees(lines[0])
        model.heard(lines)
    except AssertionError as error:
        raise AssertionError(f"turn {turn}: {error}; {lines}") from error


@pytest.mark.timeout(7200)
def test_a_process_that_is_killed_anywhere(tmp_path: Path) -> None:
    """SIGKILL for the whole emulated device, at random moments."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "elfhaven.toml").write_text(MANIFEST)
    program = zig.compile_program(PRELUDE + storm.PROGRAM)
    command = [sys.executable, "-m", "elfhaven", "run", "--state", "state", "-m", "elfhaven.toml", "--"]
    chance, model = random.Random(9), storm.Model(5)
    for turn in range(KILLS):
        killed = _killed([*command, str(program), *NAMES, "5", "1000000"], tmp_path, chance)
        _learn(model, killed.read_text().splitlines(), turn)
    assert model.synced >= KILLS // 3


def _killed(command: list[str], place: Path, chance: random.Random) -> Path:
    """What it said. One in four is killed on its way to the program's start, or soon after."""
    output = place / "output"
    with output.open("wb") as out:
        child = subprocess.Popen(command, cwd=place, stdout=out, stderr=subprocess.STDOUT)
        try:
            early = chance.random() < 0.25
            until = time.monotonic() + (0.6 * chance.random() if early else 60)
            while time.monotonic() < until and not output.stat().st_size:
                time.sleep(0.002)
            if not early:
                time.sleep(0.4 * chance.random())
            assert child.poll() is None, output.read_text()
        finally:
            child.kill()
            child.wait()
    return output
