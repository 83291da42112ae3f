# SPDX-License-Identifier: BSD-2-Clause
"""What the host makes of a request to start a program, and of children that end."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from elfhaven.abi.spawn import CHILD_SIGNAL, SPAWN_FD, SpawnFlag, SpawnKind
from elfhaven.normal.handlers import Handlers
from elfhaven.normal.linux.children import Birth, Children, End
from elfhaven.normal.linux.host import HostCalls
from elfhaven.normal.linux.sockets import Waits
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.policy import RootPolicy

STRINGS = b"name\0one\0A=1\0/work\0"
NONE = SPAWN_FD.struct.pack(0, 0, 0, 0, 0, 0)


def stream(kind: int, number: int = 0, flags: int = 0, other: int = 0, pending: int = 0) -> bytes:
    return SPAWN_FD.struct.pack(kind, flags, number, other, pending, 0)


class Fake:
    """A child that ends when it is told to."""

    def __init__(self, birth: Birth) -> None:
        self.birth = birth
        self.done, self._over = os.pipe()
        self.how = End(0)
        self.closed = False

    def finish(self, how: End) -> None:
        self.how = how
        os.close(self._over)

    def end(self) -> End:
        return self.how

    def close(self) -> None:
        self.closed = True
        os.close(self.done)
        for fd in self.birth.streams:
            os.close(fd)


@pytest.fixture
def handlers(tmp_path: Path) -> Iterator[Handlers]:
    before = sorted(os.listdir("/proc/self/fd"))
    made = Handlers(RootPolicy((), (), str(tmp_path)), HostCalls(), (0, 1, 2), SystemFiles(None, ()))
    yield made
    made.files.close_all()
    made.children.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def started(handlers: Handlers) -> list[Fake]:
    made: list[Fake] = []

    def start(birth: Birth) -> Fake:
        made.append(Fake(birth))
        return made[-1]

    handlers.children.start = start
    return made


def execute(children: Children, given: bytes, pid: int = 9, counts: tuple[int, int] = (2, 1)) -> int:
    return children.execute(pid, counts, len(STRINGS), b"/bin/name", given)


def test_a_child_gets_what_it_was_given(handlers: Handlers) -> None:
    made = started(handlers)
    assert execute(handlers.children, stream(SpawnKind.DEVICE, 0x105) + NONE * 2 + STRINGS) == 0
    birth = made[0].birth
    assert (birth.path, birth.pid, birth.argv, birth.env, birth.cwd) == (
        "/bin/name", 9, ("name", "one"), {"A": "1"}, "/work",
    )  # fmt: skip
    assert os.read(birth.streams[0], 2) == b"\0\0"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.read(birth.streams[1], 1)
    made[0].finish(End(0))


def test_a_pipe_leaves_with_what_lies_in_it(handlers: Handlers) -> None:
    made = started(handlers)
    fds = stream(SpawnKind.PIPE, 7, SpawnFlag.OTHER, 8, 5) + NONE * 2
    assert execute(handlers.children, fds + STRINGS + b"early") == 0
    assert os.write(handlers.files.fd(8), b" late") == 5
    assert os.read(made[0].birth.streams[0], 99) == b"early late"
    assert handlers.files.is_pipe(7)
    assert handlers.files.may_wait(8)
    made[0].finish(End(0))


def test_how_a_child_ended(handlers: Handlers) -> None:
    made = started(handlers)
    for pid in (9, 10):
        execute(handlers.children, NONE * 3 + STRINGS, pid)
    with pytest.raises(Waits) as waits:
        handlers.children.wait()
    made[1].finish(End(3))
    assert waits.value.events
    assert handlers.children.wait() == (10, 3)
    made[0].finish(End(134, 6))
    assert handlers.children.wait() == (9, CHILD_SIGNAL + 6)
    assert made[0].closed
    with pytest.raises(OSError, match="no children"):
        handlers.children.wait()


@pytest.mark.parametrize(
    "given",
    [
        b"",
        NONE * 2,
        NONE * 3,
        NONE * 3 + STRINGS[:-1],
        NONE * 3 + STRINGS.replace(b"/work", b".work"),
        NONE * 3 + STRINGS.replace(b"\0one", b"_one"),
        stream(99) + NONE * 2 + STRINGS,
        stream(SpawnKind.FILE, 77) + NONE * 2 + STRINGS,
        stream(SpawnKind.PIPE, 1) + NONE * 2 + STRINGS,
        stream(SpawnKind.PIPE, 7, SpawnFlag.OTHER, 2) + NONE * 2 + STRINGS,
        stream(SpawnKind.PIPE, 7, SpawnFlag.OTHER, 7) + NONE * 2 + STRINGS,
        stream(SpawnKind.PIPE, 7) + stream(SpawnKind.PIPE, 8, SpawnFlag.OTHER, 7) + NONE + STRINGS,
    ],
)
def test_a_broken_request_starts_nothing_and_leaves_nothing(given: bytes, handlers: Handlers) -> None:
    made = started(handlers)
    with pytest.raises(OSError):
        execute(handlers.children, given)
    assert made == []


def test_a_start_that_fails_leaves_nothing(handlers: Handlers) -> None:
    def start(birth: Birth) -> Fake:
        raise OSError(errno.ENOMEM, "no memory")

    handlers.children.start = start
    with pytest.raises(OSError, match="no memory"):
        execute(handlers.children, stream(SpawnKind.PIPE, 7, SpawnFlag.OTHER, 8) + NONE * 2 + STRINGS)
    with pytest.raises(OSError, match="no such open file"):
        handlers.files.fd(7)


def test_a_number_in_use_and_a_world_without_children(handlers: Handlers) -> None:
    with pytest.raises(OSError, match="no program can be started"):
        execute(handlers.children, NONE * 3 + STRINGS)
    made = started(handlers)
    execute(handlers.children, NONE * 3 + STRINGS)
    with pytest.raises(OSError, match="too many children"):
        execute(handlers.children, NONE * 3 + STRINGS)
    made[0].finish(End(0))
