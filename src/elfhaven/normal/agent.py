# SPDX-License-Identifier: BSD-2-Clause
"""The agent: performs delegated calls for a program inside, with the rights of its own process.

It trusts nothing that the program sends: offsets and lengths are held to the areas that the host laid out,
paths are resolved and checked against the policy once more, file numbers are looked up and never used as
descriptors. A request is taken apart by its row's wire signature, so that a new delegated call needs a row
and a handler and nothing here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Row, Served, Table
from elfhaven.normal.control import ControlBlock, Request
from elfhaven.normal.handlers import Call, Handlers, signed
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.sockets import Waits
from elfhaven.normal.linux.streams import Readiness, poll_entries
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.policy import Policy

__all__ = ["Agent", "BadRequest", "Policy"]

STANDARD_STREAMS: Final = (0, 1, 2)
_READS: Final = frozenset(("read", "readv"))
_WRITES: Final = frozenset(("write", "writev"))


class BadRequest(Exception):
    """A request that the host does not perform; `errno` is the answer."""

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a slot a call uses."""

    name: str
    scalars: int
    paths: int
    input: bool
    output: bool


def shape_of(row: Row) -> Shape:
    """What of a slot the call of a row uses."""
    kinds = [arg.kind for arg in row.wire]
    buffers = ("path", "in", "out", "inout")
    return Shape(
        row.name,
        sum(kind not in buffers for kind in kinds),
        kinds.count("path"),
        "in" in kinds or "inout" in kinds,
        "out" in kinds or "inout" in kinds,
    )


