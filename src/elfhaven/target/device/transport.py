# SPDX-License-Identifier: BSD-2-Clause
"""The Client API over a device node: implements Transport with ioctl.

A call that waits in the kernel does not hold Python's lock, so another thread can cancel it. Nothing wakes
the thread that makes the call before the TEE is done: signals are kept from it meanwhile, so that Linux hands
them to a thread that waits for them (target/interrupt.py).

Locks: `_lock` guards the calls under way; the kernel is asked to cancel them without it.
"""

from __future__ import annotations

import errno
import signal
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.abi import tee_ioctl as tee
from elfhaven.abi.layout import Layout
from elfhaven.errors import TargetError, TeeError, UsageError
from elfhaven.normal.transport import (
    Allocation,
    Direction,
    Login,
    MemRef,
    Output,
    Parameter,
    Reply,
    Value,
    outputs_of,
)
from elfhaven.target.device.memory import Memories, Shared
from elfhaven.target.device.node import Node
from elfhaven.target.interrupt import WATCHED

_NONE: Final = tee.PARAM.struct.pack(tee.ATTR_TYPE_NONE, 0, 0, 0)
_VALUE: Final = tee.ATTR_TYPE_VALUE_INPUT - Direction.INPUT  # direction -> attribute
_MEMREF: Final = tee.ATTR_TYPE_MEMREF_INPUT - Direction.INPUT
_WORD: Final = 0xFFFF_FFFF
_ABORTED: Final = (gp.TEE_ERROR_TARGET_DEAD, gp.TEE_ORIGIN_TEE)
_GONE: Final = (errno.ENODEV, errno.ENXIO, errno.EBADF)
_RESULTS: Final = {  # what libteec makes of an error of the kernel
    errno.ENOMEM: gp.TEE_ERROR_OUT_OF_MEMORY,
    errno.EINVAL: gp.TEE_ERROR_BAD_PARAMETERS,
    errno.EAGAIN: gp.TEE_ERROR_BUSY,
}


@dataclass(slots=True)
class _Call:
    """The parameters of a call, and what was borrowed for it by place."""

    params: Sequence[Parameter]
    borrowed: dict[int, Shared] = field(default_factory=dict)


