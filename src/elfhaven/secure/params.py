# SPDX-License-Identifier: BSD-2-Clause
"""Parameters of a call to a TA, as the core holds them between a client and the TA."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from elfhaven.abi.gp import TEE_NUM_PARAMS, TEE_PARAM_TYPE_MEMREF_INPUT, param_type
from elfhaven.machine.address_space import AddressSpace
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.pages import Backing


class Buffer(Protocol):
    """Memory that a parameter refers to. `size` is the client's; the TA's answer may differ."""

    @property
    def size(self) -> int: ...

    @property
    def secure(self) -> bool: ...

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...


@dataclass(slots=True)
class BackedBuffer:
    """A part of physical memory, mappable into a TA."""

    memory: PhysicalMemory
    backing: Backing
    offset: int
    size: int

    @property
    def secure(self) -> bool:
        return self.backing.secure

    def read(self) -> bytes:
        pieces = self.backing.pieces(self.offset, self.size)
        return b"".join(bytes(self.memory.slice(*piece)) for piece in pieces)

    def write(self, data: bytes) -> None:
        at = 0
        for address, length in self.backing.pieces(self.offset, len(data)):
            self.memory.slice(address, length)[:] = data[at : at + length]
            at += length


@dataclass(slots=True)
class GuestBuffer:
    """Memory of a calling TA, with that TA's rights; a PTA borrows it."""

    space: AddressSpace
    address: int
    size: int

    @property
    def secure(self) -> bool:
        at, end = self.address, self.address + self.size
        while at < end:
            mapping = self.space.find(at)
            if mapping is None or not mapping.backing.secure:
                return False
            at = mapping.end
        return True

    def read(self) -> bytes:
        return self.space.read(self.address, self.size)

    def write(self, data: bytes) -> None:
        self.space.write(self.address, data)


@dataclass(slots=True)
class Value:
    a: int = 0
    b: int = 0


@dataclass(slots=True)
class Memory:
    """A memory reference; `buffer` is None for a NULL one. `size` becomes what the TA answered."""

    buffer: Buffer | None
    size: int


Parameter = Value | Memory | None


@dataclass(slots=True)
class Parameters:
    """Up to four parameters with their TEE_PARAM_TYPES."""

    types: int = 0
    items: list[Parameter] = field(default_factory=lambda: [None] * TEE_NUM_PARAMS)

    def kind(self, place: int) -> int:
        return param_type(self.types, place)

    def value(self, place: int) -> Value:
        """The value at `place`; the caller has checked the types."""
        item = self.items[place]
        assert isinstance(item, Value)
        return item

    def memory(self, place: int) -> Memory:
        item = self.items[place]
        assert isinstance(item, Memory)
        return item


def is_memref(kind: int) -> bool:
    return kind >= TEE_PARAM_TYPE_MEMREF_INPUT
