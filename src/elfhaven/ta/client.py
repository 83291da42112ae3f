# SPDX-License-Identifier: BSD-2-Clause
"""A TA as a client of other TAs and of pseudo TAs (clause 4.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from elfhaven.abi.gp import TEE_NUM_PARAMS, TEE_SUCCESS
from elfhaven.abi.utee import PARAMS
from elfhaven.errors import UsageError
from elfhaven.ta.params import KINDS, Kind, Value, ValueInout
from elfhaven.ta.system import Argument, Out, current
from elfhaven.tee_errors import error_of

INFINITE = 0xFFFFFFFF
_ALIGN = 16


@dataclass(frozen=True, slots=True)
class Room:
    """A memory reference for an answer of at most `size` bytes."""

    size: int


TaParameter = Value | bytes | bytearray | Room | None
TaResult = tuple[int, int] | bytes | None


class TaSession:
    """A session with another TA. Parameters are ValueInput, ValueOutput or ValueInout; bytes (input), a
    bytearray (in and out), a Room (output). Results come one for each: the pair of an output value, the bytes
    of an output reference, None for an input. `timeout` is in ms. Raises TeeError with the other's origin."""

    def __init__(self, uuid: UUID | str, *params: TaParameter, timeout: int = INFINITE) -> None:
        """TEE_OpenTASession."""
        name = UUID(uuid) if isinstance(uuid, str) else uuid
        self.handle = 0
        with _Call(params) as call:
            session = Out(4)
            call.make("open_ta_session", name.bytes_le, timeout, call.words, session)
            self.handle = session.number
            self.opened = call.results()

    def invoke(self, command: int, *params: TaParameter, timeout: int = INFINITE) -> list[TaResult]:
        """TEE_InvokeTACommand."""
        with _Call(params) as call:
            call.make("invoke_ta_command", self.handle, timeout, command, call.words)
            return call.results()

    def close(self) -> None:
        """TEE_CloseTASession; a second time it does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            current().call("close_ta_session", handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Call:
    """The parameters of one call, their memory in pages that another TA can be given."""

    def __init__(self, params: tuple[TaParameter, ...]) -> None:
        if len(params) > TEE_NUM_PARAMS:
            raise UsageError(f"{len(params)} parameters", f"a call takes at most {TEE_NUM_PARAMS}")
        self._params = params
        self._base = 0

    def __enter__(self) -> Self:
        self._system = current().system
        room = sum(_aligned(_size(param)) for param in self._params)
        self._base = self._system.reserve(room, True) if room else 0
        self.words = Out(PARAMS.size, PARAMS.pack(*self._placed()))
        return self

    def _placed(self) -> list[int]:
        at, words = self._base, [0] * 9
        for place, param in enumerate(self._params):
            size = _size(param)
            words[0] |= _kind(param) << 4 * place
            if isinstance(param, Value):
                words[1 + 2 * place : 3 + 2 * place] = param.words
            elif size:
                words[1 + 2 * place : 3 + 2 * place] = at, size
                if isinstance(param, bytes | bytearray):
                    self._system.write(at, bytes(param))
                at += _aligned(size)
        return words

    def make(self, name: str, *arguments: Argument) -> None:
        """The call; its last argument is the origin's place."""
        origin = Out(4)
        result = current().result(name, *arguments, origin)
        if result != TEE_SUCCESS:
            raise error_of(result, origin=origin.number, sizes=tuple(self._sizes()))

    def _sizes(self) -> Iterator[int | None]:
        words = PARAMS.unpack(self.words.data)
        for place, param in enumerate(self._params):
            yield words[2 + 2 * place] if isinstance(param, bytearray | Room) else None

    def results(self) -> list[TaResult]:
        words = PARAMS.unpack(self.words.data)
        return [
            self._result(param, words[1 + 2 * place], words[2 + 2 * place])
            for place, param in enumerate(self._params)
        ]

    def _result(self, param: TaParameter, a: int, b: int) -> TaResult:
        if isinstance(param, ValueInout):
            param.a, param.b = a, b
            return param.words
        if isinstance(param, bytearray | Room):
            size = min(b, _size(param))  # what comes from outside may claim more
            return self._system.read(a, size) if size else b""
        return None

    def __exit__(self, *_: object) -> None:
        if self._base:
            self._system.release(self._base)


def _size(param: TaParameter) -> int:
    if isinstance(param, Room):
        return param.size
    return len(param) if isinstance(param, bytes | bytearray) else 0


def _aligned(size: int) -> int:
    return (size + _ALIGN - 1) // _ALIGN * _ALIGN


def _kind(param: TaParameter) -> Kind:
    if param is None:
        return Kind.NONE
    if isinstance(param, Value):
        return KINDS[type(param)]
    if isinstance(param, bytes):
        return Kind.MEMREF_INPUT
    return Kind.MEMREF_INOUT if isinstance(param, bytearray) else Kind.MEMREF_OUTPUT
