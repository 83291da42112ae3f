# SPDX-License-Identifier: BSD-2-Clause
"""Parameters of an entry point (Internal Core API, clause 4.1): values and memory references.

The memory of a reference is the client's own: what is read from it may change under the TA, so read it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from elfhaven.abi import gp
from elfhaven.ta.system import System, current
from elfhaven.tee_errors import BadParameters, ShortBuffer

_U32 = 0xFFFFFFFF


class Kind(IntEnum):
    """TEE_PARAM_TYPE_*."""

    NONE = gp.TEE_PARAM_TYPE_NONE
    VALUE_INPUT = gp.TEE_PARAM_TYPE_VALUE_INPUT
    VALUE_OUTPUT = gp.TEE_PARAM_TYPE_VALUE_OUTPUT
    VALUE_INOUT = gp.TEE_PARAM_TYPE_VALUE_INOUT
    MEMREF_INPUT = gp.TEE_PARAM_TYPE_MEMREF_INPUT
    MEMREF_OUTPUT = gp.TEE_PARAM_TYPE_MEMREF_OUTPUT
    MEMREF_INOUT = gp.TEE_PARAM_TYPE_MEMREF_INOUT


class Value:
    """Two 32-bit numbers."""

    __slots__ = ("_a", "_b")

    def __init__(self, a: int = 0, b: int = 0) -> None:
        self._a, self._b = a, b

    @property
    def words(self) -> tuple[int, int]:
        return self._a & _U32, self._b & _U32


class ValueInput(Value):
    """What the client gave."""

    __slots__ = ()

    @property
    def a(self) -> int:
        return self._a

    @property
    def b(self) -> int:
        return self._b


class ValueInout(Value):
    """Given by the client, changed by the TA. Numbers are cut to 32 bits."""

    __slots__ = ()

    @property
    def a(self) -> int:
        return self._a

    @a.setter
    def a(self, value: int) -> None:
        self._a = value & _U32

    @property
    def b(self) -> int:
        return self._b

    @b.setter
    def b(self, value: int) -> None:
        self._b = value & _U32


class ValueOutput(ValueInout):
    """For the TA to fill."""

    __slots__ = ()


class Memref:
    """`size` is the room that the client gave; `words` ends with the answered size."""

    __slots__ = ("_address", "_answer", "_system", "size")

    def __init__(self, system: System, address: int, size: int) -> None:
        self._system, self._address = system, address
        self.size = self._answer = size

    def __len__(self) -> int:
        return self.size

    @property
    def is_null(self) -> bool:
        return not self._address

    def check(self, *, write: bool = False, secure: bool | None = None) -> None:
        """AccessDenied unless the TA may read (and `write`) all of it, and it lies in secure memory or not,
        where that is asked (TEE_CheckMemoryAccessRights)."""
        flags = gp.TEE_MEMORY_ACCESS_READ | gp.TEE_MEMORY_ACCESS_ANY_OWNER
        if write:
            flags |= gp.TEE_MEMORY_ACCESS_WRITE
        if secure is not None:
            flags |= gp.TEE_MEMORY_ACCESS_SECURE if secure else gp.TEE_MEMORY_ACCESS_NONSECURE
        current().call("check_access_rights", flags, self._address, self.size)

    @property
    def words(self) -> tuple[int, int]:
        return self._address, self._answer


class MemrefInput(Memref):
    """Bytes of the client."""

    __slots__ = ()

    def read(self) -> bytes:
        """A copy of all of it; BadParameters for a NULL reference to more than no bytes."""
        if self.is_null and self.size:
            raise BadParameters("a reference to no memory")
        return self._system.read(self._address, self.size) if self.size else b""


class MemrefOutput(Memref):
    """Room for an answer."""

    __slots__ = ()

    def write(self, data: bytes) -> None:
        """The whole answer. ShortBuffer, with the size told to the client, where there is less room."""
        self._answer = len(data)
        if len(data) > self.size:
            raise ShortBuffer(f"{len(data)} bytes for a buffer of {self.size}")
        if data:
            if self.is_null:
                raise BadParameters("a reference to no memory")
            self._system.write(self._address, bytes(data))

    def set_size(self, size: int) -> None:
        """Tells the client a size without writing."""
        self._answer = size


class MemrefInout(MemrefOutput, MemrefInput):
    """Bytes of the client, for an answer too."""

    __slots__ = ()


Parameter = ValueInput | ValueOutput | ValueInout | MemrefInput | MemrefOutput | MemrefInout | None
KINDS: dict[type, Kind] = {
    ValueInput: Kind.VALUE_INPUT,
    ValueOutput: Kind.VALUE_OUTPUT,
    ValueInout: Kind.VALUE_INOUT,
    MemrefInput: Kind.MEMREF_INPUT,
    MemrefOutput: Kind.MEMREF_OUTPUT,
    MemrefInout: Kind.MEMREF_INOUT,
}
_CLASSES = {kind: cls for cls, kind in KINDS.items()}
_WORDS: dict[int, str] = {
    Kind.NONE: "none",
    Kind.VALUE_INPUT: "value input",
    Kind.VALUE_OUTPUT: "value output",
    Kind.VALUE_INOUT: "value inout",
    Kind.MEMREF_INPUT: "memref input",
    Kind.MEMREF_OUTPUT: "memref output",
    Kind.MEMREF_INOUT: "memref inout",
}


class Params:
    """The four parameters of a call; `words` are the nine of struct utee_params, answers included."""

    def __init__(self, system: System, words: list[int]) -> None:
        self.types = words[0]
        self._items = tuple(
            _item(system, gp.param_type(words[0], place), words[1 + 2 * place], words[2 + 2 * place])
            for place in range(gp.TEE_NUM_PARAMS)
        )

    def __getitem__(self, place: int) -> Parameter:
        return self._items[place]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._items)

    def __len__(self) -> int:
        return gp.TEE_NUM_PARAMS

    @property
    def kinds(self) -> tuple[int, ...]:
        return tuple(gp.param_type(self.types, place) for place in range(gp.TEE_NUM_PARAMS))

    def check(self, *kinds: Kind) -> None:
        """BadParameters unless the types are these, and NONE behind them."""
        expected = tuple(kinds) + (Kind.NONE,) * (gp.TEE_NUM_PARAMS - len(kinds))
        if self.kinds != expected or self.types >> 16:
            raise BadParameters(f"expected ({_names(expected)}), got ({_names(self.kinds)})")

    def words(self) -> list[int]:
        out = [self.types]
        for item in self._items:
            out += item.words if item is not None else (0, 0)
        return out


def _item(system: System, kind: int, a: int, b: int) -> Parameter:
    if kind == Kind.VALUE_INPUT:
        return ValueInput(a & _U32, b & _U32)
    if kind == Kind.VALUE_OUTPUT:
        return ValueOutput(a & _U32, b & _U32)
    if kind == Kind.VALUE_INOUT:
        return ValueInout(a & _U32, b & _U32)
    made = {
        Kind.MEMREF_INPUT: MemrefInput,
        Kind.MEMREF_OUTPUT: MemrefOutput,
        Kind.MEMREF_INOUT: MemrefInout,
    }.get(kind)  # type: ignore[call-overload]
    return None if made is None else made(system, a, b)


def _names(kinds: tuple[int, ...]) -> str:
    last = max((place for place, kind in enumerate(kinds) if kind), default=-1)
    return ", ".join(_WORDS.get(kind) or f"type {kind}" for kind in kinds[: last + 1]) or "nothing"
