# SPDX-License-Identifier: BSD-2-Clause
"""Commands that run for a connection: by the bridge itself, built for this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.qemu.bridge_process import BridgeProcess

from elfhaven.abi import bridge as wire
from elfhaven.normal.bridge_link import Link, frame

Run = Callable[..., Link]
NONCE = 0x1122334455667788


def _run_frame(*words: str, terminal: bool = False) -> bytes:
    payload = b"".join(word.encode() + b"\0" for word in words)
    return frame(wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(NONCE, terminal, len(words)), payload)


@pytest.fixture
def bridge(program: Path) -> Iterator[BridgeProcess]:
    made = BridgeProcess(program, Path("--commands"))
    yield made
    made.close()


@pytest.fixture
def run(bridge: BridgeProcess) -> Run:
    def run(*words: str, terminal: bool = False) -> Link:
        link = Link(bridge.stream)
        link.send((_run_frame(*words, terminal=terminal),))
        assert link.find(frame(wire.Kind.STARTED, 0, wire.STARTED.struct.pack(NONCE)), 5.0)
        return link

    return run


def _rest(link: Link) -> tuple[bytes, bytes, int]:
    """All output, all errors, the status."""
    text = {wire.Kind.OUTPUT: b"", wire.Kind.ERRORS: b""}
    while (heard := link.take()).kind != wire.Kind.EXITED:
        text[wire.Kind(heard.kind)] += heard.payload
    return text[wire.Kind.OUTPUT], text[wire.Kind.ERRORS], wire.EXITED.struct.unpack(heard.payload)[0]


def _input(data: bytes) -> bytes:
    return frame(wire.Kind.INPUT, 0, data)


def test_output_errors_and_status_are_the_commands(run: Run, bridge: BridgeProcess) -> None:
    assert _rest(run("sh", "-c", "echo out; echo err >&2; exit 7")) == (b"out\n", b"err\n", 7)
    assert bridge.ends() == 0


@pytest.mark.parametrize(
    ("script", "status"), [("kill -9 $$", 137), ("exec /no/such", 127), ("exec /dev/null", 126)]
)
def test_how_a_command_ends(run: Run, script: str, status: int) -> None:
    assert _rest(run("sh", "-c", script))[2] == status


def test_a_command_that_is_none(run: Run) -> None:
    output, errors, status = _rest(run("/no/such/command"))
    assert (output, status) == (b"", 127)
    assert b"cannot run /no/such/command: No such file" in errors


def test_input_comes_whole_and_ends(run: Run) -> None:
    link = run("cat")
    data = os.urandom(10 * wire.INPUT_MAX)
    pieces = [data[at : at + wire.INPUT_MAX] for at in range(0, len(data), wire.INPUT_MAX)]
    found = b""
    for piece in pieces:
        link.send((_input(piece),))
        while len(found) < len(piece) * (pieces.index(piece) + 1):
            found += link.take().payload
    link.send((_input(b""),))
    assert (found, _rest(link)) == (data, (b"", b"", 0))


def test_a_command_that_takes_no_input_still_ends(run: Run) -> None:
    link = run("sh", "-c", "exec <&-; echo on; sleep 0.2; exit 3")
    assert link.take().payload == b"on\n"
    for _ in range(8):
        link.send((_input(b"x" * wire.INPUT_MAX),))
    assert _rest(link)[2] == 3


def test_a_terminal_gives_each_line_at_once(run: Run) -> None:
    link = run("sh", "-c", "test -t 1 && echo yes; sleep 0.3; echo end", terminal=True)
    assert link.take().payload == b"yes\n"
    assert _rest(link) == (b"end\n", b"", 0)


def test_a_process_that_was_left_behind_holds_up_nothing(run: Run) -> None:
    started = time.monotonic()
    assert _rest(run("sh", "-c", "sleep 60 & echo $!"))[2] == 0
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("ignored", ["", "trap '' TERM HUP; "])
def test_the_end_of_the_connection_ends_the_command(run: Run, bridge: BridgeProcess, ignored: str) -> None:
    link = run("sh", "-c", f"{ignored}sleep 60 & echo $$ $!; wait; wait")
    processes = [int(word) for word in link.take().payload.split()]
    bridge.stream.close()
    assert bridge.ends() == 0
    deadline = time.monotonic() + 5
    while any(_alive(pid) for pid in processes) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(_alive(pid) for pid in processes)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_another_client_ends_the_command_of_the_one_before(run: Run, bridge: BridgeProcess) -> None:
    """Where nobody saw the first one go: the other one finds the port closed, and asks again."""
    link = run("sleep", "60")
    link.send((_run_frame("echo", "second"),))
    with pytest.raises(EOFError):
        link.take()
    assert bridge.ends() == 0


BAD = {
    "words that are not there": frame(wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(1, 0, 3), b"sh\0"),
    "no words": frame(wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(1, 0, 0), b"sh\0"),
    "too many words": frame(
        wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(1, 0, wire.WORDS + 1), b"\0" * 300
    ),
    "a word without an end": frame(wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(1, 0, 1), b"sh"),
    "nothing": frame(wire.Kind.COMMAND, 0, wire.COMMAND.struct.pack(1, 0, 1)),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_runs_nothing(bridge: BridgeProcess, name: str) -> None:
    bridge.stream.send(BAD[name])
    bridge.socket.shutdown(1)
    assert bridge.ends() == 0
    assert bridge.stream.receive(100) == b""


def test_a_tee_connection_runs_no_command(program: Path, tmp_path: Path) -> None:
    tee = BridgeProcess(program, tmp_path)
    try:
        tee.stream.send(frame(wire.Kind.HELLO, 0, wire.HELLO.struct.pack(1, wire.VERSION, 0, 0, 0)))
        link = Link(tee.stream)
        assert link.take().kind == wire.Kind.WELCOME
        link.send((_run_frame("touch", str(tmp_path / "ran")),))
        heard = link.take()
        assert (heard.kind, heard.payload[:4]) == (wire.Kind.ERROR, b"\1\0\0\0")
    finally:
        tee.close()
    assert not (tmp_path / "ran").exists()