class DeviceTransport:
    """The TEE behind an open node. Close it: the node, its sessions and its memory go with it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._memories = Memories(node)
        self._lock = threading.Lock()
        self._under_way: list[tuple[int, int]] = []  # session (0: one that is being opened), cancellation id
        self._aborted = False

    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply:
        client = group.to_bytes(tee.UUID_LEN, "little")  # heeded for logins by group alone
        head = tee.OPEN_SESSION_ARG.struct.pack(uuid.bytes, client, login, cancel_id, 0, 0, 0, len(params))
        code, origin, session, outputs = self._call(
            tee.IOC_OPEN_SESSION, tee.OPEN_SESSION_ARG, head, params, (0, cancel_id)
        )
        return Reply(code, origin, session if code == gp.TEE_SUCCESS else 0, outputs)

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        head = tee.INVOKE_ARG.struct.pack(command & _WORD, session, cancel_id, 0, 0, len(params))
        code, origin, _, outputs = self._call(
            tee.IOC_INVOKE, tee.INVOKE_ARG, head, params, (session, cancel_id)
        )
        return Reply(code, origin, 0, outputs)

    def close_session(self, session: int) -> None:
        """A session that the TEE does not know any more is closed."""
        try:
            self._node.ask(
                tee.IOC_CLOSE_SESSION, bytearray(tee.CLOSE_SESSION_ARG.struct.pack(session)), self._going_on
            )
        except OSError:
            pass

    def cancel(self, session: int, cancel_id: int) -> None:
        """The call may have ended already: then there is nothing to cancel."""
        try:
            self._node.ask(tee.IOC_CANCEL, bytearray(tee.CANCEL_ARG.struct.pack(cancel_id, session)))
        except OSError:
            pass

    def allocate(self, size: int) -> Allocation:
        shared = self._memories.new(size)
        return Allocation(shared.handle, shared.view)

    def register(self, buffer: memoryview) -> Allocation:
        """The TEE sees the buffer itself, not a copy."""
        return Allocation(self._memories.register(buffer).handle, buffer)

    def release(self, handle: int) -> None:
        self._memories.release(handle)

    def abort(self) -> None:
        """Asks for the end of what is under way, from any thread; later calls end with TARGET_DEAD."""
        self._aborted = True
        with self._lock:
            under_way = list(self._under_way)
        for session, cancel_id in under_way:
            self.cancel(session, cancel_id)

    def close(self) -> None:
        self._memories.close()
        self._node.close()

    # --- calls ---

    def _call(
        self,
        request: int,
        layout: Layout,
        head: bytes,
        params: Sequence[Parameter],
        name: tuple[int, int],
    ) -> tuple[int, int, int, tuple[Output, ...]]:
        """Result, origin, session and outputs of one call."""
        nothing = (None,) * len(params)
        if self._aborted:
            return *_ABORTED, 0, nothing
        with self._prepared(params) as call:
            block = array("Q", head + b"".join(self._words(call)))
            try:
                with self._noted(name), _signals_elsewhere():
                    self._node.ask_about(request, block, self._going_on)
            except OSError as error:
                code, origin = self._refused(error)
                return code, origin, 0, nothing
            data = block.tobytes()
            answer = dict(
                zip((name for _, name in layout.fields), layout.struct.unpack_from(data), strict=True)
            )
            return (
                answer["ret"],
                answer["ret_origin"],
                answer["session"],
                _outputs(call, data[layout.size :]),
            )

    def _refused(self, error: OSError) -> tuple[int, int]:
        if isinstance(error, InterruptedError):
            return _ABORTED
        if error.errno in _GONE:
            raise TargetError(
                f"{self._node.path} is gone: {error.strerror}", "was the module of its driver unloaded?"
            ) from None
        if error.errno in _RESULTS:
            return _RESULTS[error.errno], gp.TEE_ORIGIN_COMMS
        raise TeeError(
            gp.TEE_ERROR_GENERIC,
            gp.TEE_ORIGIN_COMMS,
            f"Linux refused the call: {error.strerror}",
            "a login by group takes a group of this process" if error.errno == errno.EPERM else None,
        ) from None

    def _going_on(self) -> bool:
        return not self._aborted

    @contextmanager
    def _noted(self, name: tuple[int, int]) -> Iterator[None]:
        with self._lock:
            self._under_way.append(name)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.remove(name)

    @contextmanager
    def _prepared(self, params: Sequence[Parameter]) -> Iterator[_Call]:
        call = _Call(params)
        try:
            yield call
        finally:
            for place, shared in call.borrowed.items():
                param = params[place]
                self._memories.give_back(shared, param.size if isinstance(param, MemRef) else 0)

    def _words(self, call: _Call) -> Iterator[bytes]:
        for place, param in enumerate(call.params):
            if param is None:
                yield _NONE
            elif isinstance(param, Value):
                yield tee.PARAM.struct.pack(_VALUE + param.direction, param.a & _WORD, param.b & _WORD, 0)
            else:
                number = self._memory(call, place, param)
                yield tee.PARAM.struct.pack(_MEMREF + param.direction, param.offset, param.size, number)

    def _memory(self, call: _Call, place: int, param: MemRef) -> int:
        """The kernel's number of a reference's memory; what goes in is copied where it is borrowed."""
        if param.handle is not None:
            try:
                return self._memories[param.handle].id
            except KeyError:
                raise UsageError("a parameter refers to shared memory that was released") from None
        if param.view is None and self._node.version.capabilities & tee.GEN_CAP_MEMREF_NULL:
            return tee.MEMREF_NULL
        shared = call.borrowed[place] = self._memories.borrow(param.size)
        if param.direction is not Direction.OUTPUT and param.view is not None:
            shared.view[: param.size] = param.view
        return shared.id


def _outputs(call: _Call, params: bytes) -> tuple[Output, ...]:
    pairs = [(a, b) for _, a, b, _ in tee.PARAM.struct.iter_unpack(params)]
    return outputs_of(call.params, pairs, {place: shared.view for place, shared in call.borrowed.items()})


@contextmanager
def _signals_elsewhere() -> Iterator[None]:
    """Within, this thread takes no signal that asks for an end; where no other does, it waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
