# SPDX-License-Identifier: BSD-2-Clause
"""What descriptors stand for: files and streams of the host, sockets, output that is handed over.

A handle is an open file description: several descriptors may share it. Operations never block where
`ready` says no; the caller then waits for `fileno`.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import stat
from collections.abc import Callable, Sequence

from elfhaven.abi import linux
from elfhaven.normal.linux.convert import pack_stat, status_flags_from_host
from elfhaven.normal.ree.areas import Chunk

IN, OUT = select.POLLIN, select.POLLOUT
_Views = Sequence[memoryview]


class Handle:
    """An open file description that can do nothing; the base of all."""

    def __init__(self) -> None:
        self.references = 0
        self.nonblocking = False
        self.path = ""

    def fileno(self) -> int:
        """The host's descriptor, to poll; -1 without one: always ready."""
        return -1

    def ready(self, events: int) -> bool:
        """Whether one of the events is there, or the file is of a kind that never waits."""
        return True

    def readv(self, views: _Views) -> int:
        raise OSError(linux.EINVAL, "not readable")

    def writev(self, views: _Views) -> int:
        raise OSError(linux.EINVAL, "not writable")

    def preadv(self, views: _Views, offset: int) -> int:
        raise OSError(linux.ERRNO["ESPIPE"], "no places in it")

    def pwritev(self, views: _Views, offset: int) -> int:
        raise OSError(linux.ERRNO["ESPIPE"], "no places in it")

    def seek(self, offset: int, whence: int) -> int:
        raise OSError(linux.ERRNO["ESPIPE"], "no places in it")

    def stat(self) -> bytes:
        """struct stat of arm64."""
        return linux.STAT.pack(0, 1, stat.S_IFCHR | 0o600, 1, *[0] * 3, 0, 0, 4096, *[0] * 10)

    def flags(self) -> int:
        """F_GETFL."""
        return linux.O_RDWR | (linux.O_NONBLOCK if self.nonblocking else 0)

    def memory(self, offset: int, size: int) -> Chunk | None:
        """Pages to be mapped shared; None where there are none."""
        return None

    def close(self) -> None:
        """The last descriptor is closed."""


class Sink(Handle):
    """Output that goes to a function."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        super().__init__()
        self._take = take

    def writev(self, views: _Views) -> int:
        data = b"".join(views)
        self._take(data)
        return len(data)

    def flags(self) -> int:
        return linux.O_WRONLY


class HostFile(Handle):
    """A descriptor of the host; `owned` ones are closed. Those made for the program never block."""

    def __init__(self, fd: int, path: str = "", *, owned: bool = True) -> None:
        super().__init__()
        self.fd = fd
        self.path = path
        self._owned = owned
        mode = os.fstat(fd).st_mode
        self.waits = not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))

    def fileno(self) -> int:
        return self.fd

    def ready(self, events: int) -> bool:
        if not self.waits:
            return True
        poller = select.poll()
        poller.register(self.fd, events)
        return bool(poller.poll(0))

    def readv(self, views: _Views) -> int:
        return os.readv(self.fd, views)

    def writev(self, views: _Views) -> int:
        return os.writev(self.fd, views)

    def preadv(self, views: _Views, offset: int) -> int:
        return os.preadv(self.fd, views, offset)

    def pwritev(self, views: _Views, offset: int) -> int:
        return os.pwritev(self.fd, views, offset)

    def seek(self, offset: int, whence: int) -> int:
        return os.lseek(self.fd, offset, whence)

    def stat(self) -> bytes:
        return pack_stat(os.fstat(self.fd))

    def flags(self) -> int:
        host = fcntl.fcntl(self.fd, fcntl.F_GETFL)
        found = status_flags_from_host(host) & ~linux.O_NONBLOCK
        return found | (linux.O_NONBLOCK if self.nonblocking else 0)

    def close(self) -> None:
        if self._owned:
            os.close(self.fd)


class Socket(HostFile):
    """A socket of the host, which never blocks itself."""

    def __init__(self, made: socket.socket) -> None:
        made.setblocking(False)
        super().__init__(made.fileno(), "socket:")
        self.socket = made

    def flags(self) -> int:
        return linux.O_RDWR | (linux.O_NONBLOCK if self.nonblocking else 0)

    def close(self) -> None:
        self.socket.close()
