# SPDX-License-Identifier: BSD-2-Clause
"""The delegated calls, one handler each: take the request's fields, hand on, return the result.

A handler is found by its call number in a list that `bind` makes once from the table. An OSError becomes
-errno in the agent.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.calls.row import Served, Table
from elfhaven.normal.linux.attributes import NO_FILE, Attributes
from elfhaven.normal.linux.children import Children
from elfhaven.normal.linux.files import FileTable
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.locks import LOCK_COMMANDS, lock
from elfhaven.normal.linux.paths import Resolver
from elfhaven.normal.linux.sockets import Sockets
from elfhaven.normal.linux.streams import Streams
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.linux.tree import Tree
from elfhaven.normal.linux.umask import Umask
from elfhaven.normal.linux.watches import Watches
from elfhaven.normal.policy import Policy

_NO_BYTES: Final = memoryview(b"")


@dataclass(slots=True)
class Call:
    """A request as a handler sees it: scalars and paths in the order of the row's wire signature."""

    number: int
    args: tuple[int, ...]
    paths: tuple[bytes, ...] = ()
    input: memoryview = _NO_BYTES  # bytes from the program
    output: memoryview = _NO_BYTES  # room for bytes to it
    value: int = 0  # the second result of an answer


Handler = Callable[[Call], int]


