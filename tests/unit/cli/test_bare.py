# SPDX-License-Identifier: BSD-2-Clause
"""The command line of a Python that has no packages: a board's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from elfhaven.cli import bare
from elfhaven.cli.main import elfhaven
from elfhaven.errors import UsageError

SOURCE = str(Path(bare.__file__).parents[2])


def python_alone(*words: str) -> subprocess.CompletedProcess[str]:
    """`elfhaven` in a Python that sees its own library and elfhaven's source, and no package."""
    begin = (
        f"import sys; sys.path.insert(0, {SOURCE!r}); from elfhaven.cli.start import main; sys.exit(main())"
    )
    return subprocess.run([sys.executable, "-ISc", begin, *words], capture_output=True, text=True)


@pytest.mark.parametrize("verb", bare.VALUES)
def test_its_options_are_those_of_the_whole_command_line(verb: str) -> None:
    found: click.Command = elfhaven
    for word in verb.split():
        assert isinstance(found, click.Group)
        found = found.commands[word]
    options = [param for param in found.params if isinstance(param, click.Option)]
    values = {param.name: param.default for param in options if not param.is_flag}
    assert {name: value if isinstance(value, str) else None for name, value in values.items()} == (
        bare.VALUES[verb]
    )
    assert {param.name for param in options if param.is_flag} == set(bare.SWITCHES[verb])
    short = {word: param.name for param in options for word in param.opts if not word.startswith("--")}
    assert short == {word: name for word, name in bare.SHORT.items() if name in bare.VALUES[verb]}


def test_options_end_where_the_program_begins() -> None:
    words = ["--target", "device", "-m", "x", "--audit=log", "--trace", "a.ta", "--trace", "-m"]
    found, rest = bare.options("run", words)
    assert found == {**bare.VALUES["run"], "target": "device", "manifest": "x", "audit": "log", "trace": ""}
    assert rest == ["a.ta", "--trace", "-m"]
    assert bare.options("run", ["--", "-odd"])[1] == ["-odd"]


@pytest.mark.parametrize("words", [[], ["--no-such", "x"], ["--target"], ["-x", "y"]])
def test_mistakes(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        bare.options("run", words)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["run", "--target", "device", "gone.ta"], 125, "gone.ta: the program cannot be read"),
        (["run"], 125, "a file is missing"),
        (["run", "--no-such"], 125, "option --no-such not recognized"),
        (["run", "--target", "device", "PROGRAM"], 125, "the Python package msgspec is not installed"),
        (["run", "--target", "board", "PROGRAM"], 125, "no target called 'board'"),
        (["audit", "verify", "--target", "device", "gone.log"], 2, "gone.log cannot be read"),
        (["audit", "verify", "a", "b"], 2, "1 words too many"),
        (["inspect", "x"], 2, "`inspect` needs the Python package click"),
    ],
)
def test_a_python_without_packages(words: list[str], status: int, said: str, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes(60))
    done = python_alone(*(word.replace("PROGRAM", str(program)) for word in words))
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert "  fix: " in done.stderr or "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_help() -> None:
    for words in ((), ("--help",), ("run", "-h")):
        assert "audit verify" in python_alone(*words).stdout
