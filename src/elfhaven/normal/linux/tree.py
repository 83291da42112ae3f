# SPDX-License-Identifier: BSD-2-Clause
"""Calls that name paths: what exists, what it is called, what a program may do with it."""

from __future__ import annotations

import os
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.linux.convert import file_mode, pack_stat
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.paths import Place, Resolver
from elfhaven.normal.linux.umask import Umask
from elfhaven.normal.policy import LOOK, READ, WRITE

_RENAME_FLAGS: Final = linux.RENAME_NOREPLACE | linux.RENAME_EXCHANGE
_ACCESS_MODES: Final = os.R_OK | os.W_OK | os.X_OK


class Tree:
    """The file system under a policy. Every method returns the call's result or raises OSError."""

    def __init__(self, resolver: Resolver, host: HostCalls, umask: Umask) -> None:
        self._find = resolver.find
        self._names = resolver.policy.names
        self._host = host
        self._umask = umask

    def stat(self, path: bytes, flags: int, out: memoryview) -> int:
        with self._find(path, LOOK, follow=_follows(flags)) as place:
            place.must_be_what_was_written()
            found = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
        if len(out) < linux.STAT_SIZE:
            raise OSError(linux.EINVAL, "too little room for struct stat")
        out[: linux.STAT_SIZE] = pack_stat(found)
        return 0

    def statx(self, path: bytes, flags: int, mask: int, out: memoryview) -> int:
        kept = flags & (linux.AT_STATX_SYNC_TYPE | linux.AT_NO_AUTOMOUNT) | linux.AT_SYMLINK_NOFOLLOW
        with self._find(path, LOOK, follow=_follows(flags)) as place:
            place.must_be_what_was_written()
            self._host.statx(place.directory, _name(place), kept, mask, out)
        return 0

    def access(self, path: bytes, mode: int, flags: int) -> int:
        """faccessat2. W_OK is answered under files.write, as the write itself would be."""
        if mode & ~_ACCESS_MODES:
            raise OSError(linux.EINVAL, "a mode that Linux does not know")
        kept = flags & linux.AT_EACCESS | linux.AT_SYMLINK_NOFOLLOW
        with self._find(path, WRITE if mode & os.W_OK else LOOK, follow=_follows(flags)) as place:
            place.must_be_what_was_written()
            self._host.faccessat2(place.directory, _name(place), mode, kept)
        return 0

    def enter(self, path: bytes, out: memoryview) -> int:
        """Whether a directory can be made the working directory; nothing changes outside.

        Its path without links goes to `out`, and its length is the result; 0 where the program's policy
        does not name that path, and the one it used must do.
        """
        with self._find(path, READ, follow=True) as place:
            flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(place.name, flags, dir_fd=place.directory))
            self._host.faccessat2(place.directory, _name(place), os.X_OK, linux.AT_EACCESS)
            real = os.fsencode(place.path)
        if not self._names(READ, place.path) or len(real) > len(out):
            return 0
        out[: len(real)] = real
        return len(real)

    def read_link(self, path: bytes, out: memoryview) -> int:
        with self._find(path, LOOK, follow=False) as place:
            place.must_be_what_was_written()
            target = os.fsencode(os.readlink(place.name, dir_fd=place.directory))
        length = min(len(target), len(out))
        out[:length] = target[:length]
        return length

    def make_directory(self, path: bytes, mode: int) -> int:
        with self._find(path, WRITE, follow=False) as place:
            mode = file_mode(mode)
            with self._umask.lifted(mode):
                os.mkdir(place.name, mode, dir_fd=place.directory)
        return 0

    def unlink(self, path: bytes, flags: int) -> int:
        if flags & ~linux.AT_REMOVEDIR:
            raise OSError(linux.EINVAL, "a flag that Linux does not know")
        with self._find(path, WRITE, follow=False, slash_follows=False) as place:
            if flags & linux.AT_REMOVEDIR:
                _remove_directory(place)
            else:
                place.must_be_what_was_written()
                os.unlink(place.name, dir_fd=place.directory)
        return 0

    def rename(self, old: bytes, new: bytes, flags: int) -> int:
        if flags & ~_RENAME_FLAGS:
            raise OSError(linux.EINVAL, "a flag that is not served")
        with (
            self._find(old, WRITE, follow=False, slash_follows=False) as source,
            self._find(new, WRITE, follow=False, slash_follows=False) as target,
        ):
            if (source.slash or target.slash) and not source.is_directory():
                raise OSError(linux.ERRNO["ENOTDIR"], "only a directory can be named with a slash")
            self._host.renameat2(source.directory, _name(source), target.directory, _name(target), flags)
        return 0

    def truncate(self, path: bytes, length: int) -> int:
        with self._find(path, WRITE, follow=True) as place:
            flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC  # a real descriptor's close would drop locks
            place.must_be_what_was_written()
            fd = os.open(place.name, flags, dir_fd=place.directory)
        try:
            os.truncate(f"/proc/self/fd/{fd}", length)
        finally:
            os.close(fd)
        return 0


def _remove_directory(place: Place) -> None:
    if place.last == "..":
        raise OSError(linux.ERRNO["ENOTEMPTY"], "what a directory lies in is not empty")
    os.rmdir(place.name, dir_fd=place.directory)


def _follows(flags: int) -> bool:
    return not flags & linux.AT_SYMLINK_NOFOLLOW


def _name(place: Place) -> bytes:
    return os.fsencode(place.name)
