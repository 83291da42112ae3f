# SPDX-License-Identifier: BSD-2-Clause
"""Every example of a Python TA: its tests, and its client from a user's shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROJECTS = sorted(path.parent.name for path in HERE.glob("*/ta.py"))


def elfhaven(*words: str, project: str, state: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_STATE_HOME": str(state), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "elfhaven", *words]
    return subprocess.run(
        command, cwd=HERE / project, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("project", PROJECTS)
def test_tests(project: str, tmp_path: Path) -> None:
    done = elfhaven("ta", "test", "-q", "-p", "no:cacheprovider", project=project, state=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("project", PROJECTS)
def test_client(project: str, tmp_path: Path) -> None:
    done = elfhaven("ta", "run", project=project, state=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not done.stderr


def test_every_example_is_whole() -> None:
    for project in PROJECTS:
        names = {path.name for path in (HERE / project).iterdir()}
        assert {"README.md", "client.py", "proto.py", "pyproject.toml", "ta.py", "tests"} <= names
