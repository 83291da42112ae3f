# SPDX-License-Identifier: BSD-2-Clause
"""The list of a system's files: what is taken, in which order, and back from the blob."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from elfhaven.errors import ManifestError
from elfhaven.manifest import TreeEntry, decode_tree, encode_tree, read_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "usr/lib/mod").mkdir(parents=True)
    (tmp_path / "usr/lib/mod/a.pm").write_bytes(b"x" * 70000)
    (tmp_path / "usr/lib/mod-b").write_bytes(b"")
    (tmp_path / "usr/lib/latest").symlink_to("mod")
    (tmp_path / "usr/lib/libx.so").write_bytes(b"\x7fELF and more")
    (tmp_path / "usr/share/doc/x").mkdir(parents=True)
    (tmp_path / "usr/share/doc/x/copyright").write_text("text")
    os.mkfifo(tmp_path / "usr/lib/pipe")
    return tmp_path


def _paths(entries: tuple[TreeEntry, ...]) -> list[str]:
    return [entry.path for entry in entries]


def test_what_a_directory_holds_follows_it_without_a_gap(root: Path) -> None:
    assert _paths(read_tree(root)) == [
        "/",
        "/lib",
        "/usr",
        "/usr/lib",
        "/usr/lib/latest",
        "/usr/lib/libx.so",
        "/usr/lib/mod",
        "/usr/lib/mod/a.pm",
        "/usr/lib/mod-b",
        "/usr/share",
    ]


def test_entries_say_what_a_file_is(root: Path) -> None:
    found = {entry.path: entry for entry in read_tree(root)}
    file = found["/usr/lib/mod/a.pm"]
    assert stat.S_ISREG(file.mode)
    assert file.size == 70000
    assert file.hashes == (hashlib.sha256(b"x" * 65536).digest(), hashlib.sha256(b"x" * 4464).digest())
    assert found["/usr/lib/latest"].target == "mod"
    assert found["/lib"].target == "usr/lib"
    assert stat.S_ISDIR(found["/usr"].mode)
    assert found["/usr/lib/mod-b"].hashes == ()


def test_the_blob_gives_the_same_entries(root: Path) -> None:
    entries = read_tree(root)
    assert decode_tree(encode_tree(entries)) == entries


@pytest.mark.parametrize("cut", [0, 3, 15, 16, 100, -1])
def test_a_damaged_blob_is_refused(root: Path, cut: int) -> None:
    blob = encode_tree(read_tree(root))
    with pytest.raises(ManifestError):
        decode_tree(blob[:cut])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="nowhere"):
        read_tree(tmp_path / "nowhere")
