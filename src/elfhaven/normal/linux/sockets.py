# SPDX-License-Identifier: BSD-2-Clause
"""Sockets of a program, on this host: never blocking here, and only to addresses that the policy names.

A call that would have to wait raises Waits; the agent comes back to it when the socket is ready.
"""

from __future__ import annotations

import errno
import os
import select
import struct
import time
from typing import Final

from elfhaven.abi import linux
from elfhaven.abi.container import NetKind
from elfhaven.normal.linux.files import FileTable
from elfhaven.normal.linux.net_host import ADDRESS_MOST, NetHost
from elfhaven.normal.linux.options import served
from elfhaven.normal.linux.paths import Resolver
from elfhaven.normal.policy import CONNECT, LISTEN, Policy

AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6 = 0, 1, 2, 10
DOMAINS: Final = frozenset((AF_UNIX, AF_INET, AF_INET6))
TYPES: Final = frozenset((1, 2, 5))  # stream, datagrams, sequenced packets
MSG_DONTWAIT: Final = 0x40
_HOST_FLAGS: Final = 0o2004000  # SOCK_CLOEXEC | SOCK_NONBLOCK
_SEND_FLAGS: Final = (
    0x1 | 0x4 | 0x80 | 0x800 | 0x8000 | 0x2000_0000
)  # OOB DONTROUTE EOR CONFIRM MORE FASTOPEN
_RECV_FLAGS: Final = 0x1 | 0x2 | 0x20  # OOB PEEK TRUNC
_NOSIGNAL: Final = 0x4000
SOL_SOCKET, SO_RCVTIMEO, SO_SNDTIMEO = 1, 20, 21
_TIMEVAL: Final = struct.Struct("=qq")
_SUN_PATH: Final = 107
_UNDERWAY: Final = frozenset((errno.EAGAIN, errno.EINPROGRESS, errno.EALREADY))
_BACKLOG_PAUSE: Final = 0.002  # seconds: a Unix socket whose backlog is full tells nobody when it has room


class Waits(Exception):
    """A call that cannot be answered yet: `fd` must have one of `events`, or `seconds` must have passed."""

    def __init__(self, fd: int, events: int, seconds: float | None) -> None:
        super().__init__(fd, events)
        self.fd = fd
        self.events = events
        self.seconds = seconds


