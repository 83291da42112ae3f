# SPDX-License-Identifier: BSD-2-Clause
"""The audit chain as the runtime makes it and verifies it, its MACs made again here."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from tests.unit.runtime.fake_core import KEY
from tests.unit.runtime.world import NAME, OPEN, World

from elfhaven.abi.container import (
    Command,
    Fatal,
    LogKind,
    RuleFlag,
    RuleKind,
    StartFlag,
    State,
    Verdict,
    VerifyPhase,
)
from elfhaven.manifest.policy import Policy, Rule
from elfhaven.normal.transport import Login, MemRef, Value

PROGRAM = """
#include <fcntl.h>
#include <unistd.h>
int main(int argc, char **argv) {
    int f = open("caf\\303\\251 \\"q\\"\\n", O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 70; i++) write(f, "12345", 5);
    lseek(f, -3, SEEK_END);
    return 3;
}
"""
FILES = Policy(rules=(Rule(RuleKind.WRITE, "/home", RuleFlag.TREE),))
SECRET = hashlib.sha256(KEY + b"elfhaven.audit").digest()


def run(world: World, flags: StartFlag = StartFlag.AUDIT, log_id: bytes = b"") -> list[bytes]:
    """Runs to the end; the log's lines."""
    assert world.start(flags=flags, log_id=log_id) == 0
    assert world["state"] == State.REQUESTS, world["fatal_code"]
    world.answer(0, OPEN.pack(0o100600, 0, 0, 8, 9))
    while world["state"] == State.REQUESTS:
        slot = world.slot
        world.answer({68: 5, 62: 347}[slot.call])
    assert (world["state"], world["exit_status"]) == (State.EXITED, 3)
    return [body for kind, body in world.log if kind is LogKind.AUDIT]


def verdict(world: World, log: bytes, piece: int = 1000) -> tuple[Verdict, int]:
    """What a session says of a log given in pieces."""
    phase, core = VerifyPhase.BEGIN, world.core
    session = core.open_session(NAME, Login.PUBLIC, 0, (), 1).session
    for at in range(0, len(log), piece):
        core.invoke(
            session,
            Command.AUDIT_VERIFY,
            (MemRef.input(log[at : at + piece]), Value(phase), Value.output()),
            1,
        )
        phase = VerifyPhase.MORE
    reply = core.invoke(
        session, Command.AUDIT_VERIFY, (MemRef.input(b""), Value(VerifyPhase.END), Value.output()), 1
    )
    assert reply.code == 0
    output = reply.outputs[2]
    assert isinstance(output, tuple)
    return Verdict(output[0]), output[1]


@pytest.fixture(scope="module")
def logged() -> tuple[World, list[bytes]]:
    world = World(PROGRAM, FILES)
    return world, run(world)


def test_every_record_is_json_and_chained(logged: tuple[World, list[bytes]]) -> None:
    _, lines = logged
    before = bytes(32)
    for number, line in enumerate(lines):
        record = json.loads(line)
        body, _, _ = line.rpartition(b',"mac"')
        before = hmac.digest(SECRET, before + body, "sha256")
        assert record["mac"] == before.hex()
        assert record["seq"] == number


def test_what_the_records_say(logged: tuple[World, list[bytes]]) -> None:
    records = [json.loads(line) for line in logged[1]]
    assert records[0]["call"] == "elfhaven.start"
    assert records[0]["args"]["uuid"] == "f1d0a000-1234-4321-8888-0123456789ab"
    assert records[0]["args"]["program"] == "program"
    assert len(bytes.fromhex(records[0]["args"]["log"])) == 16
    opened = records[1]
    assert (opened["call"], opened["result"]) == ("openat", 0)
    assert opened["args"]["path"].encode("latin-1") == b'/home/caf\xc3\xa9 "q"\n'
    assert opened["args"]["flags"] == "0x20041"  # the libc adds O_LARGEFILE
    written = records[2]
    assert (written["call"], written["rule"]) == ("pwrite64", "files.write")
    assert (written["args"]["count"], written["args"]["offset"], written["result"]) == (5, 0, 5)
    sought = next(record for record in records if record["call"] == "lseek")
    assert sought["args"]["offset"] == -3
    assert (records[-1]["call"], records[-1]["args"]) == ("elfhaven.exit", {"status": 3})
    assert len(records) == 1 + 1 + 70 + 1 + 1


