# SPDX-License-Identifier: BSD-2-Clause
"""Record locks that the agent takes for a program, with another process in the way."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from tests.unit.normal.delegation import Requester

from elfhaven.abi import linux

FLOCK = struct.Struct("<hhIqqiI")
READ, WRITE, UNLOCK = 0, 1, 2
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
try:
    fcntl.lockf(file, int(sys.argv[2]) | fcntl.LOCK_NB, 10, 5)
except OSError:
    print("refused", flush=True)
else:
    print("held", flush=True)
sys.stdin.read()
"""


class Alarm(Exception):
    pass


def flock(kind: int, start: int = 0, length: int = 0) -> bytes:
    return FLOCK.pack(kind, 0, 0, start, length, 0, 0)


@contextmanager
def held(path: Path, kind: int) -> Iterator[int]:
    """Another process locks bytes 5..14, shared (`kind` 1) or alone (2); its pid, 0 if it could not."""
    command = [sys.executable, "-c", HOLD, str(path), str(kind)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        yield other.pid if other.stdout.readline() == b"held\n" else 0


@pytest.fixture
def file(requester: Requester, place: Path) -> Path:
    """`out/shared`, open as file 3 for reading and writing and as 4 for reading."""
    path = place / "out/shared"
    path.write_bytes(bytes(100))
    assert requester.call("openat", [3, linux.O_RDWR, 0], [str(path)], room=32) == 0
    assert requester.call("openat", [4, linux.O_RDONLY, 0], [str(path)], room=32) == 0
    return path


def ask(requester: Requester, command: int, lock: bytes, number: int = 3) -> int:
    return requester.call("fcntl", [number, command, 0], data=lock, room=32)


def test_what_stands_in_the_way(requester: Requester, file: Path) -> None:
    with held(file, 2) as pid:
        assert ask(requester, linux.F_GETLK, flock(READ)) == 0
        assert FLOCK.unpack(requester.output(32)) == (WRITE, 0, 0, 5, 10, pid, 0)
        assert ask(requester, linux.F_GETLK, flock(WRITE, 15)) == 0
        assert FLOCK.unpack(requester.output(32))[0] == UNLOCK
        assert ask(requester, linux.F_SETLK, flock(READ, 0, 6)) == -linux.ERRNO["EAGAIN"]
        assert ask(requester, linux.F_SETLK, flock(WRITE, 0, 5)) == 0
    with held(file, 1) as pid:
        assert pid
        assert ask(requester, linux.F_SETLK, flock(READ, 0, 10)) == 0
        assert ask(requester, linux.F_SETLK, flock(WRITE, 14, 1)) == -linux.ERRNO["EAGAIN"]


def test_errors_are_the_kernels(requester: Requester, file: Path) -> None:
    assert ask(requester, linux.F_SETLK, flock(WRITE), number=4) == -linux.EBADF
    assert ask(requester, linux.F_SETLK, flock(7)) == -linux.EINVAL
    assert ask(requester, linux.F_SETLK, flock(READ, -1)) == -linux.EINVAL
    assert ask(requester, linux.F_SETLK, flock(READ, (1 << 63) - 1, 5)) == -linux.ERRNO["EOVERFLOW"]
    assert ask(requester, linux.F_SETLK, flock(READ), number=99) == -linux.EBADF
    assert requester.call("fcntl", [3, linux.F_SETLK, 0], data=flock(READ)[:31], room=31) == -linux.EINVAL


def test_waiting_for_a_lock_can_be_interrupted(requester: Requester, file: Path) -> None:
    def ring(number: int, frame: FrameType | None) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with held(file, 2) as pid:
            assert pid
            begun = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Alarm):
                ask(requester, linux.F_SETLKW, flock(WRITE))
            assert time.monotonic() - begun < 5
    finally:
        signal.signal(signal.SIGALRM, before)


def test_truncating_by_path_keeps_the_locks(requester: Requester, file: Path) -> None:
    """POSIX drops a process's locks when it closes any descriptor of the file."""
    assert ask(requester, linux.F_SETLK, flock(WRITE, 5, 1)) == 0
    assert requester.call("truncate", [50], [str(file)]) == 0
    assert requester.call("newfstatat", [0], [str(file)], room=128) == 0
    with held(file, 2) as pid:
        assert not pid
    assert requester.call("close", [4]) == 0
    with held(file, 2) as pid:
        assert pid
