# SPDX-License-Identifier: BSD-2-Clause
"""Calls on sockets: those of the host, of the internet and local families."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from elfhaven.abi import linux
from elfhaven.normal.ree.areas import READ, WRITE
from elfhaven.normal.ree.calls.words import error, int32, uint32
from elfhaven.normal.ree.handles import IN, OUT, Socket
from elfhaven.normal.ree.threads import Outcome, SignalInfo, Wait

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_FAMILIES: Final = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_TYPE = 0o4000, 0o2000000, 0xF
MSG_DONTWAIT, MSG_NOSIGNAL = 0x40, 0x4000
_MESSAGE: Final = struct.Struct("<QI4xQQQQi4x")  # struct msghdr
_VECTOR: Final = struct.Struct("<QQ")
_LARGEST_OPTION: Final = 1024


class SocketCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._files = process.files

    # ---- making

    def sys_socket(self, family: int, kind: int, protocol: int) -> int:
        if family not in _FAMILIES:
            raise error("EAFNOSUPPORT")
        return self._add(socket.socket(int(family), int(kind & SOCK_TYPE), int32(protocol)), kind)

    def sys_socketpair(self, family: int, kind: int, protocol: int, out: int) -> int:
        if family != socket.AF_UNIX:
            raise error("EOPNOTSUPP")
        pair = socket.socketpair(socket.AF_UNIX, int(kind & SOCK_TYPE), int32(protocol))
        self._memory.write(out, struct.pack("<ii", *(self._add(made, kind) for made in pair)))
        return 0

    def _add(self, made: socket.socket, kind: int) -> int:
        handle = Socket(made)
        handle.nonblocking = bool(kind & SOCK_NONBLOCK)
        return self._files.add(handle, kind & SOCK_CLOEXEC)

    def sys_bind(self, fd: int, address: int, size: int) -> int:
        self._socket(fd).socket.bind(self._address(address, size))
        return 0

    def sys_listen(self, fd: int, backlog: int) -> int:
        self._socket(fd).socket.listen(max(int32(backlog), 0))
        return 0

    def sys_accept(self, fd: int, address: int, size: int) -> Outcome:
        return self.sys_accept4(fd, address, size, 0)

    def sys_accept4(self, fd: int, address: int, size: int, flags: int) -> Outcome:
        handle = self._socket(fd)

        def accept() -> Outcome:
            made, peer = handle.socket.accept()
            self._give(peer, made.family, address, size)
            return self._add(made, flags)

        return self._patient(handle, IN, False, accept)

    def sys_connect(self, fd: int, address: int, size: int) -> Outcome:
        handle, target = self._socket(fd), self._address(address, size)
        try:
            handle.socket.connect(target)
        except BlockingIOError:
            if handle.nonblocking:
                raise error("EINPROGRESS") from None
            return Wait(lambda: self._connected(handle), ((handle.fd, OUT),), restart=False)
        return 0

    def _connected(self, handle: Socket) -> int:
        return -handle.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    # ---- data

    def sys_sendto(self, fd: int, data: int, size: int, flags: int, address: int, length: int) -> Outcome:
        handle = self._socket(fd)
        target = self._address(address, length) if address else None
        return self._send(handle, self._memory.views(data, size, READ), uint32(flags), target)

    def _send(self, handle: Socket, views: list[memoryview], flags: int, target: Any) -> Outcome:
        def send() -> Outcome:
            how = flags & ~MSG_DONTWAIT | MSG_NOSIGNAL
            try:
                if target is None:
                    return handle.socket.sendmsg(views, [], how)
                return handle.socket.sendmsg(views, [], how, target)
            except BrokenPipeError:
                if not flags & MSG_NOSIGNAL:
                    scheduler = self._process.scheduler
                    self._process.signals.send(SignalInfo(linux.SIGPIPE), scheduler.current)
                raise

        return self._patient(handle, OUT, bool(flags & MSG_DONTWAIT), send)

    def sys_recvfrom(self, fd: int, data: int, size: int, flags: int, address: int, length: int) -> Outcome:
        handle = self._socket(fd)
        views = self._memory.views(data, size, WRITE)

        def receive() -> Outcome:
            count, _, _, peer = handle.socket.recvmsg_into(views, 0, uint32(flags) & ~MSG_DONTWAIT)
            self._give(peer, handle.socket.family, address, length)
            return count

        return self._patient(handle, IN, bool(flags & MSG_DONTWAIT), receive)

    def sys_sendmsg(self, fd: int, message: int, flags: int) -> Outcome:
        name, length, vectors, count, _, _, _ = _MESSAGE.unpack(self._memory.read(message, _MESSAGE.size))
        target = self._address(name, length) if name else None
        return self._send(self._socket(fd), self._vectors(vectors, count, READ), uint32(flags), target)

    def sys_recvmsg(self, fd: int, message: int, flags: int) -> Outcome:
        handle = self._socket(fd)
        name, _, vectors, count, _, _, _ = _MESSAGE.unpack(self._memory.read(message, _MESSAGE.size))
        views = self._vectors(vectors, count, WRITE)

        def receive() -> Outcome:
            size, _, seen, peer = handle.socket.recvmsg_into(views, 0, uint32(flags) & ~MSG_DONTWAIT)
            self._give(peer, handle.socket.family, name, message + 8 if name else 0)
            self._memory.write_u64(message + 40, 0)  # no control data
            self._memory.write_u32(message + 48, seen)
            return size

        return self._patient(handle, IN, bool(flags & MSG_DONTWAIT), receive)

    def _patient(self, handle: Socket, events: int, at_once: bool, attempt: Any) -> Outcome:
        """`attempt`, again and again when the socket would block, unless the program wants no waiting."""
        try:
            outcome: Outcome = attempt()
        except BlockingIOError:
            if at_once or handle.nonblocking:
                raise
            again = self._patient
            return Wait(lambda: again(handle, events, at_once, attempt), ((handle.fd, events),))
        return outcome

    def _vectors(self, address: int, count: int, rights: int) -> list[memoryview]:
        if count > 1024:
            raise error("EMSGSIZE")
        out: list[memoryview] = []
        for base, size in _VECTOR.iter_unpack(self._memory.read(address, _VECTOR.size * count)):
            out += self._memory.views(base, size, rights)
        return out

    # ---- the rest

    def sys_shutdown(self, fd: int, how: int) -> int:
        self._socket(fd).socket.shutdown(int32(how))
        return 0

    def sys_getsockname(self, fd: int, address: int, size: int) -> int:
        handle = self._socket(fd)
        self._give(handle.socket.getsockname(), handle.socket.family, address, size)
        return 0

    def sys_getpeername(self, fd: int, address: int, size: int) -> int:
        handle = self._socket(fd)
        self._give(handle.socket.getpeername(), handle.socket.family, address, size)
        return 0

    def sys_setsockopt(self, fd: int, level: int, name: int, value: int, size: int) -> int:
        if uint32(size) > _LARGEST_OPTION:
            raise error("EINVAL")
        self._socket(fd).socket.setsockopt(int32(level), int32(name), self._memory.read(value, uint32(size)))
        return 0

    def sys_getsockopt(self, fd: int, level: int, name: int, value: int, size: int) -> int:
        room = min(self._memory.read_u32(size), _LARGEST_OPTION)
        data = self._socket(fd).socket.getsockopt(int32(level), int32(name), room)
        self._memory.write(value, data)
        self._memory.write_u32(size, len(data))
        return 0

    def _socket(self, fd: int) -> Socket:
        handle = self._files[fd]
        if not isinstance(handle, Socket):
            raise error("ENOTSOCK")
        return handle

    # ---- addresses

    def _address(self, address: int, size: int) -> Any:
        """A sockaddr as Python's socket module has it."""
        data = self._memory.read(address, min(uint32(size), 128))
        if len(data) < 2:
            raise error("EINVAL")
        family = int.from_bytes(data[:2], "little")
        if family == socket.AF_UNIX:
            path = data[2:]
            return path if path.startswith(b"\0") else path.split(b"\0")[0]
        port = int.from_bytes(data[2:4], "big")
        if family == socket.AF_INET and len(data) >= 16:
            return socket.inet_ntop(family, data[4:8]), port
        if family == socket.AF_INET6 and len(data) >= 28:
            flow, scope = struct.unpack_from(">I16xI", data, 4)
            return socket.inet_ntop(family, data[8:24]), port, flow, scope
        raise error("EAFNOSUPPORT")

    def _give(self, peer: Any, family: int, address: int, size: int) -> None:
        """Writes an address and its size; as much as there is room for."""
        if not address or not size:
            return
        data = _packed(peer, family)
        room = self._memory.read_u32(size)
        self._memory.write(address, data[:room])
        self._memory.write_u32(size, len(data))


def _packed(peer: Any, family: int) -> bytes:
    """A sockaddr from an address of Python's."""
    if family == socket.AF_UNIX or not isinstance(peer, tuple):
        path = os.fsencode(peer or b"")
        return struct.pack("<H", socket.AF_UNIX) + (path + b"\0" if path[:1] not in (b"", b"\0") else path)
    head = struct.pack("<H", family) + int(peer[1]).to_bytes(2, "big")
    if family == socket.AF_INET:
        return head + socket.inet_pton(family, peer[0]) + bytes(8)
    host = socket.inet_pton(family, peer[0].split("%")[0])
    return head + struct.pack(">I", peer[2]) + host + struct.pack("<I", peer[3])
