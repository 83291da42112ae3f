# SPDX-License-Identifier: BSD-2-Clause
"""Entries, requests and answers of the runtime, with a normal world that breaks every rule of them."""

from __future__ import annotations

import struct

import pytest
from tests.unit.runtime.fake_core import FakeCore
from tests.unit.runtime.world import CONTROL_SIZE, DATA, NAME, OPEN, World

from elfhaven.abi.container import (
    CONTROL,
    RULES,
    SLOTS_OFFSET,
    TRACE_RECORD,
    ConfigFlag,
    Fatal,
    LogKind,
    RuleFlag,
    RuleKind,
    SlotState,
    StartFlag,
    State,
)
from elfhaven.manifest.policy import Policy, Rule
from elfhaven.normal.transport import Direction, Login, MemRef, Value

ACCESS_DENIED, BAD_PARAMETERS, BAD_STATE = 0xFFFF0001, 0xFFFF0006, 0xFFFF0007
ANSWERS = 1 << RULES.index("answers")
HELLO = '#include <unistd.h>\nint main(void) { return write(1, "hello\\n", 6) == 6 ? 7 : 8; }\n'
FAILING = """
#include <errno.h>
#include <unistd.h>
int main(void) { return write(1, "hello\\n", 6) < 0 ? errno : 99; }
"""
READER = """
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
static char big[300000];
int main(int argc, char **argv) {
    int f = open("data", O_RDONLY);
    long n = read(f, big, sizeof big);
    return f < 0 ? 100 : n < 0 ? errno : n == 200000 && big[199999] == 'z' ? 0 : 99;
}
"""
FILES = Policy(rules=(Rule(RuleKind.WRITE, "/home", RuleFlag.TREE),))
REGULAR = 0o100644


def test_a_program_says_hello() -> None:
    world = World(HELLO)
    assert world.start() == 0
    slot = world.slot
    assert (slot.call, slot.args[0], world.input()) == (64, 1, b"hello\n")
    assert world.answer(6) == 0
    assert (world["state"], world["exit_status"]) == (State.EXITED, 7)
    assert world["delegated"] == 1


def test_a_session_runs_one_program_once() -> None:
    world = World(HELLO)
    assert world.resume(window=False) == BAD_STATE
    assert world.start() == 0
    assert world.start() == BAD_STATE
    assert world.slot.state == SlotState.REQUESTED
    assert world.answer(6) == 0
    assert world.resume() == BAD_STATE
    assert world.start() == BAD_STATE


def test_a_resume_without_an_answer_comes_back() -> None:
    world = World(HELLO)
    world.start()
    asked = world.slot
    for _ in range(3):
        assert world.resume() == 0
        assert (world.slot.id, world.slot.state) == (asked.id, SlotState.REQUESTED)
    assert world.answer(6) == 0
    assert world["exit_status"] == 7


@pytest.mark.parametrize(
    ("id", "state"),
    [
        (0, SlotState.ANSWERED),
        (2, SlotState.ANSWERED),
        (1, SlotState.FREE),
        (1, 77),
        (2, SlotState.REQUESTED),
    ],
)
def test_an_answer_to_something_else_ends_the_program(id: int, state: int) -> None:
    world = World(HELLO)
    world.start()
    assert world.slot.id == 1
    assert world.answer(6, id=id, state=state) == 0
    assert (world["state"], world["fatal_code"]) == (State.FATAL, Fatal.PROTOCOL)
    assert world.resume() == BAD_STATE


def test_an_old_answer_is_not_taken_again() -> None:
    world = World(HELLO.replace("write(1", 'write(1, "x", 1) + write(1'))
    world.start()
    old = bytes(world.control[SLOTS_OFFSET : SLOTS_OFFSET + 128])
    world.answer(1)
    world.control[SLOTS_OFFSET : SLOTS_OFFSET + 128] = old[:4] + struct.pack("<I", 2) + old[8:]
    world.resume()
    assert (world["state"], world["fatal_code"]) == (State.FATAL, Fatal.PROTOCOL)


@pytest.mark.parametrize("result", [7, 1 << 40, -38, -4096, -(1 << 63), -1000000])
def test_a_result_that_cannot_be_is_eperm(result: int) -> None:
    world = World(FAILING)
    world.start()
    assert world.answer(result) == 0
    assert world["exit_status"] == 1
    assert world["violated"] == ANSWERS


