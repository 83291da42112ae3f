# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects, their data streams, and lists of them (clauses 5.7 to 5.9)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import Self

from elfhaven.abi import gp
from elfhaven.abi.utee import OBJECT_INFO
from elfhaven.ta.objects import ObjectHandle, ObjectInfo
from elfhaven.ta.system import Cell, Out, current, pieces
from elfhaven.tee_errors import ItemNotFound


class Storage(IntEnum):
    """TEE_STORAGE_*: where the TEE keeps private objects by default, or one of OP-TEE's two places."""

    PRIVATE = gp.TEE_STORAGE_PRIVATE
    PRIVATE_REE = gp.TEE_STORAGE_PRIVATE_REE
    PRIVATE_RPMB = gp.TEE_STORAGE_PRIVATE_RPMB


class Access(IntFlag):
    """TEE_DATA_FLAG_*."""

    READ = gp.TEE_DATA_FLAG_ACCESS_READ
    WRITE = gp.TEE_DATA_FLAG_ACCESS_WRITE
    WRITE_META = gp.TEE_DATA_FLAG_ACCESS_WRITE_META
    SHARE_READ = gp.TEE_DATA_FLAG_SHARE_READ
    SHARE_WRITE = gp.TEE_DATA_FLAG_SHARE_WRITE
    OVERWRITE = gp.TEE_DATA_FLAG_OVERWRITE


class Whence(IntEnum):
    """TEE_DATA_SEEK_*."""

    SET = gp.TEE_DATA_SEEK_SET
    CURRENT = gp.TEE_DATA_SEEK_CUR
    END = gp.TEE_DATA_SEEK_END


ALL = Access.READ | Access.WRITE | Access.WRITE_META


class PersistentObject(ObjectHandle):
    """An open object of trusted storage. Its data are a stream; a key may lie in it too."""

    @classmethod
    def open(
        cls, id: bytes, access: Access = Access.READ, storage: Storage = Storage.PRIVATE
    ) -> PersistentObject:
        """TEE_OpenPersistentObject. ItemNotFound, AccessConflict."""
        handle = Out(4)
        current().call("storage_obj_open", storage, id, len(id), access, handle)
        return cls(handle.number)

    @classmethod
    def create(
        cls,
        id: bytes,
        data: bytes = b"",
        access: Access = ALL,
        *,
        attributes: ObjectHandle | None = None,
        storage: Storage = Storage.PRIVATE,
    ) -> PersistentObject:
        """A new object with first data, and with the key of `attributes` (TEE_CreatePersistentObject).
        AccessConflict for an id that is taken, unless Access.OVERWRITE is given."""
        handle = Out(4)
        source = 0 if attributes is None else attributes.handle
        current().call("storage_obj_create", storage, id, len(id), access, source, data, len(data), handle)
        return cls(handle.number)

    def read(self, size: int | None = None) -> bytes:
        """From the position on, fewer bytes at the end; all that is left without `size`
        (TEE_ReadObjectData)."""
        if size is None:
            info = self.info
            size = max(0, info.data_size - info.data_position)
        out = Out(size)
        count = Out(8)
        current().call("storage_obj_read", self.handle, out, size, count)
        return out.data[: count.number]

    def write(self, data: bytes) -> None:
        """At the position (TEE_WriteObjectData)."""
        for piece in pieces(data):
            current().call("storage_obj_write", self.handle, piece, len(piece))

    def truncate(self, size: int) -> None:
        """TEE_TruncateObjectData."""
        current().call("storage_obj_trunc", self.handle, size)

    def seek(self, offset: int, whence: Whence = Whence.SET) -> None:
        """TEE_SeekObjectData."""
        current().call("storage_obj_seek", self.handle, offset, whence)

    @property
    def position(self) -> int:
        return self.info.data_position

    def __len__(self) -> int:
        return self.info.data_size

    def rename(self, id: bytes) -> None:
        """TEE_RenamePersistentObject."""
        current().call("storage_obj_rename", self.handle, id, len(id))

    def delete(self) -> None:
        """Removes the object and closes it (TEE_CloseAndDeletePersistentObject1)."""
        handle, self.handle = self.handle, 0
        current().call("storage_obj_del", handle)


class ObjectEnumerator:
    """The TA's objects in one storage, as (id, info). Iterating starts it, and a second time starts anew."""

    def __init__(self, storage: Storage = Storage.PRIVATE) -> None:
        """TEE_AllocatePersistentObjectEnumerator."""
        self._storage = storage
        handle = Out(4)
        current().call("storage_enum_alloc", handle)
        self._handle = handle.number

    def start(self) -> None:
        """TEE_StartPersistentObjectEnumerator; ItemNotFound where there is nothing at all."""
        current().call("storage_enum_start", self._handle, self._storage)

    def next(self) -> tuple[bytes, ObjectInfo]:
        """TEE_GetNextPersistentObject; ItemNotFound behind the last."""
        info, id, length = Out(OBJECT_INFO.size), Out(gp.TEE_OBJECT_ID_MAX_LEN), Cell()
        current().call("storage_enum_next", self._handle, info, id, length)
        return id.data[: length.value], ObjectInfo(*OBJECT_INFO.unpack(info.data))

    def reset(self) -> None:
        """TEE_ResetPersistentObjectEnumerator."""
        current().call("storage_enum_reset", self._handle)

    def close(self) -> None:
        """TEE_FreePersistentObjectEnumerator."""
        handle, self._handle = self._handle, 0
        if handle:
            current().call("storage_enum_free", handle)

    def __iter__(self) -> Iterator[tuple[bytes, ObjectInfo]]:
        try:
            self.start()
            while True:
                yield self.next()
        except ItemNotFound:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
