# SPDX-License-Identifier: BSD-2-Clause
"""What a file is beside its bytes: mode, owner, times, links, extended attributes, what it lies on.

A file that a path names is worked on as the resolver found it: a link at its name is never followed again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.linux.convert import file_mode
from elfhaven.normal.linux.files import FileTable
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.paths import Place, Resolver
from elfhaven.normal.linux.umask import Umask
from elfhaven.normal.policy import LOOK, READ, WRITE

NO_FILE: Final = 0xFFFF_FFFF  # the path names the file
_NODES: Final = (stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK)
_XATTR_FLAGS: Final = 3  # XATTR_CREATE, XATTR_REPLACE
_USERS: Final = b"user."  # the attributes that a program may change


class Attributes:
    """Every method returns the call's result or raises OSError. Flags are those that cross."""

    def __init__(self, files: FileTable, resolver: Resolver, host: HostCalls, umask: Umask) -> None:
        self._files = files
        self._find = resolver.find
        self._host = host
        self._umask = umask

    def set_open_mode(self, number: int, mode: int) -> int:
        os.fchmod(self._files.fd(number), file_mode(mode))
        return 0

    def set_mode(self, path: bytes, mode: int, flags: int) -> int:
        with self._found(path, WRITE, flags) as place, _grasped(place) as fd:
            if stat.S_ISLNK(os.fstat(fd).st_mode):
                raise OSError(linux.ERRNO["EOPNOTSUPP"], "a link has no mode")
            os.chmod(_magic(fd), file_mode(mode))
        return 0

    def set_open_owner(self, number: int, user: int, group: int) -> int:
        os.fchown(self._files.fd(number), user, group)
        return 0

    def set_owner(self, path: bytes, user: int, group: int, flags: int) -> int:
        with self._found(path, WRITE, flags) as place:
            os.chown(place.name, user, group, dir_fd=place.directory, follow_symlinks=False)
        return 0

    def set_times(self, number: int, path: bytes, flags: int, times: bytes) -> int:
        """`times` are two struct timespec, or nothing for now."""
        if len(times) not in (0, 32):
            raise OSError(linux.EINVAL, "times are two struct timespec")
        if number != NO_FILE:
            self._host.utimensat(self._files.fd(number), None, times or None, 0)
            return 0
        with self._found(path, WRITE, flags) as place:
            name = os.fsencode(place.name)
            self._host.utimensat(place.directory, name, times or None, linux.AT_SYMLINK_NOFOLLOW)
        return 0

    def symlink(self, target: bytes, path: bytes) -> int:
        with self._new(path) as place:
            os.symlink(target, os.fsencode(place.name), dir_fd=place.directory)
        return 0

    def link(self, old: bytes, new: bytes, flags: int) -> int:
        follow = bool(flags & linux.AT_SYMLINK_FOLLOW)
        with self._find(old, WRITE, follow=follow) as source, self._new(new) as target:
            source.must_be_what_was_written()
            os.link(
                source.name,
                target.name,
                src_dir_fd=source.directory,
                dst_dir_fd=target.directory,
                follow_symlinks=False,
            )
        return 0

    def make_node(self, path: bytes, mode: int) -> int:
        """A regular file, a FIFO or a socket; EPERM for what else there is."""
        if stat.S_IFMT(mode) not in _NODES:
            raise OSError(linux.EPERM, "not a kind of file that a program may make")
        with self._new(path) as place, self._umask.lifted(file_mode(mode)):
            os.mknod(place.name, stat.S_IFMT(mode) | file_mode(mode), dir_fd=place.directory)
        return 0

    def file_system(self, path: bytes, out: memoryview) -> int:
        with self._find(path, LOOK, follow=True) as place, _grasped(place.must_be_what_was_written()) as fd:
            self._host.statfs(fd, out)
        return 0

    def open_file_system(self, number: int, out: memoryview) -> int:
        self._host.statfs(self._files.fd(number), out)
        return 0

    def set_value(self, number: int, path: bytes, name: bytes, flags: int, value: bytes) -> int:
        _must_be_users(name)
        with self._subject(number, path, flags, WRITE) as (where, follow):
            os.setxattr(where, name, value, flags & _XATTR_FLAGS, follow_symlinks=follow)
        return 0

    def get_value(self, number: int, path: bytes, name: bytes, flags: int, out: memoryview) -> int:
        with self._subject(number, path, flags, READ) as (where, follow):
            return _fill(out, os.getxattr(where, name, follow_symlinks=follow))

    def list_names(self, number: int, path: bytes, flags: int, out: memoryview) -> int:
        with self._subject(number, path, flags, READ) as (where, follow):
            names = os.listxattr(where, follow_symlinks=follow)
        return _fill(out, b"".join(os.fsencode(name) + b"\0" for name in names))

    def remove(self, number: int, path: bytes, name: bytes, flags: int) -> int:
        _must_be_users(name)
        with self._subject(number, path, flags, WRITE) as (where, follow):
            os.removexattr(where, name, follow_symlinks=follow)
        return 0

    @contextmanager
    def _subject(self, number: int, path: bytes, flags: int, rule: str) -> Iterator[tuple[int | str, bool]]:
        """What the os module takes for the file, and whether it may follow a link there."""
        if number != NO_FILE:
            yield self._files.fd(number), True
            return
        with self._found(path, rule, flags) as place:
            yield os.path.join(_magic(place.directory), place.name), False

    def _found(self, path: bytes, rule: str, flags: int) -> Place:
        place = self._find(path, rule, follow=not flags & linux.AT_SYMLINK_NOFOLLOW)
        try:
            return place.must_be_what_was_written()
        except OSError:
            os.close(place.directory)
            raise

    def _new(self, path: bytes) -> Place:
        """Where a name is to be made; ENOENT for one with a slash behind it."""
        place = self._find(path, WRITE, follow=False, slash_follows=False)
        if not place.slash:
            return place
        os.close(place.directory)
        raise OSError(linux.ENOENT, "a directory is not made so")


@contextmanager
def _grasped(place: Place) -> Iterator[int]:
    """A descriptor of what is there, without side effects."""
    fd = os.open(place.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.directory)
    try:
        yield fd
    finally:
        os.close(fd)


def _magic(fd: int) -> str:
    return f"/proc/self/fd/{fd}"


def _must_be_users(name: bytes) -> None:
    if not name.startswith(_USERS):
        raise OSError(linux.ERRNO["EOPNOTSUPP"], "not an attribute that a program may change")


def _fill(out: memoryview, found: bytes) -> int:
    """Copies an answer; its size alone where no room was given. ERANGE: it does not fit."""
    if not len(out):
        return len(found)
    if len(found) > len(out):
        raise OSError(linux.ERRNO["ERANGE"], "more than there is room for")
    out[: len(found)] = found
    return len(found)
