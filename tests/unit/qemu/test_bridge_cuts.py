# SPDX-License-Identifier: BSD-2-Clause
"""What a client may do to a bridge that runs a program: cut the stream, break the rules, stop it, vanish."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.normal.delegation import Requester
from tests.unit.qemu.bridge_process import BridgeProcess, Start
from tests.unit.qemu.remote_ta import AWAITED, TA, BridgeAgent, RemoteTa

from elfhaven import manifest
from elfhaven.abi import bridge as wire
from elfhaven.abi import linux
from elfhaven.abi.container import (
    CONTROL,
    CONTROL_MAGIC,
    CONTROL_MIN_SIZE,
    STOP_LEAVE,
    Command,
    RuleFlag,
    RuleKind,
    State,
)
from elfhaven.errors import TargetError, TeeError
from elfhaven.normal.bridge_link import Link, User, frame
from elfhaven.normal.bridge_program import rules_of
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.normal.client import Context, Direction, MemRef, Session

OPEN = frame(wire.Kind.OPEN, 1, wire.OPEN.struct.pack(TA.bytes, 0, 0, 0, 0), bytes(4 * wire.PARAM.size))
ALLOCATE = frame(wire.Kind.ALLOCATE, 2, wire.ALLOCATE.struct.pack(4096))
HELLO = frame(wire.Kind.HELLO, 0, wire.HELLO.struct.pack(7, wire.VERSION, 0, 0, 0))


def _head(session: int = 1001, strings: int = 1, size: int = 8, rules: int = 0) -> bytes:
    return wire.PROGRAM.struct.pack(session, 0, strings, size, 1, 0, rules, 0, b"")


def _program(head: bytes, rules: bytes = b"") -> bytes:
    return frame(wire.Kind.PROGRAM, 9, head, rules)


def _rule(kind: int = 1, length: int = 4, path: bytes = b"/tmp", tree: int = 1) -> bytes:
    return wire.RULE.struct.pack(kind, tree, length, 0) + path


BROKEN = {
    "half a head": (frame(wire.Kind.PROGRAM, 9, _head()[:40]), wire.Broken.FRAME),
    "too long": (
        wire.FRAME.struct.pack(wire.MAGIC, wire.Kind.PROGRAM, 9, wire.FRAME_MAX + 1),
        wire.Broken.FRAME,
    ),
    "a rule that is missing": (_program(_head(rules=1)), wire.Broken.FRAME),
    "rules without end": (_program(_head(rules=0xFFFF_FFFF), _rule()), wire.Broken.FRAME),
    "more than the rules": (_program(_head(rules=1), _rule() + b"x"), wire.Broken.FRAME),
    "a kind that is none": (_program(_head(rules=1), _rule(kind=5)), wire.Broken.FRAME),
    "a huge path": (_program(_head(rules=1), _rule(length=0xFFFF_FFFF)), wire.Broken.FRAME),
    "a path with a NUL": (_program(_head(rules=1), _rule(path=b"/t\0p")), wire.Broken.FRAME),
    "a relative path": (_program(_head(rules=1), _rule(path=b"tmp/")), wire.Broken.FRAME),
    "an empty path": (_program(_head(rules=1), _rule(length=0, path=b"")), wire.Broken.FRAME),
    "an answer to nothing": (frame(wire.Kind.DONE, 9, bytes(8)), wire.Broken.ORDER),
    "a log that nobody had": (frame(wire.Kind.STORED, 9, bytes(8)), wire.Broken.ORDER),
    "a short answer": (frame(wire.Kind.DONE, 9, b"1234"), wire.Broken.FRAME),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_ends_the_connection(bridge: BridgeProcess, name: str) -> None:
    data, code = BROKEN[name]
    link = Link(bridge.stream)
    assert link.greet(User(0, 0, ()), 5.0)
    link.send([OPEN, ALLOCATE, data])
    while (heard := link.take()).kind != wire.Kind.ERROR:
        pass
    assert wire.ERROR.struct.unpack(heard.payload)[0] == code
    assert bridge.ends() == 0


@pytest.mark.parametrize("head", [_head(strings=5), _head(size=0xFFFF_FFFF), _head(size=4097)])
def test_strings_that_are_not_there(bridge: BridgeProcess, head: bytes) -> None:
    link = Link(bridge.stream)
    assert link.greet(User(0, 0, ()), 5.0)
    link.send([OPEN, ALLOCATE, _program(head)])
    while (heard := link.take()).kind != wire.Kind.ENDED:
        pass
    assert wire.ENDED.struct.unpack_from(heard.payload)[0] == 0xFFFF0006  # TEE_ERROR_BAD_PARAMETERS
    bridge.stream.close()
    assert bridge.ends() == 0


def test_a_second_program_is_refused_while_one_runs(start: Start) -> None:
    bridge = start()
    ta = RemoteTa(bridge)
    link = Link(bridge.stream)
    assert link.greet(User(0, 0, ()), 5.0)
    link.send([OPEN, ALLOCATE, _program(_head())])
    ta.entered()
    link.send([_program(_head())])
    while (heard := link.take()).kind != wire.Kind.ERROR:
        pass
    assert wire.ERROR.struct.unpack(heard.payload)[0] == wire.Broken.ORDER
    ta.close()
    assert bridge.ends() == 0


def _conversation(place: Path) -> bytes:
    """All that a client sends for a program that writes to its stdout and reads from its stdin."""
    policy = manifest.Policy(rules=(manifest.Rule(RuleKind.WRITE, str(place), RuleFlag.TREE),))
    count, rules = rules_of(policy, str(place))
    done = wire.ERRANDS.struct.pack(1, 0) + wire.DONE.struct.pack(0, 0, 4, 0)
    return HELLO + OPEN + ALLOCATE + _program(_head(rules=count), rules) + frame(wire.Kind.DONE, 9, done)


def _serve(ta: RemoteTa, place: Path) -> None:
    """A program that writes to its stdout, makes a file, and ends."""
    requester = Requester(None)  # type: ignore[arg-type]
    try:
        for name, words, paths, data in (
            ("write", [1, 4], [], b"text"),
            ("openat", [3, linux.O_CREAT, 0o600], [f"{place}/f"], b""),
        ):
            requester.request(name, words, paths, data, room=32)
            ta.entered()
            ta.write(0, requester.block.view[CONTROL.size : 16384], CONTROL.size)
            ta.report(State.REQUESTS, pending=1)
            ta.leave()
        ta.entered()
        ta.report(State.EXITED)
        ta.leave()
    except OSError:
        pass
    except EOFError:
        pass


def _await(bridge: BridgeProcess, kind: wire.Kind) -> None:
    seen = b""
    while wire.FRAME.struct.pack(wire.MAGIC, kind, 9, 0)[:12] not in seen:
        seen += bridge.socket.recv(65536)


def test_a_stream_that_ends_at_any_byte_ends_the_bridge(start: Start, tmp_path: Path) -> None:
    data = _conversation(tmp_path)
    answer = data.rfind(b"EBH1")
    for cut in sorted({*range(0, len(data), 11), len(data) - 1, len(data)}):
        bridge = start()
        ta = RemoteTa(bridge)
        thread = threading.Thread(target=_serve, args=(ta, tmp_path), daemon=True)
        thread.start()
        bridge.socket.sendall(data[: min(cut, answer)])
        if cut > answer:
            _await(bridge, wire.Kind.ERRANDS)
            bridge.socket.sendall(data[answer:cut])
        if cut == len(data):
            thread.join(10)
        bridge.stream.close()
        assert bridge.ends(10) == 0, cut
        bridge.close()
        thread.join(10)
        assert not thread.is_alive()
        ta.close()
    assert (tmp_path / "f").exists()


@pytest.mark.parametrize("seed", range(60))
def test_random_changes_never_crash_the_bridge(start: Start, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(_conversation(tmp_path))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(HELLO), len(data))
        data[at] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
    bridge = start()
    ta = RemoteTa(bridge)
    thread = threading.Thread(target=_serve, args=(ta, tmp_path), daemon=True)
    thread.start()
    try:
        bridge.socket.sendall(data)
    except OSError:
        pass
    thread.join(0.2)
    bridge.stream.close()
    assert bridge.ends(10) == 0
    bridge.close()
    thread.join(10)
    ta.close()


# --- stopping ---


@pytest.fixture
def blocked(start: Start, tmp_path: Path) -> Iterator[tuple[BridgeAgent, Requester, int]]:
    """A program that reads from an empty FIFO of the bridge's end."""
    os.mkfifo(tmp_path / "fifo")
    keeper = os.open(tmp_path / "fifo", os.O_RDWR)
    policy = manifest.Policy(rules=(manifest.Rule(RuleKind.READ, str(tmp_path), RuleFlag.TREE),))
    agent = BridgeAgent(start(), policy, str(tmp_path))
    requester = Requester(agent)  # type: ignore[arg-type]
    assert requester.call("openat", [3, 0, 0], [f"{tmp_path}/fifo"], room=32) == 0
    requester.request("read", [3, 8], room=8)
    agent.post(requester.block, None, 1)
    yield agent, requester, keeper
    agent.close()
    os.close(keeper)


