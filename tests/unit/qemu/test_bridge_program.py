# SPDX-License-Identifier: BSD-2-Clause
"""Programs that run at a bridge: streams, log, news, the end, and whatever cuts them short."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.normal.delegation import Requester
from tests.unit.qemu.bridge_process import Start
from tests.unit.qemu.remote_ta import TA, BridgeAgent

from elfhaven import manifest
from elfhaven.abi import gp, linux
from elfhaven.abi.container import CONTROL, Fatal, LogKind, RuleFlag, RuleKind, State
from elfhaven.errors import AuditError, ProgramFault
from elfhaven.normal.audit import AuditLog

Begin = Callable[..., BridgeAgent]
RECORD = b'{"seq":0}'


def _rule(kind: RuleKind, path: Path | str) -> manifest.Rule:
    return manifest.Rule(kind, str(path), RuleFlag.TREE)


@pytest.fixture
def begin(start: Start, tmp_path: Path) -> Iterator[Begin]:
    """Starts programs whose files are those of `tmp_path`; each has ended when the test has."""
    made: list[BridgeAgent] = []

    def one(streams: tuple[int, int, int] = (0, 1, 2), **options: Any) -> BridgeAgent:
        policy = manifest.Policy(rules=(_rule(RuleKind.WRITE, tmp_path),))
        made.append(BridgeAgent(start(), policy, str(tmp_path), streams, **options))
        return made[-1]

    yield one
    for agent in made:
        agent.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for fd in (reader, writer):
        try:
            os.close(fd)
        except OSError:
            continue


def requester_of(agent: BridgeAgent) -> Requester:
    return Requester(agent)  # type: ignore[arg-type]


def log_record(kind: LogKind, body: bytes) -> bytes:
    return struct.pack("<II", kind, len(body)) + body.ljust((len(body) + 7) & ~7, b"\0")


def returned(agent: BridgeAgent, log: bytes, state: State = State.FLUSH, **words: int) -> None:
    """The TA returns with a log, and is resumed."""
    at = struct.unpack_from("<I", agent.ta.read(0), CONTROL.offset("log_offset"))[0]
    agent.ta.write(0, log, at)
    agent.ta.report(state, log_used=len(log), **words)
    agent.ta.leave()


# --- start and end ---


def test_what_a_program_is_started_with(begin: Begin) -> None:
    agent = begin()
    words = dict(
        zip([name for _, name in CONTROL.fields], CONTROL.struct.unpack_from(agent.ta.read(0)), strict=False)
    )
    assert (words["argc"], words["envc"], words["size"]) == (2, 1, agent.control_size)
    assert agent.ta.read(2).split(b"\0")[:3] == [b"program", b"argument", b"NAME=value"]
    assert words["pid"] == agent.bridge.process.pid
    agent.end(9)
    assert agent.status == 9


def test_counts_and_last_words(begin: Begin, tmp_path: Path) -> None:
    agent = begin()
    requester = requester_of(agent)
    for number in (3, 4):
        assert requester.call("openat", [number, linux.O_CREAT, 0o600], [f"{tmp_path}/f"], room=32) == 0
    agent.ta.report(State.EXITED, exit_status=3, denied=2, served=70, delegated=2, memory=4096)
    agent.ta.leave()
    agent.thread.join(10)
    assert agent.status == 3
    assert agent.program.counts == {56: 2}
    assert agent.program.denied == ("files.write",)
    assert agent.program.last is not None
    assert (agent.program.last.served, agent.program.last.memory) == (70, 4096)


def test_a_program_that_dies_names_its_last_call(begin: Begin, tmp_path: Path) -> None:
    agent = begin()
    requester_of(agent).call("openat", [3, linux.O_CREAT, 0o600], [f"{tmp_path}/f"], room=32)
    agent.ta.leave(gp.TEE_ERROR_TARGET_DEAD)
    agent.thread.join(10)
    assert isinstance(agent.status, ProgramFault)
    assert "openat" in str(agent.status)


def test_a_runtime_that_gives_up(begin: Begin) -> None:
    agent = begin()
    agent.ta.report(State.FATAL, fatal_code=Fatal.NO_MEMORY)
    agent.ta.leave()
    agent.thread.join(10)
    assert isinstance(agent.status, ProgramFault)
    assert "not enough memory" in str(agent.status)


def test_an_unknown_state_ends_the_program(begin: Begin) -> None:
    agent = begin()
    agent.ta.report(77)
    agent.ta.leave()
    agent.thread.join(10)
    assert isinstance(agent.status, ProgramFault)
    assert "unexpected state 77" in str(agent.status)


def test_two_programs_on_two_ports(begin: Begin, tmp_path: Path) -> None:
    first, second = begin(), begin()
    for index, agent in enumerate((first, second, first)):
        requester = requester_of(agent)
        path = f"{tmp_path}/{index}"
        assert (
            requester.call("openat", [3 + index, linux.O_CREAT | linux.O_RDWR, 0o600], [path], room=32) == 0
        )
        assert requester.call("pwrite64", [3 + index, 1, 0], data=b"%d" % index) == 1
    assert requester_of(second).call("pwrite64", [3, 1, 0], data=b"x") == -linux.EBADF
    first.end(1)
    second.end(2)
    assert (first.status, second.status) == (1, 2)
    assert [(tmp_path / str(index)).read_bytes() for index in range(3)] == [b"0", b"1", b"2"]


# --- the caller's streams ---


def test_streams_are_the_callers(begin: Begin, pipe: tuple[int, int]) -> None:
    agent = begin((pipe[0], pipe[1], 2))
    requester = requester_of(agent)
    assert requester.call("write", [1, 5], data=b"hello") == 5
    assert requester.call("read", [0, 100], room=100) == 5
    assert requester.output(5) == b"hello"
    assert requester.call("fstat", [0], room=128) == 0
    found = linux.STAT.unpack(requester.output(128))
    assert found[1] == os.fstat(pipe[0]).st_ino
    assert requester.call("lseek", [0, 0, 1]) == -linux.ERRNO["ESPIPE"]
    assert requester.call("ioctl", [0, linux.TCGETS], room=64) == -linux.ERRNO["ENOTTY"]
    assert requester.call("fcntl", [1, linux.F_GETFL, 0], room=32) == linux.O_WRONLY
    entries = struct.pack("<IHHIHH", 0, linux.POLLIN, 0, 1, linux.POLLOUT, 0)
    assert requester.call("ppoll", [2, 0], data=entries, room=16) == 1
    assert struct.unpack("<IHHIHH", requester.output(16)) == (0, 1, 0, 1, 4, 4)
    agent.end()


def test_a_terminal_is_the_callers(begin: Begin) -> None:
    master, slave = os.openpty()
    requester = requester_of(begin((slave, slave, slave)))
    assert requester.call("ioctl", [0, linux.TCGETS], room=64) == 0
    assert any(requester.output(36))
    requester.agent.end()  # type: ignore[attr-defined]
    os.close(master)
    os.close(slave)


def test_a_whole_window_crosses(begin: Begin, tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    (tmp_path / "in").write_bytes(data)
    source, sink = os.open(tmp_path / "in", os.O_RDONLY), os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    agent = begin((source, sink, 2))
    requester = requester_of(agent)
    assert requester.call("read", [0, 1 << 20], room=1 << 20, in_window=True) == 1 << 20
    assert requester.output(1 << 20) == data
    assert requester.call("write", [1, 1 << 20], data=data, in_window=True) == 1 << 20
    assert (tmp_path / "out").read_bytes() == data
    agent.end()
    os.close(source)
    os.close(sink)


def test_a_stream_that_was_closed_is_none(begin: Begin, pipe: tuple[int, int], tmp_path: Path) -> None:
    agent = begin((pipe[0], pipe[1], 2))
    requester = requester_of(agent)
    assert requester.call("close", [1]) == 0
    assert requester.call("write", [1, 1], data=b"x") == -linux.EBADF
    os.write(pipe[1], b"still open")
    assert requester.call("openat", [1, linux.O_CREAT | linux.O_RDWR, 0o600], [f"{tmp_path}/f"], room=32) == 0
    assert requester.call("write", [1, 4], data=b"file") == 4
    assert (tmp_path / "f").read_bytes() == b"file"
    agent.end()


def test_a_stream_that_blocks_holds_up_no_file(begin: Begin, pipe: tuple[int, int], tmp_path: Path) -> None:
    agent = begin((pipe[0], pipe[1], 2))
    requester = requester_of(agent)
    requester.request("read", [0, 8], room=8, slot=0)
    requester.request("openat", [3, linux.O_CREAT, 0o600], [f"{tmp_path}/f"], room=32, slot=1)
    assert agent.serve(requester.block, None, 2) == 1
    assert requester.answer(1)[1] == 0
    os.write(pipe[1], b"late")
    assert agent.serve(requester.block, None, 1) == 1
    assert requester.output(4) == b"late"
    agent.end()


# --- log and news ---


def test_the_log_is_stored_before_a_call_is_performed(begin: Begin, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    agent = begin(audit=log)
    requester = requester_of(agent)
    requester.request("openat", [3, linux.O_CREAT, 0o600], [f"{tmp_path}/made"], room=32)
    end = min(agent.control_size, len(requester.block.view))
    agent.ta.write(0, requester.block.view[CONTROL.size : end], CONTROL.size)
    returned(agent, log_record(LogKind.AUDIT, RECORD), State.REQUESTS, pending=1)
    agent.ta.entered()
    assert (tmp_path / "log").read_bytes().startswith(RECORD + b"\n")
    assert (tmp_path / "made").exists()
    agent.end()
    log.close()
    assert (tmp_path / "log").read_bytes() == RECORD + b"\n"


class FullLog(AuditLog):
    """A log on a disk that is full."""

    def append(self, records: Any) -> None:
        raise AuditError("the audit log has no room for the next record")


def test_a_log_that_cannot_be_stored_ends_the_program(begin: Begin, tmp_path: Path) -> None:
    log = FullLog(tmp_path / "log")
    agent = begin(audit=log)
    requester = requester_of(agent)
    requester.request("openat", [3, linux.O_CREAT, 0o600], [f"{tmp_path}/made"], room=32)
    end = min(agent.control_size, len(requester.block.view))
    agent.ta.write(0, requester.block.view[CONTROL.size : end], CONTROL.size)
    returned(agent, log_record(LogKind.AUDIT, RECORD), State.REQUESTS, pending=1)
    agent.thread.join(10)
    log.close()
    assert isinstance(agent.status, AuditError)
    assert not (tmp_path / "made").exists()
    session = agent.context.open_session(TA)  # the connection is as good as before
    session.close()


@pytest.mark.parametrize("log", [b"\1\0\0\0\xff\xff\0\0", b"\1\0\0\0", struct.pack("<II", 9, 0)])
def test_a_malformed_log_ends_the_program(begin: Begin, log: bytes) -> None:
    agent = begin(trace=lambda line: None)
    returned(agent, log)
    while agent.thread.is_alive():  # nobody waits for what this side says of a trace
        agent.ta.resumed_within(0.2)
        agent.thread.join(0.05)
    assert isinstance(agent.status, ProgramFault)


def test_more_log_than_there_is_room_for(begin: Begin) -> None:
    agent = begin()
    agent.ta.report(State.FLUSH, log_used=0xFFFF_FFFF)
    agent.ta.leave()
    agent.thread.join(10)
    assert isinstance(agent.status, ProgramFault)


def test_news_reach_the_user_once(begin: Begin) -> None:
    lines: list[str] = []
    agent = begin(report=lines.append)
    for _ in range(3):
        agent.ta.report(State.FLUSH, denied=1)
        agent.ta.leave()
        agent.ta.entered()
    agent.end()
    assert len([line for line in lines if "files.read" in line]) == 1


# --- large reads ---

STEP = 1 << 19


def test_large_reads_in_any_order_see_the_file_as_it_is(begin: Begin, tmp_path: Path) -> None:
    data = bytearray(os.urandom(6 * STEP + 1000))
    (tmp_path / "f").write_bytes(data)
    agent = begin()
    requester = requester_of(agent)
    assert requester.call("openat", [3, linux.O_RDWR, 0], [f"{tmp_path}/f"], room=32) == 0

    def read(index: int) -> bytes:
        got = requester.call("pread64", [3, STEP, index * STEP], room=STEP, in_window=True)
        return requester.output(got)

    for index in range(3):
        assert read(index) == data[index * STEP : (index + 1) * STEP]
    assert requester.call("pwrite64", [3, 4, 3 * STEP], data=b"new!") == 4
    data[3 * STEP : 3 * STEP + 4] = b"new!"
    assert read(3) == data[3 * STEP : 4 * STEP]
    assert read(5) == data[5 * STEP : 6 * STEP]  # not the one behind it
    assert read(6) == data[6 * STEP :]
    assert read(7) == b""
    assert read(0) == data[:STEP]
    assert requester.call("ftruncate", [3, STEP + 10]) == 0
    assert read(1) == data[STEP : STEP + 10]
    assert requester.call("close", [3]) == 0
    agent.end()
    assert agent.status == 0
