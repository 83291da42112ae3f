# SPDX-License-Identifier: BSD-2-Clause
"""The Client API over a bridge: implements Transport for a TEE at the other end of a stream.

Any number of threads may call; each waits for its own answer, and one of those that wait reads for all.

Locks: `_sending` is held while the frames of one request are made and sent, so that what both ends agree on
changes in the order of the stream. `_turn` guards the answers and whose turn it is to read; nothing is sent
or read while it is held.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from errno import ENOSPC
from functools import partial
from typing import Final
from uuid import UUID

from elfhaven.abi import bridge as wire
from elfhaven.abi import gp
from elfhaven.errors import ElfhavenError, TargetError, UsageError
from elfhaven.normal.bridge_link import Frame, Link, frame
from elfhaven.normal.bridge_memory import Memories, Remote
from elfhaven.normal.results import tee_error
from elfhaven.normal.transport import (
    Allocation,
    Direction,
    Login,
    MemRef,
    Parameter,
    Reply,
    Value,
    outputs_of,
)

_NONE: Final = wire.PARAM.struct.pack(gp.TEE_PARAM_TYPE_NONE, 0, 0, 0)
_VALUE: Final = gp.TEE_PARAM_TYPE_VALUE_INPUT - Direction.INPUT  # direction -> type
_MEMREF: Final = gp.TEE_PARAM_TYPE_MEMREF_INPUT - Direction.INPUT
_PART: Final = wire.FRAME_MAX - wire.INSTALL.size
_WORD: Final = 0xFFFF_FFFF
_FULL: Final = (
    "make room there: a guest keeps every TA that was run until it is switched off (elfhaven qemu down)"
)
_ABORTED: Final = (gp.TEE_ERROR_TARGET_DEAD, gp.TEE_ORIGIN_TEE)


@dataclass(slots=True)
class _Call:
    """A request on its way: its frames, and the memory that was borrowed for it by place."""

    params: Sequence[Parameter]
    frames: list[bytes] = field(default_factory=list)
    words: list[bytes] = field(default_factory=list)
    borrowed: dict[int, Remote] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request that is answered more than once, and asks back. `take` raises TeeError after an abort."""

    take: Callable[[], Frame]
    send: Callable[[wire.Kind, bytes], None]


