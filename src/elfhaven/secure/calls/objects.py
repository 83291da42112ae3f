# SPDX-License-Identifier: BSD-2-Clause
"""Objects of a TA, by handle: transient ones with secret keys, and open persistent ones
(calls/storage.py)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TEE_ATTR_SECRET_VALUE,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SHORT_BUFFER,
    TEE_HANDLE_FLAG_INITIALIZED,
    TEE_HANDLE_FLAG_PERSISTENT,
    TEE_TYPE_AES,
    TEE_TYPE_DATA,
    TEE_TYPE_GENERIC_SECRET,
    TEE_TYPE_HMAC_MD5,
    TEE_TYPE_HMAC_SHA1,
    TEE_TYPE_HMAC_SHA224,
    TEE_TYPE_HMAC_SHA256,
    TEE_TYPE_HMAC_SHA384,
    TEE_TYPE_HMAC_SHA512,
    TEE_USAGE_EXTRACTABLE,
)
from elfhaven.abi.utee import ATTRIBUTE, OBJECT_INFO
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.storage.trusted import OpenObject
    from elfhaven.secure.task import Task

USAGE_DEFAULT = 0xFFFFFFFF
_VALUE_FLAG = 1 << 29  # the attribute is two numbers
_PUBLIC_FLAG = 1 << 28  # the attribute may be read whatever the usage says
_MAX_ATTRIBUTES = 512  # more do not fit into the core's heap
_MAX_OBJECTS = 1024  # the core's heap is small

# type: smallest and largest size of its key in bits, and what the size is a multiple of
_SIZES = {
    TEE_TYPE_GENERIC_SECRET: (0, 4096, 8),
    TEE_TYPE_HMAC_MD5: (64, 512, 8),
    TEE_TYPE_HMAC_SHA1: (80, 512, 8),
    TEE_TYPE_HMAC_SHA224: (112, 512, 8),
    TEE_TYPE_HMAC_SHA256: (192, 1024, 8),
    TEE_TYPE_HMAC_SHA384: (256, 1024, 8),
    TEE_TYPE_HMAC_SHA512: (256, 1024, 8),
    TEE_TYPE_AES: (128, 256, 64),
    TEE_TYPE_DATA: (0, 0, 1),
}
Attribute = bytes | tuple[int, int]


@dataclass(slots=True, eq=False)
class TeeObject:
    """One handle. Sizes are in bits."""

    type: int
    max_size: int
    size: int = 0
    usage: int = USAGE_DEFAULT
    flags: int = 0
    busy: bool = False  # owned by an operation
    attributes: dict[int, Attribute] = field(default_factory=dict)
    file: OpenObject | None = None

    @property
    def initialized(self) -> bool:
        return bool(self.flags & TEE_HANDLE_FLAG_INITIALIZED)

    @property
    def persistent(self) -> bool:
        return bool(self.flags & TEE_HANDLE_FLAG_PERSISTENT)


class ObjectCalls:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._objects: dict[int, TeeObject] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._objects)

    # ---- handles

    def add(self, made: TeeObject, where: int) -> None:
        """Give an object a handle, written to the TA's memory."""
        if len(self._objects) >= _MAX_OBJECTS:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        number = self._next
        self._task.space.write_private(where, number.to_bytes(4, "little"))
        self._next += 1
        self._objects[number] = made

    def get(self, handle: int) -> TeeObject:
        """BAD_STATE for a handle that is none."""
        found = self._objects.get(handle & 0xFFFFFFFF)
        if found is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        if found.file is not None:
            found.usage = found.file.usage  # shared by all handles of a persistent object
        return found

    def drop(self, handle: int) -> None:
        """Forget a handle if it is there; a persistent object is closed."""
        found = self._objects.pop(handle & 0xFFFFFFFF, None)
        if found is not None and found.file is not None:
            found.file.close()

    def close(self) -> None:
        for handle in list(self._objects):
            self.drop(handle)

    # ---- calls

    def cryp_obj_get_info(self, handle: int, info: int) -> None:
        o = self.get(handle)
        size, position = (o.file.size, o.file.position) if o.file is not None else (0, 0)
        packed = OBJECT_INFO.pack(o.type, o.size, o.max_size, o.usage, size, position, o.flags)
        self._task.space.write_private(info, packed)

    def cryp_obj_restrict_usage(self, handle: int, usage: int) -> None:
        o = self.get(handle)
        o.usage &= usage & 0xFFFFFFFF
        if o.file is not None:
            o.file.usage = o.usage

    def cryp_obj_get_attr(self, handle: int, attribute: int, buffer: int, size: int) -> None:
        o = self.get(handle)
        attribute &= 0xFFFFFFFF
        if not o.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if not attribute & _PUBLIC_FLAG and not o.usage & TEE_USAGE_EXTRACTABLE:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        value = o.attributes.get(attribute)
        if value is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        content = value if isinstance(value, bytes) else struct.pack("<II", *value)
        room = self._task.space.read_u64(size)
        self._task.space.write_u64(size, len(content))
        if room < len(content) or not buffer:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        self._task.space.write(buffer, content)

    def cryp_obj_alloc(self, kind: int, max_size: int, handle: int) -> None:
        kind, max_size = kind & 0xFFFFFFFF, max_size & 0xFFFFFFFF
        low, high, multiple = _sizes(kind)
        if not low <= max_size <= high or max_size % multiple:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        self.add(TeeObject(kind, max_size), handle)

    def cryp_obj_close(self, handle: int) -> None:
        if self.get(handle).busy:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        self.drop(handle)

    def cryp_obj_reset(self, handle: int) -> None:
        o = self.get(handle)
        if o.persistent:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        o.attributes.clear()
        o.size, o.usage, o.flags = 0, USAGE_DEFAULT, o.flags & ~TEE_HANDLE_FLAG_INITIALIZED

    def cryp_obj_populate(self, handle: int, attributes: int, count: int) -> None:
        o = self.get(handle)
        if o.persistent or o.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if o.type == TEE_TYPE_DATA:
            raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
        given = self._attributes(attributes, count & 0xFFFFFFFF)
        if len(given) != 1 or given[0][0] != TEE_ATTR_SECRET_VALUE:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        secret = given[0][1]
        bits = 8 * len(secret)
        low, _, multiple = _sizes(o.type)
        if bits > o.max_size:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        if bits < low or bits % multiple:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        o.attributes, o.size = {TEE_ATTR_SECRET_VALUE: secret}, bits
        o.flags |= TEE_HANDLE_FLAG_INITIALIZED

    def _attributes(self, address: int, count: int) -> list[tuple[int, bytes]]:
        """(id, content) of each; numbers stand for themselves as eight bytes."""
        if count > _MAX_ATTRIBUTES:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        raw = self._task.space.read(address, count * ATTRIBUTE.size)
        out = []
        for a, b, number in ATTRIBUTE.iter_unpack(raw):
            value = struct.pack("<QQ", a, b)[:8] if number & _VALUE_FLAG else self._task.space.read(a, b)
            out.append((number, value))
        return out

    def cryp_obj_copy(self, destination: int, source: int) -> None:
        to, origin = self.get(destination), self.get(source)
        if to.persistent or to.initialized or not origin.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if to.type != origin.type:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        to.attributes, to.size, to.usage = dict(origin.attributes), origin.size, origin.usage
        to.flags |= TEE_HANDLE_FLAG_INITIALIZED

    def cryp_obj_generate_key(self, handle: int, bits: int, _attributes: int, _count: int) -> None:
        o = self.get(handle)
        bits &= 0xFFFFFFFF
        if o.persistent or o.initialized:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        low, high, multiple = _sizes(o.type)  # the type's limits, not the object's
        if o.type == TEE_TYPE_DATA or not low <= bits <= high or bits % multiple:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        o.attributes = {TEE_ATTR_SECRET_VALUE: self._task.core.config.random(bits // 8)}
        o.size = bits
        o.flags |= TEE_HANDLE_FLAG_INITIALIZED


def _sizes(kind: int) -> tuple[int, int, int]:
    found = _SIZES.get(kind)
    if found is None:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    return found
