# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven ree` from outside: status, streams, signals, errors."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.zig import compile_program

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[100];
    if (argc > 1 && !strcmp(argv[1], "wait"))
        return puts("waiting"), fflush(stdout), pause();
    if (argc > 1 && !strcmp(argv[1], "loop")) {
        puts("looping");
        fflush(stdout);
        for (volatile int i = 0;; i++)
            ;
    }
    if (argc > 1 && !strcmp(argv[1], "fork"))
        return fork() < 0 ? 9 : 0;
    if (fgets(text, sizeof text, stdin))
        printf("read %s", text);
    fprintf(stderr, "aside\n");
    return argc;
}
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    program = compile_program(PROGRAM, flags=("-static", "-O1", "-w"))
    return [sys.executable, "-m", "elfhaven", "ree", "--state", str(tmp_path / "state"), "--", str(program)]


def test_streams_and_status(command: list[str]) -> None:
    done = subprocess.run([*command, "a", "b"], input="line\n", capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("read line\n", "aside\n", 3)


@pytest.mark.parametrize("what", ["wait", "loop"])
def test_ctrl_c(command: list[str], what: str) -> None:
    """Whether it sleeps or computes."""
    with subprocess.Popen([*command, what], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() in (b"waiting", b"looping")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 128 + signal.SIGINT


def test_what_is_not_served_is_told(command: list[str]) -> None:
    done = subprocess.run([*command, "fork"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 9
    assert "fork" in done.stderr


def test_errors(command: list[str], tmp_path: Path) -> None:
    """No aarch64 program, and no file at all."""
    for program, words in ((sys.executable, "is a program for"), (str(tmp_path / "none"), "cannot be read")):
        done = subprocess.run([*command[:-1], program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 125
        assert words in done.stderr
        assert "Traceback" not in done.stderr
