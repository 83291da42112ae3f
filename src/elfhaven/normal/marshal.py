# SPDX-License-Identifier: BSD-2-Clause
"""Parameters of the Client API to and from the words of optee_msg parameters.

Memory goes to the TEE by reference to registered buffers: shared memory as it is, a temporary memory
reference through a borrowed buffer that it is copied into and out of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from elfhaven.abi import optee_msg as msg
from elfhaven.errors import UsageError
from elfhaven.normal.buffers import Buffer, Buffers
from elfhaven.normal.transport import Direction, MemRef, Output, Parameter, Value

_NONE: Final = msg.PARAM.pack(msg.ATTR_NONE, 0, 0, 0)
_VALUE: Final = msg.ATTR_VALUE_INPUT - Direction.INPUT  # direction -> attribute
_RMEM: Final = msg.ATTR_RMEM_INPUT - Direction.INPUT
_WORD: Final = 0xFFFF_FFFF


@dataclass(slots=True)
class Marshalled:
    """Parameters on the wire: their words, and what has to be copied back or given back afterwards."""

    params: Sequence[Parameter]
    words: list[bytes] = field(default_factory=list)
    borrowed: list[tuple[int, Buffer]] = field(default_factory=list)  # (place, buffer)
    mirrored: list[tuple[int, Buffer]] = field(default_factory=list)

    def outputs(self, view: memoryview, at: int) -> tuple[Output, ...]:
        """Outputs from the answered message, whose parameters begin at `at`; memory is copied back."""
        found = [self._output(param, view, at + i * msg.PARAM.size) for i, param in enumerate(self.params)]
        for place, buffer in self.borrowed:
            self._copy_back(place, buffer.view, found[place])
        for place, buffer in self.mirrored:
            self._copy_mirror(place, buffer, found[place])
        return tuple(found)

    def release(self, buffers: Buffers) -> None:
        for _, buffer in self.borrowed:
            buffers.give_back(buffer)

    def _output(self, param: Parameter, view: memoryview, at: int) -> Output:
        if param is None or param.direction is Direction.INPUT:
            return None
        _, a, b, _ = msg.PARAM.unpack_from(view, at)
        if isinstance(param, Value):
            return a & _WORD, b & _WORD
        return int(b)

    def _copy_back(self, place: int, source: memoryview, size: Output) -> None:
        param = self.params[place]
        if isinstance(param, MemRef) and param.view is not None and isinstance(size, int):
            length = min(size, param.size)  # a larger size says what was needed
            param.view[:length] = source[:length]

    def _copy_mirror(self, place: int, buffer: Buffer, size: Output) -> None:
        param = self.params[place]
        if isinstance(param, MemRef) and buffer.mirror is not None and isinstance(size, int):
            end = param.offset + min(size, param.size)
            buffer.mirror[param.offset : end] = buffer.view[param.offset : end]


def marshal(params: Sequence[Parameter], buffers: Buffers) -> Marshalled:
    """Parameters ready to be sent; what was borrowed is given back if one of them cannot be."""
    result = Marshalled(params)
    try:
        for place, param in enumerate(params):
            result.words.append(_words(result, place, param, buffers))
    except BaseException:
        result.release(buffers)
        raise
    return result


def _words(result: Marshalled, place: int, param: Parameter, buffers: Buffers) -> bytes:
    if param is None:
        return _NONE
    if isinstance(param, Value):
        return msg.PARAM.pack(_VALUE + param.direction, param.a & _WORD, param.b & _WORD, 0)
    if param.handle is not None:
        return _shared(result, place, param, buffers)
    if param.view is None:
        return msg.PARAM.pack(msg.ATTR_TMEM_INPUT - Direction.INPUT + param.direction, 0, 0, 0)
    buffer = buffers.borrow(param.size)
    result.borrowed.append((place, buffer))
    if param.direction is not Direction.OUTPUT:
        buffer.view[: param.size] = param.view
    return msg.PARAM.pack(_RMEM + param.direction, 0, param.size, buffer.handle)


def _shared(result: Marshalled, place: int, param: MemRef, buffers: Buffers) -> bytes:
    try:
        buffer = buffers[param.handle or 0]
    except KeyError:
        raise UsageError("a parameter refers to shared memory that was released") from None
    if buffer.mirror is not None:
        end = param.offset + param.size
        result.mirrored.append((place, buffer))
        if param.direction is not Direction.OUTPUT:
            buffer.view[param.offset : end] = buffer.mirror[param.offset : end]
    return msg.PARAM.pack(_RMEM + param.direction, param.offset, param.size, buffer.handle)
