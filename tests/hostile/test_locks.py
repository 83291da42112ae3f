# SPDX-License-Identifier: BSD-2-Clause
"""Record locks: what the runtime believes of an answer, and that closing a descriptor drops them."""

from __future__ import annotations

import struct
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device

from elfhaven.abi import linux
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import RootPolicy

FLOCK = struct.Struct("<hhIqqiI")
READ, WRITE, UNLOCK = 0, 1, 2
END = (1 << 63) - 1

GET = r"""
int main(int argc, char **argv) {
    int file = open("out/locked", O_RDWR | O_CREAT, 0600);
    for (int type = 0; type < 2; type++) {
        guard();
        struct flock *l = (struct flock *)room.data;
        *l = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = 3, .l_len = 4, .l_pid = 99};
        long result = CALL(SYS_fcntl, file, F_GETLK, l);
        say("%ld %d %d %ld %ld %d %d", result, l->l_type, l->l_whence, (long)l->l_start, (long)l->l_len,
            l->l_pid, intact(sizeof *l));
    }
    return 0;
}
"""
SET = r"""
int main(void) {
    int file = open("out/locked", O_RDWR | O_CREAT, 0600);
    guard();
    struct flock *l = (struct flock *)room.data;
    *l = (struct flock){.l_type = F_WRLCK, .l_start = 3, .l_len = 4};
    say("%ld", CALL(SYS_fcntl, file, F_SETLK, l));
    say("%d %ld %d %d", l->l_type, (long)l->l_start, l->l_pid, intact(sizeof *l));
    return 0;
}
"""
ASKED = "0 2 0 3 4 99 1", "0 2 0 3 4 99 1"
REFUSED = "-1 0 0 3 4 99 1", "-1 1 0 3 4 99 1"


def tell(*fields: int) -> liar.Lie:
    """A struct flock as the answer: type, whence, padding, start, length, pid, padding."""

    def lie(call: Call, result: int) -> int:
        if len(call.output) >= FLOCK.size:
            FLOCK.pack_into(call.output, 0, *fields)
        return result

    return lie


def lied(device: Device, source: str, lie: liar.Lie) -> tuple[tuple[str, ...], tuple[str, ...]]:
    def make(policy: RootPolicy, streams: tuple[int, int, int]) -> liar.Liar:
        return liar.Liar(policy, lie, ["fcntl"], streams)

    outcome = device.run(source, make)
    assert outcome.error is None
    assert outcome.agent.told >= 1
    return tuple(outcome.lines), outcome.violated


def test_the_truth(device: Device) -> None:
    assert lied(device, GET, lambda call, result: result) == (ASKED, ())


@pytest.mark.parametrize(
    "fields",
    [
        (3, 0, 0, 3, 4, 10, 0),
        (-1, 0, 0, 3, 4, 10, 0),
        (0x7F02, 0, 0, 3, 4, 10, 0),
        (WRITE, 1, 0, 3, 4, 10, 0),
        (WRITE, -1, 0, 3, 4, 10, 0),
        (WRITE, 0, 0, -1, 4, 10, 0),
        (WRITE, 0, 0, 3, -4, 10, 0),
        (WRITE, 0, 0, END, 1, 10, 0),
        (WRITE, 0, 0, 2, END, 10, 0),
        (WRITE, 0, 0, 3, 4, -2, 0),
        (WRITE, 0, 0, 3, 4, -(1 << 31), 0),
    ],
)
def test_a_lock_that_cannot_be(device: Device, fields: tuple[int, ...]) -> None:
    """The program's structure stays as it was."""
    assert lied(device, GET, tell(*fields)) == (REFUSED, ("answers",))


def test_a_lock_that_does_not_conflict(device: Device) -> None:
    """Two readers do not exclude each other; a reader and a writer do."""
    lines, violated = lied(device, GET, tell(READ, 0, 0, 0, 9, 12, 0))
    assert lines == (REFUSED[0], "0 0 0 0 9 12 1")
    assert violated == ("answers",)


def test_a_lock_that_can_be(device: Device) -> None:
    lines, violated = lied(device, GET, tell(WRITE, 0, 77, 0, 9, 12, 78))
    assert (lines, violated) == (("0 1 0 0 9 12 1",) * 2, ())


def test_no_lock_changes_the_type_alone(device: Device) -> None:
    assert lied(device, GET, tell(UNLOCK, 7, 7, -7, -7, -7, 7)) == (ASKED, ())


