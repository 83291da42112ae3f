# SPDX-License-Identifier: BSD-2-Clause
"""Plugins and sockets of the supplicant, without a TEE."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.normal.supplicant.plugin import Plugins
from elfhaven.normal.supplicant.socket import Sockets
from elfhaven.world.message import Param

IN, OUT, INOUT = msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_OUTPUT, msg.ATTR_VALUE_INOUT
NAME = UUID("00112233-4455-6677-8899-aabbccddeeff")
TCP, UDP = gp.TEE_ISOCKET_PROTOCOLID_TCP, gp.TEE_ISOCKET_PROTOCOLID_UDP


class Asker:
    """Asks for sockets as the core does; `memory` is what the reference means."""

    def __init__(self, sockets: Sockets) -> None:
        self.sockets = sockets
        self.memory = bytearray()

    def __call__(self, params: list[Param]) -> int:
        return self.sockets.serve(params, lambda param: memoryview(self.memory)[: param.b])

    def reference(self, kind: int, data: bytes) -> Param:
        self.memory = bytearray(data)
        return Param(kind, 0, len(data), 1)

    def open(
        self, port: int, protocol: int, name: bytes = b"127.0.0.1\0", instance: int = 7
    ) -> tuple[int, int]:
        params = [
            Param(IN, msg.RPC_SOCKET_OPEN, instance),
            Param(IN, port, protocol, 1),
            self.reference(msg.ATTR_RMEM_INPUT, name),
            Param(OUT),
        ]
        return self(params), params[3].a

    def send(self, handle: int, data: bytes, instance: int = 7) -> tuple[int, int]:
        params = [
            Param(IN, msg.RPC_SOCKET_SEND, instance, handle),
            self.reference(msg.ATTR_RMEM_INPUT, data),
            Param(INOUT, 1000),
        ]
        return self(params), params[2].b

    def receive(self, handle: int, size: int, timeout: int = 1000) -> tuple[int, bytes]:
        params = [
            Param(IN, msg.RPC_SOCKET_RECV, 7, handle),
            self.reference(msg.ATTR_RMEM_OUTPUT, bytes(size)),
            Param(IN, timeout),
        ]
        return self(params), bytes(self.memory[: params[1].b])

    def control(self, handle: int, command: int, data: bytes) -> int:
        place = self.reference(msg.ATTR_RMEM_INOUT, data)
        return self([Param(IN, msg.RPC_SOCKET_IOCTL, 7, handle), place, Param(IN, command)])


@pytest.fixture
def ask() -> Iterator[Asker]:
    sockets = Sockets()
    yield Asker(sockets)
    sockets.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_tcp_both_ways_and_the_end(ask: Asker, listener: socket.socket) -> None:
    result, handle = ask.open(listener.getsockname()[1], TCP)
    assert result == gp.TEE_SUCCESS
    peer, _ = listener.accept()
    assert ask.send(handle, b"hello") == (gp.TEE_SUCCESS, 5)
    assert peer.recv(16) == b"hello"
    assert ask.receive(handle, 16, timeout=0)[0] == gp.TEE_ISOCKET_ERROR_TIMEOUT
    threading.Timer(0.05, peer.sendall, (b"answer",)).start()
    assert ask.receive(handle, 16) == (gp.TEE_SUCCESS, b"answer")
    peer.close()
    assert ask.receive(handle, 16) == (gp.TEE_SUCCESS, b"")
    assert ask([Param(IN, msg.RPC_SOCKET_CLOSE, 7, handle)]) == gp.TEE_SUCCESS
    assert ask([Param(IN, msg.RPC_SOCKET_CLOSE, 7, handle)]) == gp.TEE_ERROR_BAD_PARAMETERS


def test_udp_and_its_other_peer(ask: Asker) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        result, handle = ask.open(one.getsockname()[1], UDP)
        assert (result, ask.send(handle, b"a")) == (0, (0, 1))
        assert one.recv(8) == b"a"
        port = other.getsockname()[1].to_bytes(2, "little")
        assert ask.control(handle, gp.TEE_UDP_CHANGEPORT, port) == gp.TEE_SUCCESS
        assert ask.send(handle, b"b") == (0, 1)
        assert other.recv(8) == b"b"
        assert ask.control(handle, gp.TEE_UDP_CHANGEADDR, b"127.0.0.1\0") == gp.TEE_SUCCESS
        assert ask.control(handle, gp.TEE_UDP_CHANGEADDR, b"127.0.0.1") == gp.TEE_ISOCKET_ERROR_HOSTNAME
        assert ask.control(handle, 1, b"") == gp.TEE_ERROR_NOT_SUPPORTED


def test_what_cannot_be_opened(ask: Asker, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert ask.open(port, TCP, b"127.0.0.1")[0] == gp.TEE_ISOCKET_ERROR_HOSTNAME  # no NUL
    assert ask.open(port, TCP, b"\xff\xfe.invalid\0")[0] == gp.TEE_ISOCKET_ERROR_HOSTNAME
    assert ask.open(port, 9)[0] == gp.TEE_ERROR_BAD_PARAMETERS
    listener.close()
    assert ask.open(port, TCP)[0] == gp.TEE_ERROR_COMMUNICATION
    assert ask([]) == gp.TEE_ERROR_BAD_PARAMETERS


def test_buffers_of_tcp_and_sockets_of_another_instance(ask: Asker, listener: socket.socket) -> None:
    _, handle = ask.open(listener.getsockname()[1], TCP)
    assert ask.control(handle, gp.TEE_TCP_SET_RECVBUF, (8192).to_bytes(4, "little")) == gp.TEE_SUCCESS
    assert ask.control(handle, gp.TEE_TCP_SET_SENDBUF, b"x") == gp.TEE_ERROR_BAD_PARAMETERS
    assert ask.send(handle, b"x", instance=8)[0] == gp.TEE_ERROR_BAD_PARAMETERS
    assert ask([Param(IN, msg.RPC_SOCKET_CLOSE_ALL, 7)]) == gp.TEE_SUCCESS
    assert ask.send(handle, b"x")[0] == gp.TEE_ERROR_BAD_PARAMETERS


def plugin_params(uuid: UUID) -> list[Param]:
    words = [int.from_bytes(uuid.bytes[i : i + 4], "little") for i in range(0, 16, 4)]
    return [
        Param(IN, msg.RPC_SUPP_PLUGIN_INVOKE, words[0], words[1]),
        Param(IN, words[2], words[3], 5),
        Param(INOUT, 6),
        Param(msg.ATTR_RMEM_INOUT, 0, 4, 1),
    ]


def test_a_plugin_changes_the_buffer_and_says_how_much() -> None:
    memory = bytearray(b"abcd")

    def upper(command: int, sub_command: int, data: memoryview) -> tuple[int, int]:
        data[:2] = bytes(data[:2]).upper()
        return command << 8 | sub_command, 2

    params = plugin_params(NAME)
    assert Plugins({NAME: upper}).serve(params, lambda _: memoryview(memory)) == 0x506
    assert (memory, params[2].b) == (b"ABcd", 2)
    empty = Plugins({})
    assert empty.serve(plugin_params(NAME), lambda _: memoryview(memory)) == gp.TEE_ERROR_ITEM_NOT_FOUND
    assert empty.serve(plugin_params(NAME)[:3], lambda _: memoryview(memory)) == gp.TEE_ERROR_BAD_PARAMETERS
