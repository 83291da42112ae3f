# SPDX-License-Identifier: BSD-2-Clause
"""The host's socket calls with addresses as the bytes of struct sockaddr, as a program gives and takes them.

By libc's functions: all of them are as old as libc. Every method raises OSError with the kernel's errno.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

ADDRESS_MOST: Final = 128


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Message(ctypes.Structure):  # struct msghdr
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint),
        ("vector", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class NetHost:
    """Sockets of this host, by descriptor."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        for name in ("sendto", "recvmsg"):
            getattr(self._libc, name).restype = ctypes.c_ssize_t

    def _call(self, name: str, *args: object) -> int:
        result: int = getattr(self._libc, name)(*args)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def socket(self, domain: int, kind: int, protocol: int) -> int:
        return self._call("socket", domain, kind, ctypes.c_int(protocol))

    def socketpair(self, domain: int, kind: int, protocol: int) -> tuple[int, int]:
        pair = (ctypes.c_int * 2)()
        self._call("socketpair", domain, kind, ctypes.c_int(protocol), pair)
        return pair[0], pair[1]

    def bind(self, fd: int, address: bytes) -> None:
        self._call("bind", fd, address, ctypes.c_uint(len(address)))

    def connect(self, fd: int, address: bytes) -> None:
        self._call("connect", fd, address, ctypes.c_uint(len(address)))

    def listen(self, fd: int, backlog: int) -> None:
        self._call("listen", fd, ctypes.c_int(backlog))

    def accept(self, fd: int, flags: int) -> tuple[int, bytes]:
        """A descriptor and the peer's address."""
        name, size = (ctypes.c_char * ADDRESS_MOST)(), ctypes.c_uint(ADDRESS_MOST)
        made = self._call("accept4", fd, name, ctypes.byref(size), ctypes.c_int(flags))
        return made, bytes(name)[: size.value]

    def name(self, fd: int, *, peer: bool) -> bytes:
        """The address of a socket, or of its peer."""
        name, size = (ctypes.c_char * ADDRESS_MOST)(), ctypes.c_uint(ADDRESS_MOST)
        self._call("getpeername" if peer else "getsockname", fd, name, ctypes.byref(size))
        return bytes(name)[: size.value]

    def send(self, fd: int, data: memoryview, flags: int, address: bytes) -> int:
        """Bytes sent. `address` may be empty."""
        return self._call(
            "sendto",
            fd,
            _pointer(data),
            ctypes.c_size_t(len(data)),
            ctypes.c_int(flags),
            address or None,
            ctypes.c_uint(len(address)),
        )

    def receive(self, fd: int, out: memoryview, flags: int) -> tuple[int, bytes, int]:
        """Bytes (those of the whole message with MSG_TRUNC), the sender's address, the message's flags."""
        name = (ctypes.c_char * ADDRESS_MOST)()
        piece = _Iovec(_pointer(out), len(out))
        message = _Message(
            ctypes.cast(name, ctypes.c_void_p),
            ADDRESS_MOST,
            ctypes.cast(ctypes.pointer(piece), ctypes.c_void_p),
            1,
            None,
            0,
            0,
        )
        got = self._call("recvmsg", fd, ctypes.byref(message), ctypes.c_int(flags))
        return got, bytes(name)[: message.name_size], message.flags

    def set_option(self, fd: int, level: int, option: int, value: bytes) -> None:
        self._call("setsockopt", fd, level, option, value, ctypes.c_uint(len(value)))

    def get_option(self, fd: int, level: int, option: int, room: int) -> bytes:
        value, size = (ctypes.c_char * max(room, 1))(), ctypes.c_uint(room)
        self._call("getsockopt", fd, level, option, value, ctypes.byref(size))
        return bytes(value)[: min(size.value, room)]

    def shutdown(self, fd: int, how: int) -> None:
        self._call("shutdown", fd, ctypes.c_int(how))


def _pointer(view: memoryview) -> ctypes.c_void_p:
    """The address of a writable memoryview, which must outlive its use."""
    if not len(view):
        return ctypes.c_void_p(None)
    return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(view)))
