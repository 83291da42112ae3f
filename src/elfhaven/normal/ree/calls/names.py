# SPDX-License-Identifier: BSD-2-Clause
"""What calls on files have in common: paths as a program names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi import linux
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.ree.calls.words import int32

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process


class Names:
    """The base of calls that name files."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._files = process.files
        self._paths = process.paths
        self._host = HostCalls()

    def _absolute(self, directory: int, path: int) -> str:
        """The path that the program names, seen from the directory that it names."""
        raw = self._memory.string(path)
        if raw.startswith(b"/") or int32(directory) == linux.AT_FDCWD:
            return self._paths.absolute(self._process.directory, raw)
        return self._paths.absolute(self._files[directory].path, raw)

    def _named(self, directory: int, path: int) -> str:
        """The same on the host."""
        return self._paths.host(self._absolute(directory, path))
