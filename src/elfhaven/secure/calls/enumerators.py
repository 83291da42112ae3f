# SPDX-License-Identifier: BSD-2-Clause
"""Enumerators over a TA's persistent objects (Internal Core API, clause 5.8)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_HANDLE_FLAG_INITIALIZED,
    TEE_HANDLE_FLAG_PERSISTENT,
    TEE_OBJECT_ID_MAX_LEN,
)
from elfhaven.abi.utee import OBJECT_INFO
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage import object_file
from elfhaven.secure.storage.object_file import StoredObject
from elfhaven.secure.storage.pobj import PersistentObject, Purpose
from elfhaven.secure.storage.trusted import OpenObject

if TYPE_CHECKING:
    from elfhaven.secure.storage.backend import Backend
    from elfhaven.secure.task import Task


@dataclass(slots=True)
class Enumerator:
    """Where one is; no listing before it is started, or where there was nothing to list."""

    backend: Backend | None = None
    listing: Any = None


class EnumeratorCalls:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._storage = task.core.storage
        self._enumerators: dict[int, Enumerator] = {}
        self._next = 1

    def close(self) -> None:
        """Give back those that the TA has left."""
        for enumerator in self._enumerators.values():
            self._stop(enumerator)
        self._enumerators.clear()

    def storage_enum_alloc(self, where: int) -> None:
        if not where:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        self._task.space.write_private(where, self._next.to_bytes(4, "little"))
        self._enumerators[self._next] = Enumerator()
        self._next += 1

    def storage_enum_free(self, number: int) -> None:
        self._stop(self._get(number))
        del self._enumerators[number & 0xFFFFFFFF]

    def storage_enum_reset(self, number: int) -> None:
        enumerator = self._get(number)
        self._stop(enumerator)
        enumerator.backend = None

    def storage_enum_start(self, number: int, storage: int) -> None:
        enumerator = self._get(number)
        self._stop(enumerator)
        backend = self._storage.backend(storage)
        if backend is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        enumerator.backend = backend
        enumerator.listing = backend.listing(self._task.thread, self._task.uuid.bytes_le)

    def storage_enum_next(self, number: int, info: int, id_at: int, length: int) -> None:
        enumerator = self._get(number)
        space = self._task.space
        space.check(info, OBJECT_INFO.size, Protection.WRITE)
        space.check(id_at, TEE_OBJECT_ID_MAX_LEN, Protection.WRITE)
        backend = enumerator.backend
        if backend is None or enumerator.listing is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        object_id = backend.next(self._task.thread, enumerator.listing)
        space.write(info, self._info(backend, object_id))
        space.write(id_at, object_id)
        space.write_private(length, len(object_id).to_bytes(8, "little"))

    def _info(self, backend: Backend, object_id: bytes) -> bytes:
        """struct utee_object_info of an object, whose file is opened for it."""
        pobj = self._storage.objects.get(backend, self._task.uuid, object_id, 0, Purpose.ENUMERATE)
        opened = OpenObject(self._storage, pobj, None, 0, 0)
        try:
            stored = self._load(opened, pobj)
            pobj.usage = stored.usage
            size = opened.handle.size - stored.start
            flags = pobj.flags | TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED
            return OBJECT_INFO.pack(
                stored.type, stored.size, stored.max_size, stored.usage, size & 0xFFFFFFFF, 0, flags
            )
        finally:
            opened.close()

    def _load(self, opened: OpenObject, pobj: PersistentObject) -> StoredObject:
        thread = self._task.thread
        opened.handle = pobj.backend.open(thread, pobj)
        return object_file.load(
            lambda position, size: pobj.backend.read(thread, opened.handle, position, size),
            opened.handle.size,
        )

    def _get(self, number: int) -> Enumerator:
        found = self._enumerators.get(number & 0xFFFFFFFF)
        if found is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return found

    def _stop(self, enumerator: Enumerator) -> None:
        listing, enumerator.listing = enumerator.listing, None
        if listing is not None and enumerator.backend is not None:
            with suppress(TeeResult):
                enumerator.backend.close_list(self._storage.current(), listing)
