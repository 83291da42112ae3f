# SPDX-License-Identifier: BSD-2-Clause
"""The page about the first TA, followed as a new user would: commands and code come from the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/how-to/python-ta.md"


def blocks(text: str) -> list[str]:
    """The code of the page, each block with its own indentation alone."""
    found = re.findall(r"(?:^    .*\n|^\n+(?=    ))+", text, re.MULTILINE)
    return [
        "".join(line[4:] or "\n" for line in block.strip("\n").splitlines(True)) + "\n" for block in found
    ]


def block(beginning: str) -> str:
    (found,) = (each for each in blocks(PAGE.read_text()) if each.lstrip().startswith(beginning))
    return found


@pytest.fixture
def elfhaven(tmp_path: Path) -> object:
    """The command, in a place of its own; what it prints."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "elfhaven").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m elfhaven "$@"\n')
    (tools / "elfhaven").chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment |= {"PATH": f"{tools}:{environment['PATH']}", "XDG_STATE_HOME": str(tmp_path / "state")}

    def run(commands: str, directory: Path) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", commands], cwd=directory, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_page(elfhaven, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    first = block("pip install elfhaven pytest")
    said = elfhaven(first.replace("pip install elfhaven pytest\n", ""), tmp_path)
    assert "41 + 1 = 42; Hello, world" in said
    assert "4 passed" in said
    project = tmp_path / "my-ta"
    with (project / "proto.py").open("a") as file:
        file.write(block("STORE = 2"))
    ta = project / "ta.py"
    docstring, newline, rest = ta.read_text().partition("\n")
    ta.write_text(docstring + newline + block("from elfhaven.ta import PersistentObject") + rest)
    with ta.open("a") as file:
        file.write("\n" + block("@command(STORE)"))
    with (project / "tests/test_ta.py").open("a") as file:
        file.write("\n\n" + block("from elfhaven.client import ItemNotFound"))
    assert "5 passed" in elfhaven("elfhaven ta test", project)
    drawn = elfhaven("elfhaven trace --html run.html 2>&1", project)
    assert "invoke increment (0)" in drawn
    assert (project / "run.html").stat().st_size > 1000
