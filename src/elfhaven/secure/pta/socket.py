# SPDX-License-Identifier: BSD-2-Clause
"""The socket PTA (pta_socket.h): TCP and UDP for TAs, over the supplicant. TAs use it through the TEE Sockets
API; it has no clients in the normal world."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_PARAM_TYPE_MEMREF_INOUT,
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_MEMREF_OUTPUT,
    TEE_PARAM_TYPE_VALUE_INPUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
    param_types,
)
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.base import Call, Command, PseudoTa, given, taken
from elfhaven.secure.result import TeeResult

OPEN, CLOSE, SEND, RECV, IOCTL = 1, 2, 3, 4, 5
_IN, _OUT = TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT
_MEMORY = TEE_PARAM_TYPE_MEMREF_INPUT


class SocketPta(PseudoTa):
    """Sockets are the calling instance's; they end with its session with this PTA."""

    uuid = UUID("3b996a7d-2c2b-4a49-a896-e1fb5766d2f4")
    for_tas_only = True
    commands = (
        Command(OPEN, "open", param_types(_IN, _MEMORY, _IN, _OUT)),
        Command(CLOSE, "close", param_types(_IN)),
        Command(SEND, "send", param_types(_IN, _MEMORY, _OUT)),
        Command(RECV, "receive", param_types(_IN, TEE_PARAM_TYPE_MEMREF_OUTPUT)),
        Command(IOCTL, "control", param_types(_IN, TEE_PARAM_TYPE_MEMREF_INOUT)),
    )

    def closed(self, call: Call) -> None:
        with suppress(TeeResult):
            self._core.services.close_sockets(call.thread, call.task.number)

    def open(self, call: Call, params: Parameters) -> None:
        """IP version and port, name of the server, protocol; a handle."""
        where, protocol = params.value(0), params.value(2).a
        handle = self._core.services.connect(
            call.thread, call.task.number, where.a, where.b, protocol, taken(params, 1)
        )
        params.items[3] = Value(handle)

    def close(self, call: Call, params: Parameters) -> None:
        self._core.services.close_socket(call.thread, call.task.number, params.value(0).a)

    def send(self, call: Call, params: Parameters) -> None:
        """Handle and timeout in ms, data; how much was sent."""
        which = params.value(0)
        data = taken(params, 1)
        sent = self._core.services.send(call.thread, call.task.number, which.a, which.b, data)
        params.items[2] = Value(sent)

    def receive(self, call: Call, params: Parameters) -> None:
        """Handle and timeout in ms, room for data; its size becomes what the supplicant says."""
        which, memory = params.value(0), params.memory(1)
        data, size = self._core.services.receive(call.thread, call.task.number, which.a, which.b, memory.size)
        given(params, 1, data)
        memory.size = size & 0xFFFFFFFFFFFFFFFF

    def control(self, call: Call, params: Parameters) -> None:
        """Handle and command, its data."""
        which, data = params.value(0), taken(params, 1)
        answer = self._core.services.control(call.thread, call.task.number, which.a, which.b, data)
        given(params, 1, answer)
