# SPDX-License-Identifier: BSD-2-Clause
"""Watches on files (inotify) and locks on whole ones (flock), kept by this host's kernel."""

from __future__ import annotations

import fcntl
import os
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.linux.files import FileTable
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.paths import Resolver
from elfhaven.normal.policy import READ

_DONT_FOLLOW: Final = 0x0200_0000
_MASK: Final = 0x0000_0FFF | 0xB500_0000  # events; onlydir, excl_unlink, mask_create, mask_add, oneshot
_OPERATIONS: Final = (fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_UN)


class Watches:
    """Every method returns the call's result or raises OSError."""

    def __init__(self, files: FileTable, resolver: Resolver, host: HostCalls) -> None:
        self._files = files
        self._find = resolver.find
        self._host = host

    def lock(self, number: int, operation: int) -> int:
        """flock; it never waits: EAGAIN where another holds the lock."""
        if operation & ~fcntl.LOCK_NB not in _OPERATIONS:
            raise OSError(linux.EINVAL, "not an operation of flock")
        fcntl.flock(self._files.fd(number), operation | fcntl.LOCK_NB)
        return 0

    def begin(self, number: int) -> int:
        """A file from which events are read; reading never waits."""
        self._files.must_be_free(number)
        self._files.adopt(number, self._host.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        return 0

    def add(self, number: int, path: bytes, mask: int) -> int:
        follow = not mask & _DONT_FOLLOW
        with self._find(path, READ, follow=follow) as place:
            place.must_be_what_was_written()
            flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(place.name, flags, dir_fd=place.directory)
        try:
            magic = os.fsencode(f"/proc/self/fd/{fd}")
            return self._host.inotify_add_watch(self._files.fd(number), magic, mask & _MASK)
        finally:
            os.close(fd)

    def remove(self, number: int, watch: int) -> int:
        self._host.inotify_rm_watch(self._files.fd(number), watch)
        return 0
