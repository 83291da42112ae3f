# SPDX-License-Identifier: BSD-2-Clause
"""Compiled regions kept on disk, so that a second run of a program starts with them.

One file a region, named by the digest of all that made it: its IR (and with it the guest's instructions and
the layout of the interpreter's state), the compiler's version, the host's processor. It holds the digest of
the object file, then the object file. A file that does not hold, or that somebody else may write, is not
used.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

_DIGEST = 32
_MOST = 4096  # files; then those used longest ago go


class ObjectCache:
    """A directory of object files; one that cannot be used keeps nothing, and says nothing."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._usable = False
        with suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._usable = _is_ours(directory)
            self._prune()

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
            with NamedTemporaryFile(dir=self._directory, prefix=".", delete=False) as file:
                file.write(sha256(key.encode() + data).digest() + data)
            os.replace(file.name, self._directory / key)

    def _prune(self) -> None:
        files = [entry for entry in os.scandir(self._directory) if entry.is_file(follow_symlinks=False)]
        if len(files) > _MOST:
            files.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime)
            for entry in files[: len(files) - _MOST // 2]:
                os.unlink(entry.path)


def _is_ours(path: Path) -> bool:
    """Whether nobody else may write to it."""
    found = path.lstat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022
