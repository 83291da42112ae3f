# SPDX-License-Identifier: BSD-2-Clause
"""Where a TA goes on a board, and that it comes there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from elfhaven.errors import TargetError
from elfhaven.target.device.install import VARIABLE, Board, install
from elfhaven.target.device.target import Device

from .fake_tee import FakeTee


def _board(root: Path, *words: str, usual: tuple[Path, ...] = ()) -> Board:
    """A board whose /proc shows a shell and, with words, a supplicant."""
    for number, line in (("1", ("init",)), ("77", words)):
        if line:
            (root / "proc" / number).mkdir(parents=True, exist_ok=True)
            (root / "proc" / number / "comm").write_text(f"{line[0]}\n")
            (root / "proc" / number / "cmdline").write_bytes(b"".join(os.fsencode(w) + b"\0" for w in line))
    (root / "proc" / "meminfo").write_text("")
    return Board(root / "proc", usual or (root / "lib",), root / "teepriv0")


@pytest.mark.parametrize(
    ("words", "directory"),
    [
        (("-d",), None),
        (("--ta-path", "/a/b"), "/a/b"),
        (("-d", "--ta-path=/a/b:/c"), "/a/b"),
        (("-l", "/a"), "/a"),
        (("-l/a",), "/a"),
        (("--ta-dir", "mine"), "/lib/mine"),
        (("--ta-dir=mine", "-d"), "/lib/mine"),
        (("-t", "mine"), "/lib/mine"),
        (("-l",), None),
    ],
)
def test_what_the_supplicant_was_started_with(
    tmp_path: Path, words: list[str], directory: str | None
) -> None:
    board = _board(tmp_path, "tee-supplicant", *words)
    assert board.directory({}) == Path(directory or tmp_path / "lib")


def test_the_environment_comes_first(tmp_path: Path) -> None:
    board = _board(tmp_path, "tee-supplicant", "-l", "/a")
    assert board.directory({VARIABLE: "/mine"}) == Path("/mine")


def test_the_first_usual_directory_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    usual = (tmp_path / "first", tmp_path / "second")
    assert _board(tmp_path, usual=usual).directory({}) == tmp_path / "second"
    (tmp_path / "first").mkdir()
    assert _board(tmp_path, usual=usual).directory({}) == tmp_path / "first"


def test_installing(tmp_path: Path) -> None:
    uuid = uuid4()
    directory = tmp_path / "optee_armtz"
    before = os.umask(0o077)
    try:
        assert install(uuid, b"one", directory)
        assert not install(uuid, b"one", directory)
        assert install(uuid, b"two", directory)
    finally:
        os.umask(before)
    assert [path.name for path in directory.iterdir()] == [f"{uuid}.ta"]
    assert (directory / f"{uuid}.ta").read_bytes() == b"two"
    assert (directory / f"{uuid}.ta").stat().st_mode & 0o777 == 0o644


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="cannot be put into") as caught:
        install(UUID(int=1), b"x", tmp_path / "file")
    assert VARIABLE in str(caught.value.fix)
    with pytest.raises(TargetError, match="No such file"):
        install(UUID(int=1), b"x", tmp_path / "a" / "b")


def test_a_board_without_a_supplicant(tmp_path: Path) -> None:
    told: list[str] = []
    board = _board(tmp_path)
    board.expect_supplicant(told.append)  # no node either: nobody can know
    assert len(told) == 1
    (tmp_path / "teepriv0").touch()  # it can be opened: nobody serves it
    with pytest.raises(TargetError, match="no tee-supplicant runs") as caught:
        board.expect_supplicant(told.append)
    assert "tee-supplicant -d" in str(caught.value.fix)
    _board(tmp_path, "tee-supplicant", "-d").expect_supplicant(told.append)
    assert len(told) == 1


def test_a_device_installs_what_it_runs(tmp_path: Path) -> None:
    told: list[str] = []
    uuid = uuid4()
    fake = FakeTee()
    board = _board(tmp_path, "tee-supplicant", "--ta-path", str(tmp_path / "tas"))
    for _ in range(2):
        with Device(
            told.append, {uuid: b"image"}, board=board, open_node=lambda: fake.node(tmp_path / "tee0")
        ) as device:
            device.context.open_session(uuid)
            assert device.console == []
            device.interrupt()
    assert len(told) == 1
    assert len(fake.closed) == 2
    assert (tmp_path / "tas" / f"{uuid}.ta").read_bytes() == b"image"


def test_a_device_that_cannot_install_closes_its_node(tmp_path: Path) -> None:
    fake = FakeTee()
    (tmp_path / "file").touch()
    board = _board(tmp_path, "tee-supplicant", "--ta-path", str(tmp_path / "file"))
    node = fake.node(tmp_path / "tee0")
    with pytest.raises(TargetError):
        Device(print, {UUID(int=1): b"image"}, board=board, open_node=lambda: node)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(node._fd)