def test_parameters_of_another_shape_are_refused_and_change_nothing() -> None:
    world = World(HELLO)
    world.start()
    control = MemRef(Direction.INOUT, None, world.handle, 0, CONTROL_SIZE)
    window = MemRef(Direction.INOUT, None, world.window_handle, 0, 4096)
    assert world.invoke(2, MemRef(Direction.INOUT, None, world.handle, 0, CONTROL_SIZE - 8)) == BAD_PARAMETERS
    assert world.invoke(2, MemRef(Direction.INPUT, None, world.handle, 0, CONTROL_SIZE)) == BAD_PARAMETERS
    assert world.invoke(2, Value(1, 2)) == BAD_PARAMETERS
    assert world.invoke(2) == BAD_PARAMETERS
    assert world.invoke(2, control, window) == BAD_PARAMETERS
    assert world.invoke(2, control, Value(1, 2)) == BAD_PARAMETERS
    assert world.invoke(99, control) == BAD_STATE
    assert world.answer(6) == 0
    assert world["exit_status"] == 7


@pytest.mark.parametrize(
    "header",
    [
        {"magic": 0},
        {"version": 2},
        {"size": CONTROL_SIZE + 8},
        {"data_offset": DATA - 128},
        {"data_offset": 0xFFFFFFF8},
        {"data_size": 0xFFFFFFF0},
        {"data_size": 64},
        {"data_offset": DATA + 1},
        {"log_offset": DATA},
        {"log_size": 0xFFFFFFF8},
        {"window_size": 0xFFFFFFFF},
    ],
    ids=str,
)
def test_a_header_that_does_not_hold_together_is_refused(header: dict[str, int]) -> None:
    world = World(HELLO)
    assert world.start(**header) == BAD_PARAMETERS
    assert world.start() == 0


@pytest.mark.parametrize(
    ("strings", "header"),
    [
        (b"program", {}),
        (b"program\0/home", {}),
        (b"program\0relative\0", {}),
        (b"program\0/home\0", {"argc": 2}),
        (b"program\0/home\0", {"argc": 0xFFFFFFFF}),
        (b"program\0/home\0", {"envc": 7}),
        (b"program\0/home\0", {"argc": 0}),
        (b"program\0/" + b"x" * 5000 + b"\0", {}),
        (b"\0", {}),
    ],
    ids=range(9),
)
def test_strings_that_do_not_add_up_end_the_program(strings: bytes, header: dict[str, int]) -> None:
    world = World(HELLO)
    assert world.start(strings=strings, **header) == 0
    assert (world["state"], world["fatal_code"]) == (State.FATAL, Fatal.PROTOCOL)


def test_another_trusted_application_is_not_let_in() -> None:
    world = World(HELLO)
    world.core.caller = 0xF0000000
    assert world.core.open_session(NAME, Login.PUBLIC, 0, (), 1).code == ACCESS_DENIED


def test_nothing_of_the_program_leaves_in_registers() -> None:
    world = World(
        "#include <unistd.h>\nint main(void) {\n"
        '    __asm__ volatile("fmov d9, #1.0\\n fmov d20, #2.0\\n mov x20, #77" ::: "x20", "v20");\n'
        '    return write(1, "hello\\n", 6) == 6; }\n'
    )
    session: object = world.core.sessions[world.session]
    world.start()
    assert world.core.sessions[world.session].leak == ()
    world.answer(6)
    assert world.core.sessions[world.session].leak == ()
    assert session is world.core.sessions[world.session]


def test_unused_words_and_padding_are_zero() -> None:
    world = World(HELLO)
    world.control[CONTROL.size :] = b"\xee" * (CONTROL_SIZE - CONTROL.size)
    world.start()
    slot = world.slot
    assert slot.reserved == (0, 0)
    assert slot.args[2:] == (0,) * 4
    start, length = slot.input
    assert world.control[start + length : start + 16] == bytes(16 - length)
    state = CONTROL.offset("reserved1")
    assert world.control[state : CONTROL.size] == bytes(CONTROL.size - state)


def test_a_large_read_waits_for_its_window() -> None:
    world = World(READER, FILES)
    world.start()
    assert world.slot.paths[0] == b"/home/data"
    world.answer(0, OPEN.pack(REGULAR, 0, 200000, 3, 4))
    slot = world.slot
    assert (slot.call, slot.window, world["want_window"]) == (67, 1, 1)
    world.window[:200000] = b"a" * 199999 + b"z"
    struct.pack_into("<q", world.control, SLOTS_OFFSET + 64, 200000)
    struct.pack_into("<I", world.control, SLOTS_OFFSET + 4, SlotState.ANSWERED)
    for _ in range(3):
        assert world.resume(window=False) == 0
        assert world["state"] == State.REQUESTS
    assert world.resume(window=True) == 0
    assert world.finish() == 0


