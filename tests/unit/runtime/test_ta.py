# SPDX-License-Identifier: BSD-2-Clause
"""An image that is a TA of its own: started by its first session, served by nobody outside."""

from __future__ import annotations

import pytest
from tests.unit.runtime.world import World

from elfhaven.abi.container import ConfigFlag
from elfhaven.normal.transport import Direction, MemRef, Value

BAD_STATE, NOT_SUPPORTED, TARGET_DEAD = 0xFFFF0007, 0xFFFF000A, 0xFFFF3024
WORDS = bytes(range(200))
PROGRAM = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static struct { unsigned long function, session, command, types, params[8]; } c;
static long utee(long number, long a, long b) {
    unsigned long words[8] = {a, b};
    return syscall(0x1003, number, words);
}
static void packed(void) { // what lies in the image is read like any file; nothing else is there
    unsigned char bytes[200];
    struct stat about;
    int fd = open("/lib/words", O_RDONLY), other = open("/etc/passwd", O_RDONLY);
    c.params[0] = fstat(fd, &about) || lseek(fd, 100, SEEK_SET) != 100 ? 0 : about.st_size;
    c.params[1] = read(fd, bytes, 200) << 16 | bytes[0] << 8 | (other < 0);
    unsigned char *mapped = mmap(0, 200, PROT_READ, MAP_PRIVATE, fd, 0);
    c.params[2] = mapped[199];
    c.params[3] = open("/lib/words", O_WRONLY) < 0;
    close(fd);
}
int main(int argc, char **argv) {
    long sessions = 0;
    printf("%s up", argv[0]);
    puts(".");
    for (;;) {
        if (syscall(0x1001, &c)) return 91;
        long result = 0;
        switch (c.function << 16 | c.command) {
        case 0: // open
            sessions += 1;
            c.params[0] = sessions;
            result = c.session == 1 ? 0 : 0xffff0001;
            break;
        case 2 << 16 | 0: packed(); break;
        case 2 << 16 | 1: // the core; the way out is the runtime's
            c.params[0] = utee(13, 0, (long)&c.params[2]);
            c.params[1] = utee(0, 0, 0) == -1 ? errno : 0;
            c.params[2] = utee(69, 0, 0);
            c.params[3] = syscall(0x1003, 13, 8) == -1 ? errno : 0;
            break;
        case 2 << 16 | 2: memset((char *)c.params[0], 'x', c.params[1]); c.params[1] -= 1; break;
        case 2 << 16 | 3: // what would be delegated
            c.params[0] = read(0, &c, 1) == -1 ? errno : 0;
            c.params[1] = mkdir("/tmp/x", 0700) == -1 ? errno : 0;
            break;
        case 2 << 16 | 4: return 7;
        default: result = 0xffff000a;
        }
        syscall(0x1002, result);
    }
}
"""


@pytest.fixture
def world() -> World:
    return World(PROGRAM, flags=ConfigFlag.TA | ConfigFlag.SERVICE, files=(("/lib/words", WORDS),))


def ask(world: World, command: int, *params: Value | MemRef) -> tuple[int, tuple[object, ...]]:
    reply = world.core.invoke(world.session, command, params, 1)
    return reply.code, reply.outputs


def test_it_starts_with_its_session_and_speaks_to_the_console(world: World) -> None:
    assert world.core.console == b"ta up.\n"
    assert ask(world, 9) == (NOT_SUPPORTED, ())
    assert not world.core.sessions[world.session].leak


def test_files_of_the_image(world: World) -> None:
    code, (first, second) = ask(world, 0, Value.inout(), Value.inout())
    assert (code, first, second) == (0, (200, 100 << 16 | 100 << 8 | 1), (199, 1))


def test_calls_of_the_core(world: World) -> None:
    einval, efault = 22, 14
    code, (first, second) = ask(world, 1, Value.inout(), Value.inout())
    assert (code, first, second) == (0, (0, einval), (NOT_SUPPORTED, efault))


def test_the_clients_memory(world: World) -> None:
    handle, view = world._share(4096)
    code, (size,) = ask(world, 2, MemRef(Direction.INOUT, None, handle, 0, 10))
    assert (code, size, bytes(view[:11])) == (0, 9, b"x" * 10 + b"\0")


def test_nobody_outside_is_asked(world: World) -> None:
    eio, eacces = 5, 13
    assert ask(world, 3, Value.inout()) == (0, ((eio, eacces),))


def test_the_end_of_the_program_is_a_panic(world: World) -> None:
    assert ask(world, 4)[0] == TARGET_DEAD
    assert b"the program ended: status, fatal code, value 7 0 0\n" in world.core.console


def test_too_little_memory_is_said() -> None:
    small = World(PROGRAM, flags=ConfigFlag.TA | ConfigFlag.SERVICE, memory=1 << 16)
    assert b"the program ended: status, fatal code, value 0 2 0\n" in small.core.console
    assert small.core.sessions[small.session].dead
