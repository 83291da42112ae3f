# SPDX-License-Identifier: BSD-2-Clause
"""The command line's frame: statuses, complaints, and the verbs that run nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.zig import X86_64, compile_program

from elfhaven.calls.linux import LINUX
from elfhaven.cli.main import main

PROGRAM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
int main(void) { puts("x"); return remap_file_pages(0, 0, 0, 0, 0); } // Linux itself has taken it away
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of this test's own; compiled programs stay in the cache that all tests share."""
    for name in ("DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "program"
    path.write_bytes(compile_program(PROGRAM).read_bytes())
    return str(path)


def elfhaven(*words: object, **options: object) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [sys.executable, "-m", "elfhaven", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, capture_output=True, text=True, env=env, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["run", "gone"], 125, "gone: the program cannot be read: No such file"),
        (["run"], 125, "Missing argument 'PROGRAM'"),
        (["run", "--memory", "huge", "x"], 125, "'huge' is not one of"),
        (["run", "--no-such", "x"], 125, "--no-such"),
        (["run", "-m", "gone.toml", "x"], 125, "gone.toml: the manifest cannot be read"),
        (["run", "--state", "file/x", "x"], 125, "Not a directory"),
        (["pack", "gone"], 2, "gone: the program cannot be read"),
        (["pack", "--sign", "gone.pem", "x"], 2, "gone.pem: cannot read the key"),
        (["pack", "-m", "bad.toml", "x"], 2, "bad.toml:2: unknown key `files.reed`"),
        (["inspect", "."], 2, "Is a directory"),
        (["inspect", "empty"], 2, "empty"),
        (["inspect", "text"], 2, "text"),
        (["audit", "verify", "gone.log"], 2, "gone.log cannot be read"),
        (["audit", "verify", "text"], 2, "first record"),
        (["no-such-verb"], 2, "No such command"),
        ([], 2, "Usage"),
    ],
)
def test_every_mistake_gives_a_line_and_its_status(
    words: list[str], status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("[files]\nreed = []\n")
    (tmp_path / "x").write_bytes(b"\x7fELF" + bytes(60))
    for name, text in (("file", ""), ("empty", ""), ("text", "some words\n")):
        (tmp_path / name).write_text(text)
    assert main(words) == status
    complaint = capsys.readouterr().err
    assert said in complaint
    assert "Traceback" not in complaint


def test_pack_and_inspect(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", program, "-o", "out.ta"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("out.ta  uuid ")
    assert "no manifest" in err
    assert main(["inspect", "--json", "out.ta"]) == 0
    packed = json.loads(capsys.readouterr().out)
    assert packed["uuid"] in out
    assert packed["may"]["read"] == ["./"]
    assert "local development key" in packed["signer"]
    assert main(["inspect", "--json", program]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["can run"] == "yes"
    assert any(line.startswith("remap_file_pages: ENOSYS") for line in found["calls not served"])
    assert "writev" in found["calls"].split()
    assert main(["inspect", program]) == 0
    assert "calls not served" in capsys.readouterr().out


def test_a_program_of_another_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(compile_program(PROGRAM, target=X86_64))]) == 2
    assert "x86-64; only AArch64 runs here" in capsys.readouterr().err


def test_pack_without_output_names_the_file_after_the_uuid(
    program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.toml").write_text('name = "it"\n')
    assert main(["pack", program, "-m", "m.toml"]) == 0
    name, _, uuid, *_ = capsys.readouterr().out.split()
    assert name == f"{uuid}.ta"
    assert (tmp_path / name).is_file()


def test_an_output_that_cannot_be_written(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", program, "-o", "none/out.ta"]) == 2
    assert "none/out.ta cannot be written" in capsys.readouterr().err


def test_calls_names_every_call_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in tables["linux"]} == {row.name for row in LINUX.rows}
    assert len(tables["utee"]) >= 56
    for row in (*tables["linux"], *tables["utee"]):
        assert row["served"] in ("inside", "delegated", "refused", "absent")
        assert row["reason"] or row["served"] == "inside", row
    assert main(["calls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(tables["linux"]) + len(tables["utee"]) + 2


def test_doctor_finds_this_machine_fit_and_a_bad_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    assert "STOP" not in capsys.readouterr().out
    (tmp_path / "file").touch()
    assert main(["doctor", "--state", "file"]) == 1
    assert "STOP device" in capsys.readouterr().out


def test_a_closed_pipe_ends_in_141() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "elfhaven", "calls"],
            stdout=closed,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    assert done.returncode == 141
    assert done.stderr == b""


def test_help_and_version() -> None:
    done = elfhaven("--help")
    assert done.returncode == 0
    for verb in ("run", "pack", "inspect", "calls", "audit", "demo", "doctor"):
        assert f"\n  {verb} " in done.stdout
        assert elfhaven(verb, "--help").returncode == 0
