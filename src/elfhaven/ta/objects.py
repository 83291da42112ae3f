# SPDX-License-Identifier: BSD-2-Clause
"""Objects and their attributes (Internal Core API, clauses 5.4 to 5.6).

An object is a handle of the core: close it, or use `with`. What panics in C (an attribute that is not there,
a usage that is not given) raises an error here, which the TA may catch.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from elfhaven.abi import gp
from elfhaven.abi.gp_crypto import TEE_ATTR_FLAG_VALUE, TEE_ATTR_SECRET_VALUE
from elfhaven.abi.utee import ATTRIBUTE, OBJECT_INFO
from elfhaven.errors import UsageError
from elfhaven.ta.system import Cell, Out, Packed, current
from elfhaven.tee_errors import ShortBuffer

_ROOM = 512  # bytes of an attribute that one tries first


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an object or an operation: `data`, or two numbers where its id says so."""

    id: int
    data: bytes = b""
    a: int = 0
    b: int = 0

    @classmethod
    def ref(cls, id: int, data: bytes) -> Attribute:
        """TEE_InitRefAttribute. Raises UsageError for the id of a pair of numbers."""
        if id & TEE_ATTR_FLAG_VALUE:
            raise UsageError(f"attribute {id:#x} holds two numbers", "use Attribute.value")
        return cls(id, bytes(data))

    @classmethod
    def value(cls, id: int, a: int, b: int = 0) -> Attribute:
        """TEE_InitValueAttribute. Raises UsageError for the id of a buffer."""
        if not id & TEE_ATTR_FLAG_VALUE:
            raise UsageError(f"attribute {id:#x} holds a buffer", "use Attribute.ref")
        return cls(id, b"", a, b)


def packed(attributes: tuple[Attribute, ...]) -> Packed | int:
    """struct utee_attribute of each, with the buffers behind them."""
    if not attributes:
        return 0
    head = ATTRIBUTE.size * len(attributes)
    size = head + sum(len(one.data) for one in attributes)

    def render(base: int) -> bytes:
        out, at = b"", base + head
        for one in attributes:
            if one.id & TEE_ATTR_FLAG_VALUE:
                out += ATTRIBUTE.pack(one.a, one.b, one.id)
            else:
                out += ATTRIBUTE.pack(at if one.data else 0, len(one.data), one.id)
                at += len(one.data)
        return out + b"".join(one.data for one in attributes)

    return Packed(size, render)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """TEE_ObjectInfo: sizes of keys in bits, of data in bytes."""

    type: int
    size: int
    max_size: int
    usage: int
    data_size: int
    data_position: int
    flags: int

    @property
    def persistent(self) -> bool:
        return bool(self.flags & gp.TEE_HANDLE_FLAG_PERSISTENT)

    @property
    def initialized(self) -> bool:
        return bool(self.flags & gp.TEE_HANDLE_FLAG_INITIALIZED)


class ObjectHandle:
    """What transient and persistent objects have in common. `handle` is the core's number, 0 when closed."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    @property
    def info(self) -> ObjectInfo:
        """TEE_GetObjectInfo1."""
        out = Out(OBJECT_INFO.size)
        current().call("cryp_obj_get_info", self.handle, out)
        return ObjectInfo(*OBJECT_INFO.unpack(out.data))

    def restrict_usage(self, usage: int) -> None:
        """Takes away what `usage` has not (TEE_RestrictObjectUsage1)."""
        current().call("cryp_obj_restrict_usage", self.handle, usage)

    def attribute(self, id: int) -> bytes:
        """TEE_GetObjectBufferAttribute."""
        size = Cell(_ROOM)
        out = Out(_ROOM)
        try:
            current().call("cryp_obj_get_attr", self.handle, id, out, size)
        except ShortBuffer:
            out = Out(size.value)
            current().call("cryp_obj_get_attr", self.handle, id, out, size)
        return out.data[: size.value]

    def value(self, id: int) -> tuple[int, int]:
        """TEE_GetObjectValueAttribute."""
        out = Out(8)
        current().call("cryp_obj_get_attr", self.handle, id, out, Cell(8))
        a, b = struct.unpack("<II", out.data)
        return a, b

    def close(self) -> None:
        """TEE_CloseObject; a second time it does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            current().call("cryp_obj_close", handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TransientObject(ObjectHandle):
    """A key, or a pair, in the core's memory: of a TEE_TYPE_* and of at most `max_size` bits."""

    def __init__(self, type: int, max_size: int) -> None:
        """TEE_AllocateTransientObject."""
        handle = Out(4)
        current().call("cryp_obj_alloc", type, max_size, handle)
        super().__init__(handle.number)

    @classmethod
    def secret(cls, type: int, key: bytes, max_size: int | None = None) -> TransientObject:
        """A symmetric key with these bytes."""
        made = cls(type, 8 * len(key) if max_size is None else max_size)
        try:
            made.populate(Attribute.ref(TEE_ATTR_SECRET_VALUE, key))
        except BaseException:
            made.close()
            raise
        return made

    def populate(self, *attributes: Attribute) -> None:
        """TEE_PopulateTransientObject."""
        current().call("cryp_obj_populate", self.handle, packed(attributes), len(attributes))

    def generate(self, bits: int, *attributes: Attribute) -> None:
        """TEE_GenerateKey."""
        current().call("cryp_obj_generate_key", self.handle, bits, packed(attributes), len(attributes))

    def copy_from(self, source: ObjectHandle) -> None:
        """Its attributes, or the public half of them (TEE_CopyObjectAttributes1)."""
        current().call("cryp_obj_copy", self.handle, source.handle)

    def reset(self) -> None:
        """TEE_ResetTransientObject."""
        current().call("cryp_obj_reset", self.handle)
