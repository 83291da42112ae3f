# SPDX-License-Identifier: BSD-2-Clause
"""The mask of new files' permissions.

A program's umask is kept inside and applied there, before a mode crosses; the host's own would be applied a
second time. It is lifted only for a call that would feel it: when the program has a weaker mask than the
process that serves it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_DEFAULT: Final = 0o022


def current_umask() -> int:
    """This process's umask, read without changing it."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("Umask:"):
                    return int(line.split()[1], 8)
    except OSError:
        pass
    return _DEFAULT


class Umask:
    """The host's umask as it was when the program started.

    Locks: `_lock` lets one thread at a time change the mask, which belongs to the whole process.
    """

    def __init__(self) -> None:
        self._mask = current_umask()
        self._lock = threading.Lock()

    @contextmanager
    def lifted(self, mode: int) -> Iterator[None]:
        """Within, a file made with `mode` gets exactly that mode."""
        if not mode & self._mask:
            yield
            return
        with self._lock:
            before = os.umask(0)
            try:
                yield
            finally:
                os.umask(before)
