# SPDX-License-Identifier: BSD-2-Clause
"""A run from START to its end, against a container made of generators."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.unit.normal.container import FakeContainer, Program, Step, log_record

from elfhaven.abi import linux
from elfhaven.abi.container import RULES, TRACE_RECORD, Fatal, LogKind, StartFlag, State
from elfhaven.calls.linux import LINUX
from elfhaven.errors import AuditError, ProgramFault, TeeError, UsageError
from elfhaven.normal.agent import Agent
from elfhaven.normal.audit import AuditLog
from elfhaven.normal.client import Context
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process

TA = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"


class Run:
    """One program in a fake container; `said` are the reports."""

    def __init__(self, program: Callable[[], Program], policy: RootPolicy, **options: object) -> None:
        self.tee = FakeContainer(program)
        self.said: list[str] = []
        reader, writer = os.pipe()
        null = os.open("/dev/null", os.O_RDWR)
        try:
            agent = Agent(policy, streams=(null, writer, null))
            with Context(self.tee) as context:
                self.process = Process(
                    context.open_session(TA),
                    agent,
                    report=self.said.append,
                    **options,  # type: ignore[arg-type]
                )
                self.status = self.process.run(["prog", "a b"], {"LANG": "C"}, "/work")
        finally:
            agent.close()
            os.close(writer)
            self.output = os.read(reader, 1 << 16)
            os.close(reader)
            os.close(null)
        assert self.tee.leaked == 0


def hello() -> Program:
    answer = yield Step("write", (1, 6), data=b"hello\n")
    return answer.result


def test_a_program_writes_and_exits(policy: RootPolicy) -> None:
    run = Run(hello, policy)
    assert (run.status, run.output) == (6, b"hello\n")
    assert run.tee.strings == [b"prog", b"a b", b"LANG=C", b"/work"]
    assert (run.tee.header["argc"], run.tee.header["envc"]) == (2, 1)
    assert run.tee.header["pid"] == os.getpid()
    assert run.tee.header["log_size"] == 0
    assert run.process.denied == ()


def test_the_window_is_attached_when_it_is_wanted(policy: RootPolicy, place: Path) -> None:
    (place / "in/large").write_bytes(bytes(range(256)) * 2048)
    flags = (f"{place}/in/large".encode(),)

    def program() -> Program:
        yield Step("openat", (3, 0, 0), flags, room=32)
        answer = yield Step("pread64", (3, 1 << 19, 0), room=1 << 19, window=True)
        assert answer.output == bytes(range(256)) * 2048
        yield Step("close", (3,))
        return 3

    run = Run(program, policy)
    assert run.status == 3
    assert run.tee.windows == [False, False, True, False]


def test_the_window_is_there_before_large_input(policy: RootPolicy, place: Path) -> None:
    data = os.urandom(1 << 18)
    path = (f"{place}/out/large".encode(),)

    def program() -> Program:
        yield Step("openat", (3, linux.O_CREAT | linux.O_WRONLY, 0o600), path, room=32)
        answer = yield Step("pwrite64", (3, len(data), 0), data=data, window=True)
        return int(answer.result != len(data))

    run = Run(program, policy)
    assert run.status == 0
    assert run.tee.windows == [False, False, True, True]
    assert (place / "out/large").read_bytes() == data


def test_reports_name_the_rule_and_the_line(policy: RootPolicy) -> None:
    def program() -> Program:
        read, env = 1 << RULES.index("files.read"), 1 << RULES.index("env")
        yield Step("write", (1, 1), data=b"x", denied=read | env)
        yield Step("write", (1, 1), data=b"y", denied=read | env, violated=1 << RULES.index("answers"))
        return 0

    run = Run(program, policy)
    assert len(run.said) == 2
    assert (
        run.said[0] == 'denied by rule files.read; to allow it add to elfhaven.toml: [files] read = ["PATH"]'
    )
    assert "violation of rule answers" in run.said[1]


def test_rules_that_were_broken_stay_known(policy: RootPolicy) -> None:
    def program() -> Program:
        yield Step("write", (1, 1), data=b"x", denied=1, violated=4)
        yield Step(state=State.FLUSH, denied=1, violated=4)
        return 0

    process = Run(program, policy).process
    assert (process.denied, process.violated) == ((), ())  # the last return carried no bits

    def until_the_end() -> Program:
        yield Step(state=State.FATAL, fatal=Fatal.NO_MEMORY, denied=1)
        return 0

    with pytest.raises(ProgramFault, match="not enough memory"):
        Run(until_the_end, policy)


@pytest.mark.parametrize("code", [*Fatal, 99])
def test_every_fatal_code_has_cause_and_fix(policy: RootPolicy, code: int) -> None:
    def program() -> Program:
        yield Step("write", (1, 1), data=b"x")
        yield Step(state=State.FATAL, fatal=code)
        return 0

    with pytest.raises(ProgramFault) as caught:
        Run(program, policy)
    assert caught.value.fix
    assert "write" in caught.value.cause


def test_a_dead_ta_is_a_program_fault(policy: RootPolicy) -> None:
    tee = FakeContainer(hello)
    with Context(tee) as context:
        process = Process(context.open_session(TA), Agent(policy))
        tee.dies = True
        with pytest.raises(ProgramFault, match="TARGET_DEAD") as caught:
            process.run(["prog"], {}, "/")
    assert isinstance(caught.value.__cause__, TeeError)
    assert tee.leaked == 0


def test_a_state_that_is_none(policy: RootPolicy) -> None:
    def program() -> Program:
        yield Step(state=State.NONE)
        return 0

    with pytest.raises(ProgramFault, match="unexpected state"):
        Run(program, policy)


def test_a_service_is_started_and_not_run(policy: RootPolicy) -> None:
    def service() -> Program:
        yield Step("fsync", (1,))
        yield Step(state=State.IDLE)
        return 0

    with pytest.raises(ProgramFault, match="is a service"):
        Run(service, policy)
    with Context(FakeContainer(service)) as context:
        Process(context.open_session(TA), Agent(policy)).start(["prog"], {}, "/")
    with Context(FakeContainer(hello)) as context, pytest.raises(ProgramFault, match="ended with status"):
        Process(context.open_session(TA), Agent(policy)).start(["prog"], {}, "/")


@pytest.mark.parametrize(
    "log",
    [b"\1\0\0", struct.pack("<II", 1, 100), struct.pack("<II", 9, 0), struct.pack("<II", 1, 0xFFFF_FFFF)],
)
def test_a_malformed_log_ends_the_run(policy: RootPolicy, tmp_path: Path, log: bytes) -> None:
    def program() -> Program:
        yield Step(state=State.FLUSH, log=log)
        return 0

    with pytest.raises(ProgramFault, match="log"):
        Run(program, policy, trace=print)


def test_more_log_than_room(policy: RootPolicy) -> None:
    def program() -> Program:
        yield Step(state=State.FLUSH, log=bytes(8))
        return 0

    with pytest.raises(ProgramFault, match="more log"):
        Run(program, policy)  # no log area at all


def test_trace_lines_and_messages(policy: RootPolicy) -> None:
    lines: list[str] = []

    def program() -> Program:
        number = LINUX.by_name("getpid").number
        record = TRACE_RECORD.struct.pack(number, 0, 0, 0, 0, 0, 0, 0, 10, 1, 0)
        log = log_record(LogKind.TRACE, record) + log_record(LogKind.TRACE, b"short")
        yield Step(state=State.FLUSH, log=log + log_record(LogKind.MESSAGE, b"hello"))
        return 0

    run = Run(program, policy, trace=lines.append)
    assert lines == ["[1] getpid() = 10", "(a trace record that is too short)"]
    assert run.said == ["hello"]
    assert run.tee.header["start_flags"] == StartFlag.TRACE


def test_audit_records_are_stored_in_order(policy: RootPolicy, tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    run = Run(hello, policy, audit=log)
    log.close()
    lines = (tmp_path / "log").read_bytes().splitlines()
    assert [b"write" in lines[0], b"elfhaven.exit" in lines[1], len(lines)] == [True, True, 2]
    assert run.tee.header["start_flags"] == StartFlag.AUDIT
    again = AuditLog(tmp_path / "log")
    run = Run(hello, policy, audit=again)
    again.close()
    assert run.tee.header["start_flags"] == StartFlag.AUDIT | StartFlag.AUDIT_CONTINUE
    assert len((tmp_path / "log").read_bytes().splitlines()) == 4


def test_no_call_without_its_record(policy: RootPolicy, place: Path) -> None:
    """A log that cannot be written ends the run before the call is performed."""
    path = f"{place}/out/made".encode()

    def program() -> Program:
        yield Step("mkdirat", (0o700,), (path,))
        return 0

    log = AuditLog("/dev/full")
    with pytest.raises(AuditError, match="cannot be written"):
        Run(program, policy, audit=log)
    log.close()
    assert not (place / "out/made").exists()


def test_waiting_is_entered_around_the_agent(policy: RootPolicy) -> None:
    depth: list[int] = []

    @contextmanager
    def waiting() -> Iterator[None]:
        depth.append(1)
        yield

    Run(hello, policy, waiting=waiting)
    assert depth == [1]


def test_wrong_arguments(policy: RootPolicy) -> None:
    with Context(FakeContainer(hello)) as context:
        process = Process(context.open_session(TA), Agent(policy))
        for argv, env, cwd in [
            ([], {}, "/"),
            (["a\0b"], {}, "/"),
            (["a"], {}, "b"),
            (["a" * (3 << 20)], {}, "/"),
        ]:
            with pytest.raises(UsageError):
                process.run(argv, env, cwd)


def test_the_call_before_a_death_is_named(policy: RootPolicy) -> None:
    tee = FakeContainer(hello)

    def program() -> Program:
        yield Step("fsync", (1,))
        tee.dies = True
        return 0

    tee._program = program
    with Context(tee) as context:
        process = Process(context.open_session(TA), Agent(policy))
        with pytest.raises(ProgramFault, match="last delegated call was fsync"):
            process.run(["prog"], {}, "/")


def test_unknown_calls_do_not_end_a_run(policy: RootPolicy) -> None:
    def program() -> Program:
        answer = yield Step("mount", (1,))
        return -answer.result

    assert Run(program, policy).status == linux.ENOSYS
