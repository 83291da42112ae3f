# SPDX-License-Identifier: BSD-2-Clause
"""TCP and UDP for TAs: the supplicant's end of the socket PTA (GlobalPlatform TEE Sockets API).

Sockets belong to an instance of a TA, by the number that the core gives it. Name, port and all bytes come
from the TEE; what arrives is the network's.

Lock: `_lock` guards the table; no socket is used while it is held.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.world.message import Param

_IN, _OUT, _INOUT = msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_OUTPUT, msg.ATTR_VALUE_INOUT
_FAMILIES = {0: socket.AF_UNSPEC, 1: socket.AF_INET, 2: socket.AF_INET6}  # TEE_IP_VERSION_*
_TYPES = {gp.TEE_ISOCKET_PROTOCOLID_TCP: socket.SOCK_STREAM, gp.TEE_ISOCKET_PROTOCOLID_UDP: socket.SOCK_DGRAM}
_BUFFERS = {gp.TEE_TCP_SET_RECVBUF: socket.SO_RCVBUF, gp.TEE_TCP_SET_SENDBUF: socket.SO_SNDBUF}
_BLOCKING = 0xFFFFFFFF
_PEEKED = 4096  # bytes
Room = Callable[[Param], memoryview]


class Sockets:
    """The sockets of all TAs of a normal world. Close it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, dict[int, socket.socket]] = {}  # by instance and handle
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)  # readable once nobody shall wait
        self._served: dict[int, Callable[[list[Param], Room], int]] = {
            msg.RPC_SOCKET_OPEN: self._connect,
            msg.RPC_SOCKET_CLOSE: self._close,
            msg.RPC_SOCKET_CLOSE_ALL: self._close_all,
            msg.RPC_SOCKET_SEND: self._send,
            msg.RPC_SOCKET_RECV: self._receive,
            msg.RPC_SOCKET_IOCTL: self._ioctl,
        }

    def serve(self, params: list[Param], room: Room) -> int:
        """RPC_CMD_SOCKET; see normal.rpc.Service."""
        served = self._served.get(params[0].a) if params and params[0].kind == _IN else None
        return gp.TEE_ERROR_BAD_PARAMETERS if served is None else served(params, room)

    def interrupt(self) -> None:
        """From now on nothing waits for the network, and what waits ends as if its time were up. From any
        thread."""
        os.eventfd_write(self._stop, 1)

    def close(self) -> None:
        """Close what TAs left open."""
        with self._lock:
            left = [one for sockets in self._open.values() for one in sockets.values()]
            self._open.clear()
        for one in left:
            one.close()
        os.close(self._stop)

    # ---- the table

    def _keep(self, instance: int, connected: socket.socket) -> int:
        with self._lock:
            sockets = self._open.setdefault(instance, {})
            handle = next(number for number in range(len(sockets) + 1) if number not in sockets)
            sockets[handle] = connected
            return handle

    def _find(self, param: Param) -> socket.socket | None:
        with self._lock:
            return self._open.get(param.b, {}).get(param.c)

    # ---- what is asked for

    def _connect(self, params: list[Param], room: Room) -> int:
        if not _fits(params, (_IN, _IN, None, _OUT)):
            return gp.TEE_ERROR_BAD_PARAMETERS
        port, protocol, version = params[1].a & 0xFFFF, params[1].b, params[1].c
        if version not in _FAMILIES or protocol not in _TYPES:
            return gp.TEE_ERROR_BAD_PARAMETERS
        name = bytes(room(params[2]))
        if not name.endswith(b"\0"):
            return gp.TEE_ISOCKET_ERROR_HOSTNAME
        result, connected = _open(name[:-1], port, _FAMILIES[version], _TYPES[protocol])
        if connected is not None:
            params[3].a = self._keep(params[0].b, connected)
        return result

    def _close(self, params: list[Param], _room: Room) -> int:
        with self._lock:
            found = self._open.get(params[0].b, {}).pop(params[0].c, None)
        if found is None:
            return gp.TEE_ERROR_BAD_PARAMETERS
        found.close()
        return gp.TEE_SUCCESS

    def _close_all(self, params: list[Param], _room: Room) -> int:
        with self._lock:
            gone = self._open.pop(params[0].b, {})
        for one in gone.values():
            one.close()
        return gp.TEE_SUCCESS

    def _send(self, params: list[Param], room: Room) -> int:
        found = self._find(params[0])
        if not _fits(params, (_IN, None, _INOUT)) or found is None:
            return gp.TEE_ERROR_BAD_PARAMETERS
        if not self._ready(found, params[2].a, write=True):
            return gp.TEE_ISOCKET_ERROR_TIMEOUT
        try:
            params[2].b = found.send(bytes(room(params[1])))
        except (BlockingIOError, InterruptedError):
            return gp.TEE_ISOCKET_ERROR_TIMEOUT
        except OSError:
            return gp.TEE_ERROR_BAD_PARAMETERS
        return gp.TEE_SUCCESS

    def _receive(self, params: list[Param], room: Room) -> int:
        found = self._find(params[0])
        if not _fits(params, (_IN, None, _IN)) or found is None:
            return gp.TEE_ERROR_BAD_PARAMETERS
        if params[1].b and not self._ready(found, params[2].a, write=False):
            return gp.TEE_ISOCKET_ERROR_TIMEOUT
        try:
            params[1].b = _received(found, room(params[1])) if params[1].b else _waiting(found)
        except (BlockingIOError, InterruptedError):
            return gp.TEE_ISOCKET_ERROR_TIMEOUT
        except OSError:
            return gp.TEE_ERROR_BAD_PARAMETERS
        return gp.TEE_SUCCESS

    def _ready(self, one: socket.socket, timeout: int, *, write: bool) -> bool:
        """Waits up to `timeout` ms for room or for data."""
        timeout &= 0xFFFFFFFF
        poll = select.poll()
        poll.register(one, select.POLLOUT if write else select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        ready = {number for number, _ in poll.poll(None if timeout == _BLOCKING else timeout)}
        return one.fileno() in ready

    def _ioctl(self, params: list[Param], room: Room) -> int:
        found = self._find(params[0])
        if not _fits(params, (_IN, None, _IN)) or found is None:
            return gp.TEE_ERROR_BAD_PARAMETERS
        command, value = params[2].a & 0xFFFFFFFF, bytes(room(params[1]))
        try:
            if found.type == socket.SOCK_STREAM:
                return _tcp(found, command, value)
            return _udp(found, command, value)
        except OSError:
            return gp.TEE_ERROR_BAD_PARAMETERS


def _fits(params: list[Param], kinds: tuple[int | None, ...]) -> bool:
    """Whether the kinds are these; None is for a memory reference."""
    return len(params) == len(kinds) and all(
        param.kind == kind if kind is not None else param.kind >= msg.ATTR_RMEM_INPUT
        for param, kind in zip(params, kinds, strict=True)
    )


def _open(name: bytes, port: int, family: int, kind: int) -> tuple[int, socket.socket | None]:
    """A result, and the socket of the first address that can be reached."""
    try:
        found = socket.getaddrinfo(name, port, family, kind)
    except (OSError, UnicodeError):
        return gp.TEE_ISOCKET_ERROR_HOSTNAME, None
    result = gp.TEE_ERROR_GENERIC
    for each_family, each_kind, protocol, _, address in found:
        one = socket.socket(each_family, each_kind, protocol)
        try:
            one.connect(address)
        except TimeoutError:
            result = gp.TEE_ISOCKET_ERROR_TIMEOUT
        except OSError:
            result = gp.TEE_ERROR_COMMUNICATION
        else:
            one.setblocking(False)
            return gp.TEE_SUCCESS, one
        one.close()
    return result, None


def _received(one: socket.socket, room: memoryview) -> int:
    """Takes what arrived; one byte more than there is room for where a datagram was cut."""
    count, _, flags, _ = one.recvmsg_into([room])
    return count + (one.type == socket.SOCK_DGRAM and bool(flags & socket.MSG_TRUNC))


def _waiting(one: socket.socket) -> int:
    """How many bytes wait, of a datagram or a stream, seen in a buffer of one page; they go on waiting."""
    try:
        data, _, flags, _ = one.recvmsg(_PEEKED, 0, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return 0
    return len(data) + bool(flags & socket.MSG_TRUNC)


def _tcp(one: socket.socket, command: int, value: bytes) -> int:
    option = _BUFFERS.get(command)
    if option is None:
        return gp.TEE_ERROR_NOT_SUPPORTED
    one.setsockopt(socket.SOL_SOCKET, option, value)
    return gp.TEE_SUCCESS


def _udp(one: socket.socket, command: int, value: bytes) -> int:
    """Another address, or another port, of the peer."""
    host, port = one.getpeername()[:2]
    if command == gp.TEE_UDP_CHANGEADDR:
        if not value.endswith(b"\0"):
            return gp.TEE_ISOCKET_ERROR_HOSTNAME
        host = value[:-1]
    elif command == gp.TEE_UDP_CHANGEPORT:
        if len(value) != 2:
            return gp.TEE_ERROR_BAD_PARAMETERS
        port = int.from_bytes(value, "little")
    else:
        return gp.TEE_ERROR_NOT_SUPPORTED
    try:
        found = socket.getaddrinfo(host, port, one.family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return gp.TEE_ISOCKET_ERROR_HOSTNAME
    try:
        one.connect(found[0][4])
    except OSError:
        return gp.TEE_ERROR_COMMUNICATION
    return gp.TEE_SUCCESS
