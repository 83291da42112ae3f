# SPDX-License-Identifier: BSD-2-Clause
"""A normal world that lies about the children of a program: which one ended, and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.zig import compile_program

import elfhaven
from elfhaven.abi.linux import ERRNO
from elfhaven.abi.spawn import CHILD_SIGNAL
from elfhaven.calls.linux import LINUX
from elfhaven.normal.handlers import Call
from elfhaven.target.look import CountingAgent, Look

WAIT, EXECVE = LINUX.by_name("wait4").number, LINUX.by_name("execve").number
PARENT = r"""
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
extern char **environ;
int main(void) {
    pid_t pids[2];
    int status;
    for (int i = 0; i < 2; i++) {
        int error = posix_spawn(&pids[i], "/bin/child", 0, 0, (char *[]){"child", 0}, environ);
        printf("%d ", error);
    }
    for (int i = 0; i < 2; i++) {
        pid_t got = waitpid(pids[i], &status, 0);
        printf("%d %x ", got == pids[i], got > 0 ? status : errno);
    }
    printf("%d\n", wait(&status));
    return 0;
}
"""
KILLED = b"0 0 1 9 1 9 -1\n"
Lie = Callable[[Call, int], int]


def _status(value: int) -> Lie:
    def lie(call: Call, result: int) -> int:
        call.value = value
        return result

    return lie


LIES: dict[str, Lie] = {
    "a child that is none": lambda call, result: result + 1000,
    "no child": lambda call, result: 0,
    "the program itself": lambda call, result: 1,
    "an error": lambda call, result: -10,
    "a status that is none": _status(0x1000),
    "a signal that is none": _status(CHILD_SIGNAL + 65),
    "no signal": _status(CHILD_SIGNAL),
    "a huge status": _status(1 << 40),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("family")
    (made / "child.toml").write_text('name = "lied-about"\n')
    child = compile_program("int main(void) { return 3; }")
    elfhaven.pack(child, manifest=made / "child.toml", output=made / "child.ta")
    (made / "elfhaven.toml").write_text('[programs]\n"/bin/child" = "child.ta"\n')
    return made


def _run(place: Path, lie: Lie, number: int) -> elfhaven.Result:
    class Lying(CountingAgent):
        def perform(self, call: Call) -> int:
            result = super().perform(call)
            return lie(call, result) if call.number == number else result

    return elfhaven.run(
        compile_program(PARENT),
        manifest=place / "elfhaven.toml",
        state=place / "state",
        cwd=place,
        look=Look(agent=Lying),
        capture=True,
    )


def test_the_truth(place: Path) -> None:
    seen = _run(place, lambda call, result: result, WAIT)
    assert (seen.stdout, seen.violated) == (b"0 0 1 300 1 300 -1\n", ())


@pytest.mark.parametrize("what", LIES)
def test_a_lie_about_an_end_counts_the_children_as_killed(what: str, place: Path) -> None:
    seen = _run(place, LIES[what], WAIT)
    assert (seen.stdout, seen.violated) == (KILLED, ("answers",))


def test_the_same_child_ends_once(place: Path) -> None:
    ends: list[int] = []

    def again(call: Call, result: int) -> int:
        ends.append(result)
        return ends[0]

    seen = _run(place, again, WAIT)
    assert (seen.stdout or b"").endswith(b" -1\n")
    assert seen.status == 0


@pytest.mark.parametrize("result", [1, -11111, 1 << 40])
def test_a_lie_about_a_start_starts_nothing(result: int, place: Path) -> None:
    seen = _run(place, lambda call, _: result, EXECVE)
    assert (seen.stdout, seen.violated) == (b"1 1 0 a 0 a -1\n", ("answers",))


@pytest.mark.parametrize("name", sorted(LINUX.by_name("execve").errors))
def test_why_nothing_was_started_reaches_the_program(name: str, place: Path) -> None:
    number = ERRNO[name]
    seen = _run(place, lambda call, _: -number, EXECVE)
    assert (seen.stdout, seen.violated) == (f"{number} {number} 0 a 0 a -1\n".encode(), ())
