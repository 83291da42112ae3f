# SPDX-License-Identifier: BSD-2-Clause
"""The files of a program's system, which its signed image lists: read-only, from a directory of this machine.

The list comes from the image, so it is not believed: only normal paths count, links on the way are followed
within the directory alone, and nothing but a regular file is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from elfhaven.abi import linux
from elfhaven.image.libraries import inside

_NOT_HERE = (
    "files of the program's system are wanted, and this machine has not been told where they are: name it as "
    "when it was packed, with --debian or --sysroot"
)


class SystemFiles:
    """`paths` are those of regular files; `root` None: this machine has none of them.

    `report` is told once where a file is wanted that is not there.
    """

    def __init__(
        self, root: Path | None, paths: Iterable[str], report: Callable[[str], None] | None = None
    ) -> None:
        self._root = root
        self._report = report
        self._paths = frozenset(path for path in paths if os.path.normpath(path) == path)

    def holds(self, path: str) -> bool:
        """Whether `path` is one of them: no rule of a policy is asked for it."""
        return path in self._paths

    def open(self, path: bytes, flags: int) -> int | None:
        """A descriptor of the file; None where `path` is none of the system's. Raises OSError."""
        name = os.fsdecode(path)
        if name not in self._paths:
            return None
        if flags & linux.O_ACCMODE != linux.O_RDONLY or flags & (linux.O_CREAT | linux.O_TRUNC):
            raise OSError(linux.ERRNO["EROFS"], "the program's system is read-only")
        file = inside(self._root, name) if self._root is not None else None
        if file is None:
            self._tell(name)
            raise OSError(linux.ENOENT, "not on this machine")
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(linux.ENOENT, "not a regular file")
        return fd

    def _tell(self, name: str) -> None:
        if self._report is not None:
            self._report(
                f"{self._root} lacks {name}, which was there when it was packed" if self._root else _NOT_HERE
            )
            self._report = None
