# SPDX-License-Identifier: BSD-2-Clause
"""The way to a board, without one: places, ssh's last words, and the board's script in a shell of here."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import TargetError, UsageError
from elfhaven.target.ssh.facts import Facts
from elfhaven.target.ssh.place import OPTIONS, Place
from elfhaven.target.ssh.script import board_script, content_name
from elfhaven.target.ssh.stream import SshStream

UUIDS = (UUID(int=1), UUID(int=2))
GOOD = {"user": ("me",), "machine": ("aarch64",), "node": ("good",), "supplicant": ("tee-supplicant\t-d\t",)}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("ssh:board", Place("board")),
        ("ssh:me@board", Place("board", "me")),
        ("ssh:me@10.0.0.7:2222", Place("10.0.0.7", "me", 2222)),
        ("ssh:me@[fe80::1]:22", Place("fe80::1", "me", 22)),
        ("ssh:me@[::1]", Place("::1", "me")),
    ],
)
def test_a_place_by_name(name: str, place: Place) -> None:
    assert Place.parse(name) == place


@pytest.mark.parametrize(
    "name",
    [
        "ssh:",
        "ssh:@board",
        "ssh:me@",
        "ssh:-oProxyCommand=x",
        "ssh:me@-x",
        "ssh:a b",
        "ssh:b:0",
        "ssh:b:65536",
    ],
)
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(UsageError, match=r"names no board|has a port that is none"):
        Place.parse(name)


def test_the_words_of_ssh() -> None:
    words = Place("board", "me", 22).command("true", {OPTIONS: "-o 'ProxyCommand a b' -v"})
    assert words == [
        *("ssh", "-T", "-x", "-o", "ProxyCommand a b", "-v"),
        *("-l", "me", "-p", "22", "--", "board", "true"),
    ]
    with pytest.raises(UsageError, match=OPTIONS):
        Place("board").command("true", {OPTIONS: "'"})


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"machine": ("armv7l",)}, "me@board is a armv7l, not aarch64"),
        ({"machine": ()}, "machine of an unknown kind"),
        ({"node": ("absent",)}, "has no /dev/tee0"),
        ({"node": ("denied crw-rw---- 1 root teeclnt",)}, "me may not use /dev/tee0 .*root teeclnt"),
        ({"supplicant": (), "private": ("free",)}, "no tee-supplicant runs"),
    ],
)
def test_what_a_board_lacks(changed: dict[str, tuple[str, ...]], cause: str) -> None:
    with pytest.raises(TargetError, match=cause) as caught:
        Facts("me@board", {**GOOD, **changed}).check()
    assert caught.value.fix


def test_what_a_board_may_hide() -> None:
    unseen = {**GOOD, "supplicant": ()}
    assert Facts("b", GOOD).check() is None
    assert Facts("b", {**unseen, "private": ("sh: cannot open /dev/teepriv0: Device busy",)}).check() is None
    assert "no tee-supplicant is seen" in str(
        Facts("b", {**unseen, "private": ("Permission denied",)}).check()
    )


def test_where_the_supplicant_looks() -> None:
    facts = Facts("b", {**GOOD, "directory": ("/usr/lib/optee_armtz", "/usr/local/lib/optee_armtz")})
    assert facts.directory({}) == "/usr/lib/optee_armtz"
    assert facts.directory({"ELFHAVEN_TA_DIRECTORY": "/x y"}) == "/x y"
    started = {**GOOD, "supplicant": ("tee-supplicant\t--ta-path=/data/ta:/lib/x\t-d\t",)}
    assert Facts("b", started).directory({}) == "/data/ta"


def test_a_directory_that_cannot_be_written() -> None:
    Facts("b", {"writable": ("",)}).check_writable("/d", UUIDS[0])
    with pytest.raises(TargetError, match=r"me may not put .*1.ta into /d of b.*root only"):
        Facts("b", {"user": ("me",), "unwritable": ("root only",)}).check_writable("/d", UUIDS[0])


class Board:
    """This machine as a board: its shell runs the script; `bridge` is a program of the test."""

    def __init__(self, home: Path, bridge: bytes, node: str = "/dev/null") -> None:
        self.cache = home / ".cache" / "elfhaven"
        self.armtz = home / "optee_armtz"
        line = board_script("MARK", bridge, [str(self.armtz), "/nonexistent"], UUIDS, node)
        self.process = subprocess.Popen(
            ["sh", "-c", line],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
            bufsize=0,
        )

    def say(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def until(self, last: str) -> Facts:
        lines = []
        while (line := self.line()) != f"MARK {last}":
            assert line, "the script ended"
            lines.append(line.removeprefix("MARK "))
        return Facts.of("b", lines)

    def close(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(5)


# In place of the bridge: status 2 without arguments, else it repeats them and one line.
BRIDGE = b'#!/bin/sh\n[ $# = 0 ] && exit 2\nprintf "bridge %s %s\\n" "$@"\nread -r line; echo "got $line"\n'


def _bridged(board: Board) -> None:
    board.say(b"go\nhello\n")
    assert (board.line(), board.line()) == (f"bridge {board.armtz} -", "got hello")


def test_a_board_tells_takes_the_bridge_and_becomes_it(tmp_path: Path) -> None:
    (tmp_path / "optee_armtz").mkdir()
    image = tmp_path / f"optee_armtz/{UUIDS[1]}.ta"
    image.write_bytes(b"image")
    board = Board(tmp_path, BRIDGE)
    facts = board.until("end")
    assert (facts.one("machine"), facts.one("node")) == (os.uname().machine, "good")
    assert facts.told["directory"] == (str(board.armtz),)
    assert facts.one("bridge") == f"wanted {board.cache}"
    board.say(f"look {board.armtz}\n".encode())
    found = board.until("end")
    assert found.images() == {UUIDS[1]: hashlib.sha256(b"image").hexdigest()}
    assert "writable" in found.told
    board.say(b"put\n" + BRIDGE)
    assert (board.line(), board.line()) == ("MARK stored", "MARK ready")
    _bridged(board)
    assert board.close() == 0
    kept = board.cache / f"bridge-{content_name(BRIDGE)}"
    assert (kept.read_bytes(), stat.S_IMODE(kept.stat().st_mode)) == (BRIDGE, 0o700)

    again = Board(tmp_path, BRIDGE)
    assert again.until("end").one("bridge") == "here"
    again.say(f"look {again.armtz}\n".encode())
    again.until("end")
    _bridged(again)
    assert again.close() == 0


def test_a_board_that_is_left_keeps_nothing_half_written(tmp_path: Path) -> None:
    board = Board(tmp_path, BRIDGE)
    board.until("end")
    board.say(b"put\n" + BRIDGE[:10])
    assert board.close() != 0
    assert list(board.cache.iterdir()) == []


def test_a_bridge_that_was_changed_on_its_way_is_not_kept(tmp_path: Path) -> None:
    board = Board(tmp_path, BRIDGE)
    board.until("end")
    board.say(b"put\n" + BRIDGE.replace(b"got", b"get"))
    assert board.line() == "MARK failed it came with errors"
    assert board.close() == 1
    assert list(board.cache.iterdir()) == []


def test_a_bridge_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / ".cache").write_text("no directory")
    board = Board(tmp_path, BRIDGE)
    board.until("end")
    board.say(b"put\n" + BRIDGE)
    assert board.line().startswith("MARK failed mkdir:")
    assert board.close() == 1


def test_a_board_without_a_tee(tmp_path: Path) -> None:
    board = Board(tmp_path, BRIDGE, "/no/such/node")
    assert board.until("end").one("node") == "absent"
    board.close()


@pytest.mark.parametrize(
    ("printed", "cause"),
    [
        ("Host key verification failed.", "host key of me@board is not known"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "another host key",
        ),
        ("me@board: Permission denied (publickey).", "lets nobody in"),
        ("ssh: Could not resolve hostname board: no", "no board is called board"),
        ("ssh: connect to host board port 22: Connection refused", "no ssh server does"),
        ("something else", "it ended: something else"),
    ],
)
def test_why_ssh_did_not_come_through(printed: str, cause: str) -> None:
    code = f"import sys; sys.stderr.write({printed!r}); sys.exit(255)"
    stream = SshStream(Place("board", "me"), [sys.executable, "-c", code])
    assert stream.receive(1) == b""
    error = stream.reason("it ended")
    stream.forget()
    assert cause in error.cause
    assert error.fix


def test_no_ssh_on_this_machine() -> None:
    with pytest.raises(TargetError, match="ssh is not on this machine"):
        SshStream(Place("board"), ["/no/such/ssh"])
