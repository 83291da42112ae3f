# SPDX-License-Identifier: BSD-2-Clause
"""TAs in secure storage (OP-TEE's tadb): `ta.db`, an object of the core, has an entry for each; the image
lies enciphered in the file <number>.ta beside it, under a key of its own that stands in the entry.

What the database says is remembered: another core that shares the files sees a new TA when it is started.

Lock: `_turn` is held while the database is in use; files are reached by RPC, so other threads run meanwhile.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_MAC_INVALID,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_STORAGE_PRIVATE,
)
from elfhaven.secure.result import TeeResult
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.storage.backend import Backend
from elfhaven.secure.storage.pobj import CORE, PersistentObject
from elfhaven.secure.storage.remote import RemoteFiles
from elfhaven.secure.storage.trusted import TrustedStorage
from elfhaven.secure.threads import Thread
from elfhaven.secure.turn import Turn

_ENTRY = struct.Struct("<16sIIII16s16s32s")  # UUID in memory, version, sizes, file, iv, tag, key
_NAME = b"ta.db\0"
_PIECE = 64 << 10  # bytes that one RPC writes
_FREE = bytes(16)


@dataclass(frozen=True, slots=True)
class Entry:
    """One TA. `custom_size` bytes of a maker's own stand before its image in the file."""

    uuid: UUID
    version: int
    custom_size: int
    size: int
    number: int
    iv: bytes
    tag: bytes
    key: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        uuid, *rest = _ENTRY.unpack(raw)
        return cls(UUID(bytes_le=uuid), *rest)

    def packed(self) -> bytes:
        return _ENTRY.pack(
            self.uuid.bytes_le,
            self.version,
            self.custom_size,
            self.size,
            self.number,
            self.iv,
            self.tag,
            self.key,
        )


class TaDatabase:
    """The TAs that were installed into this device's secure storage."""

    def __init__(self, storage: TrustedStorage, rpc: Rpc, random: Callable[[int], bytes]) -> None:
        self._storage = storage
        self._rpc = rpc
        self._random = random
        self._turn = Turn(rpc)
        self._known: list[Entry | None] | None = None  # as read last

    def load(self, thread: Thread, uuid: UUID) -> tuple[Entry, bytes] | None:
        """The image of a TA, or None; MAC_INVALID where its file was changed."""
        with self._held(thread):
            if self._known is None:
                self._known = self._all(thread)
            entry = next((known for known in self._known if known and known.uuid == uuid), None)
            if entry is None:
                return None
            raw = self._read(thread, entry)
        return entry, self._cipher(entry, raw)[entry.custom_size :]

    def _all(self, thread: Thread) -> list[Entry | None]:
        try:
            with self._opened(thread, create=False) as (backend, handle):
                return _entries(thread, backend, handle)
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND:
                raise
            return []

    def install(self, thread: Thread, uuid: UUID, version: int, image: bytes) -> None:
        """Put a TA in, in place of an older one; ACCESS_CONFLICT where a newer one is there."""
        with self._held(thread), self._opened(thread, create=True) as (backend, handle):
            entries, self._known = _entries(thread, backend, handle), None
            place = next((n for n, e in enumerate(entries) if e and e.uuid == uuid), None)
            old = None if place is None else entries[place]
            if old is not None and old.version > version:
                raise TeeResult(TEE_ERROR_ACCESS_CONFLICT, f"version {version} is older than {old.version}")
            used = {entry.number for entry in entries if entry}
            number = next(n for n in range(len(used) + 1) if n not in used)
            entry = self._write(thread, uuid, version, number, image)
            if place is None:
                place = next((n for n, e in enumerate(entries) if e is None), len(entries))
            backend.write(thread, handle, _ENTRY.size * place, entry.packed())
        if old is not None:
            self._files(thread).remove(f"{old.number}.ta")

    # ---- the database

    @contextmanager
    def _held(self, thread: Thread) -> Iterator[None]:
        self._turn.take(thread)
        try:
            yield
        finally:
            self._turn.give(thread)

    @contextmanager
    def _opened(self, thread: Thread, create: bool) -> Iterator[tuple[Backend, Any]]:
        backend = self._storage.backend(TEE_STORAGE_PRIVATE)
        if backend is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        place = PersistentObject(backend, CORE, _NAME)
        try:
            handle = backend.open(thread, place)
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND or not create:
                raise
            handle = backend.create(thread, place, False, b"")
        try:
            yield backend, handle
        finally:
            backend.close(thread, handle)

    # ---- the files

    def _files(self, thread: Thread) -> RemoteFiles:
        files = RemoteFiles(self._rpc)
        files.thread = thread
        return files

    def _read(self, thread: Thread, entry: Entry) -> bytes:
        files = self._files(thread)
        descriptor = files.open(f"{entry.number}.ta")
        try:
            return files.read(descriptor, 0, entry.custom_size + entry.size)
        finally:
            files.close(descriptor)

    def _write(self, thread: Thread, uuid: UUID, version: int, number: int, image: bytes) -> Entry:
        """The new entry of an image that is written to its file."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        iv, key = self._random(16), self._random(32)
        sealed = AESGCM(key).encrypt(iv, image, None)
        files = self._files(thread)
        descriptor = files.create(f"{number}.ta")
        try:
            for at in range(0, len(image), _PIECE):
                files.write(descriptor, at, sealed[: len(image)][at : at + _PIECE])
        finally:
            files.close(descriptor)
        return Entry(uuid, version, 0, len(image), number, iv, sealed[len(image) :], key)

    def _cipher(self, entry: Entry, raw: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(entry.key).decrypt(entry.iv, raw + entry.tag, None)
        except InvalidTag:
            raise TeeResult(TEE_ERROR_MAC_INVALID, f"{entry.number}.ta was changed") from None


def _entries(thread: Thread, backend: Backend, handle: Any) -> list[Entry | None]:
    """All of them; None for one that is free."""
    raw = backend.read(thread, handle, 0, handle.size)
    whole = raw[: len(raw) - len(raw) % _ENTRY.size]
    pieces = [whole[at : at + _ENTRY.size] for at in range(0, len(whole), _ENTRY.size)]
    return [None if piece[:16] == _FREE else Entry.parse(piece) for piece in pieces]
