# SPDX-License-Identifier: BSD-2-Clause
"""Objects of a TA, by handle: transient ones with keys, and open persistent ones (calls/storage.py)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SHORT_BUFFER,
    TEE_HANDLE_FLAG_INITIALIZED,
    TEE_HANDLE_FLAG_PERSISTENT,
    TEE_USAGE_EXTRACTABLE,
)
from elfhaven.abi.gp_crypto import TEE_ATTR_FLAG_PUBLIC, TEE_TYPE_DATA, TEE_TYPE_X448_KEYPAIR
from elfhaven.abi.utee import OBJECT_INFO
from elfhaven.secure.calls.attributes import check_attributes, read_attributes, take_attributes
from elfhaven.secure.crypto.attributes import Attribute, Attributes, number_bytes
from elfhaven.secure.crypto.object_types import Form, ObjectType, find_type
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.storage.trusted import OpenObject
    from elfhaven.secure.task import Task

USAGE_DEFAULT = 0xFFFFFFFF
_MAX_OBJECTS = 1024  # the core's heap is small
_PAIR = 1 << 24  # in the type of a pair, and not in that of its public key


@dataclass(slots=True, eq=False)
class TeeObject:
    """One handle. Sizes are in bits."""

    type: int
    max_size: int
    size: int = 0
    usage: int = USAGE_DEFAULT
    flags: int = 0
    busy: bool = False  # owned by an operation
    attributes: Attributes = field(default_factory=dict)
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
        left = o.usage & usage & 0xFFFFFFFF
        if o.file is not None:
            o.file.restrict(left)
        o.usage = left

    def cryp_obj_get_attr(self, handle: int, attribute: int, buffer: int, size: int) -> None:
        o = self._objects.get(handle & 0xFFFFFFFF)
        if o is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        o, attribute = self.get(handle), attribute & 0xFFFFFFFF
        if not o.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if not attribute & TEE_ATTR_FLAG_PUBLIC and not o.usage & TEE_USAGE_EXTRACTABLE:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        kind = find_type(o.type)
        if kind is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        row = kind.find(attribute)
        if row is None or attribute not in o.attributes:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        self._give(row.form, o.attributes[attribute], buffer, size)

    def _give(self, form: Form, value: Attribute, buffer: int, size: int) -> None:
        """Copy an attribute out. The length of a value is not told; a number of no bytes needs no buffer."""
        space = self._task.space
        room = space.read_u64(size)
        if isinstance(value, bytes):
            content = value
        else:
            content = struct.pack("<II", value, 0) if form is Form.VALUE else number_bytes(value)
        if form is not Form.VALUE:
            space.write_u64(size, len(content))
        if form is Form.BIGNUM and not content:
            return
        if room < len(content) or not buffer:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        space.write(buffer, content)

    def cryp_obj_alloc(self, kind: int, max_size: int, handle: int) -> None:
        kind &= 0xFFFFFFFF
        found = find_type(kind)
        if kind == TEE_TYPE_X448_KEYPAIR and max_size == 448:
            raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)  # its type is known, its curve is not
        fits = max_size == 0 if kind == TEE_TYPE_DATA else found is not None and found.allows(max_size)
        if not fits:
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
        kind = find_type(o.type)
        if kind is None:
            raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
        given = read_attributes(self._task.space, attributes, count)
        check_attributes(kind, given, generating=False)
        o.attributes, o.size = take_attributes(kind, o.max_size, given)
        o.flags |= TEE_HANDLE_FLAG_INITIALIZED

    def cryp_obj_copy(self, destination: int, source: int) -> None:
        to, origin = self.get(destination), self.get(source)
        if to.persistent or to.initialized or not origin.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        to.attributes = _copied(to.type, origin)
        to.size, to.usage = origin.size, origin.usage
        to.flags |= TEE_HANDLE_FLAG_INITIALIZED

    def cryp_obj_generate_key(self, handle: int, bits: int, attributes: int, count: int) -> None:
        o = self.get(handle)
        if o.persistent or o.initialized:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        kind = find_type(o.type)
        if kind is None or not kind.allows(bits):  # the type's limits, not the object's
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        given = read_attributes(self._task.space, attributes, count)
        check_attributes(kind, given, generating=True)
        taken, size = take_attributes(kind, o.max_size, given)
        if not kind.symmetric:
            o.size = size  # holds even if no key comes of it
        o.attributes = self._generate(kind, bits, taken)
        o.size = bits
        o.flags |= TEE_HANDLE_FLAG_INITIALIZED

    def _generate(self, kind: ObjectType, bits: int, given: Attributes) -> Attributes:
        from elfhaven.secure.crypto.generate import generate

        return generate(kind, bits, given, self._task.core.config.random)


def _copied(kind: int, origin: TeeObject) -> Attributes:
    """What an object of type `kind` takes of another: all of one of its type, the public half of a pair."""
    if kind == TEE_TYPE_DATA:
        return {}
    if kind == origin.type:
        return dict(origin.attributes)
    found = find_type(kind)
    if found is None or kind & _PAIR or origin.type != kind | _PAIR:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return {row.id: origin.attributes.get(row.id, 0) for row in found.attributes}
