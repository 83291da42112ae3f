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
    TEE_DATA_MAX_POSITION,
    TEE_DATA_SEEK_CUR,
    TEE_DATA_SEEK_END,
    TEE_DATA_SEEK_SET,
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OVERFLOW,
    TEE_ERROR_STORAGE_NO_SPACE,
    TEE_HANDLE_FLAG_INITIALIZED,
    TEE_HANDLE_FLAG_PERSISTENT,
    TEE_OBJECT_ID_MAX_LEN,
    TEE_STORAGE_PRIVATE,
    TEE_STORAGE_PRIVATE_REE,
    TEE_TYPE_DATA,
)
from elfhaven.secure.calls.objects import ObjectCalls, TeeObject
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.persistent import Content, OpenObject

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

MAX_OBJECT = 64 << 20  # every write seals the whole object: larger ones are refused
_FLAGS = (
    TEE_DATA_FLAG_ACCESS_READ
    | TEE_DATA_FLAG_ACCESS_WRITE
    | TEE_DATA_FLAG_ACCESS_WRITE_META
    | TEE_DATA_FLAG_SHARE_READ
    | TEE_DATA_FLAG_SHARE_WRITE
)


class StorageCalls:
    def __init__(self, task: Task, objects: ObjectCalls) -> None:
        self._task = task
        self._objects = objects
        self._store = task.core.persistent

    # ---- opening

    def storage_obj_open(self, storage: int, id_at: int, id_length: int, flags: int, handle: int) -> None:
        object_id = self._object_id(id_at, id_length)
        _check_request(storage, flags, _FLAGS)
        found = self._store.open(self._task.uuid, object_id, flags)
        if found is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        self._add(found, handle)

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
        object_id = self._object_id(id_at, id_length)
        _check_request(storage, flags, _FLAGS | TEE_DATA_FLAG_OVERWRITE)
        _check_size(length)
        content = self._content(attributes)
        content.data = bytearray(self._task.space.read(data, length))
        overwrite = bool(flags & TEE_DATA_FLAG_OVERWRITE)
        made = self._store.create(self._task.uuid, object_id, flags & _FLAGS, content, overwrite)
        self._add(made, handle)

    def _object_id(self, address: int, length: int) -> bytes:
        if length > TEE_OBJECT_ID_MAX_LEN:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return self._task.space.read_private(address, length)

    def _content(self, attributes: int) -> Content:
        if not attributes:
            return Content(TEE_TYPE_DATA)
        source = self._objects.get(attributes)
        if not source.initialized:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return Content(source.type, source.max_size, source.size, source.usage, dict(source.attributes))

    def _add(self, opened: OpenObject, handle: int) -> None:
        c = opened.shared.content
        flags = opened.flags | TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED
        made = TeeObject(c.type, c.max_size, c.size, c.usage, flags, False, dict(c.attributes), opened)
        try:
            self._objects.add(made, handle)
        except Exception:
            opened.close()
            raise

    def _file(self, handle: int, needed: int = 0) -> OpenObject:
        """The open object behind a handle; BAD_STATE for a transient one, ACCESS_CONFLICT without the
        right."""
        o = self._objects.get(handle)
        if o.file is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        if o.flags & needed != needed:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        return o.file

    # ---- the object as a whole

    def storage_obj_del(self, handle: int) -> None:
        if not self._objects.get(handle).flags & TEE_DATA_FLAG_ACCESS_WRITE_META:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        self._store.delete(self._file(handle))
        self._objects.drop(handle)

    def storage_obj_rename(self, handle: int, id_at: int, id_length: int) -> None:
        opened = self._file(handle)
        if not opened.flags & TEE_DATA_FLAG_ACCESS_WRITE_META:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        self._store.rename(opened, self._object_id(id_at, id_length))

    # ---- its data

    def storage_obj_read(self, handle: int, address: int, length: int, count: int) -> None:
        opened = self._file(handle, TEE_DATA_FLAG_ACCESS_READ)
        space = self._task.space
        data = opened.shared.content.data[opened.position : opened.position + length]
        space.write(address, bytes(data))
        space.write_private(count, len(data).to_bytes(8, "little"))
        opened.position += len(data)

    def storage_obj_write(self, handle: int, address: int, length: int) -> None:
        opened = self._file(handle, TEE_DATA_FLAG_ACCESS_WRITE)
        end = opened.position + length
        if end > TEE_DATA_MAX_POSITION:
            raise TeeResult(TEE_ERROR_OVERFLOW)
        _check_size(end)
        new = self._task.space.read(address, length)
        data = bytearray(opened.shared.content.data)
        data.extend(bytes(max(0, opened.position - len(data))))
        data[opened.position : end] = new
        self._replace(opened, data)
        opened.position = end

    def storage_obj_trunc(self, handle: int, length: int) -> None:
        opened = self._file(handle, TEE_DATA_FLAG_ACCESS_WRITE)
        _check_size(length)
        data = bytearray(opened.shared.content.data[:length])
        data.extend(bytes(length - len(data)))
        self._replace(opened, data)

    def _replace(self, opened: OpenObject, data: bytearray) -> None:
        """New data, which holds only if it could be stored."""
        content = opened.shared.content
        old, content.data = content.data, data
        try:
            opened.save()
        except Exception:
            content.data = old
            raise

    def storage_obj_seek(self, handle: int, offset: int, whence: int) -> None:
        opened = self._file(handle)
        offset &= 0xFFFFFFFF
        offset -= (offset >> 31) << 32
        starts = {TEE_DATA_SEEK_SET: 0, TEE_DATA_SEEK_CUR: opened.position, TEE_DATA_SEEK_END: opened.size}
        start = starts.get(whence & 0xFFFFFFFF)
        if start is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if start + offset > TEE_DATA_MAX_POSITION:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        opened.position = max(0, start + offset)


def _check_request(storage: int, flags: int, known: int) -> None:
    if storage & 0xFFFFFFFF not in (TEE_STORAGE_PRIVATE, TEE_STORAGE_PRIVATE_REE):
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
    if flags & ~known:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)


def _check_size(size: int) -> None:
    if size > MAX_OBJECT:
        raise TeeResult(TEE_ERROR_STORAGE_NO_SPACE)
