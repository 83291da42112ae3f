# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects of a TA (Internal Core API, clause 5.7), with OP-TEE's checks in OP-TEE's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TEE_DATA_FLAG_ACCESS_READ,
    TEE_DATA_FLAG_ACCESS_WRITE,
    TEE_DATA_FLAG_ACCESS_WRITE_META,
    TEE_DATA_FLAG_OVERWRITE,
    TEE_DATA_FLAG_SHARE_READ,
    TEE_DATA_FLAG_SHARE_WRITE,
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_HANDLE_FLAG_INITIALIZED,
    TEE_HANDLE_FLAG_PERSISTENT,
    TEE_OBJECT_ID_MAX_LEN,
    TEE_USAGE_DEFAULT,
)
from elfhaven.abi.gp_crypto import TEE_TYPE_DATA
from elfhaven.secure.calls.objects import ObjectCalls, TeeObject
from elfhaven.secure.calls.storage_data import StoredDataCalls
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage import object_file
from elfhaven.secure.storage.object_file import StoredObject
from elfhaven.secure.storage.pobj import PersistentObject, Purpose
from elfhaven.secure.storage.trusted import OpenObject

if TYPE_CHECKING:
    from elfhaven.secure.storage.backend import Backend
    from elfhaven.secure.task import Task

_FLAGS = (
    TEE_DATA_FLAG_ACCESS_READ
    | TEE_DATA_FLAG_ACCESS_WRITE
    | TEE_DATA_FLAG_ACCESS_WRITE_META
    | TEE_DATA_FLAG_SHARE_READ
    | TEE_DATA_FLAG_SHARE_WRITE
)
_HELD = TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED


