# SPDX-License-Identifier: BSD-2-Clause
"""The data of a TA's open objects (Internal Core API, clause 5.9), with OP-TEE's checks in OP-TEE's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TA_FLAG_DONT_CLOSE_HANDLE_ON_CORRUPT_OBJECT,
    TEE_DATA_FLAG_ACCESS_READ,
    TEE_DATA_FLAG_ACCESS_WRITE,
    TEE_DATA_MAX_POSITION,
    TEE_DATA_SEEK_CUR,
    TEE_DATA_SEEK_END,
    TEE_DATA_SEEK_SET,
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_GENERIC,
    TEE_ERROR_OVERFLOW,
)
from elfhaven.secure.calls.objects import ObjectCalls, TeeObject
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.pobj import PersistentObject
from elfhaven.secure.storage.trusted import OpenObject

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

_SIZE_LIMIT = 1 << 64


class StoredDataCalls:
    """Calls on open objects; see StorageCalls for those that make, open and remove them."""

    def __init__(self, task: Task, objects: ObjectCalls) -> None:
        self._task = task
        self._objects = objects

    # ---- handles

    def _object(self, handle: int, needed: int = 0) -> TeeObject:
        """The object behind a handle; BAD_STATE for a transient one, ACCESS_CONFLICT without the right."""
        o = self._objects.get(handle)
        if o.file is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        if o.flags & needed != needed:
            raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
        return o

    def _file(self, handle: int, needed: int = 0) -> OpenObject:
        opened = self._object(handle, needed).file
        assert opened is not None
        return opened

    def _remove(self, pobj: PersistentObject) -> None:
        """Take a corrupt object away."""
        try:
            pobj.backend.remove(self._task.thread, pobj)
        except TeeResult:
            return

    def _corrupt(self, handle: int, error: TeeResult) -> None:
        """What becomes of an object whose data do not verify: it is removed, its handle closed."""
        if error.code != TEE_ERROR_CORRUPT_OBJECT:
            return
        self._remove(self._file(handle).pobj)
        if not self._task.flags & TA_FLAG_DONT_CLOSE_HANDLE_ON_CORRUPT_OBJECT:
            self._objects.drop(handle)

    # ---- its data

    def storage_obj_read(self, handle: int, address: int, length: int, count: int) -> None:
        opened = self._file(handle, TEE_DATA_FLAG_ACCESS_READ)
        if opened.position + length >= _SIZE_LIMIT:
            raise TeeResult(TEE_ERROR_OVERFLOW)
        pobj, space = opened.pobj, self._task.space
        try:
            at = opened.start + opened.position
            data = pobj.backend.read(self._task.thread, opened.handle, at, length)
        except TeeResult as error:
            self._corrupt(handle, error)
            raise
        space.write(address, data)
        opened.position += len(data)
        space.write_private(count, len(data).to_bytes(8, "little"))

    def storage_obj_write(self, handle: int, address: int, length: int) -> None:
        opened = self._file(handle, TEE_DATA_FLAG_ACCESS_WRITE)
        if opened.position + length >= _SIZE_LIMIT:
            raise TeeResult(TEE_ERROR_OVERFLOW)
        data = self._task.space.read(address, length)
        try:
            at = opened.start + opened.position
            opened.pobj.backend.write(self._task.thread, opened.handle, at, data)
        except TeeResult as error:
            self._corrupt(handle, error)
            raise
        opened.position += length
        opened.size = max(opened.size, opened.position)

    def storage_obj_trunc(self, handle: int, length: int) -> None:
        opened = self._file(handle, TEE_DATA_FLAG_ACCESS_WRITE)
        if opened.start + length >= _SIZE_LIMIT:
            raise TeeResult(TEE_ERROR_OVERFLOW)
        try:
            opened.pobj.backend.truncate(self._task.thread, opened.handle, opened.start + length)
        except TeeResult as error:
            self._corrupt(handle, error)
            if error.code == TEE_ERROR_CORRUPT_OBJECT:
                raise
            raise TeeResult(TEE_ERROR_GENERIC, str(error)) from None
        opened.size = length

    def storage_obj_seek(self, handle: int, offset: int, whence: int) -> None:
        opened = self._file(handle)
        offset &= 0xFFFFFFFF
        offset -= (offset >> 31) << 32
        starts = {TEE_DATA_SEEK_SET: 0, TEE_DATA_SEEK_CUR: opened.position, TEE_DATA_SEEK_END: opened.size}
        start = starts.get(whence)
        if start is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        position = max(0, start + offset)
        if position > TEE_DATA_MAX_POSITION:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        opened.position = position
