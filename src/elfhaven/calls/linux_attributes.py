# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls on what a file is beside its bytes: mode, owner, times, links, attributes, locks, watches.

On the wire `file` is 0xffffffff where a path names the file; flag 0x100, AT_SYMLINK_NOFOLLOW, is that of the
calls whose name begins with l. ENOSYS is the answer of an agent that does not serve them.
"""

from __future__ import annotations

from elfhaven.calls.linux_rows import MAKE, PATH, delegated
from elfhaven.calls.row import Result, Row

CHANGE = PATH + " EROFS EBADF EOPNOTSUPP ENOSYS"
VALUES = CHANGE + " ENODATA ERANGE E2BIG ENOSPC EDQUOT EEXIST"
CALLERS = "files are the caller's"
OPENED = "of a file whose path may be written"
SET = "file:file path:path name:path flags:hex value:in(size)"
GET = "file:file path:path name:path flags:hex size:size value:out(size)"
LIST = "file:file path:path flags:hex size:size list:out(size)"
REMOVE = "file:file path:path name:path flags:hex"
USERS = "a file's attributes: user.* can be set; a sealed file has none"


def _change(number: int, name: str, args: str, wire: str, reason: str = CALLERS, errors: str = CHANGE) -> Row:
    return delegated(number, name, args, wire, errors=errors, policy="files.write", reason=reason)


def _values(number: int, name: str, args: str, wire: str) -> Row:
    """A call on attributes: those that read are under the policy's word for reading."""
    reads = "get" in name or "list" in name
    return delegated(
        number,
        name,
        args,
        wire,
        errors=VALUES,
        policy="files.read" if reads else "files.write",
        result=Result.COUNT if reads else Result.ZERO,
        reason=USERS,
    )


ATTRIBUTES: tuple[Row, ...] = (
    _values(5, "setxattr", "path:path name:path value:in(size) size:size flags:hex", SET),
    _values(6, "lsetxattr", "path:path name:path value:in(size) size:size flags:hex", SET),
    _values(7, "fsetxattr", "fd:fd name:path value:in(size) size:size flags:hex", SET),
    _values(8, "getxattr", "path:path name:path value:out(size) size:size", GET),
    _values(9, "lgetxattr", "path:path name:path value:out(size) size:size", GET),
    _values(10, "fgetxattr", "fd:fd name:path value:out(size) size:size", GET),
    _values(11, "listxattr", "path:path list:out(size) size:size", LIST),
    _values(12, "llistxattr", "path:path list:out(size) size:size", LIST),
    _values(13, "flistxattr", "fd:fd list:out(size) size:size", LIST),
    _values(14, "removexattr", "path:path name:path", REMOVE),
    _values(15, "lremovexattr", "path:path name:path", REMOVE),
    _values(16, "fremovexattr", "fd:fd name:path", REMOVE),
    _change(
        33,
        "mknodat",
        "dirfd:dirfd path:path mode:mode device:hex",
        "path:path mode:mode",
        "a FIFO, a socket or a regular file; EPERM for devices",
        MAKE + " ENOSYS",
    ),
    _change(
        36,
        "symlinkat",
        "target:path dirfd:dirfd path:path",
        "target:path path:path",
        "a link leads where the policy allows, or nowhere",
        MAKE + " ENOSYS",
    ),
    _change(
        37,
        "linkat",
        "olddir:dirfd old:path newdir:dirfd new:path flags:hex",
        "old:path new:path flags:hex",
        "a sealed file has one name: EPERM",
        MAKE + " EXDEV ENOSYS",
    ),
    delegated(
        43,
        "statfs",
        "path:path buf:out(120)",
        "path:path buf:out(120)",
        errors=PATH + " EOVERFLOW ENOSYS",
        policy="files.read",
        reason=CALLERS,
    ),
    delegated(
        44,
        "fstatfs",
        "fd:fd buf:out(120)",
        "file:file buf:out(120)",
        errors=PATH + " EOVERFLOW EBADF ENOSYS",
        policy="files.read",
        reason=CALLERS,
    ),
    _change(52, "fchmod", "fd:fd mode:mode", "file:file mode:mode", OPENED),
    _change(53, "fchmodat", "dirfd:dirfd path:path mode:mode", "path:path mode:mode flags:hex"),
    _change(452, "fchmodat2", "dirfd:dirfd path:path mode:mode flags:hex", "path:path mode:mode flags:hex"),
    _change(
        54,
        "fchownat",
        "dirfd:dirfd path:path user:int group:int flags:hex",
        "path:path user:int group:int flags:hex",
    ),
    _change(55, "fchown", "fd:fd user:int group:int", "file:file user:int group:int", OPENED),
    _change(
        88,
        "utimensat",
        "dirfd:dirfd path:path times:ptr flags:hex",
        "file:file path:path flags:hex times:in(32)",
        "no times: now",
    ),
    delegated(
        32,
        "flock",
        "fd:fd operation:hex",
        "file:file operation:hex",
        errors="EBADF EINTR EINVAL ENOLCK EAGAIN ENOMEM ENOSYS",
        policy="files",
        reason="asked for until it is free: another file of the program may hold it",
    ),
    delegated(
        26,
        "inotify_init1",
        "flags:hex",
        "file:file",
        errors="EINVAL EMFILE ENFILE ENOMEM ENOSYS",
        policy="files",
        result=Result.FD,
        reason="what happens to files the normal world tells; every event is checked inside",
    ),
    delegated(
        27,
        "inotify_add_watch",
        "fd:fd path:path mask:hex",
        "file:file path:path mask:hex",
        errors=PATH + " EBADF ENOSPC EEXIST ENOSYS",
        policy="files.read",
        result=Result.VALUE,
        reason=CALLERS,
    ),
    delegated(
        28,
        "inotify_rm_watch",
        "fd:fd watch:int",
        "file:file watch:int",
        errors="EBADF EINVAL ENOSYS",
        policy="files",
        reason=CALLERS,
    ),
)
