# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven storage`: what it shows, and what it says of what is no storage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.secure.storage.fake_files import HUK, OTHER, TA, MemoryFiles, Objects, ree_fs

from elfhaven.cli.main import main

HEAD = bytes(4) * 4 + (0xA00000BF).to_bytes(4, "little") + bytes(4)  # of an object without a key
KEY = HUK.hex()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    files = MemoryFiles()
    objects = Objects(ree_fs(files))
    objects.put(b"plain", HEAD + b"some text")
    objects.put(b"\x00\xff", HEAD, OTHER)
    for name, data in files.content.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_ls_and_show(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "ls", str(directory), "--huk", KEY]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == [str(TA), "0", "TEE_TYPE_DATA", "9", "plain"]
    assert second.split() == [str(OTHER), "1", "TEE_TYPE_DATA", "0", "0x00ff"]
    assert main(["storage", "show", str(directory), "plain", "--huk", KEY]) == 0
    assert "some text" in capsys.readouterr().out
    assert main(["storage", "show", str(directory), "0x00ff", "--huk", KEY, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["owner"], found["data"]) == (str(OTHER), "")


def test_the_key_of_a_state_directory_is_found(directory: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "tee").mkdir()
    for file in directory.glob("[01d]*"):
        if file.is_file():
            (state / "tee" / file.name).write_bytes(file.read_bytes())
    (state / "huk").write_bytes(HUK)
    assert main(["storage", "verify", str(state)]) == 0
    assert main(["storage", "ls", str(state / "tee")]) == 0


def test_verify(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "verify", str(directory), "--huk", KEY]) == 0
    assert "all good" in capsys.readouterr().out
    (directory / "77").write_bytes(b"left over")
    damaged = bytearray((directory / "0").read_bytes())
    damaged[9000] ^= 1
    damaged[13000] ^= 1
    (directory / "0").write_bytes(damaged)
    assert main(["storage", "verify", str(directory), "--huk", KEY, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["good"] is False
    bad = [finding["what"] for finding in report["findings"] if not finding["good"]]
    assert bad == [f"{TA} plain"]
    assert any("left over" in finding["detail"] for finding in report["findings"])
    (directory / "1").unlink()
    assert main(["storage", "verify", str(directory), "--huk", KEY]) == 1
    assert "2 damaged" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words,says",
    [
        (["ls", "{none}"], "does not exist"),
        (["ls", "{empty}"], "holds no dirf.db"),
        (["ls", "{file}"], "RPMB partition"),
        (["ls", "{good}"], "--huk"),
        (["ls", "{good}", "--huk", "xyz"], "hexadecimal"),
        (["ls", "{good}", "--huk", "00"], "16 bytes"),
        (["show", "{good}", "nobody", "--huk", KEY], "no object nobody"),
        (["show", "{good}", "plain", "--huk", KEY, "--owner", str(OTHER)], "no object plain"),
        (["show", "{good}"], "ID"),
    ],
)
def test_bad_input(directory: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    (directory / "empty").mkdir()
    (directory / "some file").write_bytes(b"x")
    places = {"none": directory / "none", "empty": directory / "empty", "good": directory}
    places["file"] = directory / "some file"
    assert main(["storage", *(word.format(**places) for word in words)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