class Sockets:
    """Every method returns the call's result, or a pair with its second result; raises OSError and Waits."""

    def __init__(self, files: FileTable, resolver: Resolver, policy: Policy) -> None:
        self._files = files
        self._find = resolver.find
        self._policy = policy
        self._host = NetHost()
        self._timeouts: dict[tuple[int, int], float] = {}

    def socket(self, number: int, domain: int, kind: int, protocol: int) -> int:
        _kind_served(domain, kind)
        self._files.adopt(number, self._host.socket(domain, kind | _HOST_FLAGS, protocol))
        return 0

    def pair(self, number: int, other: int, domain: int, kind: int, protocol: int) -> int:
        _kind_served(domain, kind)
        one, two = self._host.socketpair(domain, kind | _HOST_FLAGS, protocol)
        self._files.adopt(number, one)
        self._files.adopt(other, two)
        return 0

    def closed(self, number: int) -> None:
        """Forgets what was known of a file."""
        for option in (SO_RCVTIMEO, SO_SNDTIMEO):
            self._timeouts.pop((number, option), None)

    def bind(self, number: int, path: bytes, address: bytes) -> int:
        fd = self._files.fd(number)
        if not path:
            self._allow(NetKind.LISTEN, address)
            self._host.bind(fd, address)
            return 0
        with self._find(path, LISTEN, follow=False) as place:
            name = os.fsencode(place.path)
            if len(name) > _SUN_PATH:
                name = _through(place.directory, place.name)
            self._host.bind(fd, address[:2] + name + b"\0")
        return 0

    def listen(self, number: int, backlog: int) -> int:
        fd = self._files.fd(number)
        name = self._host.name(fd, peer=False)
        if int.from_bytes(name[:2], "little") in (AF_INET, AF_INET6) and name[2:4] == b"\0\0":
            self._allow(NetKind.LISTEN, name)  # never bound: the kernel will choose
        self._host.listen(fd, backlog)
        return 0

    def accept(self, number: int, made: int, wait: int, out: memoryview) -> tuple[int, int]:
        """The new connection under the number `made`; the second result is the length of its address."""
        fd = self._files.fd(number)
        self._files.must_be_free(made)
        try:
            connection, name = self._host.accept(fd, _HOST_FLAGS)
        except BlockingIOError:
            raise self._later(number, bool(wait), select.POLLIN, errno.EAGAIN) from None
        self._files.adopt(made, connection)
        return 0, _put(out, name)

    def connect(self, number: int, wait: int, path: bytes, address: bytes) -> int:
        fd = self._files.fd(number)
        try:
            self._connect(fd, path, address)
        except OSError as error:
            if error.errno not in _UNDERWAY or not wait:
                raise
            if error.errno == errno.EAGAIN:
                time.sleep(_BACKLOG_PAUSE)
            raise self._later(number, True, select.POLLOUT, error.errno) from None
        return 0

    def _connect(self, fd: int, path: bytes, address: bytes) -> None:
        if not path:
            if int.from_bytes(address[:2], "little") != AF_UNSPEC:
                self._allow(NetKind.CONNECT, address)
            self._host.connect(fd, address)
            return
        with self._find(path, CONNECT, follow=True) as place:
            self._host.connect(fd, address[:2] + _through(place.directory, place.name) + b"\0")

    def name(self, number: int, out: memoryview, *, peer: bool) -> tuple[int, int]:
        return 0, _put(out, self._host.name(self._files.fd(number), peer=peer))

    def send(self, number: int, flags: int, size: int, path: bytes, data: memoryview) -> int:
        """`data` begins with `size` bytes of address."""
        fd = self._files.fd(number)
        if size > min(len(data), ADDRESS_MOST):
            raise OSError(linux.EINVAL, "an address that is too long")
        kept = flags & _SEND_FLAGS | MSG_DONTWAIT | _NOSIGNAL
        try:
            if path:
                with self._find(path, CONNECT, follow=True) as place:
                    address = bytes(data[:2]) + _through(place.directory, place.name) + b"\0"
                    return self._host.send(fd, data[size:], kept, address)
            address = bytes(data[:size])
            if size:
                self._allow(NetKind.CONNECT, address)
            return self._host.send(fd, data[size:], kept, address)
        except BlockingIOError:
            raise self._later(number, not flags & MSG_DONTWAIT, select.POLLOUT, errno.EAGAIN) from None

    def receive(self, number: int, flags: int, size: int, out: memoryview) -> tuple[int, int]:
        """The address comes first in `out`; the second result is its length, and the flags above it."""
        fd = self._files.fd(number)
        if len(out) < ADDRESS_MOST or size > len(out) - ADDRESS_MOST:
            raise OSError(linux.EINVAL, "too little room for the answer")
        data = out[ADDRESS_MOST : ADDRESS_MOST + size]
        try:
            got, name, told = self._host.receive(fd, data, flags & _RECV_FLAGS | MSG_DONTWAIT)
        except BlockingIOError:
            raise self._later(number, not flags & MSG_DONTWAIT, select.POLLIN, errno.EAGAIN) from None
        return got, _put(out, name) | told << 32

    def set_option(self, number: int, level: int, option: int, value: bytes) -> int:
        served(level, option)
        self._host.set_option(self._files.fd(number), level, option, value)
        if level == SOL_SOCKET and option in (SO_RCVTIMEO, SO_SNDTIMEO) and len(value) >= _TIMEVAL.size:
            seconds, micros = _TIMEVAL.unpack_from(value)
            self._timeouts[number, option] = seconds + micros / 1e6
        return 0

    def get_option(self, number: int, level: int, option: int, out: memoryview) -> tuple[int, int]:
        served(level, option)
        return 0, _put(out, self._host.get_option(self._files.fd(number), level, option, len(out)))

    def shutdown(self, number: int, how: int) -> int:
        self._host.shutdown(self._files.fd(number), how)
        return 0

    def _later(self, number: int, wait: bool, events: int, error: int) -> Exception:
        if not wait:
            return OSError(error, os.strerror(error))
        option = SO_RCVTIMEO if events == select.POLLIN else SO_SNDTIMEO
        return Waits(self._files.fd(number), events, self._timeouts.get((number, option)) or None)

    def _allow(self, kind: NetKind, address: bytes) -> None:
        if not self._policy.allows_address(kind, address):
            raise OSError(linux.EACCES, "the policy does not allow it")


def _kind_served(domain: int, kind: int) -> None:
    if domain not in DOMAINS or kind not in TYPES:
        raise OSError(errno.EAFNOSUPPORT, "not a kind of socket that is served")


def _through(directory: int, name: str) -> bytes:
    """A socket's path that no link on the way can change after it was checked."""
    path = f"/proc/self/fd/{directory}/".encode() + os.fsencode(name)
    if len(path) > _SUN_PATH:
        raise OSError(linux.ERRNO["ENAMETOOLONG"], "a socket's name is too long")
    return path


def _put(out: memoryview, data: bytes) -> int:
    length = min(len(out), len(data))
    out[:length] = data[:length]
    return length
