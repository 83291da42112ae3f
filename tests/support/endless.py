# SPDX-License-Identifier: BSD-2-Clause
"""Programs that never end by themselves, and a way to stop one while it runs."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import elfhaven
from elfhaven import Manifest, Result
from tests.support import zig

CHECKED = {  # they make no call: without checks nothing on a board stops them
    "loop": 'int main(void) { for (;;) __asm__ volatile(""); }',
    "work": """
        volatile unsigned x;
        int main(void) { for (;;) for (unsigned i = 0; i < 1000; i++) x = x * 7 + i; }""",
    "recursion": """
        __attribute__((noinline))
        static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
        int main(void) { return (int)fib(90); }""",
    "interpreter": """
        int main(int argc, char **argv) {
            static const unsigned char code[] = {0, 1, 2, 0, 3};
            static void *const table[] = {&&add, &&half, &&more, &&again};
            unsigned long at = 0, value = (unsigned long)argc;
            goto *table[code[at]];
        add: value += 3; goto *table[code[++at]];
        half: value /= 2; goto *table[code[++at]];
        more: value *= 5; goto *table[code[++at]];
        again: at = 0; __asm__ volatile("" : "+r"(value)); goto *table[code[at]];
        }""",
    "pointers": """
        typedef void (*function)(int);
        static void even(int), odd(int);
        static function volatile next[] = {even, odd};
        static void even(int n) { if (n) next[1](n - 1); }
        static void odd(int n) { if (n) next[0](n - 1); }
        int main(void) { for (;;) even(9); }""",
}
UNCHECKED = {  # they come to the runtime by themselves
    "calls": "#include <unistd.h>\nint main(void) { for (;;) getppid(); }",
    "writes": '#include <unistd.h>\nint main(void) { for (;;) write(1, "x", 1); }',
    "sleep": "#include <unistd.h>\nint main(void) { for (;;) sleep(1000); }",
}
SOURCES = CHECKED | UNCHECKED
SPINS = {  # no call in the loop: the flag changes only if somebody else has a turn
    "for a thread": """
        static void *sets(void *p) { usleep(10000); flag = 1; return p; }
        int main(void) {
            pthread_t t;
            pthread_create(&t, 0, sets, 0);
            while (!flag) spins++;
            pthread_join(t, 0);
            return 7;
        }""",
    "for a handler": """
        static void on(int n) { flag = n == SIGALRM; }
        int main(void) {
            struct itimerval v = {{0, 0}, {0, 20000}};
            double kept = 1;
            signal(SIGALRM, on);
            setitimer(ITIMER_REAL, &v, 0);
            while (!flag) spins++, kept *= 1.0000001;
            return kept > 1 ? 7 : 1;
        }""",
    "for input": """
        static void *reads(void *p) { char c; flag = read(0, &c, 1) == 1 && c == 'i'; return p; }
        int main(void) {
            pthread_t t;
            pthread_create(&t, 0, reads, 0);
            while (!flag) spins++;
            return 7;
        }""",
    "of 64 threads": """
        static volatile int there;
        static void *meets(void *p) {
            there++;
            while (!flag) spins++;
            return p;
        }
        int main(void) {
            pthread_t t[64];
            for (long i = 0; i < 64; i++) if (pthread_create(&t[i], 0, meets, (void *)i)) return 2;
            while (there < 64) spins++;
            flag = 1;
            for (long i = 0; i < 64; i++) {
                void *r;
                pthread_join(t[i], &r);
                if ((long)r != i) return 3;
            }
            return 7;
        }""",
}
SPINS_WITH = """
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>
static volatile int flag;
static volatile unsigned long spins;
"""
FLAGS = (*zig.STATIC_PIE, "-O2")
AFTER = 0.3  # seconds from the start to the signal


def stopped(
    name: str, number: int = signal.SIGINT, *, stoppable: bool = True, **how: object
) -> tuple[Result, float]:
    """How the program ended, and the seconds from the signal to that. `how` is for elfhaven.run()."""
    program = zig.compile_program(SOURCES[name], flags=FLAGS)
    return stop(program, number, stoppable=stoppable, **how)


def stop(program: Path, number: int, *, stoppable: bool, **how: object) -> tuple[Result, float]:
    """Runs a program, and sends this process the signal while it does."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), number)

    timer = threading.Timer(AFTER, send)
    manifest = Manifest(name="endless", stoppable=stoppable)
    try:
        done = elfhaven.run(program, manifest=manifest, on_start=timer.start, capture=True, **how)  # type: ignore[arg-type]
        return done, time.monotonic() - sent[0]
    finally:
        timer.cancel()


def spins(name: str, place: Path, **how: object) -> Result:
    """Runs one of SPINS, stoppable, with a byte to read; it ends with 7 where others had their turn."""
    program = zig.compile_program(SPINS_WITH + SPINS[name], flags=FLAGS)
    given = place / "input"
    given.write_bytes(b"i")
    with given.open("rb") as stdin:
        manifest = Manifest(name="spins", stoppable=True)
        return elfhaven.run(program, manifest=manifest, cwd=place, stdin=stdin, **how)  # type: ignore[arg-type]
