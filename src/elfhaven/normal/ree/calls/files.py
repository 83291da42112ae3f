# SPDX-License-Identifier: BSD-2-Clause
"""Calls that name files, and those on descriptors that move no bytes. Done with the caller's own rights."""

from __future__ import annotations

import fcntl
import os
import struct
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.linux.convert import open_flags_to_host, pack_stat, status_flags_to_host
from elfhaven.normal.linux.locks import LOCK_COMMANDS, lock
from elfhaven.normal.ree.areas import WRITE
from elfhaven.normal.ree.calls.names import Names
from elfhaven.normal.ree.calls.words import error, int32, uint32
from elfhaven.normal.ree.device import Device
from elfhaven.normal.ree.handles import Handle, HostFile
from elfhaven.normal.ree.threads import Outcome

F_DUPFD, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC = 0, 1, 2, 1030
FIONREAD, FIONBIO = 0x541B, 0x5421
_QUERIES: Final = {linux.TCGETS: linux.TERMIOS_SIZE, linux.TIOCGWINSZ: linux.WINSIZE_SIZE, FIONREAD: 4}
_UTIME_NOW, _UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2


class FileCalls(Names):
    """See the module's docstring."""

    # ---- opening and closing

    def sys_openat(self, directory: int, path: int, flags: int, mode: int) -> int:
        name = self._absolute(directory, path)
        if name in self._paths.devices:
            return self._files.add(self._process.devices[name](self._process), flags)
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
        if isinstance(handle, Device):
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

    # ---- files without a name

    def sys_memfd_create(self, name: int, flags: int) -> int:
        fd = os.memfd_create(os.fsdecode(self._memory.string(name, 250)), os.MFD_CLOEXEC)
        return self._files.add(HostFile(fd, "memfd:"), linux.O_CLOEXEC if flags & 1 else 0)

    def sys_eventfd2(self, initial: int, flags: int) -> int:
        semaphore = os.EFD_SEMAPHORE if flags & 1 else 0
        fd = os.eventfd(uint32(initial), os.EFD_CLOEXEC | os.EFD_NONBLOCK | semaphore)
        handle = HostFile(fd, "eventfd:")
        handle.nonblocking = bool(flags & linux.O_NONBLOCK)
        return self._files.add(handle, flags)