class BridgeTransport:
    """A connection that was greeted. `lost` makes the error for one that ended by itself."""

    def __init__(self, link: Link, lost: Callable[[], ElfhavenError] | None = None) -> None:
        self._link = link
        self._lost = lost or _connection_ended
        self._sending = threading.Lock()
        self._turn = threading.Condition()
        self._reading = False
        self._ended = False
        self._aborted = False
        self._answers: dict[int, deque[Frame]] = {}
        self._ids = itertools.count(1)
        self._calls = threading.BoundedSemaphore(wire.CALLS)
        self._memories = Memories(self._allocate, self._release)

    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply:
        head = wire.OPEN.struct.pack(uuid.bytes, login, group, cancel_id, 0)
        return self._call(wire.Kind.OPEN, head, params)

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        return self._call(wire.Kind.INVOKE, wire.INVOKE.struct.pack(session, command, cancel_id, 0), params)

    def close_session(self, session: int) -> None:
        """A session ends with its connection, too, also with one that was aborted: nothing is left to do."""
        name = wire.NAME.struct.pack(session, 0)
        with suppress(_AbortedError):
            if not self._ended:
                self._passed(lambda number: (frame(wire.Kind.CLOSE, number, name),))

    def cancel(self, session: int, cancel_id: int) -> None:
        self._tell(frame(wire.Kind.CANCEL, 0, wire.CANCEL.struct.pack(session, cancel_id)))

    def allocate(self, size: int) -> Allocation:
        view = memoryview(bytearray(size))
        handle = self._memories.new(size, view).handle
        return Allocation(handle, view, lambda offset, size: self._push(handle, offset, size))

    def _push(self, handle: int, offset: int, size: int) -> None:
        """Sends a part of shared memory now; the other end reads frames while it makes calls."""
        remote = self._memories.get(handle)
        if remote is None or remote.view is None:
            return
        try:
            with self._sending:
                self._link.send(remote.writes(remote.view[offset : offset + size], offset))
        except OSError:
            pass  # the connection ended, and the calls with it

    def register(self, buffer: memoryview) -> Allocation:
        """The TEE sees a copy of the buffer: changes cross before and after each call that refers to it."""
        return Allocation(self._memories.new(len(buffer), buffer).handle, buffer)

    def release(self, handle: int) -> None:
        self._memories.release(handle)

    def install(self, uuid: UUID, data: bytes) -> None:
        """Puts a TA file where the other end's supplicant looks for it. Raises TargetError."""
        if not 0 < len(data) <= wire.TA_MAX:
            raise UsageError(f"a TA file of {len(data)} bytes", f"it has 1 to {wire.TA_MAX} bytes")
        view = memoryview(data)

        def part(number: int, offset: int) -> bytes:
            head = wire.INSTALL.struct.pack(uuid.bytes, len(data), offset)
            return frame(wire.Kind.INSTALL, number, head, view[offset : offset + _PART])

        answer = self._exchange(
            lambda number: (part(number, offset) for offset in range(0, len(data), _PART))
        )
        code, _, _, errno, *_ = wire.REPLY.struct.unpack(answer.payload)
        if code:
            fix = _FULL if errno == ENOSPC else None
            raise TargetError(f"the TA {uuid} cannot be stored at the other end: errno {errno}", fix)

    def log(self) -> str:
        """The end of the kernel's log at the other end; empty where the bridge may not read it."""
        answer = self._exchange(lambda number: (frame(wire.Kind.LOG, number),))
        return answer.payload.decode(errors="replace")

    @property
    def directory(self) -> str:
        """The bridge's working directory; empty where it is not known."""
        return self._link.directory

    @contextmanager
    def program(self, head: Callable[[int], bytes], rules: bytes, strings: bytes) -> Iterator[Conversation]:
        """Hands a program to the bridge; `head` makes its `program` structure, by the handle of `strings`.

        The conversation lasts until its ENDED was taken. Raises UsageError where the rules are too many.
        """
        if len(rules) + wire.PROGRAM.size > wire.FRAME_MAX:
            raise UsageError(
                f"the rules for files take {len(rules)} bytes", "name directories in place of single files"
            )
        remote = self._memories.borrow(len(strings))
        try:
            with (
                self._calls,
                self._request(
                    lambda number: (
                        *remote.writes(memoryview(strings), 0),
                        frame(wire.Kind.PROGRAM, number, head(remote.handle), rules),
                    )
                ) as number,
            ):
                yield Conversation(partial(self._next, number), partial(self._send, number))
        finally:
            self._memories.give_back(remote)

    def _next(self, number: int) -> Frame:
        try:
            return self._answer(number)
        except _AbortedError:
            raise tee_error(*_ABORTED, "the program was aborted") from None

    def _send(self, number: int, kind: wire.Kind, data: bytes) -> None:
        self._tell(frame(kind, number, data))

    def abort(self) -> None:
        """Ends the connection from any thread: calls under way and later ones end with TARGET_DEAD."""
        self._aborted = True
        self._link.close()

    def close(self) -> None:
        """Ends the connection; the other end closes its sessions and frees its memory."""
        with self._turn:
            self._ended = True
        self._link.close()

    # --- requests ---

    def _call(self, kind: wire.Kind, head: bytes, params: Sequence[Parameter]) -> Reply:
        call = self._prepared(params)
        done = False
        try:
            with self._calls:
                answer = self._passed(lambda number: self._frames(call, kind, number, head))
            done = True
        except _AbortedError:
            return Reply(*_ABORTED, 0, (None,) * len(params))
        finally:
            if done or self._ended:  # else an interrupted call may still write to what it borrowed
                for remote in call.borrowed.values():
                    self._memories.give_back(remote)
        code, origin, session, _, *numbers = wire.REPLY.struct.unpack(answer.payload)
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        borrowed = {place: memoryview(remote.agreed) for place, remote in call.borrowed.items()}
        return Reply(code, origin, session, outputs_of(params, pairs, borrowed))

    def _prepared(self, params: Sequence[Parameter]) -> _Call:
        call = _Call(params)
        for place, param in enumerate(params):
            if isinstance(param, MemRef) and param.handle is None and param.view is not None:
                call.borrowed[place] = self._memories.borrow(param.size)
        return call

    def _frames(self, call: _Call, kind: wire.Kind, number: int, head: bytes) -> Iterable[bytes]:
        for place, param in enumerate(call.params):
            call.words.append(self._word(call, place, param))
        words = call.words + [_NONE] * (wire.PARAMS - len(call.words))
        return [*call.frames, frame(kind, number, head, *words)]

    def _word(self, call: _Call, place: int, param: Parameter) -> bytes:
        if param is None:
            return _NONE
        if isinstance(param, Value):
            return wire.PARAM.struct.pack(_VALUE + param.direction, 0, param.a & _WORD, param.b & _WORD)
        remote, view = self._memory(call, place, param)
        if remote is None:
            return wire.PARAM.struct.pack(_MEMREF + param.direction, 0, 0, param.size)
        if param.direction is not Direction.OUTPUT and view is not None:
            call.frames += remote.writes(view[param.offset : param.offset + param.size], param.offset)
        return wire.PARAM.struct.pack(_MEMREF + param.direction, remote.handle, param.offset, param.size)

    def _memory(self, call: _Call, place: int, param: MemRef) -> tuple[Remote | None, memoryview | None]:
        """Where a reference's memory lies at the other end, and its bytes on this one."""
        if param.handle is None:
            return call.borrowed.get(place), param.view
        try:
            remote = self._memories[param.handle]
        except KeyError:
            raise UsageError("a parameter refers to shared memory that was released") from None
        return remote, remote.view

    def _allocate(self, size: int) -> int:
        answer = self._ask(wire.Kind.ALLOCATE, wire.ALLOCATE.struct.pack(size))
        code, origin, handle, *_ = wire.REPLY.struct.unpack(answer.payload)
        if code:
            raise tee_error(code, origin, f"cannot share {size} bytes")
        return int(handle)

    def _release(self, handle: int) -> None:
        self._tell(frame(wire.Kind.RELEASE, 0, wire.NAME.struct.pack(handle, 0)))

    # --- frames ---

    def _ask(self, kind: wire.Kind, payload: bytes) -> Frame:
        return self._exchange(lambda number: (frame(kind, number, payload),))

    def _tell(self, data: bytes) -> None:
        """Sends what is not answered; a connection that ended has forgotten already what it is about."""
        try:
            with self._sending:
                self._link.send((data,))
        except OSError:
            pass

    def _exchange(self, frames: Callable[[int], Iterable[bytes]]) -> Frame:
        """As _passed; raises TeeError after an abort."""
        try:
            return self._passed(frames)
        except _AbortedError:
            raise tee_error(*_ABORTED, "the connection was aborted") from None

    def _passed(self, frames: Callable[[int], Iterable[bytes]]) -> Frame:
        """Sends a request under an id of its own and waits for its answer."""
        with self._request(frames) as number:
            return self._answer(number)

    @contextmanager
    def _request(self, frames: Callable[[int], Iterable[bytes]]) -> Iterator[int]:
        """Sends a request; within, its answers are kept under the number that is given."""
        number = next(self._ids) & _WORD
        with self._turn:
            self._answers[number] = deque()
        try:
            try:
                with self._sending:
                    self._link.send(frames(number))
            except OSError:
                self._end()
            yield number
        finally:
            with self._turn:
                del self._answers[number]

    def _answer(self, number: int) -> Frame:
        """The next answer to a request."""
        while True:
            with self._turn:
                while not self._answers[number] and self._reading and not self._ended:
                    self._turn.wait()
                if self._answers[number]:
                    return self._answers[number].popleft()
                if self._ended:
                    raise _AbortedError if self._aborted else self._lost()
                self._reading = True
            try:
                self._hear()
            finally:
                with self._turn:
                    self._reading = False
                    self._turn.notify_all()

    def _hear(self) -> None:
        """Takes one frame from the stream."""
        try:
            heard = self._link.take()
        except (EOFError, OSError):
            self._end()
            return
        if heard.kind == wire.Kind.DATA:
            self._changed(heard.payload)
        elif heard.kind == wire.Kind.ERROR:
            self._end()  # a port may stay open behind it
            raise _refused(wire.ERROR.struct.unpack(heard.payload)[0])
        else:
            with self._turn:
                if heard.id in self._answers:
                    self._answers[heard.id].append(heard)

    def _changed(self, payload: bytes) -> None:
        handle, _, offset = wire.PIECE.struct.unpack_from(payload)
        remote = self._memories.get(handle)
        if remote is not None:  # else released while a call that was interrupted used it
            remote.heard(offset, memoryview(payload)[wire.PIECE.size :])

    def _end(self) -> None:
        with self._turn:
            self._ended = True
            self._turn.notify_all()


class _AbortedError(Exception):
    """The connection was ended by abort()."""


def _refused(code: int) -> TargetError:
    if code == wire.Broken.DIED:
        return TargetError("the bridge's process for this connection died", "run it again")
    known = code in tuple(wire.Broken)
    return TargetError(f"the bridge refused a request: {wire.Broken(code).name.lower() if known else code}")


def _connection_ended() -> ElfhavenError:
    return TargetError("the connection to the TEE ended", "see whether the target still runs")
