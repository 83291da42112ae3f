# SPDX-License-Identifier: BSD-2-Clause
"""Sessions that a TA opens to other TAs and to PTAs.

A PTA borrows the caller's memory; another TA gets the caller's private memory as a copy in fresh secure
pages, and memory that is shared with the normal world as it is.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_LOGIN_TRUSTED_APP,
    TEE_NUM_PARAMS,
    TEE_ORIGIN_TEE,
    TEE_PARAM_TYPE_MEMREF_INOUT,
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_VALUE_INOUT,
    TEE_PARAM_TYPE_VALUE_INPUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
)
from elfhaven.abi.utee import PARAMS
from elfhaven.machine.address_space import GuestFault, Kind
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.params import BackedBuffer, Buffer, GuestBuffer, Memory, Parameters, Value
from elfhaven.secure.pta.base import PseudoTa
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.session import Session
    from elfhaven.secure.task import Task

_INFINITE = 0xFFFFFFFF


class SessionCalls:
    """`open` are the TA's own sessions, by the handle it knows."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.open: dict[int, Session] = {}

    def open_ta_session(self, uuid: int, timeout: int, params: int, session: int, origin: int) -> int:
        from elfhaven.secure.session import Identity

        task, core = self._task, self._task.core
        wanted = UUID(bytes_le=task.space.read_private(uuid, 16))
        try:
            words = self._words(params)
            given = _take(task, words, wanted in core.pseudo_tas)
        except (TeeResult, GuestFault) as error:
            return self._refuse(error, origin)
        identity = Identity(TEE_LOGIN_TRUSTED_APP, task.uuid)
        result, where, opened = core.sessions.open(
            task.thread, self.open, wanted, identity, given, caller=task, timeout=_limit(timeout)
        )
        self._give_back(params, words, given)
        if opened is not None:
            self._tell(session, opened.number)
        self._tell(origin, where)
        return result

    def close_ta_session(self, number: int) -> int:
        return self._task.core.sessions.close(self._task.thread, self.open, number & 0xFFFFFFFF)

    def invoke_ta_command(self, number: int, timeout: int, command: int, params: int, origin: int) -> int:
        task, sessions = self._task, self._task.core.sessions
        session = self.open.get(number & 0xFFFFFFFF)
        if session is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        try:
            words = self._words(params)
            given = _take(task, words, isinstance(session.target, PseudoTa))
        except (TeeResult, GuestFault) as error:
            return self._refuse(error, origin)
        result, where = sessions.invoke(task.thread, session, command & 0xFFFFFFFF, given, _limit(timeout))
        self._give_back(params, words, given)
        self._tell(origin, where)
        return result

    def _words(self, params: int) -> tuple[int, ...]:
        """struct utee_params, a copy; all zero where there is none."""
        return PARAMS.unpack(self._task.space.read_private(params, PARAMS.size)) if params else (0,) * 9

    def _refuse(self, error: TeeResult | GuestFault, origin: int) -> int:
        self._tell(origin, TEE_ORIGIN_TEE)
        return error.code if isinstance(error, TeeResult) else TEE_ERROR_ACCESS_DENIED

    def _tell(self, address: int, value: int) -> None:
        """Write a result if there is a place for it: OP-TEE does not mind if there is none."""
        with suppress(GuestFault):
            self._task.space.write_private(address, value.to_bytes(4, "little"))

    def _give_back(self, address: int, words: tuple[int, ...], given: Parameters) -> None:
        """Values and sizes of output parameters."""
        if not address:
            return
        out = list(words)
        for place, item in enumerate(given.items):
            kind = given.kind(place)
            if isinstance(item, Value) and kind != TEE_PARAM_TYPE_VALUE_INPUT:
                out[1 + 2 * place], out[2 + 2 * place] = item.a, item.b
            elif isinstance(item, Memory) and kind != TEE_PARAM_TYPE_MEMREF_INPUT:
                out[2 + 2 * place] = item.size
        self._task.space.write(address, PARAMS.pack(*out))


def _limit(timeout: int) -> int | None:
    """A timeout in ms, None for an infinite one."""
    timeout &= 0xFFFFFFFF
    return None if timeout == _INFINITE else timeout


def _take(task: Task, words: tuple[int, ...], pseudo: bool) -> Parameters:
    """The parameters of a caller. Types that are none pass as they are, without content."""
    out = Parameters(words[0] & 0xFFFFFFFF)
    for place in range(TEE_NUM_PARAMS):
        kind, a, b = out.kind(place), words[1 + 2 * place], words[2 + 2 * place]
        if TEE_PARAM_TYPE_VALUE_INPUT <= kind <= TEE_PARAM_TYPE_VALUE_INOUT:
            given = kind != TEE_PARAM_TYPE_VALUE_OUTPUT
            out.items[place] = Value(a & 0xFFFFFFFF, b & 0xFFFFFFFF) if given else Value()
        elif TEE_PARAM_TYPE_MEMREF_INPUT <= kind <= TEE_PARAM_TYPE_MEMREF_INOUT:
            out.items[place] = Memory(_buffer(task, kind, a, b, pseudo), b)
    return out


def _buffer(task: Task, kind: int, address: int, size: int, pseudo: bool) -> Buffer | None:
    """Memory for a PTA is the caller's; memory for a TA must be shareable, and becomes the TA's too."""
    if not address:
        if size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return None
    output = kind != TEE_PARAM_TYPE_MEMREF_INPUT
    task.space.check(address, size, Protection.READ | Protection.WRITE if output else Protection.READ)
    if pseudo or not size:
        return GuestBuffer(task.space, address, size)
    mapping = task.space.find(address)
    if mapping is None or not mapping.kind & Kind.SHAREABLE or address + size > mapping.end:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    offset = mapping.offset + address - mapping.start
    return BackedBuffer(task.core.memory, mapping.backing, offset, size)
