# SPDX-License-Identifier: BSD-2-Clause
"""REE-FS: trusted storage in files of the normal world. Each object is a hash tree of its own; dirf.db, one
more, holds the hash of every root. A change is done when dirf.db is committed.

One thread at a time is inside (`_turn`, OP-TEE's ree_fs_mutex), with the device's lock where several
processes share the files. What such another process has changed is seen by the heads of dirf.db, and taken
over; within one core a second handle of an object does not see what the first one writes, as on OP-TEE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_CONFLICT,
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_SECURITY,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.errors import ElfhavenError
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.anchor import Anchor
from elfhaven.secure.storage.dirfile import Directory
from elfhaven.secure.storage.hash_tree import HashTree, Secrets
from elfhaven.secure.storage.layout import DIRECTORY, HEAD, Entry, file_name
from elfhaven.secure.storage.pobj import PersistentObject
from elfhaven.secure.storage.remote import OpenFile, RemoteFiles
from elfhaven.secure.storage.tree_file import TreeFile
from elfhaven.secure.threads import Thread
from elfhaven.secure.turn import Turn

Lock = Callable[[], AbstractContextManager[None]]
_TAMPERED = (TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_SECURITY)


@dataclass(slots=True, eq=False)
class Handle:
    """An object's file that is open."""

    pobj: PersistentObject
    file: OpenFile
    data: TreeFile
    place: int  # in dirf.db
    number: int
    epoch: int

    @property
    def size(self) -> int:
        return self.data.size


class Listing:
    """An enumeration of an owner's objects."""

    def __init__(self, owner: bytes) -> None:
        self.owner = owner
        self.place = -1


