# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant's files: RPC_CMD_FS, its eleven operations, and names that lead elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.normal.supplicant import FileService
from elfhaven.world.message import Param

OK, GENERIC, CONFLICT, BAD, NOT_FOUND, SHORT = (
    *(0, 0xFFFF0000, 0xFFFF0003, 0xFFFF0006, 0xFFFF0008, 0xFFFF0010),
)


class Tee:
    """Requests as a TEE makes them; each reference has memory of its own."""

    def __init__(self, root: Path) -> None:
        self.service = FileService(root)
        self.params: list[Param] = []

    def ask(self, operation: int, b: int = 0, c: int = 0, *rest: bytearray | None) -> int:
        """None stands for an output value; other parameters are memory, for output if it is a READ."""
        kind = msg.ATTR_RMEM_OUTPUT if operation in (3, 10) else msg.ATTR_RMEM_INPUT
        self.params = [Param(msg.ATTR_VALUE_INPUT, operation, b, c)]
        for n, memory in enumerate(rest):
            size = 0 if memory is None else len(memory)
            self.params.append(Param(msg.ATTR_VALUE_OUTPUT if memory is None else kind, 0, size, n))
        return self.service.serve(self.params, lambda p: memoryview(rest[p.c] or b""))

    def open(self, name: str, operation: int = msg.RPC_FS_CREATE) -> int:
        assert self.ask(operation, 0, 0, bytearray(name.encode() + b"\0"), None) == OK
        return self.params[2].a


@pytest.fixture
def tee(tmp_path: Path) -> Iterator[Tee]:
    made = Tee(tmp_path / "made" / "when needed")
    yield made
    made.service.close()


def test_files(tee: Tee) -> None:
    file = tee.open("dirf.db")
    assert tee.ask(msg.RPC_FS_WRITE, file, 10, bytearray(b"hello")) == OK
    place = bytearray(20)
    assert tee.ask(msg.RPC_FS_READ, file, 8, place) == OK
    assert (tee.params[1].b, bytes(place[:7])) == (7, b"\0\0hello")
    assert tee.ask(msg.RPC_FS_READ, file, 100, place) == OK
    assert tee.params[1].b == 0
    assert tee.ask(msg.RPC_FS_TRUNCATE, file, 12) == OK
    assert tee.ask(msg.RPC_FS_CLOSE, file) == OK
    assert tee.ask(msg.RPC_FS_CLOSE, file) == BAD
    assert tee.ask(msg.RPC_FS_READ, file, 0, place) == BAD
    again = tee.open("dirf.db", msg.RPC_FS_OPEN)
    assert tee.ask(msg.RPC_FS_READ, again, 0, place) == OK
    assert tee.params[1].b == 12
    assert tee.open("dirf.db") != again  # created anew: empty
    assert tee.ask(msg.RPC_FS_READ, again, 0, place) == OK
    assert tee.params[1].b == 0


def test_names(tee: Tee) -> None:
    def name(text: str) -> bytearray:
        return bytearray(text.encode() + b"\0")

    tee.open("a")
    tee.open("dir/b")
    assert tee.ask(msg.RPC_FS_RENAME, 0, 0, name("a"), name("dir/b")) == CONFLICT
    assert tee.ask(msg.RPC_FS_RENAME, 1, 0, name("a"), name("dir/b")) == OK
    assert tee.ask(msg.RPC_FS_RENAME, 0, 0, name("a"), name("c")) == NOT_FOUND
    assert tee.ask(msg.RPC_FS_OPEN, 0, 0, name("a"), None) == NOT_FOUND
    tee.open("dir/.hidden")
    assert tee.ask(msg.RPC_FS_OPENDIR, 0, 0, name("dir"), None) == OK
    listing = tee.params[2].a
    short, place = bytearray(1), bytearray(20)
    assert tee.ask(msg.RPC_FS_READDIR, listing, 0, place) == OK
    assert bytes(place[: tee.params[1].b]) == b"b\0"
    assert tee.ask(msg.RPC_FS_READDIR, listing, 0, place) == NOT_FOUND
    assert tee.ask(msg.RPC_FS_CLOSEDIR, listing) == OK
    assert tee.ask(msg.RPC_FS_CLOSEDIR, listing) == BAD
    assert tee.ask(msg.RPC_FS_READDIR, listing, 0, place) == BAD
    assert tee.ask(msg.RPC_FS_OPENDIR, 0, 0, name("dir"), None) == OK
    assert tee.ask(msg.RPC_FS_READDIR, tee.params[2].a, 0, short) == SHORT
    assert tee.ask(msg.RPC_FS_REMOVE, 0, 0, name("dir/b")) == OK
    assert tee.ask(msg.RPC_FS_REMOVE, 0, 0, name("dir/b")) == NOT_FOUND
    assert tee.ask(msg.RPC_FS_OPENDIR, 0, 0, name("dir"), None) == NOT_FOUND
    assert tee.ask(msg.RPC_FS_OPENDIR, 0, 0, name("none"), None) == NOT_FOUND


@pytest.mark.parametrize("name", [b"../out", b"a/../../out", b"", b"/", b"a//b", b"./a", b"no end"])
def test_names_that_lead_elsewhere(tee: Tee, name: bytes, tmp_path: Path) -> None:
    ended = name if name == b"no end" else name + b"\0"
    for operation in (msg.RPC_FS_OPEN, msg.RPC_FS_CREATE, msg.RPC_FS_OPENDIR):
        assert tee.ask(operation, 0, 0, bytearray(ended), None) == BAD
    assert tee.ask(msg.RPC_FS_REMOVE, 0, 0, bytearray(ended)) == BAD
    assert list(tmp_path.iterdir()) == []


def test_links_are_not_followed(tee: Tee, tmp_path: Path) -> None:
    tee.open("real")
    root = tmp_path / "made" / "when needed"
    (tmp_path / "outside").write_bytes(b"mine")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "dir").symlink_to(tmp_path)
    assert tee.ask(msg.RPC_FS_OPEN, 0, 0, bytearray(b"link\0"), None) == NOT_FOUND
    assert tee.ask(msg.RPC_FS_CREATE, 0, 0, bytearray(b"link\0"), None) == GENERIC
    assert tee.ask(msg.RPC_FS_OPEN, 0, 0, bytearray(b"dir/outside\0"), None) == BAD
    assert (tmp_path / "outside").read_bytes() == b"mine"


def test_requests_that_are_none(tee: Tee) -> None:
    assert tee.service.serve([], lambda p: memoryview(b"")) == BAD
    assert tee.ask(11) == BAD
    assert tee.ask(msg.RPC_FS_OPEN) == BAD
    assert tee.ask(msg.RPC_FS_READ, 99, 0, bytearray(4)) == BAD
    assert tee.ask(msg.RPC_FS_WRITE, 0, 0, bytearray(4)) == BAD  # a descriptor of ours, not of the TEE
    assert tee.ask(msg.RPC_FS_CLOSE, 1) == BAD
