# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and layouts of Linux as an arm64 program sees them (asm-generic; Linux 6.1's uapi headers).

A host may number some of them differently: x86-64 has other values for O_DIRECTORY, O_NOFOLLOW, O_DIRECT
and O_LARGEFILE, and another `struct stat`. `normal.linux` converts.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import Final

_ERRNOS = """
    1 EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK
    EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS
    EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
    42 ENOMSG EIDRM
    61 ENODATA ETIME ENOSR
    71 EPROTO
    74 EBADMSG EOVERFLOW
    84 EILSEQ
    88 ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP
    EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET
    ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY
    EINPROGRESS ESTALE
    122 EDQUOT
    125 ECANCELED
    130 EOWNERDEAD ENOTRECOVERABLE
"""


def _numbered(text: str) -> dict[str, int]:
    """Names counted up from the number before them."""
    numbers: dict[str, int] = {}
    at = 0
    for word in text.split():
        if word.isdigit():
            at = int(word)
        else:
            numbers[word] = at
            at += 1
    return numbers


ERRNO: Final = MappingProxyType(_numbered(_ERRNOS))
ERRNO_NAME: Final = MappingProxyType({number: name for name, number in ERRNO.items()})
MAX_ERRNO: Final = 4095  # a result of -4095 .. -1 is an error

EPERM: Final = ERRNO["EPERM"]
ENOENT: Final = ERRNO["ENOENT"]
EINTR: Final = ERRNO["EINTR"]
EIO: Final = ERRNO["EIO"]
EBADF: Final = ERRNO["EBADF"]
EACCES: Final = ERRNO["EACCES"]
EINVAL: Final = ERRNO["EINVAL"]
ENOSYS: Final = ERRNO["ENOSYS"]
EPIPE: Final = ERRNO["EPIPE"]

PATH_MAX: Final = 4096  # bytes, the NUL included
NAME_MAX: Final = 255
MAX_SYMLINKS: Final = 40
AT_FDCWD: Final = -100

# open flags
O_ACCMODE: Final = 0o3
O_RDONLY: Final = 0o0
O_WRONLY: Final = 0o1
O_RDWR: Final = 0o2
O_CREAT: Final = 0o100
O_EXCL: Final = 0o200
O_NOCTTY: Final = 0o400
O_TRUNC: Final = 0o1000
O_APPEND: Final = 0o2000
O_NONBLOCK: Final = 0o4000
O_DSYNC: Final = 0o10000
O_DIRECTORY: Final = 0o40000
O_NOFOLLOW: Final = 0o100000
O_DIRECT: Final = 0o200000
O_LARGEFILE: Final = 0o400000
O_NOATIME: Final = 0o1000000
O_CLOEXEC: Final = 0o2000000
O_SYNC: Final = 0o4010000
O_PATH: Final = 0o10000000
O_TMPFILE: Final = 0o20040000

OPEN_FLAGS: Final = (  # longest first, so that O_SYNC is not read as O_DSYNC
    ("O_TMPFILE", O_TMPFILE),
    ("O_SYNC", O_SYNC),
    ("O_CREAT", O_CREAT),
    ("O_EXCL", O_EXCL),
    ("O_NOCTTY", O_NOCTTY),
    ("O_TRUNC", O_TRUNC),
    ("O_APPEND", O_APPEND),
    ("O_NONBLOCK", O_NONBLOCK),
    ("O_DSYNC", O_DSYNC),
    ("O_DIRECTORY", O_DIRECTORY),
    ("O_NOFOLLOW", O_NOFOLLOW),
    ("O_DIRECT", O_DIRECT),
    ("O_LARGEFILE", O_LARGEFILE),
    ("O_NOATIME", O_NOATIME),
    ("O_CLOEXEC", O_CLOEXEC),
    ("O_PATH", O_PATH),
)

# flags of the *at calls
AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_REMOVEDIR: Final = 0x200
AT_EACCESS: Final = 0x200
AT_SYMLINK_FOLLOW: Final = 0x400
AT_NO_AUTOMOUNT: Final = 0x800
AT_EMPTY_PATH: Final = 0x1000
AT_STATX_SYNC_TYPE: Final = 0x6000

RENAME_NOREPLACE: Final = 1
RENAME_EXCHANGE: Final = 2

F_GETFL: Final = 3
F_SETFL: Final = 4
F_GETLK: Final = 5
F_SETLK: Final = 6
F_SETLKW: Final = 7
F_OFD_GETLK: Final = 36
F_OFD_SETLK: Final = 37
FLOCK_SIZE: Final = 32  # struct flock, the same on x86-64
FALLOC_FL_KEEP_SIZE: Final = 1
TCGETS: Final = 0x5401
TIOCGWINSZ: Final = 0x5413
FIONREAD: Final = 0x541B
TERMIOS_SIZE: Final = 36
WINSIZE_SIZE: Final = 8

SEEK_NAMES: Final = ("SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE")
CLOCK_NAMES: Final = (
    "CLOCK_REALTIME",
    "CLOCK_MONOTONIC",
    "CLOCK_PROCESS_CPUTIME_ID",
    "CLOCK_THREAD_CPUTIME_ID",
    "CLOCK_MONOTONIC_RAW",
    "CLOCK_REALTIME_COARSE",
    "CLOCK_MONOTONIC_COARSE",
    "CLOCK_BOOTTIME",
)

POLLIN: Final = 0x1
POLLPRI: Final = 0x2
POLLOUT: Final = 0x4
POLLERR: Final = 0x8
POLLHUP: Final = 0x10
POLLNVAL: Final = 0x20

SIGINT: Final = 2
SIGABRT: Final = 6
SIGKILL: Final = 9
SIGSEGV: Final = 11
SIGPIPE: Final = 13
SIGTERM: Final = 15

# struct stat: st_dev, st_ino, st_mode, st_nlink, st_uid, st_gid, st_rdev, pad, st_size, st_blksize, pad,
# st_blocks, then seconds and nanoseconds of atime, mtime, ctime, two unused words
STAT: Final = struct.Struct("<QQIIIIQQqiiqqQqQqQII")
STAT_SIZE: Final = STAT.size
STATX_SIZE: Final = 256
STATFS_SIZE: Final = 120
DIRENT_HEAD: Final = struct.Struct("<QqHB")  # struct linux_dirent64: d_ino, d_off, d_reclen, d_type, name


def errno_name(number: int) -> str:
    """`ENOENT` for 2; the number itself where it has no name."""
    return ERRNO_NAME.get(number, str(number))


def open_flag_names(flags: int) -> str:
    """`O_RDWR|O_CREAT`; bits without a name are added in octal."""
    names = [("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE")[flags & O_ACCMODE]]
    rest = flags & ~O_ACCMODE
    for name, value in OPEN_FLAGS:
        if rest & value == value:
            names.append(name)
            rest &= ~value
    if rest:
        names.append(f"0o{rest:o}")
    return "|".join(names)


# directories of the root that are links to those of /usr on a system whose /usr is merged (UsrMerge)
MERGED_USR: Final = ("bin", "lib", "lib64", "sbin")
