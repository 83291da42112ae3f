# SPDX-License-Identifier: BSD-2-Clause
"""RPCs on behalf of PTAs: plugins of the supplicant, and sockets. Data go through memory that is allocated
for the one call."""

from __future__ import annotations

from uuid import UUID

from elfhaven.abi import optee_msg as msg
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.threads import Thread
from elfhaven.world.message import Param

_IN, _OUT, _INOUT = msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_OUTPUT, msg.ATTR_VALUE_INOUT


class Services:
    """Every method raises TeeResult with what the normal world answered."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def plugin(
        self, thread: Thread, uuid: UUID, command: int, sub_command: int, data: bytes
    ) -> tuple[int, bytes]:
        """RPC_CMD_SUPP_PLUGIN: the size of the answer by the plugin's word, and the memory as it left it."""
        words = [int.from_bytes(uuid.bytes[i : i + 4], "little") for i in range(0, 16, 4)]
        params = [
            Param(_IN, msg.RPC_SUPP_PLUGIN_INVOKE, words[0], words[1]),
            Param(_IN, words[2], words[3], command),
            Param(_INOUT, sub_command),
            None,
        ]
        answer, content = self._exchange(
            thread, msg.RPC_CMD_SUPP_PLUGIN, params, msg.ATTR_RMEM_INOUT, data, len(data)
        )
        return answer[2].b & 0xFFFFFFFF, content

    def connect(
        self, thread: Thread, instance: int, version: int, port: int, protocol: int, server: bytes
    ) -> int:
        """A connected socket's handle."""
        params = [
            Param(_IN, msg.RPC_SOCKET_OPEN, instance),
            Param(_IN, port, protocol, version),
            None,
            Param(_OUT),
        ]
        answer, _ = self._socket(thread, params, msg.ATTR_RMEM_INPUT, server, len(server))
        return answer[3].a & 0xFFFFFFFF

    def close_socket(self, thread: Thread, instance: int, handle: int) -> None:
        self._socket(thread, [Param(_IN, msg.RPC_SOCKET_CLOSE, instance, handle)])

    def close_sockets(self, thread: Thread, instance: int) -> None:
        """All that the instance has open."""
        self._socket(thread, [Param(_IN, msg.RPC_SOCKET_CLOSE_ALL, instance)])

    def send(self, thread: Thread, instance: int, handle: int, timeout: int, data: bytes) -> int:
        """How many bytes were sent."""
        params = [Param(_IN, msg.RPC_SOCKET_SEND, instance, handle), None, Param(_INOUT, timeout)]
        answer, _ = self._socket(thread, params, msg.ATTR_RMEM_INPUT, data, len(data))
        return answer[2].b & 0xFFFFFFFF

    def receive(
        self, thread: Thread, instance: int, handle: int, timeout: int, size: int
    ) -> tuple[bytes, int]:
        """What arrived, and how much there was of it as the supplicant says: with no room for any, what it
        would take; one more than the room for a datagram that was cut."""
        params = [Param(_IN, msg.RPC_SOCKET_RECV, instance, handle), None, Param(_IN, timeout)]
        answer, content = self._socket(thread, params, msg.ATTR_RMEM_OUTPUT, b"", size)
        return content[: answer[1].b], answer[1].b

    def control(self, thread: Thread, instance: int, handle: int, command: int, data: bytes) -> bytes:
        """An ioctl of the Sockets API; its data, changed."""
        params = [Param(_IN, msg.RPC_SOCKET_IOCTL, instance, handle), None, Param(_IN, command)]
        answer, content = self._socket(thread, params, msg.ATTR_RMEM_INOUT, data, len(data))
        return content[: answer[1].b]

    def _socket(
        self,
        thread: Thread,
        params: list[Param] | list[Param | None],
        kind: int = 0,
        data: bytes = b"",
        size: int = 0,
    ) -> tuple[list[Param], bytes]:
        return self._exchange(thread, msg.RPC_CMD_SOCKET, list(params), kind, data, size)

    def _exchange(
        self, thread: Thread, number: int, params: list[Param | None], kind: int, data: bytes, size: int
    ) -> tuple[list[Param], bytes]:
        """One command; None among the parameters stands for memory of `size` bytes that begins with `data`.
        The answered parameters, and the memory's content."""
        if not size:
            nothing = Param(kind - msg.ATTR_RMEM_INPUT + msg.ATTR_TMEM_INPUT)
            return self._rpc.command(thread, number, [param or nothing for param in params]), b""
        payload = self._rpc.allocate(thread, size)
        try:
            self._rpc.write(payload, data)
            place = payload.reference(kind)
            answer = self._rpc.command(thread, number, [param or place for param in params])
            return answer, self._rpc.read(payload, size)
        finally:
            self._rpc.free(thread, payload)
