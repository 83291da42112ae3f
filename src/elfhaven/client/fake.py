# SPDX-License-Identifier: BSD-2-Clause
"""A TEE for unit tests of clients: functions stand for TAs, and every call is noted.

def ta(command, params):
    return [(params[0].a + 1, 0)]

tee = Context(transport=FakeTransport({UUID: ta}))
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.errors import TeeError
from elfhaven.normal.transport import Allocation, Direction, Login, MemRef, Output, Parameter, Reply, Value

Answer = tuple[int, int] | bytes | None
FakeTa = Callable[[int, Sequence[Parameter]], Sequence[Answer] | None]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was made: "open", "invoke", "close" or "cancel"."""

    what: str
    uuid: UUID
    command: int = 0
    params: tuple[Parameter, ...] = ()


class FakeTransport:
    """normal.transport.Transport. A TA gets (command, parameters) and gives an answer for each parameter: a
    pair for a Value, bytes for a MemRef, None; a TeeError that it raises is the result. `calls` are those
    made so far, `logins` those of the sessions."""

    def __init__(self, tas: Mapping[UUID | str, FakeTa]) -> None:
        self._tas = {UUID(str(uuid)): ta for uuid, ta in tas.items()}
        self._sessions: dict[int, UUID] = {}
        self._shared: dict[int, memoryview] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.calls: list[Call] = []
        self.logins: list[Login] = []

    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply:
        self.calls.append(Call("open", uuid, 0, tuple(params)))
        if uuid not in self._tas:
            return Reply(gp.TEE_ERROR_ITEM_NOT_FOUND, gp.TEE_ORIGIN_TEE)
        with self._lock:
            number = next(self._numbers)
            self._sessions[number] = uuid
        self.logins.append(login)
        return Reply(gp.TEE_SUCCESS, gp.TEE_ORIGIN_TRUSTED_APP, number, (None,) * len(params))

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        uuid = self._sessions.get(session)
        if uuid is None:
            return Reply(gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ORIGIN_TEE)
        self.calls.append(Call("invoke", uuid, command, tuple(params)))
        try:
            answers = list(self._tas[uuid](command, params) or ())
        except TeeError as error:
            return Reply(error.code, error.origin or gp.TEE_ORIGIN_TRUSTED_APP)
        answers += [None] * (len(params) - len(answers))
        return self._reply(params, answers)

    def _reply(self, params: Sequence[Parameter], answers: Sequence[Answer]) -> Reply:
        outputs: list[Output] = []
        code = gp.TEE_SUCCESS
        for param, answer in zip(params, answers, strict=True):
            if isinstance(answer, bytes) and isinstance(param, MemRef):
                outputs.append(len(answer))
                if len(answer) > param.size:
                    code = gp.TEE_ERROR_SHORT_BUFFER
                else:
                    self._view(param)[: len(answer)] = answer
            elif isinstance(param, Value) and param.direction != Direction.INPUT:
                outputs.append(answer if isinstance(answer, tuple) else (param.a, param.b))
            else:
                outputs.append(None)
        return Reply(code, gp.TEE_ORIGIN_TRUSTED_APP, 0, tuple(outputs))

    def _view(self, param: MemRef) -> memoryview:
        if param.view is not None:
            return param.view
        return self._shared[param.handle or 0][param.offset : param.offset + param.size]

    def close_session(self, session: int) -> None:
        uuid = self._sessions.pop(session, None)
        if uuid is not None:
            self.calls.append(Call("close", uuid))

    def cancel(self, session: int, cancel_id: int) -> None:
        self.calls.append(Call("cancel", self._sessions.get(session, UUID(int=0))))

    def allocate(self, size: int) -> Allocation:
        return self.register(memoryview(bytearray(size)))

    def register(self, buffer: memoryview) -> Allocation:
        with self._lock:
            handle = next(self._numbers)
            self._shared[handle] = buffer
        return Allocation(handle, buffer)

    def release(self, handle: int) -> None:
        self._shared.pop(handle, None)