def _stop_word(agent: BridgeAgent) -> int:
    return int.from_bytes(agent.ta.read(0)[CONTROL.offset("stop") :][:4], "little")


Blocked = tuple[BridgeAgent, Requester, int]


def test_a_blocking_read_can_be_stopped(blocked: Blocked) -> None:
    agent, _, _ = blocked
    time.sleep(0.1)
    agent.program.ask(2)
    agent.ta.entered()  # it came out of its read, and sees why
    assert _stop_word(agent) == 2
    agent.end(130)
    assert agent.status == 130


def test_a_blocking_read_goes_on_when_there_is_something(blocked: Blocked) -> None:
    agent, _, keeper = blocked
    os.write(keeper, b"data")
    agent.ta.entered()
    agent.end()


def test_an_aborted_connection_ends_a_blocking_read(blocked: Blocked) -> None:
    agent, _, _ = blocked
    agent.transport.abort()
    assert agent.bridge.ends() == 0
    agent.thread.join(10)
    assert agent.status is not None
    assert not isinstance(agent.status, int)


def test_a_program_that_was_asked_to_come_out_goes_on(start: Start, tmp_path: Path) -> None:
    agent = BridgeAgent(start(), manifest.Policy(), str(tmp_path))
    agent.program.ask(STOP_LEAVE)
    _until(lambda: _stop_word(agent) == STOP_LEAVE)
    agent.ta.report(State.POLLED)
    agent.ta.leave()
    assert agent.ta.entered().command == Command.RESUME
    assert _stop_word(agent) == 0
    agent.end(4)
    assert agent.status == 4
    agent.close()


