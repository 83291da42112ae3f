# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects: what is open, who may open it again, and how one lies in its blob.

A blob holds the object's head (type, max size, size, usage, length of its attributes), the attributes,
the data. Every change writes the whole blob anew, so a crash leaves the old object or the new one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_DATA_FLAG_ACCESS_READ,
    TEE_DATA_FLAG_ACCESS_WRITE,
    TEE_DATA_FLAG_ACCESS_WRITE_META,
    TEE_DATA_FLAG_SHARE_READ,
    TEE_DATA_FLAG_SHARE_WRITE,
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.errors import ElfhavenError
from elfhaven.secure.config import CoreConfig
from elfhaven.secure.crypto.sealed import Sealed
from elfhaven.secure.result import TeeResult

_HEAD = struct.Struct("<5I")
_ATTRIBUTE = struct.Struct("<II")
T = TypeVar("T")


@dataclass(slots=True)
class Content:
    """An object as it is stored; sizes of the key in bits."""

    type: int
    max_size: int = 0
    size: int = 0
    usage: int = 0xFFFFFFFF
    attributes: dict[int, bytes | tuple[int, int]] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)


def pack(content: Content) -> bytes:
    """The plain bytes of an object."""
    body = b""
    for number, value in sorted(content.attributes.items()):
        raw = value if isinstance(value, bytes) else struct.pack("<II", *value)
        body += _ATTRIBUTE.pack(number, len(raw)) + raw
    c = content
    return _HEAD.pack(c.type, c.max_size, c.size, c.usage, len(body)) + body + c.data


def unpack(raw: bytes) -> Content:
    """An object from its plain bytes; TeeResult CORRUPT_OBJECT if they are none."""
    try:
        kind, max_size, size, usage, length = _HEAD.unpack_from(raw)
        attributes, at, end = {}, _HEAD.size, _HEAD.size + length
        while at < end:
            number, count = _ATTRIBUTE.unpack_from(raw, at)
            at += _ATTRIBUTE.size + count
            value = raw[at - count : at]
            attributes[number] = struct.unpack("<II", value) if number & 1 << 29 else value
    except struct.error:
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT) from None
    return Content(kind, max_size, size, usage, attributes, bytearray(raw[end:]))


@dataclass(slots=True, eq=False)
class Shared:
    """An object that is open: one for all its handles."""

    uuid: UUID
    object_id: bytes
    content: Content
    handles: list[OpenObject] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class OpenObject:
    """One open handle."""

    store: PersistentStore
    shared: Shared
    flags: int
    position: int = 0

    @property
    def size(self) -> int:
        return len(self.shared.content.data)

    def save(self) -> None:
        """Write the object as it now is."""
        self.store.save(self.shared)

    def close(self) -> None:
        self.store.close(self)


class PersistentStore:
    """All open objects of all TAs."""

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._open: dict[tuple[UUID, bytes], Shared] = {}

    def __len__(self) -> int:
        return sum(len(shared.handles) for shared in self._open.values())

    def open(self, uuid: UUID, object_id: bytes, flags: int) -> OpenObject | None:
        """A handle to an object; None if there is none; ACCESS_CONFLICT by the rules of sharing."""
        shared = self._open.get((uuid, object_id))
        if shared is not None:
            for other in shared.handles:
                _check_sharing(other.flags, flags)
            return self._handle(shared, flags)
        raw = self._guard(lambda: self._sealed(uuid).get(object_id.hex()))
        if raw is None:
            return None
        return self._handle(Shared(uuid, object_id, unpack(raw)), flags)

    def create(
        self, uuid: UUID, object_id: bytes, flags: int, content: Content, overwrite: bool
    ) -> OpenObject:
        """A new object; ACCESS_CONFLICT if there is one and it may not be overwritten, or it is open."""
        sealed = self._sealed(uuid)
        exists = self._guard(lambda: sealed.exists(object_id.hex()))
        if (uuid, object_id) in self._open or (exists and not overwrite):
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        shared = Shared(uuid, object_id, content)
        self.save(shared)
        return self._handle(shared, flags)

    def delete(self, handle: OpenObject) -> None:
        shared = handle.shared
        self._guard(lambda: self._sealed(shared.uuid).delete(shared.object_id.hex()))

    def rename(self, handle: OpenObject, object_id: bytes) -> None:
        """ACCESS_CONFLICT if the new id is taken."""
        shared = handle.shared
        sealed = self._sealed(shared.uuid)
        if (shared.uuid, object_id) in self._open or self._guard(lambda: sealed.exists(object_id.hex())):
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        old = shared.object_id
        del self._open[shared.uuid, old]
        shared.object_id = object_id
        self._open[shared.uuid, object_id] = shared
        self.save(shared)
        self._guard(lambda: sealed.delete(old.hex()))

    def save(self, shared: Shared) -> None:
        self._guard(lambda: self._sealed(shared.uuid).put(shared.object_id.hex(), pack(shared.content)))

    def close(self, handle: OpenObject) -> None:
        shared = handle.shared
        if handle in shared.handles:
            shared.handles.remove(handle)
        if not shared.handles:
            self._open.pop((shared.uuid, shared.object_id), None)

    def _handle(self, shared: Shared, flags: int) -> OpenObject:
        handle = OpenObject(self, shared, flags)
        shared.handles.append(handle)
        self._open[shared.uuid, shared.object_id] = shared
        return handle

    def _sealed(self, uuid: UUID) -> Sealed:
        c = self._config
        return Sealed(c.storage, c.huk, c.random, uuid)

    def _guard(self, work: Callable[[], T]) -> T:
        """Storage that fails is storage that is not available."""
        try:
            return work()
        except (ElfhavenError, OSError):
            raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE) from None


def _check_sharing(old: int, new: int) -> None:
    """The rules by which an object may be open twice (Internal Core API, clause 5.7.1)."""
    both = old | new
    share = TEE_DATA_FLAG_SHARE_READ | TEE_DATA_FLAG_SHARE_WRITE
    conflict = (
        bool(both & TEE_DATA_FLAG_ACCESS_WRITE_META)
        or old & share != new & share
        or (both & TEE_DATA_FLAG_ACCESS_READ and not old & TEE_DATA_FLAG_SHARE_READ)
        or (both & TEE_DATA_FLAG_ACCESS_WRITE and not old & TEE_DATA_FLAG_SHARE_WRITE)
    )
    if conflict:
        raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
