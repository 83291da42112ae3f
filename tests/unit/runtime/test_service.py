# SPDX-License-Identifier: BSD-2-Clause
"""Service mode: a TA's own commands reach code in the image."""

from __future__ import annotations

import pytest
from tests.unit.runtime.world import World

from elfhaven.abi.container import ConfigFlag, State
from elfhaven.normal.transport import MemRef, Value

BAD_STATE, TARGET_DEAD = 0xFFFF0007, 0xFFFF3024
PROGRAM = r"""
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
struct command { unsigned long function, session, command, types, params[8]; };
int main(void) {
    struct command c;
    unsigned long sum = 0;
    double kept = 0.5;
    write(1, "up\n", 3);
    if (syscall(0x1002, 0) != -1 || errno != EINVAL) return 90;
    for (;;) {
        if (syscall(0x1001, &c)) return 91;
        if (c.function == 1) { syscall(0x1002, 0); continue; }
        kept *= 2;
        switch (c.command) {
        case 0x1000: // add a value, give the sum
            sum += c.params[0];
            c.params[0] = sum;
            c.params[1] = (unsigned long)kept;
            syscall(0x1002, 0);
            break;
        case 0x1001: // upper case in place; its length in the reference
            for (char *p = (char *)c.params[2], *e = p + c.params[3]; p < e; p++) *p ^= 32;
            c.params[3] -= 1;
            syscall(0x1002, 0);
            break;
        case 0x1002: // what cannot be done while a client is served
            c.params[0] = write(1, "no", 2) == -1 ? errno : 0;
            c.params[1] = getpid();
            syscall(0x1002, 0xffff0001);
            break;
        case 0x1003: // calls on the client's memory
            c.params[0] = getrandom((void *)c.params[2], c.params[3], 0);
            c.params[1] = syscall(0x1001, &c) == -1 ? errno : 0;
            syscall(0x1002, 0);
            break;
        default:
            exit(3);
        }
    }
}
"""
PROGRAM = PROGRAM.replace("#include <errno.h>", "#include <errno.h>\n#include <sys/random.h>", 1)


@pytest.fixture
def world() -> World:
    made = World(PROGRAM, flags=ConfigFlag.SERVICE)
    assert made.start() == 0
    assert made.input() == b"up\n"
    assert made.invoke(0x1000, Value.inout(1)) == BAD_STATE  # not before the program asks for a command
    assert made.answer(3) == 0
    assert made["state"] == State.IDLE
    return made


def ask(world: World, command: int, *params: Value | MemRef) -> tuple[int, tuple[object, ...]]:
    reply = world.core.invoke(world.session, command, params, 1)
    return reply.code, reply.outputs


def test_commands_reach_the_program_and_keep_its_state(world: World) -> None:
    assert ask(world, 0x1000, Value.inout(5)) == (0, ((5, 1),))
    assert ask(world, 0x1000, Value.inout(7)) == (0, ((12, 2),))
    assert ask(world, 0x1000, Value.inout(1)) == (0, ((13, 4),))
    assert world.resume() == BAD_STATE
    assert world.start() == BAD_STATE


def test_a_clients_memory_is_lent_for_the_command(world: World) -> None:
    buffer = bytearray(b"hello world")
    handle, view = world._share(4096)
    view[: len(buffer)] = buffer
    from elfhaven.normal.transport import Direction

    memory = MemRef(Direction.INOUT, None, handle, 0, len(buffer))
    assert ask(world, 0x1001, Value(0, 0), memory) == (0, ((0, 0), len(buffer) - 1))
    assert bytes(view[: len(buffer)]) == bytes(byte ^ 32 for byte in buffer)
    assert ask(world, 0x1003, Value.inout(), memory) == (0, ((11, 16), len(buffer)))
    small = MemRef(Direction.INPUT, None, handle, 0, 8)
    assert ask(world, 0x1003, Value.inout(), small)[1][0] == ((1 << 64) - 1, 16)  # EFAULT: only to be read


def test_no_call_is_delegated_while_a_client_is_served(world: World) -> None:
    assert ask(world, 0x1002, Value.inout()) == (0xFFFF0001, ((5, 4242),))
    assert ask(world, 0x1000, Value.inout(5))[0] == 0


def test_a_program_that_ends_leaves_its_client_target_dead(world: World) -> None:
    assert ask(world, 0x1FFF)[0] == TARGET_DEAD
    assert ask(world, 0x1000, Value.inout(5))[0] == BAD_STATE


def test_closing_the_session_tells_the_program(world: World) -> None:
    world.core.close_session(world.session)
    assert world.core.calls[-1] == 0


def test_an_image_without_service_mode_knows_no_such_calls() -> None:
    plain = World(PROGRAM)
    plain.start()
    plain.answer(3)
    assert plain["exit_status"] == 91
