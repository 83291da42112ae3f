# SPDX-License-Identifier: BSD-2-Clause
"""The files of a program's system: what its packages hold beside its libraries, as it is at pack time.

The signed image knows every name, kind, size and block hash, so that the normal world gives the bytes of
these files and decides nothing: what is not in the tree is not there. Layouts: TREE and TREE_ENTRY in
abi/container.py.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from elfhaven.abi.container import TREE, TREE_ENTRY, TREE_MAGIC
from elfhaven.abi.linux import MERGED_USR
from elfhaven.errors import ManifestError
from elfhaven.manifest.pins import BLOCK_SHIFT

_HASH = 32
_DOCUMENTATION = ("doc", "man", "lintian", "doc-base", "bug", "common-licenses")
_UNREAD = ("var/lib/dpkg", *(f"usr/share/{name}" for name in _DOCUMENTATION))


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """`path` is absolute; `mode` as in struct stat; `hashes` of a file's blocks, `target` of a link."""

    path: str
    mode: int
    size: int = 0
    hashes: tuple[bytes, ...] = ()
    target: str = ""


def read_tree(root: Path) -> tuple[TreeEntry, ...]:
    """Everything in `root` but documentation and dpkg's notes, sorted as the image wants it.

    Raises ManifestError where a file cannot be read.
    """
    entries = [TreeEntry("/", stat.S_IFDIR | 0o755), *_walk(root, "")]
    there = {entry.path for entry in entries}
    for name in MERGED_USR:  # packages alone, unpacked, lack these links
        if f"/{name}" not in there and f"/usr/{name}" in there:
            entries.append(TreeEntry(f"/{name}", stat.S_IFLNK | 0o777, target=f"usr/{name}"))
    return tuple(sorted(entries, key=lambda entry: _key(entry.path)))


def _key(path: str) -> bytes:
    return os.fsencode(path).replace(b"/", b"\0")


def _walk(root: Path, below: str) -> Iterator[TreeEntry]:
    try:
        found = sorted(os.scandir(root / below), key=lambda entry: entry.name)
        for item in found:
            name = f"{below}/{item.name}" if below else item.name
            if name in _UNREAD:
                continue
            entry = _entry(item, f"/{name}")
            if entry is not None:
                yield entry
            if item.is_dir(follow_symlinks=False):
                yield from _walk(root, name)
    except OSError as error:
        raise ManifestError(
            f"{error.filename}: {error.strerror}, so it cannot be part of the program's system",
            "make it readable, or take a root directory without it",
        ) from None


def _entry(item: os.DirEntry[str], path: str) -> TreeEntry | None:
    """None for what is no part of the tree: devices, pipes, sockets."""
    if item.is_symlink():
        return TreeEntry(path, stat.S_IFLNK | 0o777, target=os.readlink(item.path))
    mode = item.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return TreeEntry(path, mode & ~0o7000)
    if not stat.S_ISREG(mode):
        return None
    with open(item.path, "rb") as file:
        data = file.read()
    blocks = range(0, len(data), 1 << BLOCK_SHIFT)
    hashes = tuple(hashlib.sha256(data[at : at + (1 << BLOCK_SHIFT)]).digest() for at in blocks)
    return TreeEntry(path, mode & ~0o7000, len(data), hashes)


def encode_tree(entries: Sequence[TreeEntry]) -> bytes:
    """The blob: header, entries, then paths, targets and hashes. decode_tree() is its inverse."""
    start = TREE.size + TREE_ENTRY.size * len(entries)
    rows, tail = bytearray(), bytearray()
    for entry in entries:
        path, data = os.fsencode(entry.path), os.fsencode(entry.target) or b"".join(entry.hashes)
        path_at = start + len(tail)
        tail += path + data
        count = len(data) if entry.target else len(entry.hashes)
        rows += TREE_ENTRY.struct.pack(
            0, BLOCK_SHIFT, entry.size, path_at, len(path), path_at + len(path), count, entry.mode, 0
        )
    return TREE.struct.pack(TREE_MAGIC, start + len(tail), len(entries), TREE.size) + bytes(rows + tail)


def decode_tree(blob: bytes) -> tuple[TreeEntry, ...]:
    """The entries of a blob. Raises ManifestError where its bytes do not hold together."""
    try:
        magic, size, count, at = TREE.struct.unpack_from(blob)
        if magic != TREE_MAGIC or size != len(blob):
            raise ValueError("no tree")
        rows = TREE_ENTRY.struct.iter_unpack(blob[at : at + count * TREE_ENTRY.size])
        return tuple(_decoded(blob, row) for row in rows)
    except (struct.error, ValueError, IndexError) as error:
        raise ManifestError(f"the packed list of the system's files is damaged: {error}") from None


def _decoded(blob: bytes, row: tuple[int, ...]) -> TreeEntry:
    _, shift, size, path, length, data, count, mode, _ = row
    name = os.fsdecode(blob[path : path + length])
    if stat.S_ISLNK(mode):
        return TreeEntry(name, mode, target=os.fsdecode(blob[data : data + count]))
    if shift != BLOCK_SHIFT or data + count * _HASH > len(blob):
        raise ValueError(f"{name} is not as it was written")
    hashes = tuple(blob[data + _HASH * i : data + _HASH * (i + 1)] for i in range(count))
    return TreeEntry(name, mode, size, hashes)
