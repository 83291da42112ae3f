# SPDX-License-Identifier: BSD-2-Clause
"""How the tests run an example: `cases.toml` beside it, and a run of it in a directory of its own.

    [[case]]
    name = "..."                # what it shows
    env = { NAME = "value" }    # the program's environment outside; inside the manifest decides
    fails_inside = "..."        # what elfhaven lacks for it: until that is there, it must fail inside
    [[case.step]]               # one run of the program; the steps of a case share a directory
    args = ["..."]
    input = "..."               # standard input; or
    stdin = "FILE"              # a file of the example
    status = 0                  # the exit status
    stdout = \"\"\"...\"\"\"          # the whole standard output
    binary = ["FILE"]           # files that must be the same outside and inside after this step
    [case.files]                # files that there must be after the last step, and their text
    "FILE" = \"\"\"...\"\"\"

A directory holds the example's own files and an empty `out/`.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
_TIMEOUT = 120


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run of the program, and what it must give."""

    args: tuple[str, ...] = ()
    input: str = ""
    stdin: str | None = None
    status: int = 0
    stdout: str = ""
    binary: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Runs of one example in one directory."""

    name: str
    steps: tuple[Step, ...] = msgspec.field(name="step")
    env: dict[str, str] = {}
    fails_inside: str | None = None
    files: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step gave. `status` is a shell's: 128 and the number for a death by a signal."""

    status: int
    stdout: bytes
    stderr: str
    files: Mapping[str, bytes]

    def same(self) -> tuple[int, bytes, Mapping[str, bytes]]:
        """What must be the same wherever the program runs."""
        return self.status, self.stdout, self.files


def load(example: str) -> tuple[Case, ...]:
    """The cases of `example`. Raises msgspec.ValidationError for a key that there is not."""
    data = tomllib.loads((HERE / example / "cases.toml").read_text())
    return msgspec.convert(data["case"], tuple[Case, ...])


def directory(example: str, at: Path) -> Path:
    """A fresh working directory for a case: the example's own files, and `out/`."""
    shutil.copytree(HERE / example, at, ignore=shutil.ignore_patterns("out", "__pycache__"))
    (at / "out").mkdir()
    return at


def run(step: Step, where: Path, command: Sequence[str | Path], env: Mapping[str, str]) -> Outcome:
    """Runs `command`, which holds the program, with the step's arguments and input in `where`."""
    given = (where / step.stdin).read_bytes() if step.stdin else step.input.encode()
    done = subprocess.run(
        [*command, *step.args], input=given, capture_output=True, cwd=where, env=env, timeout=_TIMEOUT
    )
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    files = {name: (where / name).read_bytes() for name in step.binary}
    return Outcome(status, done.stdout, done.stderr.decode(errors="replace"), files)


def play(
    example: str, case: Case, where: Path, command: Sequence[str | Path], env: Mapping[str, str]
) -> list[Outcome]:
    """Every step of `case` in a directory made at `where`, checked against what the case says.

    `command` is the words in front of the arguments. Raises AssertionError.
    """
    directory(example, where)
    outcomes = []
    for step in case.steps:
        outcome = run(step, where, command, env)
        assert (outcome.status, outcome.stdout.decode()) == (step.status, step.stdout), outcome.stderr
        outcomes.append(outcome)
    for name, text in case.files.items():
        assert (where / name).read_text() == text
    return outcomes


def tree(where: Path) -> dict[str, tuple[int, int]]:
    """The mode and the size of every file under `where`/out, by name."""
    found = {str(path.relative_to(where)): path.stat() for path in (where / "out").rglob("*")}
    return {name: (status.st_mode, status.st_size) for name, status in found.items()}
