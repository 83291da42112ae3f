# SPDX-License-Identifier: BSD-2-Clause
"""The TEE Client API (GlobalPlatform, 1.0) in Python.

    TEEC_InitializeContext, FinalizeContext       Context(transport), .close() or `with`
    TEEC_OpenSession, CloseSession                Context.open_session, Session.close() or `with`
    TEEC_InvokeCommand                            Session.invoke
    TEEC_RequestCancellation                      Operation.cancel, from another thread
    TEEC_RegisterSharedMemory, AllocateShared...  Context.register, Context.allocate
    TEEC_ReleaseSharedMemory                      SharedMemory.close() or `with`

A result other than TEE_SUCCESS is raised as TeeError. Outputs come back as a list with one entry for each
parameter: a Value for a Value, bytes (or the filled part of the caller's buffer) for a MemRef, a number of
bytes for a part of shared memory, None for an input.

Locks: a context's lock guards its sets of sessions and memory and is never held across a call.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.abi.container import WINDOW_DEFAULT
from elfhaven.errors import TeeError, UsageError
from elfhaven.normal.results import tee_error
from elfhaven.normal.stops import Stops
from elfhaven.normal.transport import (
    Allocation,
    Direction,
    Login,
    MemRef,
    Output,
    Parameter,
    Reply,
    Transport,
    Value,
)

__all__ = [
    "Context",
    "Direction",
    "Login",
    "MemRef",
    "Operation",
    "Result",
    "Session",
    "SharedMemory",
    "Value",
]

Result = Value | bytes | memoryview | int | None
_Held = TypeVar("_Held", "Session", "SharedMemory")
_MAX_U32 = 0xFFFF_FFFF


class Closing:
    """`with` closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        raise AssertionError("every subclass closes")


class Context(Closing):
    """A connection to one TEE. Closing it closes its sessions and releases its shared memory. `window`: in
    pieces of how many bytes a program's bulk data had better cross."""

    def __init__(self, transport: Transport, window: int = WINDOW_DEFAULT) -> None:
        self.transport = transport
        self.window = window
        self.stops = Stops()
        self._lock = threading.Lock()
        self._held: dict[int, Session | SharedMemory] = {}
        self._cancel_ids = itertools.count(1)

    def open_session(
        self,
        uuid: UUID | str,
        *params: Parameter,
        operation: Operation | None = None,
        login: Login = Login.PUBLIC,
        group: int = 0,
        timeout: float | None = None,
    ) -> Session:
        """A session with the TA `uuid`; what it wrote to the parameters is in Session.opened.

        `group` is the group id of the GROUP logins; `timeout` as for Session.invoke. Raises TeeError.
        """
        name = UUID(uuid) if isinstance(uuid, str) else uuid
        operation = operation or Operation(*params)
        heard = self.heard()
        with operation.under_way(self, None, timeout) as cancel_id:
            reply = self.transport.open_session(name, login, group, operation.params, cancel_id)
        if reply.code:
            raise self.explained(_error(reply, f"cannot open a session with {name}"), heard, name)
        return self._hold(Session(self, name, reply.session, _results(operation.params, reply.outputs)))

    def allocate(self, size: int) -> SharedMemory:
        """Zeroed memory that both worlds see."""
        if size <= 0:
            raise UsageError(f"cannot share {size} bytes", "give a size of 1 or more")
        return self._hold(SharedMemory(self, self.transport.allocate(size)))

    def register(self, buffer: bytearray | memoryview) -> SharedMemory:
        """Shares a writable buffer of the caller's own."""
        view = memoryview(buffer).cast("B")
        if view.readonly or not len(view):
            raise UsageError("cannot share a buffer that is read-only or empty", "give a bytearray")
        return self._hold(SharedMemory(self, self.transport.register(view)))

    def heard(self) -> int:
        """How much the secure console has said so far, where it can be heard."""
        return 0

    def explained(self, error: TeeError, heard: int, opening: UUID | None = None) -> TeeError:
        """The error of a call with what is known of its cause in this run, as notes. `heard` is of before the
        call, `opening` the TA that a session was to be opened with."""
        return error

    def next_cancel_id(self) -> int:
        """A number for one operation of this context, never 0 (which cannot be cancelled)."""
        return next(self._cancel_ids) % _MAX_U32 + 1

    def close(self) -> None:
        for held in reversed(list(self._held.values())):
            held.close()

    def forget(self, held: Session | SharedMemory) -> bool:
        """Drops what was held; False if it was dropped before."""
        with self._lock:
            return self._held.pop(id(held), None) is not None

    def _hold(self, new: _Held) -> _Held:
        with self._lock:
            self._held[id(new)] = new
        return new