class Agent:
    """Serves the requests of one program. Close it to close what the program left open.

    `streams` are the descriptors of the program's stdin, stdout and stderr; `system` are the files that its
    signed image lists.
    """

    def __init__(
        self,
        policy: Policy,
        table: Table = LINUX,
        streams: tuple[int, int, int] = STANDARD_STREAMS,
        host: HostCalls | None = None,
        system: SystemFiles | None = None,
    ) -> None:
        self.handlers = Handlers(policy, host or HostCalls(), streams, system or SystemFiles(None, ()))
        self._bound = self.handlers.bind(table)
        self._shapes: list[Shape | None] = [None] * len(self._bound)
        for row in table.rows:
            if row.served is Served.DELEGATED:
                self._shapes[row.number] = shape_of(row)
        self._deadlines: dict[int, float] = {}
        self._waits: dict[int, Waits] = {}
        self._readiness = Readiness(time.monotonic)

    def close(self) -> None:
        self.handlers.files.close_all()
        self.handlers.children.close()

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        """Answers the pending requests; the number answered.

        One request may block. Of several, those that block wait until nothing else is left to do; then
        the agent waits for any of them, and leaves the rest requested. It waits no longer than `patience`
        nanoseconds; None is no limit.
        """
        requests = block.requests(pending)
        self._forget_others(requests)
        if len(requests) == 1 and patience is None and self._answer(block, window, requests[0]):
            return 1
        slow = [request for request in requests if self._may_block(request)]
        quick = 0
        for request in requests:
            if request not in slow:
                if self._answer(block, window, request):
                    quick += 1
                else:
                    slow.append(request)
        until = None if patience is None else time.monotonic() + patience / 1e9
        return quick + self._answer_ready(block, window, slow, 0.0 if quick else until)

    def perform(self, call: Call) -> int:
        """The result of a call: >= 0, or -errno."""
        handler = self._bound[call.number]
        if handler is None:
            return -linux.ENOSYS
        try:
            return handler(call)
        except OSError as error:
            return -(error.errno or linux.EIO)
        except (ValueError, OverflowError):
            return -linux.EINVAL  # a number that the host's libraries do not take

    def _answer(self, block: ControlBlock, window: memoryview | None, request: Request) -> bool:
        """Whether the request is answered; one of a socket may have to wait."""
        try:
            call = self._decode(block, window, request)
            result = self.perform(call)
        except BadRequest as bad:
            block.answer(request.at, -bad.errno, 0)
            return True
        except Waits as waits:
            return self._postpone(block, request, waits)
        self._deadlines.pop(request.id, None)
        self._waits.pop(request.id, None)
        block.answer(request.at, result, call.value)
        return True

    def _forget_others(self, requests: list[Request]) -> None:
        """What was kept of requests that the program has taken back: they are not there any more."""
        if self._waits or self._deadlines:
            asked = {request.id for request in requests}
            for kept in (self._waits, self._deadlines):
                for gone in kept.keys() - asked:
                    del kept[gone]

    def _postpone(self, block: ControlBlock, request: Request, waits: Waits) -> bool:
        """Keeps what a request waits for; answers it when its time is over."""
        self._waits[request.id] = waits
        now = time.monotonic()
        if waits.seconds is None or now < self._deadlines.setdefault(request.id, now + waits.seconds):
            return False
        del self._waits[request.id], self._deadlines[request.id]
        begun = self._shapes[request.call]
        error = "EINPROGRESS" if begun is not None and begun.name == "connect" else "EAGAIN"
        block.answer(request.at, -linux.ERRNO[error], 0)
        return True

    def _decode(self, block: ControlBlock, window: memoryview | None, request: Request) -> Call:
        shape = self._shapes[request.call] if request.call < len(self._shapes) else None
        if shape is None:
            raise BadRequest(linux.ENOSYS)
        call = Call(request.call, request.args[: shape.scalars])
        if shape.paths:
            call.paths = tuple(_path(block, *request.paths[index]) for index in range(shape.paths))
        if shape.input:
            call.input = _piece(block, window, request.window, *request.input)
        if shape.output:
            call.output = _piece(block, window, request.window, *request.output)
        return call

    def _answer_ready(
        self, block: ControlBlock, window: memoryview | None, slow: list[Request], until: float | None
    ) -> int:
        answered = 0
        while slow and not answered:
            waits = [self._wait_of(block, window, request) for request in slow]
            found = self._readiness.wait(waits, until)
            for request, ready in zip(slow, found, strict=True):
                if ready and self._answer(block, window, self._without_waiting(request)):
                    self._deadlines.pop(request.id, None)
                    answered += 1
            if until is not None and time.monotonic() >= until:
                break
        return answered

    def _without_waiting(self, request: Request) -> Request:
        """The same request, for a moment at which it has been waited for."""
        shape = self._shapes[request.call]
        if shape is None or shape.name != "ppoll":
            return request
        return request._replace(args=(request.args[0], 0, *request.args[2:]))

    def _may_block(self, request: Request) -> bool:
        shape = self._shapes[request.call] if request.call < len(self._shapes) else None
        if shape is None:
            return False
        if shape.name == "ppoll":
            return signed(request.args[1]) != 0
        if request.id in self._waits:
            return True
        return shape.name in _READS | _WRITES and self.handlers.files.may_wait(request.args[0])

    def _wait_of(
        self, block: ControlBlock, window: memoryview | None, request: Request
    ) -> tuple[list[tuple[int, int]], float | None]:
        """What a blocking request waits for; a malformed one is past its time at once, to be answered."""
        shape = self._shapes[request.call]
        files = self.handlers.files
        if request.id in self._waits:
            waits = self._waits[request.id]
            return [(waits.fd, waits.events)], self._deadlines.get(request.id)
        if shape is None or shape.name != "ppoll":
            events = linux.POLLIN if shape and shape.name in _READS else linux.POLLOUT
            return [(files.fd(request.args[0]), events)], None
        try:
            wanted = poll_entries(self._decode(block, window, request).input)
            descriptors = [(files.fd(number), events) for number, events in wanted]
        except (OSError, BadRequest):
            return [], 0.0
        timeout = signed(request.args[1])
        if timeout < 0:
            return descriptors, None
        due = time.monotonic() + timeout / 1e9
        return descriptors, self._deadlines.setdefault(request.id, due)


def _piece(
    block: ControlBlock, window: memoryview | None, in_window: int, offset: int, length: int
) -> memoryview:
    if not in_window:
        piece = block.piece(offset, length)
        if piece is None:
            raise BadRequest(linux.EINVAL)
        return piece
    if window is None or offset > len(window) or length > len(window) - offset:
        raise BadRequest(linux.EINVAL)
    return window[offset : offset + length]


def _path(block: ControlBlock, offset: int, length: int) -> bytes:
    if length >= linux.PATH_MAX:
        raise BadRequest(linux.ERRNO["ENAMETOOLONG"])
    piece = block.piece(offset, length)
    if piece is None:
        raise BadRequest(linux.EINVAL)
    return bytes(piece)
