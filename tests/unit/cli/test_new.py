# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven new`, `ta run` and `ta test`: a new project runs at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import zig

from elfhaven.errors import UsageError
from elfhaven.sdk.new import FILES, new_project
from elfhaven.sdk.ta_project import load_tas

CLIENT = Path(__file__).parents[3] / "examples/ta/hello_world/client.c"


def elfhaven(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_STATE_HOME": str(cwd / "state"), "PYTHONPATH": ""}
    command = [sys.executable, "-m", "elfhaven", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_new_project_runs(tmp_path: Path) -> None:
    made = elfhaven("new", "my-ta", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    project = tmp_path / "my-ta"
    assert {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()} == set(FILES)
    ran = elfhaven("ta", "run", "--", "7", cwd=project)
    assert (ran.stdout, ran.returncode) == ("7 + 1 = 8; Hello, world\n", 0), ran.stderr
    tested = elfhaven("ta", "test", "-q", cwd=project)
    assert tested.returncode == 0, tested.stdout
    assert "4 passed" in tested.stdout


def test_a_c_program_is_a_client_of_a_project(tmp_path: Path) -> None:
    (project,) = {path.parent for path in new_project(tmp_path / "hello") if path.name == "ta.py"}
    proto = project / "proto.py"
    line = next(line for line in proto.read_text().splitlines() if line.startswith("UUID"))
    proto.write_text(proto.read_text().replace(line, 'UUID = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"'))
    program = zig.compile_program(CLIENT.read_text(), target=zig.AARCH64, flags=("-static", "-O1", "-w"))
    ran = elfhaven("ta", "run", str(program), "41", cwd=project)
    assert ran.returncode == 0, ran.stderr
    assert "incremented 0 42" in ran.stdout


@pytest.mark.parametrize("name", ["1ta", "a b", "ä"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        new_project(tmp_path / name)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="is there already"):
        new_project(tmp_path, "fine")


def test_projects_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        load_tas(tmp_path)
    (tmp_path / "ta.py").write_text("x = 1\n")
    with pytest.raises(UsageError, match="holds no TA"):
        load_tas(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.elfhaven]\ntas = 3\n")
    with pytest.raises(UsageError, match="no list of files"):
        load_tas(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    with pytest.raises(UsageError, match="pyproject"):
        load_tas(tmp_path)
