# SPDX-License-Identifier: BSD-2-Clause
"""TCP and UDP for a TA (TEE Sockets API 1.0.1), over the core's socket PTA and the supplicant.

The normal world sees every byte: what is to be secret is encrypted before it is sent.
"""

from __future__ import annotations

from typing import Self

from elfhaven.abi import gp
from elfhaven.ta.client import INFINITE, Room, TaSession
from elfhaven.ta.params import ValueInput, ValueOutput

_SOCKET_PTA = "3b996a7d-2c2b-4a49-a896-e1fb5766d2f4"
_OPEN, _CLOSE, _SEND, _RECEIVE, _CONTROL = 1, 2, 3, 4, 5
_ANY_VERSION = 0


class _Socket:
    """A connected socket; close it, or use `with`. Raises SocketTimeout, SocketRemoteClosed and the like."""

    _protocol: int

    def __init__(self, host: str, port: int, ip_version: int = _ANY_VERSION) -> None:
        """`ip_version` is 0 for any, 1 for IPv4, 2 for IPv6."""
        self._session: TaSession | None = TaSession(_SOCKET_PTA)
        handle = ValueOutput()
        try:
            self._session.invoke(
                _OPEN,
                ValueInput(ip_version, port),
                host.encode() + b"\0",
                ValueInput(self._protocol),
                handle,
            )
        except BaseException:
            self._session.close()
            raise
        self._handle = handle.a

    def _pta(self) -> TaSession:
        assert self._session is not None, "the socket is closed"
        return self._session

    def send(self, data: bytes, timeout: int = INFINITE) -> int:
        """How many bytes were sent. `timeout` is in ms."""
        sent = ValueOutput()
        self._pta().invoke(_SEND, ValueInput(self._handle, timeout), data, sent)
        return sent.a

    def receive(self, size: int, timeout: int = INFINITE) -> bytes:
        """What arrived; a stream that has ended gives b""."""
        answer = self._pta().invoke(_RECEIVE, ValueInput(self._handle, timeout), Room(size))[1]
        return answer if isinstance(answer, bytes) else b""

    def control(self, command: int, data: bytes = b"") -> bytes:
        """An ioctl of the protocol."""
        answer = self._pta().invoke(_CONTROL, ValueInput(self._handle, command), bytearray(data))[1]
        return answer if isinstance(answer, bytes) else b""

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.invoke(_CLOSE, ValueInput(self._handle))
            finally:
                session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TcpStream(_Socket):
    """A TCP connection to a server."""

    _protocol = gp.TEE_ISOCKET_PROTOCOLID_TCP

    def send_all(self, data: bytes, timeout: int = INFINITE) -> None:
        while data:
            data = data[self.send(data, timeout) :]


class UdpSocket(_Socket):
    """A UDP socket with one peer."""

    _protocol = gp.TEE_ISOCKET_PROTOCOLID_UDP