def test_a_program_is_told_that_its_client_is_gone(start: Start, tmp_path: Path) -> None:
    agent = BridgeAgent(start(), manifest.Policy(), str(tmp_path), ta=AWAITED)
    agent.bridge.stream.close()
    _until(lambda: _stop_word(agent) == signal.SIGTERM)
    agent.ta.report(State.EXITED, exit_status=143)
    agent.ta.leave()
    assert agent.bridge.ends() == 0
    agent.close()


@pytest.mark.parametrize("magic, told", [(CONTROL_MAGIC, signal.SIGTERM), (CONTROL_MAGIC + 1, 0)])
def test_so_is_one_that_its_client_resumes(start: Start, magic: int, told: int) -> None:
    """By the control block in shared memory; other memory stays as it is."""
    bridge = start()
    link = Link(bridge.stream)
    assert link.greet(User(0, 0, ()), 5.0)
    context, ta = Context(BridgeTransport(link)), RemoteTa(bridge)
    session = context.open_session(AWAITED)
    control = context.allocate(CONTROL_MIN_SIZE)
    control.view[:4] = magic.to_bytes(4, "little")
    call = threading.Thread(target=_lost, args=(session, control.ref(Direction.INOUT)), daemon=True)
    call.start()
    ta.entered()
    bridge.stream.close()
    stop = CONTROL.offset("stop")
    time.sleep(0.1)
    assert int.from_bytes(ta.read(0)[stop:][:4], "little") == told
    ta.leave()
    assert bridge.ends() == 0
    call.join(10)
    ta.close()


def _lost(session: Session, control: MemRef) -> None:
    with pytest.raises(TargetError):
        session.invoke(Command.RESUME, control)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_program_that_has_ended_is_not_stopped(start: Start, tmp_path: Path) -> None:
    agent = BridgeAgent(start(), manifest.Policy(), str(tmp_path))
    agent.end()
    agent.program.ask(2)
    session = agent.context.open_session(TA)  # the bridge is still there
    session.close()
    agent.close()


def test_a_caller_that_waits_can_give_up(start: Start, tmp_path: Path) -> None:
    """Ctrl-C while the caller's own stdin is read: the wait on this side raises, the other end ends."""

    class Gone(Exception):
        pass

    reader, writer = os.pipe()
    agent = BridgeAgent(start(), manifest.Policy(), str(tmp_path), (reader, 1, 2))
    agent.program._waiting = _raising(Gone)  # type: ignore[assignment]
    requester = Requester(agent)  # type: ignore[arg-type]
    requester.request("read", [0, 8], room=8)
    threading.excepthook, before = (lambda _: None), threading.excepthook
    try:
        agent.post(requester.block, None, 1)
        agent.thread.join(10)
    finally:
        threading.excepthook = before
    assert not agent.thread.is_alive()
    with pytest.raises(TeeError):
        agent.context.open_session("ffffffff-0000-0000-0000-000000000000")  # answered: the bridge is there
    agent.close()
    os.close(reader)
    os.close(writer)


def _raising(error: type[Exception]) -> Callable[[], object]:
    class Waiting:
        def __enter__(self) -> None:
            raise error

        def __exit__(self, *_: object) -> None:
            pass

    return Waiting
