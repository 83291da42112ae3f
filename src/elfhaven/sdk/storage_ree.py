# SPDX-License-Identifier: BSD-2-Clause
"""REE-FS on disk, for reading alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_CORRUPT_OBJECT
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.dirfile import Directory
from elfhaven.secure.storage.hash_tree import HashTree, Secrets
from elfhaven.secure.storage.layout import DIRECTORY, Entry, file_name
from elfhaven.secure.storage.tree_file import TreeFile

Read = Callable[[int, int], bytes]
_MAX_NODES = 1 << 20  # a tree that says to have more is damaged


class FileOnDisk:
    """hash_tree.File; what would be written is forgotten."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def write(self, offset: int, data: bytes) -> None:
        pass


class ReeSource:
    """A directory with dirf.db. TeeResult where dirf.db does not verify, OSError where it cannot be read."""

    def __init__(self, path: Path, huk: bytes) -> None:
        self._path = path
        self._secrets = Secrets(huk, bytes, _MAX_NODES)
        tree = HashTree.open(FileOnDisk(path / DIRECTORY), self._secrets, None, None)
        self._commits = tree.counter
        self._entries = Directory(TreeFile(tree)).entries

    def names(self) -> list[tuple[UUID, bytes]]:
        """Owner and id of each object."""
        return [(UUID(bytes_le=entry.owner), entry.object_id) for entry in self._entries]

    def _entry(self, owner: UUID, object_id: bytes) -> Entry:
        return next(e for e in self._entries if (e.owner, e.object_id) == (owner.bytes_le, object_id))

    def file_of(self, owner: UUID, object_id: bytes) -> str:
        return file_name(self._entry(owner, object_id).number)

    @contextmanager
    def opened(self, owner: UUID, object_id: bytes) -> Iterator[tuple[Read, int]]:
        """What reads the file of an object, and its size."""
        entry = self._entry(owner, object_id)
        try:
            file = FileOnDisk(self._path / file_name(entry.number))
        except OSError as error:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, f"its file: {error.strerror}") from None
        data = TreeFile(HashTree.open(file, self._secrets, owner, entry.root_hash))
        yield data.read, data.size

    def check(self) -> Iterator[tuple[str, bool, str]]:
        """What is to be said of the directory as a whole."""
        yield DIRECTORY, True, f"{len(self._entries)} objects, committed {self._commits} times"
        known = {file_name(entry.number) for entry in self._entries} | {DIRECTORY}
        for name in sorted(path.name for path in self._path.iterdir() if path.name not in known):
            yield f"file {name}", True, "belongs to no object: left over from a change that was cut off"