def test_taking_a_lock_brings_nothing_in(device: Device) -> None:
    assert lied(device, SET, tell(READ, 1, 1, 9, 9, 9, 9)) == (("0", "1 3 0 1"), ())


@pytest.mark.parametrize("value", [1, 32, 1 << 40])
def test_only_zero_is_success(device: Device, value: int) -> None:
    lines, violated = lied(device, GET, liar.always(value))
    assert (lines, violated) == (REFUSED, ("answers",))


@pytest.mark.parametrize("name", ["EAGAIN", "EACCES", "EDEADLK", "ENOLCK", "EINTR", "EOVERFLOW", "EBADF"])
def test_errors_of_locks_reach_the_program(device: Device, name: str) -> None:
    lines, violated = lied(device, SET, liar.always(-linux.ERRNO[name]))
    assert (lines, violated) == ((str(-linux.ERRNO[name]), "1 3 0 1"), ())


CLOSE = r"""
static int file(void) { return open("out/locked", O_RDWR | O_CREAT, 0600); }
static void lock(int fd) {
    struct flock l = {.l_type = F_WRLCK};
    if (fcntl(fd, F_SETLK, &l))
        say("no lock %d", errno);
}
int main(void) {
    int a = file(), b, other;
    say("nothing");
    lock(a);
    say("locked");
    b = dup(a);
    other = open("out/other", O_RDWR | O_CREAT, 0600);
    close(other);
    say("another file closed");
    close(b);
    say("duplicate closed");
    lock(a);
    b = file();
    say("opened again");
    close(b);
    say("second closed");
    b = dup(a);
    lock(b);
    dup2(other = open("out/other", O_RDWR), b);
    say("replaced");
    lock(a);
    fcntl(a, F_SETLK, &(struct flock){.l_type = F_UNLCK});
    say("unlocked");
    return 0;
}
"""
TRY = """
import fcntl, sys
try:
    fcntl.lockf(open(sys.argv[1], "r+b"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(1)
"""


class Neighbour(liar.Witness):
    """Tries from another process to lock the file whenever the program says a line."""

    def __init__(self, path: Path, policy: RootPolicy, streams: tuple[int, int, int]) -> None:
        super().__init__(policy, streams)
        self._path = path
        self.held: dict[str, bool] = {}

    def perform(self, call: Call) -> int:
        if liar.NAMES[call.number] == "write" and call.args[0] == 1:
            done = subprocess.run([sys.executable, "-c", TRY, str(self._path)])
            self.held[bytes(call.input).decode().strip()] = done.returncode == 1
        return super().perform(call)


def test_closing_any_descriptor_of_a_file_drops_its_locks(device: Device) -> None:
    outcome = device.run(CLOSE, partial(Neighbour, device.place / "out/locked"))
    assert outcome.error is None
    assert outcome.agent.held == {
        "nothing": False,
        "locked": True,
        "another file closed": True,
        "duplicate closed": False,
        "opened again": True,
        "second closed": False,
        "replaced": False,
        "unlocked": False,
    }


HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "w+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(0.4)
"""
WAIT = r"""
#include <pthread.h>
#include <sys/time.h>
static volatile int turns;
static void on(int n) {}
static void *works(void *p) {
    for (; turns < 10; turns++) usleep(5000);
    return p;
}
int main(void) {
    int fd = open("out/waited", O_RDWR);
    struct flock l = {.l_type = F_WRLCK};
    struct sigaction a = {.sa_handler = on};
    struct itimerval v = {{0, 0}, {0, 20000}};
    sigaction(SIGALRM, &a, 0);
    setitimer(ITIMER_REAL, &v, 0);
    say("%ld", CALL(SYS_fcntl, fd, F_SETLKW, &l));
    pthread_t t;
    pthread_create(&t, 0, works, 0);
    long r = CALL(SYS_fcntl, fd, F_SETLKW, &l);
    say("%ld %d", r, turns);
    pthread_join(t, 0);
    return 0;
}
"""


def test_who_waits_for_a_lock_stops_nobody(device: Device) -> None:
    """A signal ends the wait, and other threads go on; the lock is had when the other program ends."""
    command = [sys.executable, "-c", HOLD, str(device.place / "out/waited")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        outcome = device.run(WAIT, liar.Witness)
    assert outcome.error is None
    assert outcome.lines == ["-4", "0 10"]