@pytest.mark.parametrize("told", [300001, 1 << 31, 1 << 62])
def test_more_bytes_than_asked_are_not_copied(told: int) -> None:
    world = World(READER, FILES)
    world.start()
    world.answer(0, OPEN.pack(REGULAR, 0, 200000, 3, 4))
    world.answer(told)
    assert world["exit_status"] == 1
    assert world["violated"] == ANSWERS


@pytest.mark.parametrize(
    "reply",
    [OPEN.pack(0o777, 0, 1, 2, 3), OPEN.pack(0o170000, 0, 1, 2, 3), OPEN.pack(REGULAR, 0, 1 << 63, 2, 3)],
    ids=range(3),
)
def test_an_open_that_tells_nonsense_is_undone(reply: bytes) -> None:
    world = World(READER, FILES)
    world.start()
    world.answer(0, reply)
    assert world.slot.call == 57
    assert world.answer(0) == 0
    assert world.finish() == 100
    assert world["violated"] == ANSWERS


def test_a_denied_path_never_crosses() -> None:
    world = World(READER, Policy(rules=(Rule(RuleKind.READ, "/home/other", RuleFlag.TREE),)))
    world.start()
    assert (world["state"], world["exit_status"], world["delegated"]) == (State.EXITED, 100, 0)
    assert world["denied"] == 1 << RULES.index("files.read")


def test_the_date_never_runs_backwards() -> None:
    world = World(
        "#include <time.h>\n#include <unistd.h>\nint main(void) {\n"
        "    struct timespec a = {0}, b, nap = {61, 0};\n"
        "    for (int i = 0; i < 6; i++) {\n"
        "        clock_gettime(CLOCK_REALTIME, &b);\n"
        "        if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)) return 1;\n"
        "        a = b;\n"
        "        nanosleep(&nap, 0);\n"
        '        write(1, "", 1);\n'
        "    }\n    return 0; }\n"
    )
    world.core.now_ms = 5_000
    world.start()
    while world["state"] == State.REQUESTS:
        world.core.ree_ms -= 3_600_000
        world.answer(1)
    assert world["exit_status"] == 0


def test_an_image_that_wants_an_audit_log_does_not_start_without() -> None:
    world = World(HELLO, flags=ConfigFlag.AUDIT_REQUIRED)
    assert world.start() == ACCESS_DENIED
    assert world.start(flags=StartFlag.AUDIT) == 0


def test_trace_is_for_images_signed_with_debug() -> None:
    for flags, records in ((0, 0), (int(ConfigFlag.DEBUG), 1)):
        world = World(HELLO, flags=flags)
        world.start(flags=StartFlag.TRACE)
        world.answer(6)
        assert (len(world.log) > 0) == bool(records)
        assert bool(world["base"]) == bool(records)


def test_a_full_log_area_is_handed_over() -> None:
    world = World(
        "#include <unistd.h>\n#include <sys/syscall.h>\n"
        "int main(void) { for (int i = 0; i < 2000; i++) syscall(SYS_getppid + i % 2 * 100000); }\n",
        flags=ConfigFlag.DEBUG,
    )
    world.start(flags=StartFlag.TRACE)
    flushes = 0
    while world["state"] == State.FLUSH:
        flushes += 1
        assert world.resume() == 0
    assert world["state"] == State.EXITED
    assert flushes > 3
    calls = [TRACE_RECORD.struct.unpack_from(body)[:2] for _, body in world.log]
    assert calls.count((173, 0)) == 1000
    assert calls.count((100173, 2)) == 1000
    assert calls[-1][0] == 94


def test_a_small_tee_refuses_by_name() -> None:
    world = World(HELLO, memory=0)
    assert world.start() == 0
    assert (world["state"], world["fatal_code"]) == (State.FATAL, Fatal.NO_MEMORY)


def test_the_core_is_asked_for_nothing_unknown() -> None:
    world = World(HELLO)
    core: FakeCore = world.core
    world.start()
    world.answer(6)
    assert set(core.calls) <= {0, 3, 4, 5, 7, 13, 33}


def test_a_refusal_is_explained_to_an_image_with_debug() -> None:
    source = (
        "#include <sys/mman.h>\nint main(void) { return mmap(0, 4096, PROT_READ | PROT_EXEC,"
        " MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; }\n"
    )
    for flags, messages in ((ConfigFlag.DEBUG, 1), (ConfigFlag(0), 0)):
        world = World(source, flags=flags)
        world.start()
        assert world["exit_status"] == 1
        assert [kind for kind, _ in world.log].count(LogKind.MESSAGE) == messages
