# SPDX-License-Identifier: BSD-2-Clause
"""Standard calls: messages of the normal world, served on an OP-TEE thread.

A message is copied once and parsed from the copy; only its results are written back to where it lies.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_NUM_PARAMS,
    TEE_ORIGIN_TEE,
    TEE_SUCCESS,
)
from elfhaven.abi.optee_msg import (
    ATTR_META,
    ATTR_NONE,
    ATTR_RMEM_INOUT,
    ATTR_RMEM_INPUT,
    ATTR_TMEM_INOUT,
    ATTR_TMEM_INPUT,
    ATTR_VALUE_INOUT,
    ATTR_VALUE_INPUT,
    ATTR_VALUE_OUTPUT,
    CMD_CANCEL,
    CMD_CLOSE_SESSION,
    CMD_INVOKE_COMMAND,
    CMD_OPEN_SESSION,
    CMD_REGISTER_SHM,
    CMD_UNREGISTER_SHM,
    HEADER,
    PARAM,
    RET_OFFSET,
    SESSION_OFFSET,
)
from elfhaven.abi.smc import RETURN_EBADCMD, RETURN_OK
from elfhaven.secure.params import Memory, Parameter, Parameters, Value, is_memref
from elfhaven.secure.result import TeeResult
from elfhaven.secure.session import Identity, Sessions
from elfhaven.world.message import Message, MessageError, Param, message_size, param_count, parse

if TYPE_CHECKING:
    from elfhaven.secure.core import SecureCore
    from elfhaven.secure.threads import Answer, Thread

_RESULT = struct.Struct("<II")


class StandardCalls:
    """`sessions` are those of the normal world."""

    def __init__(self, core: SecureCore) -> None:
        self._core = core
        self.sessions: Sessions = {}
        self._commands = {
            CMD_OPEN_SESSION: self._open,
            CMD_INVOKE_COMMAND: self._invoke,
            CMD_CLOSE_SESSION: self._close,
            CMD_CANCEL: self._cancel,
            CMD_REGISTER_SHM: self._register,
            CMD_UNREGISTER_SHM: self._unregister,
        }

    def copy(self, address: int) -> Message | None:
        """The one copy of the message at a physical address; None if there can be no message."""
        normal = self._core.normal
        if address % 8 or not normal.contains(address, HEADER.size):
            return None
        header = normal.read(address, HEADER.size)
        try:
            rest = message_size(param_count(header)) - HEADER.size
            if not normal.contains(address + HEADER.size, rest):
                return None
            return parse(header + normal.read(address + HEADER.size, rest))
        except MessageError:
            return None

    def call(self, thread: Thread, message: Message, address: int) -> Answer:
        """Serve a message that was copied from `address`."""
        command = self._commands.get(message.command)
        if command is None:
            return RETURN_EBADCMD, 0, 0, 0
        try:
            result, origin = command(thread, message, address)
        except TeeResult as error:
            result, origin = error.code, TEE_ORIGIN_TEE
        with suppress(TeeResult):
            self._core.rpc.drop_scratch(thread)
        self._core.normal.write(address + RET_OFFSET, _RESULT.pack(result, origin))
        return RETURN_OK, 0, 0, 0

    # ---- sessions

    def _open(self, thread: Thread, message: Message, address: int) -> tuple[int, int]:
        uuid, identity = _meta(message.params)
        params = self._parameters(message.params[2:])
        result, origin, session = self._core.sessions.open(thread, self.sessions, uuid, identity, params)
        if session is not None:
            self._core.normal.write(address + SESSION_OFFSET, struct.pack("<I", session.number))
        self._give_back(address, message, params, 2)
        return result, origin

    def _invoke(self, thread: Thread, message: Message, address: int) -> tuple[int, int]:
        params = self._parameters(message.params)
        session = self._core.sessions.take(thread, self.sessions, message.session)
        if session is None:
            return TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE
        try:
            result, origin = self._core.sessions.invoke(thread, session, message.function, params)
        finally:
            self._core.sessions.give_back(thread, session)
        self._give_back(address, message, params, 0)
        return result, origin

    def _close(self, thread: Thread, message: Message, _address: int) -> tuple[int, int]:
        _no_params(message)
        return self._core.sessions.close(thread, self.sessions, message.session), TEE_ORIGIN_TEE

    def _cancel(self, _thread: Thread, message: Message, _address: int) -> tuple[int, int]:
        _no_params(message)
        return self._core.sessions.cancel(self.sessions, message.session), TEE_ORIGIN_TEE

    # ---- shared memory

    def _register(self, _thread: Thread, message: Message, _address: int) -> tuple[int, int]:
        if len(message.params) != 1 or message.params[0].kind != ATTR_TMEM_INPUT + 1:
            return TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE
        self._core.shared.register(message.params[0])
        return TEE_SUCCESS, TEE_ORIGIN_TEE

    def _unregister(self, _thread: Thread, message: Message, _address: int) -> tuple[int, int]:
        if len(message.params) != 1 or message.params[0].kind != ATTR_RMEM_INPUT:
            return TEE_ERROR_BAD_PARAMETERS, TEE_ORIGIN_TEE
        self._core.shared.unregister(message.params[0].c)
        return TEE_SUCCESS, TEE_ORIGIN_TEE

    # ---- parameters

    def _parameters(self, params: list[Param]) -> Parameters:
        if len(params) > TEE_NUM_PARAMS:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        out = Parameters()
        for place, param in enumerate(params):
            kind, item = self._parameter(param)
            out.types |= kind << 4 * place
            out.items[place] = item
        return out

    def _parameter(self, param: Param) -> tuple[int, Parameter]:
        """(TEE_PARAM_TYPE, content)."""
        kind = param.kind
        if param.attr & ATTR_META:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if kind == ATTR_NONE:
            return kind, None
        if ATTR_VALUE_INPUT <= kind <= ATTR_VALUE_INOUT:
            return kind, _value(param)
        if ATTR_RMEM_INPUT <= kind <= ATTR_RMEM_INOUT:
            return kind, Memory(self._core.shared.registered(param), param.b)
        if ATTR_TMEM_INPUT <= kind <= ATTR_TMEM_INOUT:
            return kind - ATTR_TMEM_INPUT + ATTR_RMEM_INPUT, Memory(
                self._core.shared.temporary(param), param.b
            )
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)

    def _give_back(self, address: int, message: Message, params: Parameters, skip: int) -> None:
        """Write values and sizes to output parameters of the message, nothing else of it."""
        for place in range(len(message.params) - skip):
            kind, item = params.kind(place), params.items[place]
            at = address + HEADER.size + PARAM.size * (place + skip)
            if isinstance(item, Value) and kind != ATTR_VALUE_INPUT:
                self._core.normal.write(at + 8, struct.pack("<QQ", item.a, item.b))
            elif isinstance(item, Memory) and is_memref(kind) and kind != ATTR_RMEM_INPUT:
                self._core.normal.write(at + 16, struct.pack("<Q", item.size))


def _value(param: Param) -> Value:
    if param.kind == ATTR_VALUE_OUTPUT:
        return Value()
    return Value(param.a & 0xFFFFFFFF, param.b & 0xFFFFFFFF)


def _meta(params: list[Param]) -> tuple[UUID, Identity]:
    """The TA's UUID and the client's identity, from the two meta parameters of OPEN_SESSION."""
    if len(params) < 2 or any(p.attr != ATTR_META | ATTR_VALUE_INPUT for p in params[:2]):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    uuids = [UUID(bytes=struct.pack("<QQ", p.a, p.b)) for p in params[:2]]
    return uuids[0], Identity(params[1].c & 0xFFFFFFFF, uuids[1])


def _no_params(message: Message) -> None:
    if message.params:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
