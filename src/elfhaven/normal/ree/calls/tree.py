# SPDX-License-Identifier: BSD-2-Clause
"""Calls on the tree of files: directories, links, names, modes, times. Done with the caller's own rights."""

from __future__ import annotations

import os
import struct
import time
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.ree.calls.names import Names
from elfhaven.normal.ree.calls.words import error, int32, signed, uint32

_UTIME_NOW, _UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
_MODE: Final = 0o7777


class TreeCalls(Names):
    """See the module's docstring."""

    def sys_getcwd(self, out: int, size: int) -> int:
        data = os.fsencode(self._process.directory) + b"\0"
        if size < len(data):
            raise error("ERANGE")
        self._memory.write(out, data)
        return len(data)

    def sys_chdir(self, path: int) -> int:
        return self._enter(self._absolute(linux.AT_FDCWD, path))

    def sys_fchdir(self, fd: int) -> int:
        return self._enter(self._files[fd].path)

    def _enter(self, name: str) -> int:
        if not os.path.isdir(self._paths.host(name)):
            raise error("ENOTDIR" if os.path.exists(self._paths.host(name)) else "ENOENT")
        self._process.directory = os.path.normpath(name)
        return 0

    def sys_mkdirat(self, directory: int, path: int, mode: int) -> int:
        os.mkdir(self._named(directory, path), mode & _MODE & ~self._process.umask)
        return 0

    def sys_unlinkat(self, directory: int, path: int, flags: int) -> int:
        (os.rmdir if flags & linux.AT_REMOVEDIR else os.unlink)(self._named(directory, path))
        return 0

    def sys_renameat(self, old: int, path: int, new: int, target: int) -> int:
        return self.sys_renameat2(old, path, new, target, 0)

    def sys_renameat2(self, old: int, path: int, new: int, target: int, flags: int) -> int:
        names = os.fsencode(self._named(old, path)), os.fsencode(self._named(new, target))
        self._host.renameat2(linux.AT_FDCWD, names[0], linux.AT_FDCWD, names[1], uint32(flags))
        return 0

    def sys_linkat(self, old: int, path: int, new: int, target: int, flags: int) -> int:
        follow = bool(flags & linux.AT_SYMLINK_FOLLOW)
        os.link(self._named(old, path), self._named(new, target), follow_symlinks=follow)
        return 0

    def sys_symlinkat(self, target: int, directory: int, path: int) -> int:
        os.symlink(os.fsdecode(self._memory.string(target)), self._named(directory, path))
        return 0

    def sys_truncate(self, path: int, length: int) -> int:
        os.truncate(self._named(linux.AT_FDCWD, path), signed(length))
        return 0

    def sys_ftruncate(self, fd: int, length: int) -> int:
        os.ftruncate(self._files[fd].fileno(), signed(length))
        return 0

    def sys_fallocate(self, fd: int, mode: int, offset: int, length: int) -> int:
        self._host.fallocate(self._files[fd].fileno(), int32(mode), signed(offset), signed(length))
        return 0

    def sys_fadvise64(self, fd: int) -> int:
        self._files[fd].fileno()
        return 0

    def sys_fchmod(self, fd: int, mode: int) -> int:
        os.fchmod(self._files[fd].fileno(), mode & _MODE)
        return 0

    def sys_fchmodat(self, directory: int, path: int, mode: int) -> int:
        os.chmod(self._named(directory, path), mode & _MODE)
        return 0

    def sys_fchown(self, fd: int, user: int, group: int) -> int:
        os.fchown(self._files[fd].fileno(), int32(user), int32(group))
        return 0

    def sys_fchownat(self, directory: int, path: int, user: int, group: int, flags: int) -> int:
        follow = not flags & linux.AT_SYMLINK_NOFOLLOW
        os.chown(self._named(directory, path), int32(user), int32(group), follow_symlinks=follow)
        return 0

    def sys_utimensat(self, directory: int, path: int, times: int, flags: int) -> int:
        target = self._files[directory].fileno() if not path else self._named(directory, path)
        if not times:
            os.utime(target)
            return 0
        words = struct.unpack("<4Q", self._memory.read(times, 32))
        found = os.stat(target)
        new = [
            _stamp(words[0], words[1], found.st_atime_ns),
            _stamp(words[2], words[3], found.st_mtime_ns),
        ]
        os.utime(
            target, ns=(new[0], new[1]), follow_symlinks=not flags & linux.AT_SYMLINK_NOFOLLOW or not path
        )
        return 0

    def sys_umask(self, mask: int) -> int:
        before, self._process.umask = self._process.umask, mask & 0o777
        return before

    def sys_statfs(self, path: int, out: int) -> int:
        return self._put_statfs(os.statvfs(self._named(linux.AT_FDCWD, path)), out)

    def sys_fstatfs(self, fd: int, out: int) -> int:
        return self._put_statfs(os.statvfs(self._files[fd].fileno()), out)

    def _put_statfs(self, found: os.statvfs_result, out: int) -> int:
        words = (
            0xEF53, found.f_bsize, found.f_blocks, found.f_bfree, found.f_bavail, found.f_files,
            found.f_ffree, 0, found.f_namemax, found.f_frsize, found.f_flag, 0, 0, 0, 0,
        )  # fmt: skip
        self._memory.write(out, struct.pack("<15Q", *words))
        return 0

    def sys_getxattr(self, _path: int) -> int:
        raise error("EOPNOTSUPP")

    sys_lgetxattr = sys_fgetxattr = sys_listxattr = sys_flistxattr = sys_getxattr


def _stamp(seconds: int, nanoseconds: int, before: int) -> int:
    """A time of utimensat in nanoseconds."""
    if nanoseconds == _UTIME_OMIT:
        return before
    if nanoseconds == _UTIME_NOW:
        return time.time_ns()
    return seconds * 10**9 + nanoseconds
