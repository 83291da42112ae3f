# SPDX-License-Identifier: BSD-2-Clause
"""Files in memory, whose power can be cut at any write, and back ends on them that need no core."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_ITEM_NOT_FOUND
from elfhaven.secure.result import TeeResult
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.storage.anchor import Anchor, NoAnchor
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.pobj import PersistentObject
from elfhaven.secure.storage.ree_fs import Handle, ReeFs
from elfhaven.secure.storage.remote import RemoteFiles
from elfhaven.secure.threads import Thread
from elfhaven.secure.turn import Turn

HUK = bytes(range(16))
TA = UUID("5ce0c432-0ab0-40e5-a056-782ca0e6aba2")
OTHER = UUID("d17f73a0-36ef-11e1-984a-0002a5d5c51b")


class PowerCut(BaseException):
    """The power is off."""


class MemoryFiles:
    """remote.Files on `content`. `cut_at` is the number of the change before which the power fails; half of
    that change is made if `torn`."""

    def __init__(self, content: dict[str, bytearray] | None = None) -> None:
        self.content = {} if content is None else content
        self.changes = 0
        self.cut_at = -1
        self.torn = False
        self.thread: object = None
        self._open: dict[int, bytearray] = {}
        self._next = 3

    def _change(self) -> None:
        if self.changes == self.cut_at:
            raise PowerCut
        self.changes += 1

    def open(self, name: str) -> int:
        if name not in self.content:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        self._next += 1
        self._open[self._next] = self.content[name]
        return self._next

    def create(self, name: str) -> int:
        self._change()
        self.content[name] = bytearray()
        return self.open(name)

    def close(self, descriptor: int) -> None:
        del self._open[descriptor]

    def read(self, descriptor: int, offset: int, size: int) -> bytes:
        return bytes(self._open[descriptor][offset : offset + size])

    def write(self, descriptor: int, offset: int, data: bytes) -> None:
        try:
            self._change()
        except PowerCut:
            if self.torn:
                self._put(descriptor, offset, data[: len(data) // 2])
            raise
        self._put(descriptor, offset, data)

    def _put(self, descriptor: int, offset: int, data: bytes) -> None:
        content = self._open[descriptor]
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data

    def truncate(self, descriptor: int, size: int) -> None:
        self._change()
        content = self._open[descriptor]
        del content[size:]
        content.extend(bytes(size - len(content)))

    def remove(self, name: str) -> None:
        if name not in self.content:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        self._change()
        del self.content[name]

    def copy(self) -> dict[str, bytearray]:
        return {name: bytearray(data) for name, data in self.content.items()}


THREAD = cast(Thread, object())


def randomness(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def ree_fs(
    files: MemoryFiles, *, huk: bytes = HUK, anchor: Anchor | None = None, nodes: int = 1 << 20
) -> ReeFs:
    """A REE-FS as after a reset."""
    secrets = Secrets(huk, randomness(len(files.content)), nodes)
    remote = cast(RemoteFiles, files)
    return ReeFs(remote, Turn(cast(Rpc, None)), secrets, anchor or NoAnchor(), None)


class Objects:
    """Whole objects by name, in a back end."""

    def __init__(self, fs: ReeFs) -> None:
        self.fs = fs

    def pobj(self, name: bytes, owner: UUID = TA) -> PersistentObject:
        return PersistentObject(self.fs, owner, name)

    def put(self, name: bytes, data: bytes, owner: UUID = TA) -> None:
        self.fs.close(THREAD, self.fs.create(THREAD, self.pobj(name, owner), True, data))

    def get(self, name: bytes, owner: UUID = TA) -> bytes:
        handle = self.open(name, owner)
        try:
            return self.fs.read(THREAD, handle, 0, handle.size)
        finally:
            self.fs.close(THREAD, handle)

    def open(self, name: bytes, owner: UUID = TA) -> Handle:
        return self.fs.open(THREAD, self.pobj(name, owner))

    def write(self, name: bytes, position: int, data: bytes) -> None:
        handle = self.open(name)
        self.fs.write(THREAD, handle, position, data)
        self.fs.close(THREAD, handle)

    def truncate(self, name: bytes, length: int) -> None:
        handle = self.open(name)
        self.fs.truncate(THREAD, handle, length)
        self.fs.close(THREAD, handle)

    def rename(self, old: bytes, new: bytes) -> None:
        self.fs.rename(THREAD, self.pobj(old), self.pobj(new))

    def remove(self, name: bytes) -> None:
        self.fs.remove(THREAD, self.pobj(name))

    def names(self, owner: UUID = TA) -> list[bytes]:
        try:
            listing = self.fs.listing(THREAD, owner.bytes_le)
        except TeeResult:
            return []
        found = []
        while True:
            try:
                found.append(self.fs.next(THREAD, listing))
            except TeeResult:
                self.fs.close_list(THREAD, listing)
                return found

    def all(self, owner: UUID = TA) -> dict[bytes, bytes]:
        return {name: self.get(name, owner) for name in self.names(owner)}
