# SPDX-License-Identifier: BSD-2-Clause
"""Compiled regions kept on disk, so that a second run of a program starts with them.

A file is named by the digest of all that its content was made from (compiler.py). It holds the digest of its
name and its content, then the content. One that does not hold, or that somebody else may write, is not used.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

_DIGEST = 32
_MOST = 256 << 20  # bytes in all; then those used longest ago go, until half is left


class ObjectCache:
    """A directory of object files; one that cannot be used keeps nothing, and says nothing."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._usable = self._pruned = False
        with suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._usable = _is_ours(directory)

    def get(self, key: str) -> bytes | None:
        """The object that was put under a key."""
        if not self._usable:
            return None
        path = self._directory / key
        with suppress(OSError):
            if not _is_ours(path):
                return None
            content = path.read_bytes()
            if sha256(key.encode() + content[_DIGEST:]).digest() == content[:_DIGEST]:
                os.utime(path)
                return content[_DIGEST:]
            path.unlink()
        return None

    def put(self, key: str, data: bytes) -> None:
        """Keep an object."""
        if not self._usable:
            return
        with suppress(OSError):
            self._prune()
            with NamedTemporaryFile(dir=self._directory, prefix=".", delete=False) as file:
                file.write(sha256(key.encode() + data).digest() + data)
            os.replace(file.name, self._directory / key)

    def _prune(self) -> None:
        """Make room, once."""
        if self._pruned:
            return
        self._pruned = True
        files = [entry for entry in os.scandir(self._directory) if entry.is_file(follow_symlinks=False)]
        found = [(entry.stat(follow_symlinks=False), entry.path) for entry in files]
        left = sum(stat.st_size for stat, _ in found)
        if left > _MOST:
            for stat, path in sorted(found, key=lambda one: one[0].st_mtime):
                if left > _MOST // 2:
                    os.unlink(path)
                    left -= stat.st_size


def _is_ours(path: Path) -> bool:
    """Whether nobody else may write to it."""
    found = path.lstat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022