@pytest.mark.parametrize("piece", [73, 74, 999, 100000])
def test_a_whole_log_holds_in_pieces_of_any_size(logged: tuple[World, list[bytes]], piece: int) -> None:
    world, lines = logged
    assert verdict(world, b"\n".join(lines) + b"\n", piece) == (Verdict.CLOSED, len(lines))
    assert verdict(world, b"\n".join(lines), piece) == (Verdict.CLOSED, len(lines))


@pytest.mark.parametrize("place", [0, 1, 40, -1])
def test_an_edit_is_found_where_it_is(logged: tuple[World, list[bytes]], place: int) -> None:
    world, lines = logged
    changed = list(lines)
    changed[place] = changed[place].replace(b'"result":', b'"result":1', 1)
    expected = place % len(lines)
    assert verdict(world, b"\n".join(changed) + b"\n") == (Verdict.BROKEN, expected)


def test_every_byte_of_a_record_counts(logged: tuple[World, list[bytes]]) -> None:
    world, lines = logged
    line = lines[2]
    for at in range(0, len(line), 19):
        changed = [*lines[:2], line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :], *lines[3:]]
        assert verdict(world, b"\n".join(changed) + b"\n")[0] is Verdict.BROKEN


def test_deletion_order_and_doubles_are_found(logged: tuple[World, list[bytes]]) -> None:
    world, lines = logged
    join = lambda parts: b"\n".join(parts) + b"\n"  # noqa: E731
    assert verdict(world, join([*lines[:5], *lines[6:]])) == (Verdict.BROKEN, 5)
    assert verdict(world, join([*lines[:5], lines[6], lines[5], *lines[7:]])) == (Verdict.BROKEN, 5)
    assert verdict(world, join([*lines[:5], lines[4], *lines[5:]])) == (Verdict.BROKEN, 5)
    assert verdict(world, join(lines[1:])) == (Verdict.BROKEN, 0)
    assert verdict(world, join([*lines, b'{"seq":74,"call":"x"}'])) == (Verdict.BROKEN, len(lines))
    assert verdict(world, join([*lines, b""])) == (Verdict.BROKEN, len(lines))


def test_a_log_that_is_cut_off(logged: tuple[World, list[bytes]]) -> None:
    world, lines = logged
    for kept in (1, 2, len(lines) - 1):
        assert verdict(world, b"\n".join(lines[:kept]) + b"\n") == (Verdict.TRUNCATED, kept)


def test_a_log_of_another_device(logged: tuple[World, list[bytes]]) -> None:
    world, lines = logged
    kept, world.core.store = world.core.store, {}
    assert verdict(world, b"\n".join(lines)) == (Verdict.UNKNOWN, len(lines))
    world.core.store = kept


def test_a_program_that_was_killed_leaves_an_open_log() -> None:
    world = World(PROGRAM, FILES)
    world.start(flags=StartFlag.AUDIT)
    world.answer(0, OPEN.pack(0o100600, 0, 0, 8, 9))
    for _ in range(66):
        world.answer(5)
    lines = [body for _, body in world.log]
    assert verdict(world, b"\n".join(lines) + b"\n") == (Verdict.OPEN, len(lines))
    assert verdict(world, b"\n".join(lines[:40]) + b"\n") == (Verdict.TRUNCATED, 40)


def test_a_second_run_continues_the_chain() -> None:
    world = World(PROGRAM, FILES)
    lines = run(world)
    log_id = bytes.fromhex(json.loads(lines[0])["args"]["log"])
    again = World(PROGRAM, FILES)
    again.core.store = world.core.store
    more = run(again, StartFlag.AUDIT | StartFlag.AUDIT_CONTINUE, log_id)
    assert json.loads(more[0])["seq"] == len(lines)
    assert verdict(again, b"\n".join([*lines, *more]) + b"\n") == (Verdict.CLOSED, len(lines) + len(more))
    assert verdict(again, b"\n".join(lines) + b"\n") == (Verdict.TRUNCATED, len(lines))


def test_a_chain_that_is_not_known_cannot_be_continued() -> None:
    world = World(PROGRAM, FILES)
    world.start(flags=StartFlag.AUDIT | StartFlag.AUDIT_CONTINUE, log_id=b"0123456789abcdef")
    assert (world["state"], world["fatal_code"]) == (State.FATAL, Fatal.AUDIT)
