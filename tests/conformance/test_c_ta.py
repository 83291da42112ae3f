# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven new --c`: a new project of a TA in C builds, runs and is tested at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import ImageError, PackageError, UsageError
from elfhaven.sdk import c_ta
from elfhaven.sdk.new import c_uuid, new_project
from elfhaven.sdk.new_c import FILES
from tests.support import zig


@pytest.fixture(autouse=True)
def kit() -> None:
    try:
        c_ta.kit()
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")


def elfhaven(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_STATE_HOME": str(cwd / "state"), "PYTHONPATH": ""}
    command = [sys.executable, "-m", "elfhaven", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_new_project_runs(tmp_path: Path) -> None:
    made = elfhaven("new", "--c", "my-ta", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    project = tmp_path / "my-ta"
    assert {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()} == set(FILES)
    ran = elfhaven("ta", "run", "--", "7", cwd=project)
    assert (ran.stdout, ran.returncode) == ("7 + 1 = 8; Hello, world\n", 0), ran.stderr
    tested = elfhaven("ta", "test", "-q", cwd=project)
    assert tested.returncode == 0, tested.stdout
    assert "4 passed" in tested.stdout
    packed = elfhaven("ta", "pack", "-o", "my.ta", cwd=project)
    assert packed.returncode == 0, packed.stderr
    shown = elfhaven("ta", "show", "my.ta", cwd=project)
    uuid = next(iter(c_ta.images(project)))
    assert str(uuid) in shown.stdout
    assert "loads              yes" in shown.stdout


def test_what_the_compiler_says_is_shown(tmp_path: Path) -> None:
    new_project(tmp_path / "x", c=True)
    source = tmp_path / "x" / "ta.c"
    source.write_text(source.read_text().replace("params[0].value.a++", "params[0].value.c++"))
    with pytest.raises(ImageError, match="no member named 'c'"):
        c_ta.images(tmp_path / "x")


@pytest.mark.parametrize(
    "settings, why",
    [
        ("[tool.elfhaven.c]\nsources = ['ta.c']", "wants uuid"),
        ("[tool.elfhaven.c]\nuuid = 'no'", "wants uuid"),
        ("[tool.elfhaven.c]\nuuid = '00000000-0000-4000-8000-000000000001'\nsources = [1]", "wants uuid"),
        ("[tool", "pyproject.toml"),
    ],
)
def test_settings_that_are_wrong(settings: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(settings)
    with pytest.raises(UsageError, match=why):
        c_ta.c_project(tmp_path)


def test_no_project(tmp_path: Path) -> None:
    assert c_ta.c_project(tmp_path) is None
    with pytest.raises(UsageError, match="no project of a TA in C"):
        c_ta.images(tmp_path)


def test_the_uuid_is_the_same_everywhere(tmp_path: Path) -> None:
    new_project(tmp_path / "x", c=True)
    header = (tmp_path / "x" / "user_ta_header_defines.h").read_text()
    project = c_ta.c_project(tmp_path / "x")
    assert project is not None
    digits = header.split("TA_UUID {")[1].split("//")[0].replace("0x", "")
    assert UUID("".join(each.strip(" {}\n") for each in digits.split(","))) == project.uuid


def test_a_client_program(tmp_path: Path) -> None:
    """`ta run ./client`: a client in C, as a process of the emulated normal world."""
    project = tmp_path / "x"
    new_project(project, c=True)
    header = project / "user_ta_header_defines.h"
    first = next(line for line in header.read_text().splitlines() if "TA_UUID" in line)
    hello = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")
    header.write_text(header.read_text().replace(first, f"#define TA_UUID {c_uuid(hello)}"))
    (project / "pyproject.toml").write_text(f'[tool.elfhaven.c]\nuuid = "{hello}"\nsources = ["ta.c"]\n')
    source = Path(__file__).parents[2] / "examples/ta/hello_world/client.c"
    (project / "client").write_bytes(zig.compile_program(source.read_text()).read_bytes())
    (project / "client").chmod(0o755)
    ran = elfhaven("ta", "run", "./client", "41", cwd=project)
    assert ran.stdout == "opened 0\nincremented 0 42\nwrong types 0 ffff0006 from 4\n", ran.stderr