class StorageCalls(StoredDataCalls):
    """Objects as a whole; their data are the base's."""

    def __init__(self, task: Task, objects: ObjectCalls) -> None:
        super().__init__(task, objects)
        self._storage = task.core.storage
        self._listed = self._storage.objects

    # ---- opening

    def storage_obj_open(self, storage: int, id_at: int, id_length: int, flags: int, handle: int) -> None:
        backend, object_id = self._request(storage, flags, _FLAGS, id_at, id_length)
        pobj = self._listed.get(backend, self._task.uuid, object_id, flags, Purpose.OPEN)
        opened = OpenObject(self._storage, pobj, None, 0, 0)
        try:
            stored = self._load(opened)
            self._add(stored, opened, flags, handle)
        except TeeResult as error:
            if error.code == TEE_ERROR_CORRUPT_OBJECT:
                self._remove(pobj)
            opened.close()
            if error.code in object_file.MALFORMED:
                raise TeeResult(TEE_ERROR_CORRUPT_OBJECT) from None
            raise
        except BaseException:
            opened.close()
            raise

    def _load(self, opened: OpenObject) -> StoredObject:
        """Open the file of an object, and read what it begins with."""
        thread, pobj = self._task.thread, opened.pobj
        opened.handle = pobj.backend.open(thread, pobj)

        def read(position: int, size: int) -> bytes:
            return pobj.backend.read(thread, opened.handle, position, size)

        stored = object_file.load(read, opened.handle.size)
        opened.start, opened.size = stored.start, opened.handle.size - stored.start
        pobj.usage = stored.usage
        return stored

    def storage_obj_create(
        self,
        storage: int,
        id_at: int,
        id_length: int,
        flags: int,
        attributes: int,
        data: int,
        length: int,
        handle: int,
    ) -> None:
        known = _FLAGS | TEE_DATA_FLAG_OVERWRITE
        backend = self._check_request(storage, flags, known, id_length)
        if length and not data:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        object_id = self._read_id(id_at, id_length)
        pobj = self._listed.get(backend, self._task.uuid, object_id, flags, Purpose.CREATE)
        try:
            source = self._source(attributes)
            content = self._task.space.read(data, length)
            if source is not None and not handle and not source.persistent:
                self._make_persistent(source, pobj, flags, content)
                return
            self._create(source, pobj, flags, content, handle)
        except TeeResult as error:
            if error.code == TEE_ERROR_CORRUPT_OBJECT:
                self._remove(pobj)
            self._listed.release(pobj)
            raise
        except BaseException:
            self._listed.release(pobj)
            raise

    def _source(self, attributes: int) -> TeeObject | None:
        """Where the new object has its key from."""
        if not attributes:
            return None
        source = self._objects.get(attributes)
        if not source.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return source

    def _create(
        self, source: TeeObject | None, pobj: PersistentObject, flags: int, content: bytes, handle: int
    ) -> None:
        stored = StoredObject(TEE_TYPE_DATA, usage=TEE_USAGE_DEFAULT)
        if source is not None:
            stored = _stored(source)
        pobj.usage = stored.usage
        opened = self._write_new(pobj, flags, stored, content)
        if not handle:
            pobj.creating = False
            opened.close()
            return
        try:
            self._add(stored, opened, flags, handle)
        except BaseException:
            pobj.references += 1  # the caller gives this one back
            opened.close()
            raise
        pobj.creating = False

    def _make_persistent(self, source: TeeObject, pobj: PersistentObject, flags: int, content: bytes) -> None:
        """A transient object becomes the persistent one: no handle was asked for."""
        stored = _stored(source)
        pobj.usage = stored.usage
        source.file = self._write_new(pobj, flags, stored, content)
        source.flags = _HELD | flags

    def _write_new(
        self, pobj: PersistentObject, flags: int, stored: StoredObject, content: bytes
    ) -> OpenObject:
        head = object_file.pack(stored)
        overwrite = bool(flags & TEE_DATA_FLAG_OVERWRITE)
        made = pobj.backend.create(self._task.thread, pobj, overwrite, head + content)
        return OpenObject(self._storage, pobj, made, len(head), len(content))

    def _read_id(self, address: int, length: int) -> bytes:
        """An object's id; one of no bytes may lie anywhere."""
        return self._task.space.read_private(address, length) if length else b""

    def _request(
        self, storage: int, flags: int, known: int, id_at: int, id_length: int
    ) -> tuple[Backend, bytes]:
        backend = self._check_request(storage, flags, known, id_length)
        return backend, self._read_id(id_at, id_length)

    def _check_request(self, storage: int, flags: int, known: int, id_length: int) -> Backend:
        if flags & ~known:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        backend = self._storage.backend(storage)
        if backend is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        if id_length > TEE_OBJECT_ID_MAX_LEN:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return backend

    def _add(self, stored: StoredObject, opened: OpenObject, flags: int, handle: int) -> None:
        made = TeeObject(
            stored.type, stored.max_size, stored.size, stored.usage, _HELD | flags, False, stored.attributes
        )
        made.file = opened
        self._objects.add(made, handle)

    # ---- the object as a whole

    def storage_obj_del(self, handle: int) -> None:
        o = self._objects.get(handle)
        if not o.flags & TEE_DATA_FLAG_ACCESS_WRITE_META:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        opened = self._file(handle)
        try:
            opened.pobj.backend.remove(self._task.thread, opened.pobj)
        finally:
            self._objects.drop(handle)

    def storage_obj_rename(self, handle: int, id_at: int, id_length: int) -> None:
        if id_length > TEE_OBJECT_ID_MAX_LEN:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        o = self._object(handle)
        if not o.flags & TEE_DATA_FLAG_ACCESS_WRITE_META:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        object_id = self._read_id(id_at, id_length)
        old = self._file(handle).pobj
        new = self._listed.get(
            old.backend, self._task.uuid, object_id, TEE_DATA_FLAG_ACCESS_WRITE_META, Purpose.RENAME
        )
        try:
            old.backend.rename(self._task.thread, old, new)
            self._listed.rename(old, object_id)
        finally:
            self._listed.release(new)


def _stored(source: TeeObject) -> StoredObject:
    return StoredObject(source.type, source.size, source.max_size, source.usage, dict(source.attributes))
