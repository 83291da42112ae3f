# SPDX-License-Identifier: BSD-2-Clause
"""The RPMB FS: files in an eMMC's RPMB partition, which cannot be put back to an older state.

Block 0 tells that it is one; from byte 512 on lie the entries of its table (FAT), one a block, up to one that
is marked as the last. Files are stored from the top down, each in one piece, whose blocks are encrypted. A
write of a single block is done in place; any other change writes the file anew elsewhere, then its entry: one
block, which holds or does not.

One thread at a time is inside (`_turn`, OP-TEE's rpmb_mutex).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SECURITY,
    TEE_ERROR_STORAGE_NO_SPACE,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.abi.rpmb import BLOCK
from elfhaven.errors import ElfhavenError
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.keys import crypt_fek, crypt_rpmb_block
from elfhaven.secure.storage.pobj import PersistentObject
from elfhaven.secure.storage.ree_fs import Lock
from elfhaven.secure.storage.rpmb_device import RpmbDevice
from elfhaven.secure.storage.rpmb_remote import RemoteRpmb
from elfhaven.secure.storage.rpmb_table import (
    ACTIVE,
    FAT_ENTRY,
    FAT_START,
    LAST,
    MAGIC,
    PARTITION,
    VERSION,
    FatEntry,
    file_name,
    id_of,
    room_for,
)
from elfhaven.secure.threads import Thread
from elfhaven.secure.turn import Turn

_PIECE = 8  # entries that are read at a time
_MAX_FILE = 0x7FFFFFFF


@dataclass(slots=True, eq=False)
class Handle:
    """A file that is open."""

    pobj: PersistentObject
    name: bytes
    entry: FatEntry

    @property
    def size(self) -> int:
        return self.entry.size


@dataclass(slots=True)
class Listing:
    """The ids that were there when it was made."""

    left: list[bytes] = field(default_factory=list)


class RpmbFs:
    """See the module's docstring. Errors are TeeResults with OP-TEE's codes."""

    def __init__(self, remote: RemoteRpmb, turn: Turn, secrets: Secrets, lock: Lock | None) -> None:
        self._remote = remote
        self._device = RpmbDevice(remote.transfer, secrets, lock is not None)
        self._turn = turn
        self._secrets = secrets
        self._lock = lock
        self._fat_start = 0

    # ---- operations

    def open(self, thread: Thread, pobj: PersistentObject) -> Handle:
        with self._inside(thread):
            name = file_name(pobj)
            return Handle(pobj, name, self._find(name))

    def create(self, thread: Thread, pobj: PersistentObject, overwrite: bool, content: bytes) -> Handle:
        """Written under a name of its own first; ACCESS_CONFLICT if the real one is taken."""
        with self._inside(thread):
            unfinished = file_name(pobj, b".")
            for entry in self._entries():
                if entry.flags & ACTIVE and entry.name == unfinished:  # left over when the power failed
                    self._clear(entry)
            handle = self._make(pobj, unfinished)
            try:
                self._write(handle, 0, content)
                self._rename(handle.entry, file_name(pobj), overwrite)
            except TeeResult:
                self._clear(handle.entry)
                raise
            handle.name = handle.entry.name
            return handle

    def create_named(self, thread: Thread, pobj: PersistentObject, name: bytes) -> Handle:
        """A file of the core under a plain name; the one that is there, if there is."""
        with self._inside(thread):
            return self._make(pobj, name)

    def open_named(self, thread: Thread, pobj: PersistentObject, name: bytes) -> Handle:
        with self._inside(thread):
            return Handle(pobj, name, self._find(name))

    def files(self, thread: Thread) -> list[FatEntry]:
        """The entries of all files."""
        with self._inside(thread):
            return [entry for entry in self._entries() if entry.flags & ACTIVE]

    def close(self, thread: Thread | None, handle: Handle) -> None:
        pass

    def read(self, thread: Thread, handle: Handle, position: int, size: int) -> bytes:
        with self._inside(thread):
            handle.entry = entry = self._find(handle.name)
            return self._content(entry, handle.pobj, position, min(size, max(0, entry.size - position)))

    def write(self, thread: Thread, handle: Handle, position: int, data: bytes) -> None:
        with self._inside(thread):
            self._write(handle, position, data)

    def truncate(self, thread: Thread, handle: Handle, length: int) -> None:
        with self._inside(thread):
            if length > _MAX_FILE:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            handle.entry = entry = self._find(handle.name)
            if length > entry.size:
                data = self._content(entry, handle.pobj, 0, entry.size)
                start = self._room(self._entries(), length, TEE_ERROR_OUT_OF_MEMORY)
                self._store(handle, start, data.ljust(length, b"\0"))
                return
            entry.size = length
            self._write_entry(entry)

    def rename(self, thread: Thread, old: PersistentObject, new: PersistentObject) -> None:
        with self._inside(thread):
            self._rename(self._find(file_name(old)), file_name(new), False)

    def remove(self, thread: Thread, pobj: PersistentObject) -> None:
        with self._inside(thread):
            self._clear(self._find(file_name(pobj)))

    def listing(self, thread: Thread, owner: bytes) -> Listing:
        with self._inside(thread):
            prefix = b"/" + owner.hex().upper().encode() + b"/"
            names = [entry.name for entry in self._entries() if entry.flags & ACTIVE]
            found = [id_of(name[len(prefix) :]) for name in names if name.startswith(prefix)]
            ids = [object_id for object_id in found if object_id]
            if not ids:
                raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
            return Listing(ids)

    def next(self, _thread: Thread, listing: Listing) -> bytes:
        if not listing.left:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        return listing.left.pop(0)

    def close_list(self, thread: Thread | None, listing: Listing) -> None:
        listing.left.clear()

    # ---- the mutex

    @contextmanager
    def _inside(self, thread: Thread) -> Iterator[None]:
        self._turn.take(thread)
        try:
            self._remote.thread = thread
            if self._lock is None:
                self._set_up()
                yield
                return
            try:
                with self._lock():
                    self._set_up()
                    yield
            except ElfhavenError as error:
                raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE, str(error)) from None
        finally:
            self._turn.give(thread)

    def _set_up(self) -> None:
        """Find the file system, or make one. Block 0 is written once in each run: a write that the normal
        world has held back from the run before can then not be used any more."""
        self._device.prepare()
        if self._fat_start:
            return
        self._device.write(0, self._device.read(0, 1))
        magic, version, _, start = PARTITION.unpack_from(self._device.read(0, 1))
        if magic == MAGIC and version != VERSION:
            raise TeeResult(TEE_ERROR_ACCESS_DENIED, "the file system is of another version")
        if magic != MAGIC:
            start = FAT_START
            self._write_entry(FatEntry(start, flags=LAST))
            self._device.write(0, PARTITION.pack(MAGIC, VERSION, 0, start).ljust(BLOCK, b"\0"))
        self._fat_start = start

    # ---- the table

    def _entries(self) -> list[FatEntry]:
        """All entries, with the last one."""
        found: list[FatEntry] = []
        while not found or not found[-1].flags & LAST:
            at = self._fat_start + len(found) * FAT_ENTRY.size
            count = min(_PIECE, self._device.blocks - at // BLOCK)
            if count <= 0:
                raise TeeResult(TEE_ERROR_SECURITY, "the table has no end")
            data = self._device.read(at // BLOCK, count)
            for inside in range(0, len(data), FAT_ENTRY.size):
                found.append(FatEntry.unpack(at + inside, data[inside : inside + FAT_ENTRY.size]))
                if found[-1].flags & LAST:
                    break
        return found

    def _find(self, name: bytes) -> FatEntry:
        for entry in self._entries():
            if entry.flags & ACTIVE and entry.name == name:
                return entry
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)

    def _write_entry(self, entry: FatEntry) -> None:
        self._device.write(entry.at // BLOCK, entry.pack())

    def _clear(self, entry: FatEntry) -> None:
        self._write_entry(FatEntry(entry.at))

    def _make(self, pobj: PersistentObject, name: bytes) -> Handle:
        """A new, empty file; one that has the name already is taken as it is."""
        entries = self._entries()
        for entry in entries:
            if entry.flags & ACTIVE and entry.name == name:
                return Handle(pobj, name, entry)
        free = next(entry for entry in entries if not entry.flags & ACTIVE)
        if free.flags & LAST:
            self._check_table_room(entries)
            self._write_entry(FatEntry(free.at + FAT_ENTRY.size, flags=LAST))
        fek = self._secrets.random(16)
        made = FatEntry(free.at, flags=ACTIVE, name=name)
        made.fek = crypt_fek(self._secrets.huk, pobj.uuid, fek, encrypt=True)
        self._write_entry(made)
        return Handle(pobj, name, made)

    def _check_table_room(self, entries: list[FatEntry]) -> None:
        lowest = min((e.start for e in entries if e.flags & ACTIVE and e.size), default=self._top)
        if entries[-1].at + 2 * FAT_ENTRY.size > lowest:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)

    def _rename(self, entry: FatEntry, name: bytes, overwrite: bool) -> None:
        for other in self._entries():
            if other.flags & ACTIVE and other.name == name:
                if not overwrite:
                    raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
                self._clear(other)
        entry.name = name
        self._write_entry(entry)

    # ---- room and content

    @property
    def _top(self) -> int:
        """Where files end: the last block is left alone."""
        return (self._device.blocks - 1) * BLOCK

    def _room(self, entries: list[FatEntry], size: int, full: int) -> int:
        """Where a file of that size can lie; TeeResult `full` if nowhere."""
        place = room_for(entries, size, self._top)
        if place is None:
            raise TeeResult(full, "no gap is large enough")
        return place

    def _fek(self, entry: FatEntry, pobj: PersistentObject) -> bytes:
        if entry.fek == bytes(16):
            raise TeeResult(TEE_ERROR_SECURITY, "a file without a key")
        return crypt_fek(self._secrets.huk, pobj.uuid, entry.fek, encrypt=False)

    def _content(self, entry: FatEntry, pobj: PersistentObject, position: int, size: int) -> bytes:
        if size <= 0:
            return b""
        begin = entry.start + position
        first, last = begin // BLOCK, (begin + size - 1) // BLOCK
        fek, raw = self._fek(entry, pobj), self._device.read(first, last - first + 1)
        plain = b"".join(
            crypt_rpmb_block(fek, first + n, raw[n * BLOCK : (n + 1) * BLOCK], encrypt=False)
            for n in range(last - first + 1)
        )
        return plain[begin - first * BLOCK :][:size]

    def _write(self, handle: Handle, position: int, data: bytes) -> None:
        if not data:
            return
        entries = self._entries()
        handle.entry = entry = next(e for e in entries if e.flags & ACTIVE and e.name == handle.name)
        begin, end = entry.start + position, position + len(data)
        if end <= entry.size and begin // BLOCK == (begin + len(data) - 1) // BLOCK:
            block = begin // BLOCK * BLOCK
            old = self._content(entry, handle.pobj, block - entry.start, BLOCK)
            new = old[: begin - block] + data + old[begin - block + len(data) :]
            self._write_blocks(entry, handle.pobj, block, new)
            return
        old = self._content(entry, handle.pobj, 0, entry.size).ljust(end, b"\0")
        start = self._room(entries, max(end, entry.size), TEE_ERROR_STORAGE_NO_SPACE)
        self._store(handle, start, old[:position] + data + old[end:])

    def _store(self, handle: Handle, start: int, content: bytes) -> None:
        """The whole file at a new place, then its entry."""
        self._write_blocks(handle.entry, handle.pobj, start, content)
        handle.entry.start, handle.entry.size = start, len(content)
        self._write_entry(handle.entry)

    def _write_blocks(self, entry: FatEntry, pobj: PersistentObject, start: int, content: bytes) -> None:
        fek = self._fek(entry, pobj)
        for at in range(0, len(content), BLOCK):
            number = (start + at) // BLOCK
            plain = content[at : at + BLOCK].ljust(BLOCK, b"\0")
            self._device.write(number, crypt_rpmb_block(fek, number, plain, encrypt=True))
