# SPDX-License-Identifier: BSD-2-Clause
"""Sessions that a TA opens to other TAs and to PTAs.

A PTA borrows the caller's memory; another TA gets the caller's private memory as a copy in fresh secure
pages, and memory that is shared with the normal world as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_LOGIN_TRUSTED_APP,
    TEE_ORIGIN_TEE,
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_NONE,
    TEE_PARAM_TYPE_VALUE_INPUT,
    TEE_SUCCESS,
    param_type,
)
from elfhaven.abi.utee import PARAMS
from elfhaven.machine.pages import Backing, OutOfPages
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.params import BackedBuffer, Buffer, GuestBuffer, Memory, Parameters, Value, is_memref
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
        wanted = UUID(bytes_le=task.space.read(uuid, 16))
        task.space.check(session, 4, Protection.WRITE)
        task.space.check(origin, 4, Protection.WRITE)
        with _Borrowed(task, params, wanted in core.pseudo_tas) as borrowed:
            identity = Identity(TEE_LOGIN_TRUSTED_APP, task.uuid)
            result, where, opened = core.sessions.open(
                task.thread,
                self.open,
                wanted,
                identity,
                borrowed.params,
                caller=task,
                timeout=_limit(timeout),
            )
            borrowed.give_back(result)
        if opened is not None:
            task.space.write_u32(session, opened.number)
        task.space.write_u32(origin, where)
        return result

    def close_ta_session(self, number: int) -> int:
        return self._task.core.sessions.close(self._task.thread, self.open, number & 0xFFFFFFFF)

    def invoke_ta_command(self, number: int, timeout: int, command: int, params: int, origin: int) -> int:
        task, sessions = self._task, self._task.core.sessions
        task.space.check(origin, 4, Protection.WRITE)
        session = self.open.get(number & 0xFFFFFFFF)
        if session is None:
            task.space.write_u32(origin, TEE_ORIGIN_TEE)
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        with _Borrowed(task, params, isinstance(session.target, PseudoTa)) as borrowed:
            result, where = sessions.invoke(
                task.thread, session, command & 0xFFFFFFFF, borrowed.params, _limit(timeout)
            )
            borrowed.give_back(result)
        task.space.write_u32(origin, where)
        return result


def _limit(timeout: int) -> int | None:
    """A timeout in ms, None for an infinite one."""
    timeout &= 0xFFFFFFFF
    return None if timeout == _INFINITE else timeout


class _Borrowed:
    """The parameters of a caller, for the time of a call."""

    def __init__(self, task: Task, address: int, pseudo: bool) -> None:
        self._task = task
        self._address = address
        self._pseudo = pseudo
        self._copies: list[tuple[int, int, BackedBuffer]] = []  # place, address, copy
        self._held: list[Backing] = []
        self._words = PARAMS.unpack(task.space.read(address, PARAMS.size)) if address else (0,) * 9
        self.params = Parameters(self._words[0] & 0xFFFF)

    def __enter__(self) -> _Borrowed:
        try:
            for place in range(4):
                self.params.items[place] = self._take(place)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for backing in self._held:
            backing.release()

    def _take(self, place: int) -> Value | Memory | None:
        kind = param_type(self.params.types, place)
        a, b = self._words[1 + 2 * place], self._words[2 + 2 * place]
        if kind == TEE_PARAM_TYPE_NONE:
            return None
        if is_memref(kind):
            if kind > TEE_PARAM_TYPE_MEMREF_INPUT + 2:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            return Memory(self._buffer(place, kind, a, b), b)
        if kind < TEE_PARAM_TYPE_VALUE_INPUT + 3:
            return Value(a & 0xFFFFFFFF, b & 0xFFFFFFFF)
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def _buffer(self, place: int, kind: int, address: int, size: int) -> Buffer | None:
        space = self._task.space
        rights = Protection.READ
        if kind != TEE_PARAM_TYPE_MEMREF_INPUT:
            rights |= Protection.WRITE
        if not size:
            return None
        space.check(address, size, rights)
        if self._pseudo:
            return GuestBuffer(space, address, size)
        mapping = space.find(address)
        assert mapping is not None
        if not mapping.backing.secure and address + size <= mapping.end:
            offset = mapping.offset + address - mapping.start
            return BackedBuffer(self._task.core.memory, mapping.backing, offset, size)
        return self._copy(place, address, size)

    def _copy(self, place: int, address: int, size: int) -> BackedBuffer:
        try:
            backing = self._task.core.pages.allocate(size)
        except OutOfPages:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
        backing.hold()
        self._held.append(backing)
        copy = BackedBuffer(self._task.core.memory, backing, 0, size)
        copy.write(self._task.space.read(address, size))
        self._copies.append((place, address, copy))
        return copy

    def give_back(self, result: int) -> None:
        """Copy results to the caller: values always, memory where the sizes allow it."""
        words = list(self._words)
        for place, item in enumerate(self.params.items):
            if isinstance(item, Value):
                words[1 + 2 * place], words[2 + 2 * place] = item.a, item.b
            elif isinstance(item, Memory):
                words[2 + 2 * place] = item.size
        if self._address:
            self._task.space.write(self._address, PARAMS.pack(*words))
        for place, address, copy in self._copies:
            item = self.params.items[place]
            output = param_type(self.params.types, place) != TEE_PARAM_TYPE_MEMREF_INPUT
            if output and isinstance(item, Memory) and item.size <= copy.size and result == TEE_SUCCESS:
                self._task.space.write(address, copy.read()[: item.size])
