# SPDX-License-Identifier: BSD-2-Clause
"""The host's kernel where the os module does not reach: thin wrappers that raise OSError.

By system call number and not by libc's symbol: older libcs lack some of them. Linux hosts on x86-64 and
aarch64 are known.
"""

from __future__ import annotations

import ctypes
import os
import platform

from elfhaven.abi import linux

_NUMBERS = {
    "x86_64": {
        "fstatfs": 138,
        "getdents64": 217,
        "inotify_add_watch": 254,
        "inotify_rm_watch": 255,
        "utimensat": 280,
        "fallocate": 285,
        "inotify_init1": 294,
        "renameat2": 316,
        "statx": 332,
        "faccessat2": 439,
    },
    "aarch64": {
        "inotify_init1": 26,
        "inotify_add_watch": 27,
        "inotify_rm_watch": 28,
        "fstatfs": 44,
        "fallocate": 47,
        "getdents64": 61,
        "utimensat": 88,
        "renameat2": 276,
        "statx": 291,
        "faccessat2": 439,
    },
}


class HostCalls:
    """System calls of this host by number. Every method raises OSError with the kernel's errno."""

    def __init__(self) -> None:
        numbers = _NUMBERS.get(platform.machine())
        if numbers is None:
            raise OSError(linux.ENOSYS, f"no system call numbers for a {platform.machine()} host")
        self._numbers = numbers
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._syscall.restype = ctypes.c_long

    def _call(self, name: str, *args: object) -> int:
        result: int = self._syscall(ctypes.c_long(self._numbers[name]), *args)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def getdents64(self, fd: int, out: memoryview) -> int:
        """Bytes of struct linux_dirent64 records written to `out`; 0 at the end of the directory."""
        return self._call("getdents64", ctypes.c_uint(fd), _address(out), ctypes.c_uint(len(out)))

    def statx(self, directory: int, name: bytes, flags: int, mask: int, out: memoryview) -> None:
        """Fills the 256 bytes of struct statx, whose layout is the same on every architecture."""
        if len(out) < linux.STATX_SIZE:
            raise OSError(linux.EINVAL, "too little room for struct statx")
        self._call(
            "statx",
            ctypes.c_int(directory),
            ctypes.c_char_p(name),
            ctypes.c_int(flags),
            ctypes.c_uint(mask),
            _address(out),
        )

    def renameat2(self, old: int, old_name: bytes, new: int, new_name: bytes, flags: int) -> None:
        self._call(
            "renameat2",
            ctypes.c_int(old),
            ctypes.c_char_p(old_name),
            ctypes.c_int(new),
            ctypes.c_char_p(new_name),
            ctypes.c_uint(flags),
        )

    def faccessat2(self, directory: int, name: bytes, mode: int, flags: int) -> None:
        self._call(
            "faccessat2",
            ctypes.c_int(directory),
            ctypes.c_char_p(name),
            ctypes.c_int(mode),
            ctypes.c_int(flags),
        )

    def reserve(self, fd: int, offset: int, length: int) -> None:
        """Allocates room in a file without changing its size (fallocate, FALLOC_FL_KEEP_SIZE)."""
        self.fallocate(fd, linux.FALLOC_FL_KEEP_SIZE, offset, length)

    def fallocate(self, fd: int, mode: int, offset: int, length: int) -> None:
        self._call(
            "fallocate",
            ctypes.c_int(fd),
            ctypes.c_int(mode),
            ctypes.c_int64(offset),
            ctypes.c_int64(length),
        )

    def statfs(self, fd: int, out: memoryview) -> None:
        """Fills the 120 bytes of struct statfs, whose layout is the same on both architectures."""
        if len(out) < linux.STATFS_SIZE:
            raise OSError(linux.EINVAL, "too little room for struct statfs")
        self._call("fstatfs", ctypes.c_int(fd), _address(out))

    def utimensat(self, directory: int, name: bytes | None, times: bytes | None, flags: int) -> None:
        """`times` are two struct timespec, None for now; without a name `directory` is the file itself."""
        self._call(
            "utimensat",
            ctypes.c_int(directory),
            ctypes.c_char_p(name),
            ctypes.c_char_p(times),
            ctypes.c_int(flags),
        )

    def inotify_init1(self, flags: int) -> int:
        return self._call("inotify_init1", ctypes.c_int(flags))

    def inotify_add_watch(self, fd: int, path: bytes, mask: int) -> int:
        return self._call("inotify_add_watch", ctypes.c_int(fd), ctypes.c_char_p(path), ctypes.c_uint32(mask))

    def inotify_rm_watch(self, fd: int, watch: int) -> None:
        self._call("inotify_rm_watch", ctypes.c_int(fd), ctypes.c_int(watch))


def _address(view: memoryview) -> object:
    """A C pointer to a writable memoryview; it keeps the buffer alive for the length of a call."""
    if not len(view):
        return ctypes.c_void_p(None)
    return ctypes.byref(ctypes.c_char.from_buffer(view))