class SharedMemory(Closing):
    """Memory that both worlds see, as `view`. A part of it is a parameter by `ref`."""

    def __init__(self, context: Context, allocation: Allocation) -> None:
        self._context = context
        self.handle = allocation.handle
        self.view = allocation.view
        self._push = allocation.push

    def __len__(self) -> int:
        return len(self.view)

    def ref(self, direction: Direction, offset: int = 0, size: int | None = None) -> MemRef:
        """A part of this memory as a parameter; the whole without `offset` and `size`."""
        size = len(self.view) - offset if size is None else size
        if offset < 0 or size < 0 or offset + size > len(self.view):
            raise UsageError(
                f"{size} bytes at {offset} do not lie in {len(self.view)} bytes of shared memory"
            )
        return MemRef(direction, None, self.handle, offset, size)

    def push(self, offset: int, size: int) -> None:
        """Lets the TEE see what was written to a part of it, even while a call is under way."""
        if self._push is not None:
            self._push(offset, size)

    def close(self) -> None:
        if self._context.forget(self):
            self._context.transport.release(self.handle)


class Operation:
    """Parameters of one call at a time, which another thread can cancel."""

    def __init__(self, *params: Parameter) -> None:
        if len(params) > gp.TEE_NUM_PARAMS:
            raise UsageError(f"{len(params)} parameters", f"a call takes at most {gp.TEE_NUM_PARAMS}")
        self.params = params
        self._running: tuple[Context, int | None, int] | None = None

    @contextmanager
    def under_way(self, context: Context, session: int | None, timeout: float | None) -> Iterator[int]:
        """While the call is made that is made now: its cancellation id. Cancelled after `timeout` seconds."""
        cancel_id = context.next_cancel_id()
        self._running = (context, session, cancel_id)
        timer = None if timeout is None else threading.Timer(timeout, self.cancel)
        try:
            if timer is not None:
                timer.daemon = True
                timer.start()
            yield cancel_id
        finally:
            self._running = None
            if timer is not None:
                timer.cancel()

    def cancel(self) -> None:
        """Asks the TEE to cancel the call under way, if there is one. The TA may not heed it."""
        running = self._running
        if running is not None:
            context, session, cancel_id = running
            context.transport.cancel(session or 0, cancel_id)


class Session(Closing):
    """A session with a TA. `opened` holds the outputs of opening it."""

    def __init__(self, context: Context, uuid: UUID, number: int, opened: list[Result]) -> None:
        self.context = context
        self.uuid = uuid
        self.number = number
        self.opened = opened

    def invoke(
        self,
        command: int,
        *params: Parameter,
        operation: Operation | None = None,
        timeout: float | None = None,
    ) -> list[Result]:
        """Invokes a command of the TA with up to four parameters. Raises TeeError.

        Give an `operation` in place of parameters to be able to cancel it. After `timeout` seconds the TEE
        is asked to cancel; a TA that does not heed it goes on.
        """
        operation = operation or Operation(*params)
        heard = self.context.heard()
        with operation.under_way(self.context, self.number, timeout) as cancel_id:
            reply = self.context.transport.invoke(self.number, command, operation.params, cancel_id)
        if reply.code:
            raise self.context.explained(_error(reply, f"command {command} of {self.uuid} failed"), heard)
        return _results(operation.params, reply.outputs)

    def close(self) -> None:
        if self.context.forget(self):
            self.context.transport.close_session(self.number)


def _error(reply: Reply, doing: str) -> TeeError:
    sizes = tuple(output if isinstance(output, int) else None for output in reply.outputs)
    return tee_error(reply.code, reply.origin, doing, sizes)


def _results(params: tuple[Parameter, ...], outputs: tuple[Output, ...]) -> list[Result]:
    return [_result(param, output) for param, output in zip(params, outputs, strict=False)]


def _result(param: Parameter, output: Output) -> Result:
    if output is None:
        return None
    if isinstance(output, tuple):
        return Value(*output, Direction.OUTPUT)
    if isinstance(param, MemRef) and param.view is not None:
        filled = param.view[:output]
        return bytes(filled) if param.made else filled
    return output
