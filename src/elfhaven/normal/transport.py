# SPDX-License-Identifier: BSD-2-Clause
"""The seam between the Client API and whatever reaches a TEE, and the parameters that cross it.

The driver of the emulator implements it; a device node or a stream to a guest can too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol
from uuid import UUID


class Direction(IntEnum):
    """Who writes a parameter; the values are those of TEE_PARAM_TYPE_VALUE_*."""

    INPUT = 1
    OUTPUT = 2
    INOUT = 3


class Login(IntEnum):
    """How a session's client is identified (TEEC_LOGIN_*)."""

    PUBLIC = 0
    USER = 1
    GROUP = 2
    APPLICATION = 4
    APPLICATION_USER = 5
    APPLICATION_GROUP = 6


@dataclass(frozen=True, slots=True)
class Value:
    """Two 32-bit numbers."""

    a: int = 0
    b: int = 0
    direction: Direction = Direction.INPUT

    @classmethod
    def output(cls) -> Value:
        return cls(0, 0, Direction.OUTPUT)

    @classmethod
    def inout(cls, a: int = 0, b: int = 0) -> Value:
        return cls(a, b, Direction.INOUT)


@dataclass(frozen=True, slots=True)
class MemRef:
    """Memory for one call: `view` is copied to and from the TEE, unless `handle` names shared memory.

    `handle` is what Transport.allocate or register gave; then `offset` and `size` choose a part of it.
    """

    direction: Direction
    view: memoryview | None = None
    handle: int | None = None
    offset: int = 0
    size: int = 0
    made: bool = False  # the view was made for this call: its content is the result

    @classmethod
    def input(cls, data: bytes | bytearray | memoryview) -> MemRef:
        view = memoryview(data).cast("B")
        return cls(Direction.INPUT, view, None, 0, len(view))

    @classmethod
    def output(cls, room: int | bytearray | memoryview) -> MemRef:
        """Room for output: a number of bytes, or a buffer to fill."""
        made = isinstance(room, int)
        view = memoryview(bytearray(room)).cast("B") if isinstance(room, int) else memoryview(room).cast("B")
        return cls(Direction.OUTPUT, view, None, 0, len(view), made)

    @classmethod
    def inout(cls, buffer: bytearray | memoryview) -> MemRef:
        view = memoryview(buffer).cast("B")
        return cls(Direction.INOUT, view, None, 0, len(view))


Parameter = Value | MemRef | None
Output = tuple[int, int] | int | None  # of a Value: a and b; of a MemRef: bytes written or needed

_WORD: Final = 0xFFFF_FFFF


def outputs_of(
    params: Sequence[Parameter], numbers: Sequence[tuple[int, int]], borrowed: Mapping[int, memoryview]
) -> tuple[Output, ...]:
    """The outputs of a call whose parameters came back as pairs: a and b of a Value, or anything and a size.

    `borrowed` is, by place, the shared memory that stood in for a buffer; what lies there is copied to it.
    """
    return tuple(
        _output(param, *pair, borrowed.get(place))
        for place, (param, pair) in enumerate(zip(params, numbers, strict=False))
    )


def _output(param: Parameter, a: int, b: int, borrowed: memoryview | None) -> Output:
    if param is None or param.direction is Direction.INPUT:
        return None
    if isinstance(param, Value):
        return a & _WORD, b & _WORD
    if borrowed is not None and param.view is not None:
        length = min(b, param.size)  # a larger size says what was needed
        param.view[:length] = borrowed[:length]
    return b


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: TEE_Result, its origin, the session (open_session alone), one output a parameter."""

    code: int
    origin: int
    session: int = 0
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """Shared memory of a transport: its name in a MemRef, and its bytes.

    `push(offset, size)` is there where the view is a copy: it carries a part over at once, even while a call
    is under way.
    """

    handle: int
    view: memoryview
    push: Callable[[int, int], None] | None = None


class Transport(Protocol):
    """A way to a TEE. Results of the TEE are in Reply; TargetError where the TEE cannot be reached.

    Methods may be called from several threads at once.
    """

    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply: ...

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply: ...

    def close_session(self, session: int) -> None: ...

    def cancel(self, session: int, cancel_id: int) -> None:
        """Asks for the cancellation of a call that another thread makes."""
        ...

    def allocate(self, size: int) -> Allocation:
        """New shared memory, zeroed."""
        ...

    def register(self, buffer: memoryview) -> Allocation:
        """Makes a writable buffer of the caller shared memory."""
        ...

    def release(self, handle: int) -> None: ...
