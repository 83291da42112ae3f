# SPDX-License-Identifier: BSD-2-Clause
"""Calls that move bytes: reading and writing at the current place, at a given one, in vectors."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.normal.ree.areas import READ, WRITE
from elfhaven.normal.ree.calls.words import error, int32, signed
from elfhaven.normal.ree.handles import IN, OUT, Handle
from elfhaven.normal.ree.threads import Outcome, SignalInfo, Wait

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_MAX_VECTORS: Final = 1024
_VECTOR: Final = struct.Struct("<QQ")
_MAX_COUNT: Final = 0x7FFF_F000
_COPY: Final = 1 << 16


class DataCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._files = process.files

    # ---- at the current place

    def sys_read(self, fd: int, address: int, count: int) -> Outcome:
        handle = self._files[fd]
        return self.receive(handle, self._memory.views(address, min(count, _MAX_COUNT), WRITE))

    def sys_write(self, fd: int, address: int, count: int) -> Outcome:
        handle = self._files[fd]
        return self.send(handle, self._memory.views(address, min(count, _MAX_COUNT), READ))

    def sys_readv(self, fd: int, vectors: int, count: int) -> Outcome:
        return self.receive(self._files[fd], self._vectors(vectors, count, WRITE))

    def sys_writev(self, fd: int, vectors: int, count: int) -> Outcome:
        return self.send(self._files[fd], self._vectors(vectors, count, READ))

    def receive(self, handle: Handle, views: Sequence[memoryview]) -> Outcome:
        """Reads, or waits until there is something."""
        if handle.ready(IN):
            try:
                return handle.readv(views)
            except BlockingIOError:
                pass
        if handle.nonblocking:
            raise error("EAGAIN")
        return Wait(lambda: self.receive(handle, views), ((handle.fileno(), IN),))

    def send(self, handle: Handle, views: Sequence[memoryview], done: int = 0) -> Outcome:
        """Writes all, waiting for room as often as needed; `done` bytes were written before."""
        wanted = sum(map(len, views))
        if handle.ready(OUT):
            try:
                written = handle.writev(views)
            except BlockingIOError:
                written = 0
            except BrokenPipeError:
                self._process.signals.send(SignalInfo(linux.SIGPIPE), self._process.scheduler.current)
                raise
            done += written
            if written == wanted or (handle.nonblocking and done) or handle.fileno() < 0:
                return done
            views = _rest(views, written)
        if handle.nonblocking:
            raise error("EAGAIN")
        return Wait(lambda: self.send(handle, views, done), ((handle.fileno(), OUT),), restart=not done)

    # ---- at a given place

    def sys_pread64(self, fd: int, address: int, count: int, offset: int) -> int:
        return self._files[fd].preadv(self._memory.views(address, count, WRITE), _position(offset))

    def sys_pwrite64(self, fd: int, address: int, count: int, offset: int) -> int:
        return self._files[fd].pwritev(self._memory.views(address, count, READ), _position(offset))

    def sys_preadv(self, fd: int, vectors: int, count: int, offset: int) -> int:
        return self._files[fd].preadv(self._vectors(vectors, count, WRITE), _position(offset))

    def sys_pwritev(self, fd: int, vectors: int, count: int, offset: int) -> int:
        return self._files[fd].pwritev(self._vectors(vectors, count, READ), _position(offset))

    def sys_lseek(self, fd: int, offset: int, whence: int) -> int:
        return self._files[fd].seek(signed(offset), int32(whence))

    def sys_sendfile(self, out: int, source: int, offset: int, count: int) -> Outcome:
        """At most 64 KiB at a time; the program asks again for the rest."""
        buffer = memoryview(bytearray(min(count, _COPY)))
        origin, target = self._files[source], self._files[out]
        if offset:
            place = self._memory.read_u64(offset)
            size = origin.preadv([buffer], place)
            self._memory.write_u64(offset, place + size)
        else:
            size = origin.readv([buffer])
        return self.send(target, [buffer[:size]]) if size else 0

    def sys_copy_file_range(self, *_: int) -> int:
        raise error("EXDEV")  # programs then copy by reading and writing

    def sys_fsync(self, fd: int) -> int:
        number = self._files[fd].fileno()
        if number >= 0:
            os.fsync(number)
        return 0

    sys_fdatasync = sys_fsync

    def sys_sync(self) -> int:
        return 0

    def _vectors(self, address: int, count: int, rights: int) -> list[memoryview]:
        if count > _MAX_VECTORS:
            raise error("EINVAL")
        out: list[memoryview] = []
        for base, size in _VECTOR.iter_unpack(self._memory.read(address, _VECTOR.size * count)):
            out += self._memory.views(base, size, rights)
        return out


def _rest(views: Sequence[memoryview], done: int) -> list[memoryview]:
    """What is left of `views` after `done` bytes."""
    out = []
    for view in views:
        skip = min(done, len(view))
        done -= skip
        if skip < len(view):
            out.append(view[skip:])
    return out


def _position(word: int) -> int:
    if word >> 63:
        raise error("EINVAL")
    return word
