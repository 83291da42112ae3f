# SPDX-License-Identifier: BSD-2-Clause
"""dirf.db: which object lies in which file, and the hash of that file's root. It seals all the others."""

from __future__ import annotations

from elfhaven.abi.gp import TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_ITEM_NOT_FOUND
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.layout import ENTRY, Entry
from elfhaven.secure.storage.tree_file import TreeFile


class Directory:
    """The entries of a dirf.db that is open; changes hold after `commit`."""

    def __init__(self, file: TreeFile) -> None:
        self.file = file
        data = file.read(0, file.size)
        whole = len(data) // ENTRY.size * ENTRY.size
        self._entries = [Entry.unpack(data[at : at + ENTRY.size]) for at in range(0, whole, ENTRY.size)]
        self._numbers: set[int] = set()
        for place, entry in enumerate(self._entries):
            if entry.used and entry.number in self._numbers:
                self._write(place, Entry.free())  # of two with one file the first holds
            elif entry.used:
                self._numbers.add(entry.number)

    @property
    def entries(self) -> list[Entry]:
        """Those that name an object, in their order."""
        return [entry for entry in self._entries if entry.used]

    def find(self, owner: bytes, object_id: bytes) -> int:
        """The place of an object; TeeResult ITEM_NOT_FOUND."""
        for place, entry in enumerate(self._entries):
            if entry.used and entry.object_id == object_id and entry.owner == owner:
                return place
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)

    def has(self, owner: bytes, object_id: bytes) -> bool:
        return any(e.object_id == object_id and e.owner == owner for e in self._entries if e.used)

    def entry(self, place: int) -> Entry:
        return self._entries[place]

    def after(self, place: int, owner: bytes) -> int:
        """The place of an owner's next object behind `place`; TeeResult ITEM_NOT_FOUND."""
        for later in range(place + 1, len(self._entries)):
            if self._entries[later].used and self._entries[later].owner == owner:
                return later
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)

    def new_number(self) -> int:
        """The least number that no file has; it counts as taken from now on."""
        number = 0
        while number in self._numbers:
            number += 1
        self._numbers.add(number)
        return number

    def forget(self, number: int) -> None:
        """The file with that number is gone."""
        self._numbers.discard(number)

    def put(self, entry: Entry, place: int | None = None) -> int:
        """Write an entry, to the first free place unless one is named; its place."""
        if place is None:
            free = (at for at, old in enumerate(self._entries) if not old.used)
            place = next(free, len(self._entries))
        self._write(place, entry)
        return place

    def update(self, place: int, number: int, root_hash: bytes) -> None:
        """The new root of the file that an entry names; CORRUPT_OBJECT if it names another one by now."""
        entry = self._entries[place]
        if not entry.used or entry.number != number:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "the object has been replaced")
        self._write(place, Entry(entry.owner, entry.object_id, root_hash, number))

    def remove(self, place: int) -> None:
        self._numbers.discard(self._entries[place].number)
        self._write(place, Entry.free())

    def commit(self) -> bytes:
        """Make the changes hold; the hash of the root."""
        return self.file.tree.commit()

    def _write(self, place: int, entry: Entry) -> None:
        self.file.write(ENTRY.size * place, entry.pack())
        if place < len(self._entries):
            self._entries[place] = entry
        else:
            self._entries.append(entry)
