# SPDX-License-Identifier: BSD-2-Clause
"""Record locks, held by this process for the program: the host's kernel decides who may have one.

They are POSIX's: closing any descriptor of a file in this process drops them, so nothing here opens and
closes a file that the program may have open (O_PATH does not count).
"""

from __future__ import annotations

import fcntl
from typing import Final

from elfhaven.abi import linux

_HOST: Final = {
    linux.F_GETLK: fcntl.F_GETLK,
    linux.F_SETLK: fcntl.F_SETLK,
    linux.F_SETLKW: fcntl.F_SETLKW,
    linux.F_OFD_GETLK: linux.F_OFD_GETLK,  # not in every build of fcntl
    linux.F_OFD_SETLK: linux.F_OFD_SETLK,
}
LOCK_COMMANDS: Final = frozenset(_HOST)


def lock(fd: int, command: int, wanted: memoryview, found: memoryview) -> int:
    """One of LOCK_COMMANDS with the program's struct flock; F_GETLK writes what stands in the way to `found`.

    F_SETLKW waits; a signal of the caller whose handler raises ends the wait.
    """
    if min(len(wanted), len(found)) < linux.FLOCK_SIZE:
        raise OSError(linux.EINVAL, "a lock is a struct flock")
    answer = fcntl.fcntl(fd, _HOST[command], bytes(wanted[: linux.FLOCK_SIZE]))
    if command in (linux.F_GETLK, linux.F_OFD_GETLK):
        found[: linux.FLOCK_SIZE] = answer
    return 0