class ReeFs:
    """See the module's docstring. Errors are TeeResults with OP-TEE's codes."""

    def __init__(
        self, files: RemoteFiles, turn: Turn, secrets: Secrets, anchor: Anchor, lock: Lock | None
    ) -> None:
        self._files = files
        self._turn = turn
        self._secrets = secrets
        self._anchor = anchor
        self._lock = lock
        self._directory: Directory | None = None
        self._file: OpenFile  # of the directory
        self._users = 0  # handles and listings: while there are any, dirf.db stays open
        self._epoch = 0  # grows when another process has changed something

    # ---- operations

    def open(self, thread: Thread, pobj: PersistentObject) -> Handle:
        """ITEM_NOT_FOUND where there is no such object, CORRUPT_OBJECT where its file is not as it was."""
        with self._inside(thread) as directory:
            place = directory.find(pobj.owner, pobj.object_id)
            entry = directory.entry(place)
            file, data = self._open_file(pobj, entry)
            self._users += 1
            return Handle(pobj, file, data, place, entry.number, self._epoch)

    def create(self, thread: Thread, pobj: PersistentObject, overwrite: bool, content: bytes) -> Handle:
        """A new object; ACCESS_CONFLICT if there is one, unless it may be overwritten."""
        with self._inside(thread) as directory:
            if directory.has(pobj.owner, pobj.object_id) and not overwrite:
                raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
            number = directory.new_number()
            file = OpenFile(self._files, self._files.create(file_name(number)))
            try:
                data = TreeFile(HashTree.create(file, self._secrets, pobj.uuid))
                data.write(0, content)
                place = self._name(directory, pobj, number, data.tree.commit())
            except BaseException:
                self._discard(file, number)
                raise
            self._users += 1
            return Handle(pobj, file, data, place, number, self._epoch)

    def close(self, thread: Thread | None, handle: Handle) -> None:
        """See Backend."""
        if thread is None:
            self._users -= 1
            return
        with suppress(TeeResult), self._entered(thread):
            self._release()
            self._close_file(handle.file)

    def read(self, thread: Thread, handle: Handle, position: int, size: int) -> bytes:
        with self._inside(thread) as directory:
            self._refresh(directory, handle)
            return handle.data.read(position, size)

    def write(self, thread: Thread, handle: Handle, position: int, data: bytes) -> None:
        with self._inside(thread) as directory:
            self._refresh(directory, handle)
            handle.data.write(position, data)
            self._commit_object(directory, handle)

    def truncate(self, thread: Thread, handle: Handle, length: int) -> None:
        with self._inside(thread) as directory:
            self._refresh(directory, handle)
            if length > handle.size:
                handle.data.extend(length)
                self._commit_object(directory, handle)
                return
            stored = handle.data.shrink(length)
            self._commit_object(directory, handle)
            self._files.truncate(handle.file.descriptor, stored)  # not before: the old state needs its blocks

    def rename(self, thread: Thread, old: PersistentObject, new: PersistentObject) -> None:
        """ACCESS_CONFLICT if the new name is taken."""
        with self._inside(thread) as directory:
            if directory.has(new.owner, new.object_id):
                raise TeeResult(TEE_ERROR_ACCESS_CONFLICT)
            place = directory.find(old.owner, old.object_id)
            entry = directory.entry(place)
            directory.put(Entry(new.owner, new.object_id, entry.root_hash, entry.number), place)
            self._commit(directory)

    def remove(self, thread: Thread, pobj: PersistentObject) -> None:
        with self._inside(thread) as directory:
            place = directory.find(pobj.owner, pobj.object_id)
            number = directory.entry(place).number
            directory.remove(place)
            self._commit(directory)
            with suppress(TeeResult):
                self._files.remove(file_name(number))

    def listing(self, thread: Thread, owner: bytes) -> Listing:
        """An enumeration; ITEM_NOT_FOUND where the owner has no object."""
        with self._inside(thread) as directory:
            directory.after(-1, owner)
            self._users += 1
            return Listing(owner)

    def next(self, thread: Thread, listing: Listing) -> bytes:
        """The next object's id; ITEM_NOT_FOUND at the end."""
        with self._inside(thread) as directory:
            listing.place = directory.after(listing.place, listing.owner)
            return directory.entry(listing.place).object_id

    def close_list(self, thread: Thread | None, _listing: Listing) -> None:
        if thread is None:
            self._users -= 1
            return
        with suppress(TeeResult), self._entered(thread):
            self._release()

    # ---- its parts

    def _open_file(self, pobj: PersistentObject, entry: Entry) -> tuple[OpenFile, TreeFile]:
        try:
            file = OpenFile(self._files, self._files.open(file_name(entry.number)))
        except TeeResult as error:
            if error.code == TEE_ERROR_ITEM_NOT_FOUND:  # somebody has taken it away
                raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "its file is missing") from None
            raise
        try:
            return file, TreeFile(HashTree.open(file, self._secrets, pobj.uuid, entry.root_hash))
        except BaseException:
            self._close_file(file)
            raise

    def _name(self, directory: Directory, pobj: PersistentObject, number: int, root: bytes) -> int:
        """Give a new file its name, and remove the one that had it."""
        old = (
            directory.find(pobj.owner, pobj.object_id) if directory.has(pobj.owner, pobj.object_id) else None
        )
        former = None if old is None else directory.entry(old).number
        place = directory.put(Entry(pobj.owner, pobj.object_id, root, number), old)
        self._commit(directory)
        if former is not None:
            directory.forget(former)
            with suppress(TeeResult):
                self._files.remove(file_name(former))
        return place

    def _discard(self, file: OpenFile, number: int) -> None:
        self._close_file(file)
        with suppress(TeeResult):
            self._files.remove(file_name(number))

    def _commit_object(self, directory: Directory, handle: Handle) -> None:
        directory.update(handle.place, handle.number, handle.data.tree.commit())
        self._commit(directory)

    def _commit(self, directory: Directory) -> None:
        root = directory.commit()
        self._anchor.commit(self._files.thread, root, directory.file.tree.counter)

    def _close_file(self, file: OpenFile) -> None:
        with suppress(TeeResult):
            self._files.close(file.descriptor)

    # ---- the mutex and dirf.db

    @contextmanager
    def _entered(self, thread: Thread) -> Iterator[None]:
        """Exclusive use of the files, for RPCs of `thread`."""
        self._turn.take(thread)
        try:
            self._files.thread = thread
            if self._lock is None:
                yield
                return
            try:
                with self._lock():
                    yield
            except ElfhavenError as error:
                raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE, str(error)) from None
        finally:
            self._turn.give(thread)

    @contextmanager
    def _inside(self, thread: Thread) -> Iterator[Directory]:
        """`_entered`, with dirf.db. An error has it read anew the next time."""
        with self._entered(thread):
            try:
                yield self._current_directory()
            except TeeResult as error:
                self._close_directory(error.code == TEE_ERROR_ITEM_NOT_FOUND)
                raise
            except BaseException:
                self._close_directory(False)
                raise
            self._close_directory(True)

    def _current_directory(self) -> Directory:
        if self._directory is not None and self._lock is not None and self._changed_elsewhere():
            self._drop_directory()
            self._epoch += 1
        if self._directory is None:
            self._directory = self._open_directory()
        return self._directory

    def _changed_elsewhere(self) -> bool:
        assert self._directory is not None
        heads = self._file.read(0, 2 * HEAD.size)
        counters = [HEAD.unpack_from(heads, at)[4] for at in range(0, len(heads), HEAD.size)]
        return max(counters, default=0) != self._directory.file.tree.counter

    def _open_directory(self) -> Directory:
        """dirf.db as the anchor knows it. One that does not verify, and is not anchored, is removed, as by
        OP-TEE: with it go all objects."""
        root, counter = self._anchor.expected(self._files.thread)
        try:
            self._file = OpenFile(self._files, self._files.open(DIRECTORY))
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND:
                raise
            if root is not None or counter:
                raise TeeResult(TEE_ERROR_SECURITY, f"{DIRECTORY} is missing") from None
            return self._create_directory()
        try:
            return Directory(TreeFile(HashTree.open(self._file, self._secrets, None, root, counter)))
        except BaseException as error:
            self._close_file(self._file)
            anchored = root is not None or counter
            if isinstance(error, TeeResult) and error.code in _TAMPERED and not anchored:
                self._files.remove(DIRECTORY)
            raise

    def _create_directory(self) -> Directory:
        self._file = OpenFile(self._files, self._files.create(DIRECTORY))
        try:
            made = Directory(TreeFile(HashTree.create(self._file, self._secrets, None)))
            self._anchor.commit(self._files.thread, made.commit(), made.file.tree.counter)
        except BaseException:
            self._close_file(self._file)
            with suppress(TeeResult):
                self._files.remove(DIRECTORY)
            raise
        return made

    def _close_directory(self, good: bool) -> None:
        if self._directory is not None and not (good and self._users):
            self._drop_directory()

    def _drop_directory(self) -> None:
        self._directory = None
        self._close_file(self._file)

    def _release(self) -> None:
        self._users -= 1
        self._close_directory(True)

    def _refresh(self, directory: Directory, handle: Handle) -> None:
        """Take over what another process has made of an object that is open here."""
        if handle.epoch == self._epoch:
            return
        place = directory.find(handle.pobj.owner, handle.pobj.object_id)
        entry = directory.entry(place)
        if entry.number != handle.number:
            raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE, "another process has replaced the object")
        self._close_file(handle.file)
        handle.file, handle.data = self._open_file(handle.pobj, entry)
        handle.place, handle.epoch = place, self._epoch
