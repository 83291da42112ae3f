# SPDX-License-Identifier: BSD-2-Clause
"""A normal world whose power fails: what was written and not synced is there, or not, or in part.

The model is that of a file system with a journal: fdatasync keeps a file's data, and the file itself if it
is new; fsync keeps what was done to its name, too. Until then each unit of 4096 bytes that was written is
what it was, or new, or new up to a multiple of 512 bytes; a new file may be gone, a rename undone.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from elfhaven.normal.agent import Agent
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import Policy

UNLINKAT, OPENAT, PWRITE, FSYNC, FDATASYNC, RENAMEAT2 = 35, 56, 68, 82, 83, 276
UNIT, SECTOR = 4096, 512


class PowerFails(BaseException):
    """Nothing runs any more. `lines`: what the program had said."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines)
        self.lines = lines


@dataclass
class Kept:
    """What the disk surely holds of a file, and the units that were written since."""

    data: bytes
    written: set[int] = field(default_factory=set)


@dataclass
class Change:
    """What was done to a name. `undo` takes it back."""

    inode: int
    undo: Callable[[], None]
    made: bool = False


class Mortal(Agent):
    """Loses power before its `left`-th call that changes or syncs a file."""

    def __init__(
        self, policy: Policy, streams: tuple[int, int, int], left: int, chance: random.Random
    ) -> None:
        super().__init__(policy, streams=streams)
        self.left = left
        self._output = streams[1]
        self._chance = chance
        self._data: dict[int, Kept] = {}  # by inode
        self._changes: list[Change] = []
        self._held: dict[int, int] = {}  # descriptors of inodes that must not be used again yet

    def close(self) -> None:
        super().close()
        for fd in self._held.values():
            os.close(fd)
        self._held.clear()

    def perform(self, call: Call) -> int:
        if call.number == PWRITE and call.args[0] > 2:
            self._written(call)
        elif call.number in (FSYNC, FDATASYNC):
            return self._sync(call)
        elif call.number in (UNLINKAT, RENAMEAT2):
            return self._rename(call)
        elif call.number == OPENAT and not os.path.exists(call.paths[0]):
            return self._create(call)
        return super().perform(call)

    def _counts(self) -> None:
        self.left -= 1
        if self.left < 0:
            self._fail()

    def _fail(self) -> None:
        """What was not synced is lost, or not. Names in order: what came before one that is kept is kept."""
        for inode, kept in self._data.items():
            self._settle(self._held[inode], kept)
        for change in reversed(self._changes):
            if self._chance.random() < 0.5:
                break
            change.undo()
        self.close()
        raise PowerFails(os.pread(self._output, 1 << 20, 0).decode().splitlines())

    def _inode(self, call: Call) -> int:
        return os.fstat(self.handlers.files.fd(call.args[0])).st_ino

    def _written(self, call: Call) -> None:
        inode = self._inode(call)
        if inode not in self._data:
            fd = self._hold(f"/proc/self/fd/{self.handlers.files.fd(call.args[0])}")
            self._data[inode] = Kept(os.pread(fd, os.fstat(fd).st_size, 0))
        first, last = call.args[2] // UNIT, (call.args[2] + len(call.input) - 1) // UNIT
        self._counts()
        self._data[inode].written.update(range(first, last + 1))

    def _sync(self, call: Call) -> int:
        self._counts()
        result, inode = super().perform(call), self._inode(call)
        self._data.pop(inode, None)
        mine = [n for n, change in enumerate(self._changes) if change.inode == inode]
        if call.number == FSYNC and mine:
            del self._changes[: mine[-1] + 1]
        self._changes = [change for change in self._changes if change.inode != inode or not change.made]
        return result

    def _rename(self, call: Call) -> int:
        self._counts()
        names = call.paths
        before = [self._hold(os.fsdecode(name)) if os.path.exists(name) else None for name in names]
        result = super().perform(call)
        if not result and before[0] is not None:
            self._changes.append(Change(os.fstat(before[0]).st_ino, lambda: _put_back(names, before)))
        return result

    def _create(self, call: Call) -> int:
        path = call.paths[0]
        if call.args[1] & os.O_CREAT:
            self._counts()
        result = super().perform(call)
        if not result:
            self._changes.append(Change(os.stat(path).st_ino, lambda: os.unlink(path), True))
        return result

    def _hold(self, path: str) -> int:
        inode = os.stat(path).st_ino
        if inode not in self._held:
            self._held[inode] = os.open(path, os.O_RDWR)
        return self._held[inode]

    def _settle(self, fd: int, kept: Kept) -> None:
        now, there = os.pread(fd, os.fstat(fd).st_size, 0), bytearray(kept.data)
        for unit in kept.written:
            at = unit * UNIT
            count = self._chance.choice([0, UNIT, UNIT, self._chance.randrange(0, UNIT, SECTOR)])
            if count and at < len(now):
                there.extend(bytes(max(0, at + UNIT - len(there))))
                there[at : at + count] = now[at : at + count]
        os.ftruncate(fd, 0)
        os.pwrite(fd, there, 0)


def _put_back(names: tuple[bytes, ...], before: list[int | None]) -> None:
    """Undoes a rename, or a removal: each name has what it had."""
    for name, fd in zip(names, before, strict=True):
        if os.path.exists(name):
            os.unlink(name)
        if fd is not None:
            with open(name, "xb") as file:
                file.write(os.pread(fd, os.fstat(fd).st_size, 0))
