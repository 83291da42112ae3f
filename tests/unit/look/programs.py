# SPDX-License-Identifier: BSD-2-Clause
"""A program to look into: it computes, makes calls, writes, and has two threads."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.zig import compile_program

SOURCE = r"""
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
volatile int sum;
__attribute__((noinline)) int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static void *work(void *given) { usleep(200000); sum += 1; return given; }
int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    if (!strcmp(what, "spin")) for (;;) sum++;
    if (!strcmp(what, "crash")) *(volatile int *)0 = 1;
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    sum = fib(!strcmp(what, "busy") ? 30 : 10);
    getppid();
    printf("%d\n", sum);
    fflush(stdout);
    pthread_join(thread, 0);
    return 3;
}
"""
FLAGS = ("-static", "-fPIE", "-pie", "-O1", "-g", "-w", "-fno-sanitize=all")


def program(directory: Path) -> Path:
    """The program in a directory of the test's own, with a manifest m.toml that allows looking."""
    path = directory / "program"
    shutil.copy(compile_program(SOURCE, flags=FLAGS), path)
    (directory / "m.toml").write_text('debug = true\n[files]\nread = ["."]\n')
    return path
