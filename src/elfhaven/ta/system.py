# SPDX-License-Identifier: BSD-2-Clause
"""What a TA stands on: the utee calls of the core, and memory of its own to pass them buffers in.

`System` is the seam. `Core` puts the values of a call into the TA's memory, makes the call, and takes the
answers out, as libutee does in C; everything else of this package is built on it. `current()` is the Core
of the TA that runs: the API needs no handle, as the Internal Core API needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from elfhaven.abi.gp import TEE_SUCCESS
from elfhaven.errors import UsageError
from elfhaven.ta.numbers import NUMBERS
from elfhaven.tee_errors import error_of

SCRATCH = 16 << 10  # bytes that are always there for the buffers of a call
PIECE = 8 << 10  # larger data go over in pieces of this size where a call allows it
_ALIGN = 16
_WORD = (1 << 64) - 1


class System(Protocol):
    """The core as one TA sees it. Raises OutOfMemory where the TA's memory or the core's gives out."""

    def call(self, number: int, *words: int) -> int:
        """A utee call: its TEE_Result."""
        ...

    def read(self, address: int, size: int) -> bytes: ...

    def write(self, address: int, data: bytes) -> None: ...

    def reserve(self, size: int, shareable: bool = False) -> int:
        """Zeroed memory of the TA, which another TA may be given if `shareable`; its address."""
        ...

    def release(self, address: int) -> None: ...


@dataclass(slots=True)
class Out:
    """Room for an answer of `size` bytes, which is `data` after the call, and is sent before it."""

    size: int
    data: bytes = b""

    @property
    def number(self) -> int:
        return int.from_bytes(self.data, "little")


@dataclass(slots=True)
class Cell:
    """A number that a call reads and changes; 8 bytes unless told."""

    value: int = 0
    width: int = 8


@dataclass(frozen=True, slots=True)
class Packed:
    """Bytes that hold addresses into themselves: `render(base)` makes them for the place where they go."""

    size: int
    render: Callable[[int], bytes]


Argument = int | bytes | bytearray | memoryview | Out | Cell | Packed


class Core:
    """The calls of one TA. `properties` are those that the TA itself has."""

    def __init__(self, system: System, properties: Mapping[str, Any] | None = None) -> None:
        self.system = system
        self.properties = properties or {}
        self._scratch = 0

    def result(self, name: str, *arguments: Argument) -> int:
        """The TEE_Result of a call. Bytes are copied in, Out and Cell copied back; empty bytes are NULL."""
        needed = sum(map(_room, arguments))
        if not needed:
            return self.system.call(
                NUMBERS[name], *(a & _WORD if isinstance(a, int) else 0 for a in arguments)
            )
        with self._memory(needed) as base:
            places = self._put(base, arguments)
            result = self.system.call(NUMBERS[name], *places)
            for argument, place in zip(arguments, places, strict=True):
                self._take(argument, place)
        return result

    def call(self, name: str, *arguments: Argument) -> None:
        """A call that must succeed; raises the error of its result."""
        result = self.result(name, *arguments)
        if result != TEE_SUCCESS:
            raise error_of(result)

    @contextmanager
    def _memory(self, size: int) -> Iterator[int]:
        """Memory for the buffers of one call."""
        if size <= SCRATCH:
            if not self._scratch:
                self._scratch = self.system.reserve(SCRATCH)
            yield self._scratch
            return
        base = self.system.reserve(size)
        try:
            yield base
        finally:
            self.system.release(base)

    def _put(self, base: int, arguments: tuple[Argument, ...]) -> list[int]:
        places = []
        for argument in arguments:
            if isinstance(argument, int):
                places.append(argument & _WORD)
                continue
            room = _room(argument)
            places.append(base if room else 0)
            if isinstance(argument, Cell):
                self.system.write(base, argument.value.to_bytes(argument.width, "little"))
            elif isinstance(argument, Packed):
                self.system.write(base, argument.render(base))
            elif room:
                self.system.write(base, argument.data if isinstance(argument, Out) else bytes(argument))
            base += room
        return places

    def _take(self, argument: Argument, place: int) -> None:
        if isinstance(argument, Out):
            argument.data = self.system.read(place, argument.size) if argument.size else b""
        elif isinstance(argument, Cell):
            argument.value = int.from_bytes(self.system.read(place, argument.width), "little")


def _room(argument: Argument) -> int:
    if isinstance(argument, int):
        return 0
    if isinstance(argument, Out | Packed):
        size = argument.size
    else:
        size = argument.width if isinstance(argument, Cell) else len(argument)
    return (size + _ALIGN - 1) // _ALIGN * _ALIGN


_RUNNING: ContextVar[Core] = ContextVar("elfhaven.ta")


def current() -> Core:
    """The core of the TA that runs. Raises UsageError outside of a TA."""
    try:
        return _RUNNING.get()
    except LookupError:
        raise UsageError(
            "this part of the Internal Core API was used outside of a TA",
            "call it from a method of a TrustedApplication, while the TA serves an entry point",
        ) from None


@contextmanager
def running(core: Core) -> Iterator[None]:
    """While a TA serves an entry point."""
    token = _RUNNING.set(core)
    try:
        yield
    finally:
        _RUNNING.reset(token)


def pieces(data: bytes, size: int = PIECE) -> Iterator[bytes]:
    """Data in pieces; one empty piece for none."""
    for start in range(0, len(data) or 1, size):
        yield data[start : start + size]
