# SPDX-License-Identifier: BSD-2-Clause
"""Conversions between an arm64 program's numbers and this host's: pure functions."""

from __future__ import annotations

import os
from functools import reduce
from operator import or_
from typing import Final

from elfhaven.abi import linux

_OPEN_FLAGS: Final = (  # what a program may ask for, and the host's own value for it
    (linux.O_CREAT, os.O_CREAT),
    (linux.O_EXCL, os.O_EXCL),
    (linux.O_TRUNC, os.O_TRUNC),
    (linux.O_APPEND, os.O_APPEND),
    (linux.O_NONBLOCK, os.O_NONBLOCK),
    (linux.O_DSYNC, os.O_DSYNC),
    (linux.O_SYNC, os.O_SYNC),
    (linux.O_DIRECTORY, os.O_DIRECTORY),
    (linux.O_NOFOLLOW, os.O_NOFOLLOW),
    (linux.O_NOATIME, os.O_NOATIME),
    (linux.O_PATH, os.O_PATH),
    (linux.O_TMPFILE, os.O_TMPFILE),
)
# O_DIRECT wants aligned buffers, which shared memory does not promise: it is a hint and is left out
_IGNORED: Final = linux.O_ACCMODE | linux.O_NOCTTY | linux.O_DIRECT | linux.O_LARGEFILE | linux.O_CLOEXEC
_KNOWN: Final = reduce(or_, (bit for bit, _ in _OPEN_FLAGS), _IGNORED)
_MODE_BITS: Final = 0o7777


def open_flags_to_host(flags: int) -> int:
    """The host's flags for openat; O_CLOEXEC and O_NOCTTY are always set.

    Like Linux's openat it passes over flags that it does not know.
    """
    flags &= _KNOWN
    host = (flags & linux.O_ACCMODE) | os.O_CLOEXEC | os.O_NOCTTY
    for guest_bit, host_bit in _OPEN_FLAGS:
        if flags & guest_bit == guest_bit:
            host |= host_bit
    return host


def status_flags_to_host(flags: int) -> int:
    """The host's flags for F_SETFL; only O_APPEND and O_NONBLOCK can be changed."""
    return (os.O_APPEND if flags & linux.O_APPEND else 0) | (os.O_NONBLOCK if flags & linux.O_NONBLOCK else 0)


def status_flags_from_host(flags: int) -> int:
    """What F_GETFL says, in arm64's numbers: access mode and the flags that can be changed."""
    return (
        (flags & os.O_ACCMODE)
        | (linux.O_APPEND if flags & os.O_APPEND else 0)
        | (linux.O_NONBLOCK if flags & os.O_NONBLOCK else 0)
    )


def wants_write(flags: int) -> bool:
    """Whether opening with these (arm64) flags can change a file."""
    changing = flags & (linux.O_ACCMODE | linux.O_CREAT | linux.O_TRUNC)
    return bool(changing) and not flags & linux.O_PATH


def makes_file(flags: int) -> bool:
    """Whether opening with these (arm64) flags can make a file."""
    return bool(flags & linux.O_CREAT) or flags & linux.O_TMPFILE == linux.O_TMPFILE


def file_mode(mode: int) -> int:
    """Permission bits of a mode given by a program; nothing else of it is used."""
    return mode & _MODE_BITS


def pack_stat(found: os.stat_result) -> bytes:
    """struct stat of arm64, 128 bytes."""
    second = 1_000_000_000
    return linux.STAT.pack(
        found.st_dev & 0xFFFF_FFFF_FFFF_FFFF,
        found.st_ino,
        found.st_mode,
        min(found.st_nlink, 0xFFFF_FFFF),
        found.st_uid,
        found.st_gid,
        found.st_rdev,
        0,
        found.st_size,
        min(found.st_blksize, 0x7FFF_FFFF),
        0,
        found.st_blocks,
        *divmod(found.st_atime_ns, second),
        *divmod(found.st_mtime_ns, second),
        *divmod(found.st_ctime_ns, second),
        0,
        0,
    )
