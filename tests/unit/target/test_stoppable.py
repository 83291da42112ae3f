# SPDX-License-Identifier: BSD-2-Clause
"""A program that is asked to end does so: at a check, at its next call, out of a sleep; its log is closed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import endless, zig

import elfhaven
from elfhaven import Manifest
from elfhaven.abi.container import STOP_LEAVE
from elfhaven.manifest import decode
from elfhaven.normal.agent import Agent
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process
from elfhaven.normal.stops import Stops
from elfhaven.packing import pack, signer
from elfhaven.target.emulator import Emulator
from elfhaven.target.interrupt import WATCHED
from elfhaven.target.state import StateDirectory

pytestmark = pytest.mark.slow
SOON = 1.5  # seconds; on an idle machine it takes 0.03


@pytest.fixture(autouse=True)
def ordinary_signals() -> Iterator[None]:
    """A job in the background, as CI may be, ignores SIGINT; then there is nothing to watch."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in WATCHED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("name", endless.SOURCES)
def test_ctrl_c_ends_a_stoppable_program(name: str, tmp_path: Path) -> None:
    done, seconds = endless.stopped(name, state=tmp_path / "state", cwd=tmp_path)
    assert (done.status, done.fault) == (130, None)
    assert seconds < SOON


def test_its_audit_log_is_closed(tmp_path: Path) -> None:
    """The program ended inside, in order: the emulator's own stop would leave the log open."""
    where = {"state": tmp_path / "state", "cwd": tmp_path}
    done, _ = endless.stopped("loop", signal.SIGTERM, audit=tmp_path / "log", **where)
    assert done.status == 143
    verdict = elfhaven.verify_audit(tmp_path / "log", state=tmp_path / "state")
    assert verdict.good, verdict.text
    hard, _ = endless.stopped("loop", stoppable=False, audit=tmp_path / "other", **where)
    assert hard.status == 130
    assert (tmp_path / "other").read_bytes() == b""  # its records never came out


@pytest.mark.parametrize("name", endless.UNCHECKED)
def test_a_program_that_comes_to_the_runtime_needs_no_checks(name: str, tmp_path: Path) -> None:
    where = {"state": tmp_path / "state", "cwd": tmp_path}
    done, _ = endless.stopped(name, stoppable=False, audit=tmp_path / "log", **where)
    assert done.status == 130
    if name != "writes":  # a signal may come while the host performs a write: that run ends outside
        assert elfhaven.verify_audit(tmp_path / "log", state=tmp_path / "state").good


def test_a_program_that_is_asked_to_come_out_goes_on(tmp_path: Path) -> None:
    source = """
    #include <stdio.h>
    int main(void) {
        unsigned long x = 1; double y = 1;
        for (unsigned long i = 0; i < 20000000; i++) x = x * 6364136223846793005u + i, y += (double)(x >> 60);
        printf("%lu %f\\n", x, y);
        return 7;
    }"""
    program = zig.compile_program(source, flags=endless.FLAGS)
    packed = pack(program, Manifest(stoppable=True), tmp_path, signer(None))
    outputs = []
    for asks in (0, 5):
        with Emulator(
            StateDirectory(tmp_path / "state"), "stock", {packed.uuid: packed.path.read_bytes()}
        ) as tee:
            out = (tmp_path / f"out{asks}").open("w+b")
            agent = Agent(RootPolicy.of(decode(packed.policy), str(tmp_path)), streams=(0, out.fileno(), 2))
            with tee.context.open_session(packed.uuid) as session, out:
                process = Process(session, agent)
                left = threading.Thread(target=_ask_to_leave, args=(process, asks), daemon=True)
                left.start()
                assert process.run(["it"], {}, str(tmp_path)) == 7
                left.join()
                out.seek(0)
                outputs.append(out.read())
            agent.close()
    assert outputs[0] == outputs[1] != b""


@pytest.mark.parametrize("name", endless.SPINS)
def test_who_spins_gives_others_their_turn(name: str, tmp_path: Path) -> None:
    done = endless.spins(name, tmp_path, state=tmp_path / "state")
    assert (done.status, done.fault) == (7, None)


def _ask_to_leave(process: Process, times: int) -> None:
    for _ in range(times):
        time.sleep(0.03)
        process.ask(STOP_LEAVE)


def test_asking_waits_for_the_end_and_no_longer_than_its_patience() -> None:
    stops, asked = Stops(), threading.Event()
    assert not stops.ask_all()

    def run() -> None:
        with stops.running(asked.set, 5.0):
            asked.wait(5)

    thread = threading.Thread(target=run)
    thread.start()
    while not stops._running:
        time.sleep(0.001)
    assert stops.ask_all()
    thread.join()
    with stops.running(lambda: None, 0.01):
        assert not stops.ask_all()