class Handlers:
    """All handlers over one program's open files. Method `sys_NAME` serves the call NAME."""

    def __init__(
        self, policy: Policy, host: HostCalls, streams: tuple[int, int, int], system: SystemFiles
    ) -> None:
        resolver = Resolver(policy)
        umask = Umask()
        self.files = FileTable(resolver, host, umask, streams, system)
        self.tree = Tree(resolver, host, umask)
        self.streams = Streams(self.files)
        self.sockets = Sockets(self.files, resolver, policy)
        self.children = Children(self.files)
        self.attributes = Attributes(self.files, resolver, host, umask)
        self.watches = Watches(self.files, resolver, host)

    def bind(self, table: Table) -> list[Handler | None]:
        """Handlers by call number; every delegated row has one."""
        bound: list[Handler | None] = [None] * (max(row.number for row in table.rows) + 1)
        for row in table.rows:
            if row.served is Served.DELEGATED:
                bound[row.number] = getattr(self, f"sys_{row.name}")
        return bound

    # data: the window or the control block is read and written in place

    def sys_read(self, call: Call) -> int:
        number, count = call.args[:2]
        return os.readv(self.files.fd(number), [call.output[:count]])

    def sys_pread64(self, call: Call) -> int:
        number, count, offset = call.args[:3]
        return os.preadv(self.files.fd(number), [call.output[:count]], _position(offset))

    def sys_write(self, call: Call) -> int:
        number, count = call.args[:2]
        if self.files.is_pipe(number):
            count = min(count, select.PIPE_BUF)  # what a pipe with room takes without waiting
        written = os.write(self.files.fd(number), call.input[:count])
        call.value = self.files.offset_after_append(number)
        return written

    def sys_pwrite64(self, call: Call) -> int:
        number, count, offset = call.args[:3]
        return os.pwrite(self.files.fd(number), call.input[:count], _position(offset))

    sys_readv = sys_read
    sys_writev = sys_write
    sys_preadv = sys_preadv2 = sys_pread64
    sys_pwritev = sys_pwritev2 = sys_pwrite64

    def sys_fallocate(self, call: Call) -> int:
        number, mode, offset, length = call.args[:4]
        self.files.allocate(number, mode, signed(offset), signed(length))
        return 0

    # open files

    def sys_openat(self, call: Call) -> int:
        number, flags, mode = call.args[:3]
        return self.files.open(number, call.paths[0], flags, mode, call.output)

    def sys_close(self, call: Call) -> int:
        self.sockets.closed(call.args[0])
        return self.files.close(call.args[0])

    def sys_lseek(self, call: Call) -> int:
        number, offset, whence = call.args[:3]
        return os.lseek(self.files.fd(number), signed(offset), _int32(whence))

    def sys_ftruncate(self, call: Call) -> int:
        os.ftruncate(self.files.fd(call.args[0]), signed(call.args[1]))
        return 0

    def sys_fsync(self, call: Call) -> int:
        os.fsync(self.files.fd(call.args[0]))
        return 0

    def sys_fdatasync(self, call: Call) -> int:
        os.fdatasync(self.files.fd(call.args[0]))
        return 0

    def sys_getdents64(self, call: Call) -> int:
        number, count = call.args[:2]
        return self.files.entries(number, call.output[:count])

    def sys_fstat(self, call: Call) -> int:
        return self.files.stat(call.args[0], call.output)

    def sys_statx(self, call: Call) -> int:
        number, flags, mask = call.args[:3]
        if number == NO_FILE:
            return self.tree.statx(call.paths[0], flags, mask, call.output)
        return self.files.statx(number, flags, mask, call.output)

    # streams

    def sys_ioctl(self, call: Call) -> int:
        return self.streams.ask(call.args[0], call.args[1], call.output)

    def sys_fcntl(self, call: Call) -> int:
        number, command, argument = call.args[:3]
        if command in LOCK_COMMANDS:
            return lock(self.files.fd(number), command, call.input, call.output)
        return self.streams.control(number, command, argument)

    def sys_ppoll(self, call: Call) -> int:
        return self.streams.poll(call.input, call.output, signed(call.args[1]))

    # sockets

    def sys_socket(self, call: Call) -> int:
        number, domain, kind, protocol = call.args[:4]
        return self.sockets.socket(number, domain, kind, _int32(protocol))

    def sys_socketpair(self, call: Call) -> int:
        number, other, domain, kind, protocol = call.args[:5]
        return self.sockets.pair(number, other, domain, kind, _int32(protocol))

    def sys_bind(self, call: Call) -> int:
        return self.sockets.bind(call.args[0], call.paths[0], bytes(call.input))

    def sys_listen(self, call: Call) -> int:
        return self.sockets.listen(call.args[0], _int32(call.args[1]))

    def sys_accept4(self, call: Call) -> int:
        number, made, wait = call.args[:3]
        result, call.value = self.sockets.accept(number, made, wait, call.output)
        return result

    def sys_connect(self, call: Call) -> int:
        return self.sockets.connect(call.args[0], call.args[1], call.paths[0], bytes(call.input))

    def sys_getsockname(self, call: Call) -> int:
        result, call.value = self.sockets.name(call.args[0], call.output, peer=False)
        return result

    def sys_getpeername(self, call: Call) -> int:
        result, call.value = self.sockets.name(call.args[0], call.output, peer=True)
        return result

    def sys_sendmsg(self, call: Call) -> int:
        number, flags, size = call.args[:3]
        return self.sockets.send(number, flags, size, call.paths[0], call.input)

    def sys_recvmsg(self, call: Call) -> int:
        number, flags, size = call.args[:3]
        result, call.value = self.sockets.receive(number, flags, size, call.output)
        return result

    sys_accept = sys_accept4
    sys_sendto = sys_sendmsg
    sys_recvfrom = sys_recvmsg

    def sys_setsockopt(self, call: Call) -> int:
        number, level, option = call.args[:3]
        return self.sockets.set_option(number, _int32(level), _int32(option), bytes(call.input))

    def sys_getsockopt(self, call: Call) -> int:
        number, level, option = call.args[:3]
        result, call.value = self.sockets.get_option(number, _int32(level), _int32(option), call.output)
        return result

    def sys_shutdown(self, call: Call) -> int:
        return self.sockets.shutdown(call.args[0], _int32(call.args[1]))

    # children

    def sys_execve(self, call: Call) -> int:
        pid, argc, envc, size = call.args[:4]
        return self.children.execute(pid, (argc, envc), size, call.paths[0], bytes(call.input))

    def sys_wait4(self, call: Call) -> int:
        pid, call.value = self.children.wait()
        return pid

    # paths

    def sys_newfstatat(self, call: Call) -> int:
        return self.tree.stat(call.paths[0], call.args[0], call.output)

    def sys_faccessat(self, call: Call) -> int:
        return self.tree.access(call.paths[0], call.args[0], call.args[1])

    sys_faccessat2 = sys_faccessat

    def sys_readlinkat(self, call: Call) -> int:
        return self.tree.read_link(call.paths[0], call.output[: call.args[0]])

    def sys_mkdirat(self, call: Call) -> int:
        return self.tree.make_directory(call.paths[0], call.args[0])

    def sys_unlinkat(self, call: Call) -> int:
        return self.tree.unlink(call.paths[0], call.args[0])

    def sys_renameat2(self, call: Call) -> int:
        return self.tree.rename(call.paths[0], call.paths[1], call.args[0])

    sys_renameat = sys_renameat2

    def sys_truncate(self, call: Call) -> int:
        return self.tree.truncate(call.paths[0], signed(call.args[0]))

    def sys_chdir(self, call: Call) -> int:
        return self.tree.enter(call.paths[0], call.output[: call.args[0]])

    # what a file is beside its bytes

    def sys_fchmod(self, call: Call) -> int:
        return self.attributes.set_open_mode(*call.args[:2])

    def sys_fchmodat2(self, call: Call) -> int:
        return self.attributes.set_mode(call.paths[0], *call.args[:2])

    sys_fchmodat = sys_fchmodat2

    def sys_fchown(self, call: Call) -> int:
        return self.attributes.set_open_owner(call.args[0], _int32(call.args[1]), _int32(call.args[2]))

    def sys_fchownat(self, call: Call) -> int:
        user, group, flags = call.args[:3]
        return self.attributes.set_owner(call.paths[0], _int32(user), _int32(group), flags)

    def sys_utimensat(self, call: Call) -> int:
        number, flags = call.args[:2]
        return self.attributes.set_times(number, call.paths[0], flags, bytes(call.input))

    def sys_symlinkat(self, call: Call) -> int:
        return self.attributes.symlink(call.paths[0], call.paths[1])

    def sys_linkat(self, call: Call) -> int:
        return self.attributes.link(call.paths[0], call.paths[1], call.args[0])

    def sys_mknodat(self, call: Call) -> int:
        return self.attributes.make_node(call.paths[0], call.args[0])

    def sys_statfs(self, call: Call) -> int:
        return self.attributes.file_system(call.paths[0], call.output)

    def sys_fstatfs(self, call: Call) -> int:
        return self.attributes.open_file_system(call.args[0], call.output)

    def sys_setxattr(self, call: Call) -> int:
        number, flags = call.args[:2]
        return self.attributes.set_value(number, call.paths[0], call.paths[1], flags, bytes(call.input))

    def sys_getxattr(self, call: Call) -> int:
        number, flags, size = call.args[:3]
        return self.attributes.get_value(number, call.paths[0], call.paths[1], flags, call.output[:size])

    def sys_listxattr(self, call: Call) -> int:
        number, flags, size = call.args[:3]
        return self.attributes.list_names(number, call.paths[0], flags, call.output[:size])

    def sys_removexattr(self, call: Call) -> int:
        return self.attributes.remove(call.args[0], call.paths[0], call.paths[1], call.args[1])

    sys_lsetxattr = sys_fsetxattr = sys_setxattr
    sys_lgetxattr = sys_fgetxattr = sys_getxattr
    sys_llistxattr = sys_flistxattr = sys_listxattr
    sys_lremovexattr = sys_fremovexattr = sys_removexattr

    # watches and locks

    def sys_flock(self, call: Call) -> int:
        return self.watches.lock(*call.args[:2])

    def sys_inotify_init1(self, call: Call) -> int:
        return self.watches.begin(call.args[0])

    def sys_inotify_add_watch(self, call: Call) -> int:
        return self.watches.add(call.args[0], call.paths[0], call.args[1])

    def sys_inotify_rm_watch(self, call: Call) -> int:
        return self.watches.remove(call.args[0], _int32(call.args[1]))


def signed(word: int) -> int:
    """A 64-bit word as the signed number that it holds."""
    return word - (1 << 64) if word >> 63 else word


def _position(word: int) -> int:
    """A place in a file; a negative one is EINVAL here, because the host would take -1 for "the current"."""
    if word >> 63:
        raise OSError(linux.EINVAL, "a negative offset")
    return word


def _int32(word: int) -> int:
    low = word & 0xFFFF_FFFF
    return low - (1 << 32) if low >> 31 else low
