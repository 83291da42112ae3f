# SPDX-License-Identifier: BSD-2-Clause
"""Open files: the runtime's file numbers and the host's descriptors behind them.

The program never sees a descriptor of the host and cannot name one. Numbers 0, 1 and 2 are the standard
streams; they belong to the caller and are never closed here.
"""

from __future__ import annotations

import os
import stat
from typing import Final

from elfhaven.abi import linux
from elfhaven.abi.container import OPEN_REPLY
from elfhaven.normal.linux.convert import file_mode, makes_file, open_flags_to_host, pack_stat, wants_write
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.paths import Resolver
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.linux.umask import Umask
from elfhaven.normal.policy import READ, WRITE

MAX_FILES: Final = 1024  # open at once, as Linux's usual RLIMIT_NOFILE
_OPEN_REPLY: Final = OPEN_REPLY.struct


class FileTable:
    """File numbers to descriptors. `streams` are the host descriptors of files 0, 1 and 2."""

    def __init__(
        self,
        resolver: Resolver,
        host: HostCalls,
        umask: Umask,
        streams: tuple[int, int, int],
        system: SystemFiles,
    ) -> None:
        self._system = system
        self._resolver = resolver
        self._host = host
        self._umask = umask
        self._fds: dict[int, int] = dict(enumerate(streams))
        self._owned: set[int] = set()
        self._appending: set[int] = set()
        self._pipes: set[int] = set()  # ends of pipes that lay inside

    def __len__(self) -> int:
        return len(self._fds)

    def fd(self, number: int) -> int:
        """The descriptor of an open file; EBADF for any other number."""
        try:
            return self._fds[number]
        except KeyError:
            raise OSError(linux.EBADF, "no such open file") from None

    def is_stream(self, number: int) -> bool:
        return number in self._fds and (number not in self._owned or number in self._pipes)

    def may_wait(self, number: int) -> bool:
        """Whether reading or writing it may take its time."""
        return self.is_stream(number) and (number not in self._pipes or os.get_blocking(self._fds[number]))

    def is_pipe(self, number: int) -> bool:
        """Whether it is an end of a pipe that lay inside."""
        return number in self._pipes

    def must_be_free(self, number: int) -> None:
        """Raises OSError for a number in use, or where there are too many files."""
        if number in self._fds:
            raise OSError(linux.EINVAL, "a file number in use")
        if len(self._fds) >= MAX_FILES:
            raise OSError(linux.ERRNO["EMFILE"], "too many open files")

    def adopt(self, number: int, fd: int) -> None:
        """`fd` becomes the open file with that number, or is closed where there is no place for it."""
        try:
            self.must_be_free(number)
        except OSError:
            os.close(fd)
            raise
        self._fds[number] = fd
        self._owned.add(number)

    def adopt_stream(self, number: int, fd: int) -> None:
        """The same for an end of a pipe, on which a call may wait."""
        self.adopt(number, fd)
        self._pipes.add(number)

    def open(self, number: int, path: bytes, flags: int, mode: int, reply: memoryview) -> int:
        """Opens `path` under a number of the runtime's choosing and says in `reply` what was opened."""
        if number in self._fds or len(reply) < _OPEN_REPLY.size:
            raise OSError(linux.EINVAL, "a file number in use, or no room for the reply")
        if len(self._fds) >= MAX_FILES:
            raise OSError(linux.ERRNO["EMFILE"], "too many open files")
        fd = self._open(path, flags, mode)
        try:
            found = os.fstat(fd)
            _OPEN_REPLY.pack_into(reply, 0, found.st_mode, 0, found.st_size, found.st_dev, found.st_ino)
        except BaseException:
            os.close(fd)
            raise
        self._fds[number] = fd
        self._owned.add(number)
        if flags & linux.O_APPEND and stat.S_ISREG(found.st_mode):
            self._appending.add(number)
        return 0

    def _open(self, path: bytes, flags: int, mode: int) -> int:
        fd = None if self._resolver.policy.names(READ, os.fsdecode(path)) else self._system.open(path, flags)
        if fd is not None:
            return fd
        host_flags = open_flags_to_host(flags)
        follow = not flags & linux.O_NOFOLLOW and flags & (linux.O_CREAT | linux.O_EXCL) != (
            linux.O_CREAT | linux.O_EXCL
        )
        with self._resolver.find(path, WRITE if wants_write(flags) else READ, follow=follow) as place:
            if place.slash:
                if flags & linux.O_CREAT:
                    raise OSError(linux.ERRNO["EISDIR"], "a directory cannot be made by opening it")
                place.must_be_what_was_written()
                host_flags |= os.O_DIRECTORY
            mode = file_mode(mode)
            with self._umask.lifted(mode if makes_file(flags) else 0):
                return os.open(place.name, host_flags | os.O_NOFOLLOW, mode, dir_fd=place.directory)

    def close(self, number: int) -> int:
        """Forgets a file and closes it; EIO and the like of a close reach the program."""
        fd = self.fd(number)
        del self._fds[number]
        self._appending.discard(number)
        self._pipes.discard(number)
        if number in self._owned:
            self._owned.discard(number)
            os.close(fd)
        return 0

    def close_all(self) -> None:
        """Closes what the program left open."""
        for number in tuple(self._owned):
            try:
                self.close(number)
            except OSError:
                continue

    def offset_after_append(self, number: int) -> int:
        """Where an O_APPEND file stands after a write; 0 for other files."""
        return os.lseek(self._fds[number], 0, os.SEEK_CUR) if number in self._appending else 0

    def set_status(self, number: int, appending: bool) -> None:
        """Notes a change of O_APPEND."""
        if appending and not self.is_stream(number):
            self._appending.add(number)
        else:
            self._appending.discard(number)

    def stat(self, number: int, out: memoryview) -> int:
        return _put(out, pack_stat(os.fstat(self.fd(number))))

    def statx(self, number: int, flags: int, mask: int, out: memoryview) -> int:
        empty = flags & linux.AT_STATX_SYNC_TYPE | linux.AT_EMPTY_PATH
        self._host.statx(self.fd(number), b"", empty, mask, out)
        return 0

    def allocate(self, number: int, mode: int, offset: int, length: int) -> None:
        """fallocate; EOPNOTSUPP for modes that take room away or move what is there."""
        if mode & ~linux.FALLOC_FL_KEEP_SIZE:
            raise OSError(linux.ERRNO["EOPNOTSUPP"], "not a mode that is served")
        self._host.fallocate(self.fd(number), mode, offset, length)

    def entries(self, number: int, out: memoryview) -> int:
        """The next directory entries, as many whole records as `out` holds."""
        return self._host.getdents64(self.fd(number), out)


def _put(out: memoryview, data: bytes) -> int:
    """Copies an answer of fixed size; EINVAL where the program left too little room."""
    if len(out) < len(data):
        raise OSError(linux.EINVAL, "too little room for the answer")
    out[: len(data)] = data
    return 0
