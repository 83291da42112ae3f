# SPDX-License-Identifier: BSD-2-Clause
"""Children of a program: other packed programs, started for it and waited for.

A child gets three descriptors of this host. A pipe that lay inside the program is made here: both of its ends
become open files of the program, and the bytes that lay in it come first.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from elfhaven.abi import linux
from elfhaven.abi.spawn import CHILD_SIGNAL, SPAWN_FD, SpawnFlag, SpawnKind
from elfhaven.normal.linux.files import FileTable
from elfhaven.normal.linux.sockets import Waits

STREAMS: Final = 3
MOST: Final = 64
_DEVICES: Final = {0x103: "null", 0x105: "zero", 0x107: "full", 0x108: "random", 0x109: "urandom"}
_SPAWN_FD: Final = SPAWN_FD.struct


@dataclass(frozen=True, slots=True)
class Birth:
    """What a program asks to start. `streams` are the child's to close, once it has been started."""

    path: str
    pid: int
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    streams: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended: its exit status, or the signal that ended it."""

    status: int
    signal: int = 0


class Child(Protocol):
    """A program that was started. `done` becomes readable when it has ended; `close` gives it up."""

    @property
    def done(self) -> int: ...

    def end(self) -> End: ...

    def close(self) -> None: ...


Start = Callable[[Birth], Child]


@dataclass(frozen=True, slots=True)
class _Stream:
    """One SPAWN_FD."""

    kind: int
    flags: int
    number: int
    other: int
    pending: int


class Children:
    """The children of one program. Without `start` there are none: EACCES. Close it to give up those left."""

    def __init__(self, files: FileTable) -> None:
        self._files = files
        self._running: dict[int, Child] = {}
        self._ended = select.epoll()
        self.start: Start | None = None

    def execute(self, pid: int, counts: tuple[int, int], size: int, path: bytes, given: bytes) -> int:
        """Starts a program under `pid`; see container.SPAWN_FD for `given`."""
        if self.start is None:
            raise OSError(errno.EACCES, "no program can be started here")
        if pid in self._running or len(self._running) >= MOST:
            raise OSError(errno.EAGAIN, "too many children")
        streams, rest = _streams(given)
        texts = _texts(rest[:size], sum(counts) + 1)
        argv, env = texts[: counts[0]], texts[counts[0] : -1]
        making = _Making(self._files, streams, rest[size:])
        try:
            birth = Birth(
                os.fsdecode(path),
                pid,
                argv,
                dict(text.split("=", 1) for text in env if "=" in text),
                texts[-1],
                making.descriptors(),
            )
            self._running[pid] = child = self.start(birth)
            self._ended.register(child.done, select.EPOLLIN)
        except BaseException:
            making.drop()
            raise
        making.keep()
        return 0

    def wait(self) -> tuple[int, int]:
        """A child that has ended, and how as the second result of wait4. Waits where none has."""
        if not self._running:
            raise OSError(errno.ECHILD, "no children")
        ready = {fd for fd, _ in self._ended.poll(0)}
        for pid, child in self._running.items():
            if child.done not in ready:
                continue
            end = child.end()
            del self._running[pid]
            self._ended.unregister(child.done)
            child.close()
            return pid, CHILD_SIGNAL + end.signal if end.signal else end.status
        raise Waits(self._ended.fileno(), linux.POLLIN, None)

    def close(self) -> None:
        while self._running:
            self._running.popitem()[1].close()
        self._ended.close()


class _Making:
    """The descriptors of one child, and the pipes that are made for it."""

    def __init__(self, files: FileTable, streams: Sequence[_Stream], pending: bytes) -> None:
        self._files = files
        self._streams = streams
        self._pending = pending
        self._ends: dict[int, int] = {}  # of new pipes, by the program's number
        self._loose: list[int] = []  # ends that nobody but the child has
        self._made: list[int] = []

    def descriptors(self) -> tuple[int, int, int]:
        first, second, third = (self._descriptor(stream) for stream in self._streams)
        return first, second, third

    def _descriptor(self, stream: _Stream) -> int:
        self._made.append(self._open(stream))
        return self._made[-1]

    def _open(self, stream: _Stream) -> int:
        if stream.kind == SpawnKind.NONE:
            return os.open(os.devnull, os.O_PATH)
        if stream.kind == SpawnKind.DEVICE:
            return os.open(f"/dev/{_DEVICES.get(stream.number, 'null')}", os.O_RDWR)
        if stream.kind == SpawnKind.FILE:
            return os.dup(self._ends.get(stream.number) or self._files.fd(stream.number))
        if stream.kind != SpawnKind.PIPE:
            raise OSError(linux.EINVAL, "an unknown kind of descriptor")
        if stream.number not in self._ends:
            self._pipe(stream)
        return os.dup(self._ends[stream.number])

    def _pipe(self, stream: _Stream) -> None:
        self._files.must_be_free(stream.number)
        if stream.flags & SpawnFlag.OTHER:
            self._files.must_be_free(stream.other)
            if stream.other in (stream.number, *self._ends):
                raise OSError(linux.EINVAL, "a file number in use")
        ends = os.pipe()
        mine, other = reversed(ends) if stream.flags & SpawnFlag.WRITES else ends
        self._ends[stream.number] = mine
        if stream.flags & SpawnFlag.OTHER:
            self._ends[stream.other] = other
        else:
            self._loose.append(other)
        lies, self._pending = self._pending[: stream.pending], self._pending[stream.pending :]
        os.set_blocking(ends[1], False)
        if lies and os.write(ends[1], lies) != len(lies):
            raise OSError(linux.EIO, "a pipe that holds less than it did inside")
        os.set_blocking(mine, not stream.flags & SpawnFlag.NONBLOCK)
        os.set_blocking(other, not stream.flags & SpawnFlag.OTHER_NONBLOCK)

    def keep(self) -> None:
        """The child has its descriptors: the pipes are the program's."""
        for number, fd in self._ends.items():
            self._files.adopt_stream(number, fd)
        self._close(self._loose)

    def drop(self) -> None:
        self._close([*self._made, *self._loose, *self._ends.values()])

    def _close(self, fds: Sequence[int]) -> None:
        for fd in fds:
            with suppress(OSError):
                os.close(fd)


def _streams(given: bytes) -> tuple[list[_Stream], bytes]:
    size = STREAMS * _SPAWN_FD.size
    if len(given) < size:
        raise OSError(linux.EINVAL, "descriptors are missing")
    rows = (_SPAWN_FD.unpack_from(given, _SPAWN_FD.size * i) for i in range(STREAMS))
    return [_Stream(*row[:5]) for row in rows], given[size:]


def _texts(strings: bytes, count: int) -> tuple[str, ...]:
    parts = strings.split(b"\0")
    if len(parts) != count + 1 or parts[-1] or not parts[-2].startswith(b"/"):
        raise OSError(linux.EINVAL, "strings that do not fit their number")
    return tuple(map(os.fsdecode, parts[:-1]))
