# SPDX-License-Identifier: BSD-2-Clause
"""Calls that name files, and those on descriptors that move no bytes. Done with the caller's own rights."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.normal.linux.convert import open_flags_to_host, pack_stat, status_flags_to_host
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.locks import LOCK_COMMANDS, lock
from elfhaven.normal.ree.calls.words import error, int32, signed, uint32
from elfhaven.normal.ree.handles import Handle, HostFile
from elfhaven.normal.ree.memory import WRITE
from elfhaven.normal.ree.tee_device import TeeDevice
from elfhaven.normal.ree.threads import Outcome

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

F_DUPFD, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC = 0, 1, 2, 1030
FIONREAD, FIONBIO = 0x541B, 0x5421
_QUERIES: Final = {linux.TCGETS: linux.TERMIOS_SIZE, linux.TIOCGWINSZ: linux.WINSIZE_SIZE, FIONREAD: 4}
_UTIME_NOW, _UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2


class FileCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._files = process.files
        self._paths = process.paths
        self._host = HostCalls()

    # ---- opening and closing

    def sys_openat(self, directory: int, path: int, flags: int, mode: int) -> int:
        name = self._absolute(directory, path)
        if name in self._paths.devices:
            return self._files.add(TeeDevice(self._process, name), flags)
        fd = os.open(self._paths.host(name), open_flags_to_host(flags), mode & 0o7777 & ~self._process.umask)
        handle = HostFile(fd, name)
        handle.nonblocking = bool(flags & linux.O_NONBLOCK)
        return self._files.add(handle, flags)

    def sys_close(self, fd: int) -> int:
        self._files.close(uint32(fd))
        return 0

    def sys_close_range(self, first: int, last: int, flags: int) -> int:
        for number in self._files.numbers():
            if uint32(first) <= number <= uint32(last):
                if flags & 4:  # CLOSE_RANGE_CLOEXEC
                    self._files.close_on_exec.add(number)
                else:
                    self._files.close(number)
        return 0

    def sys_dup(self, fd: int) -> int:
        return self._files.add(self._files[fd])

    def sys_dup3(self, old: int, new: int, flags: int) -> int:
        handle = self._files[old]
        number = uint32(new)
        if uint32(old) == number:
            raise error("EINVAL")
        if number in self._files:
            self._files.close(number)
        self._files.put(number, handle, flags)
        return number

    def sys_pipe2(self, out: int, flags: int) -> int:
        ends = [HostFile(fd, "pipe:") for fd in os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)]
        for handle in ends:
            handle.nonblocking = bool(flags & linux.O_NONBLOCK)
        numbers = [self._files.add(handle, flags) for handle in ends]
        self._memory.write(out, struct.pack("<ii", *numbers))
        return 0

    def sys_fcntl(self, fd: int, command: int, argument: int) -> int:
        handle, number = self._files[fd], uint32(fd)
        if command in (F_DUPFD, F_DUPFD_CLOEXEC):
            flags = linux.O_CLOEXEC if command == F_DUPFD_CLOEXEC else 0
            return self._files.add(handle, flags, uint32(argument))
        if command == F_GETFD:
            return int(number in self._files.close_on_exec)
        if command == F_SETFD:
            change = self._files.close_on_exec.add if argument & 1 else self._files.close_on_exec.discard
            change(number)
            return 0
        if command == linux.F_GETFL:
            return handle.flags()
        if command == linux.F_SETFL:
            return self._set_flags(handle, argument)
        if command in LOCK_COMMANDS:
            return self._lock(handle, command, argument)
        raise error("EINVAL")

    def _set_flags(self, handle: Handle, flags: int) -> int:
        handle.nonblocking = bool(flags & linux.O_NONBLOCK)
        number = handle.fileno()
        if isinstance(handle, HostFile) and not handle.waits:
            fcntl.fcntl(number, fcntl.F_SETFL, status_flags_to_host(flags & linux.O_APPEND))
        return 0

    def _lock(self, handle: Handle, command: int, address: int) -> int:
        wanted = memoryview(bytearray(self._memory.read(address, linux.FLOCK_SIZE)))
        lock(handle.fileno(), command, wanted, wanted)
        self._memory.write(address, wanted)
        return 0

    def sys_flock(self, fd: int, operation: int) -> int:
        fcntl.flock(self._files[fd].fileno(), int32(operation))
        return 0

    def sys_ioctl(self, fd: int, request: int, argument: int) -> Outcome:
        handle, request = self._files[fd], uint32(request)
        if isinstance(handle, TeeDevice):
            return handle.ioctl(request, argument)
        if request == FIONBIO:
            handle.nonblocking = bool(self._memory.read_u32(argument))
            return 0
        size = _QUERIES.get(request)
        if size is None or handle.fileno() < 0:
            raise error("ENOTTY")
        self._memory.write(argument, fcntl.ioctl(handle.fileno(), request, bytes(size)))
        return 0

    # ---- what is known of a file

    def sys_fstat(self, fd: int, out: int) -> int:
        self._memory.write(out, self._files[fd].stat())
        return 0

    def sys_newfstatat(self, directory: int, path: int, out: int, flags: int) -> int:
        if flags & linux.AT_EMPTY_PATH and self._memory.read(path, 1) == b"\0":
            return self.sys_fstat(directory, out)
        name = self._absolute(directory, path)
        if name in self._paths.devices:
            self._memory.write(out, Handle().stat())
            return 0
        follow = not flags & linux.AT_SYMLINK_NOFOLLOW
        self._memory.write(out, pack_stat(os.stat(self._paths.host(name), follow_symlinks=follow)))
        return 0

    def sys_statx(self, directory: int, path: int, flags: int, mask: int, out: int) -> int:
        view = memoryview(bytearray(linux.STATX_SIZE))
        kept = flags & (linux.AT_STATX_SYNC_TYPE | linux.AT_NO_AUTOMOUNT | linux.AT_SYMLINK_NOFOLLOW)
        if flags & linux.AT_EMPTY_PATH and self._memory.read(path, 1) == b"\0":
            number = self._files[directory].fileno()
            if number < 0:
                raise error("ENOSYS")  # the C library then asks by fstat
            self._host.statx(number, b"", kept | linux.AT_EMPTY_PATH, uint32(mask), view)
        else:
            name = self._absolute(directory, path)
            if name in self._paths.devices:
                raise error("ENOSYS")
            self._host.statx(linux.AT_FDCWD, os.fsencode(self._paths.host(name)), kept, uint32(mask), view)
        self._memory.write(out, view)
        return 0

    def sys_faccessat(self, directory: int, path: int, mode: int) -> int:
        return self.sys_faccessat2(directory, path, mode, 0)

    def sys_faccessat2(self, directory: int, path: int, mode: int, flags: int) -> int:
        name = self._absolute(directory, path)
        if name not in self._paths.devices:
            host = os.fsencode(self._paths.host(name))
            kept = flags & (linux.AT_EACCESS | linux.AT_SYMLINK_NOFOLLOW)
            self._host.faccessat2(linux.AT_FDCWD, host, uint32(mode) & 7, kept)
        return 0

    def sys_readlinkat(self, directory: int, path: int, out: int, size: int) -> int:
        name = self._absolute(directory, path)
        target = self._paths.program if name == "/proc/self/exe" else os.readlink(self._paths.host(name))
        data = os.fsencode(target)[:size]
        self._memory.write(out, data)
        return len(data)

    def sys_getdents64(self, fd: int, out: int, size: int) -> int:
        handle = self._files[fd]
        if not isinstance(handle, HostFile):
            raise error("ENOTDIR")
        (view,) = self._memory.views(out, size, WRITE) if size else [memoryview(bytearray())]
        return self._host.getdents64(handle.fd, view)

    # ---- the tree

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
        os.mkdir(self._named(directory, path), mode & 0o7777 & ~self._process.umask)
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
        os.fchmod(self._files[fd].fileno(), mode & 0o7777)
        return 0

    def sys_fchmodat(self, directory: int, path: int, mode: int) -> int:
        os.chmod(self._named(directory, path), mode & 0o7777)
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

    # ---- names

    def _absolute(self, directory: int, path: int) -> str:
        """The path that the program names, seen from the directory that it names."""
        raw = self._memory.string(path)
        if raw.startswith(b"/") or int32(directory) == linux.AT_FDCWD:
            return self._paths.absolute(self._process.directory, raw)
        return self._paths.absolute(self._files[directory].path, raw)

    def _named(self, directory: int, path: int) -> str:
        """The same on the host."""
        return self._paths.host(self._absolute(directory, path))

    def sys_memfd_create(self, name: int, flags: int) -> int:
        fd = os.memfd_create(os.fsdecode(self._memory.string(name, 250)), os.MFD_CLOEXEC)
        return self._files.add(HostFile(fd, "memfd:"), linux.O_CLOEXEC if flags & 1 else 0)

    def sys_eventfd2(self, initial: int, flags: int) -> int:
        semaphore = os.EFD_SEMAPHORE if flags & 1 else 0
        fd = os.eventfd(uint32(initial), os.EFD_CLOEXEC | os.EFD_NONBLOCK | semaphore)
        handle = HostFile(fd, "eventfd:")
        handle.nonblocking = bool(flags & linux.O_NONBLOCK)
        return self._files.add(handle, flags)

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
