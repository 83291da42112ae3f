# SPDX-License-Identifier: BSD-2-Clause
"""The highest versions seen, of TAs or of subkeys, in objects of the core itself: older ones are refused."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_ACCESS_CONFLICT, TEE_ERROR_BAD_STATE, TEE_ERROR_ITEM_NOT_FOUND
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.pobj import CORE, PersistentObject

if TYPE_CHECKING:
    from elfhaven.secure.storage.backend import Backend
    from elfhaven.secure.threads import Thread
    from elfhaven.secure.turn import Turn

_HEAD = struct.Struct("<II")  # version of the layout, number of entries
_ENTRY = struct.Struct("<16sI")  # the UUID's octets, version


class Versions:
    """One database, by its name (ta_ver.db, subkey_ver.db). One thread at a time has its `turn`."""

    def __init__(self, backend: Backend, turn: Turn, name: str) -> None:
        self._backend = backend
        self._turn = turn
        self._pobj = PersistentObject(backend, CORE, name.encode() + b"\0")

    def check(self, thread: Thread, uuid: UUID, version: int) -> None:
        """Remember a version; TeeResult ACCESS_CONFLICT if it is older than the last one of `uuid`."""
        self._turn.take(thread)
        try:
            self._check(thread, uuid, version)
        finally:
            self._turn.give(thread)

    def _check(self, thread: Thread, uuid: UUID, version: int) -> None:
        handle = self._open(thread)
        try:
            known = self._read(thread, handle)
            place = next((n for n, entry in enumerate(known) if entry[0] == uuid.bytes), len(known))
            last = known[place][1] if place < len(known) else -1
            if version < last:
                raise TeeResult(TEE_ERROR_ACCESS_CONFLICT, f"version {version} is older than {last}")
            if version > last:
                entry = _ENTRY.pack(uuid.bytes, version)
                self._backend.write(thread, handle, _HEAD.size + place * _ENTRY.size, entry)
            if last < 0:
                self._backend.write(thread, handle, 0, _HEAD.pack(0, len(known) + 1))
        finally:
            self._backend.close(thread, handle)

    def _open(self, thread: Thread) -> Any:
        try:
            return self._backend.open(thread, self._pobj)
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND:
                raise
        return self._backend.create(thread, self._pobj, False, _HEAD.pack(0, 0))

    def _read(self, thread: Thread, handle: Any) -> list[tuple[bytes, int]]:
        data = self._backend.read(thread, handle, 0, handle.size)
        if len(data) < _HEAD.size:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        _, count = _HEAD.unpack_from(data)
        if len(data) < _HEAD.size + count * _ENTRY.size:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return [_ENTRY.unpack_from(data, _HEAD.size + n * _ENTRY.size) for n in range(count)]
