# SPDX-License-Identifier: BSD-2-Clause
"""Machines by name: switched on, found, lost, switched off. A shell stands in for QEMU."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from elfhaven.errors import TargetError, UsageError
from elfhaven.target.qemu.machine import Machine, machines
from elfhaven.target.qemu.port import SocketStream
from elfhaven.target.qemu.processes import ProcessId, boot_id

READY = "echo 'elfhaven: ready 1.0' > normal.log; echo 'I/TC: hello' > secure.log; exec sleep 60"


@dataclass(frozen=True)
class FakeTools:
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True)
class FakeBoot:
    """In place of boot.Boot: `command` runs as the machine would."""

    command: list[str]
    tools: FakeTools = FakeTools()


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for machine in machines(tmp_path):
        machine.down()


def _machine(root: Path, name: str = "stock", script: str = READY) -> Machine:
    return Machine(name, root, lambda memory, report, extra: FakeBoot(["sh", "-c", script]))  # type: ignore[arg-type]


def _quiet(_: str) -> None:
    pass


def test_a_machine_is_switched_on_once_and_off(root: Path) -> None:
    machine = _machine(root)
    assert machine.process() is None
    assert machine.up("stock", _quiet) is True
    process = machine.process()
    assert process is not None
    assert machine.up("stock", _quiet) is False
    assert (machine.process(), machine.memory) == (process, "stock")
    assert machine.down() is True
    assert (machine.process(), machine.memory, machine.down(), process.alive) == (None, None, False, False)
    assert machine.log("secure.log") == b"I/TC: hello\n", "logs outlive the machine"


def test_machines_run_side_by_side(root: Path) -> None:
    first, second = _machine(root, "a"), _machine(root, "b")
    first.up("stock", _quiet)
    second.up("large", _quiet)
    assert [(found.name, found.memory) for found in machines(root)] == [("a", "stock"), ("b", "large")]
    first.down()
    assert [found.name for found in machines(root)] == ["b"]


def test_another_layout_is_refused(root: Path) -> None:
    machine = _machine(root)
    machine.up("stock", _quiet)
    with pytest.raises(UsageError, match="runs with the layout stock, not large"):
        machine.up("large", _quiet)


def test_packages_that_a_running_guest_lacks_are_refused(root: Path) -> None:
    machine = _machine(root)
    machine.up("stock", _quiet, ["zsh,make", "zsh"])
    assert machine.extra == ("make", "zsh")
    assert machine.up("stock", _quiet, ["make"]) is False
    assert machine.up("stock", _quiet) is False
    with pytest.raises(UsageError, match="runs without python3-minimal") as caught:
        machine.up("stock", _quiet, ["python3-minimal", "make"])
    assert "qemu down --name stock" in str(caught.value.fix)
    machine.down()
    assert machine.extra == ()


@pytest.mark.parametrize("name", ["-o", "A", "x", "a b", "a;b", "../a"])
def test_what_can_be_no_package_is_refused(root: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a Debian package"):
        _machine(root).up("stock", _quiet, [name])


def test_a_machine_that_was_killed_is_off_and_starts_again(root: Path) -> None:
    machine = _machine(root)
    machine.up("stock", _quiet)
    process = machine.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while machine.process() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert machine.process() is None
    assert machine.up("stock", _quiet) is True


HALTED = READY.replace("hello", "Halting CPU 1")


def test_a_machine_whose_optee_panicked_is_started_anew(root: Path) -> None:
    machine = _machine(root, script=HALTED)
    assert machine.up("stock", _quiet)
    assert machine.has_halted()
    assert "has halted" in str(machine.lost())
    told: list[str] = []
    assert _machine(root).up("stock", told.append)
    assert told[0] == "the machine stock has halted: it is started anew"
    assert not machine.has_halted()


def test_who_waits_for_a_machine_that_halts_is_told() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        stream = SocketStream(ours, over=lambda: True)
        theirs.send(b"last words")
        assert stream.receive(100) == b"last words"
        assert stream.receive(100) == b""
        stream.close()


def test_a_pid_that_another_process_got_is_not_taken_for_the_machine(root: Path) -> None:
    machine = _machine(root)
    machine.up("stock", _quiet)
    stat = (machine.path / "process").read_text()
    machine.down()
    time.sleep(2 / os.sysconf("SC_CLK_TCK"))  # start times are counted in ticks
    other = subprocess.Popen(["sleep", "60"])
    try:
        (machine.path / "machine.json").write_text(f'{{"memory": "stock", "boot": "{boot_id()}"}}')
        (machine.path / "process").write_text(stat.replace(stat.split()[0], str(other.pid), 1))
        assert machine.process() is None
        machine.down()
        assert other.poll() is None, "the other process was not hit"
    finally:
        other.kill()
        other.wait()


def test_a_file_of_another_boot_of_the_host_says_nothing(root: Path) -> None:
    machine = _machine(root)
    machine.up("stock", _quiet)
    settings = machine.path / "machine.json"
    before = settings.read_text()
    settings.write_text('{"memory": "stock", "boot": "another"}')
    assert machine.process() is None
    settings.write_text(before)
    assert machine.process() is not None


def test_a_machine_that_stops_while_it_starts_shows_its_last_words(root: Path) -> None:
    script = "echo 'Kernel panic - not syncing' > normal.log; echo 'qemu: no' >&2; exit 1"
    machine = _machine(root, script=script)
    with pytest.raises(TargetError) as caught:
        machine.up("stock", _quiet)
    assert "stopped while it started" in caught.value.cause
    assert "Kernel panic - not syncing" in caught.value.cause
    assert "qemu: no" in caught.value.cause
    assert machine.process() is None


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b"])
def test_a_name_is_a_plain_word(root: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a machine"):
        Machine(name, root)


def test_a_process_is_itself_by_pid_and_start() -> None:
    own = ProcessId.parse(Path("/proc/self/stat").read_text())
    assert own is not None
    assert own.alive
    assert not ProcessId(own.pid, own.start + 1).alive
    assert ProcessId.parse("no stat line") is None


def test_a_process_that_ignores_the_polite_signal_is_killed() -> None:
    script = "trap '' TERM; echo on; while :; do sleep 0.05; done"
    child = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    process = ProcessId.parse(Path(f"/proc/{child.pid}/stat").read_text())
    assert process is not None
    process.end(patience=0.1)
    assert child.wait(5) == -signal.SIGKILL
    assert not process.alive
    child.stdout.close()


def test_a_starter_that_is_killed_leaves_a_machine_that_is_known(root: Path) -> None:
    """Whoever starts a machine may die at any moment: the next command finds what it started."""
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "from tests.unit.qemu.test_machine import _machine, _quiet\n"
        "_machine(Path(sys.argv[1]), script='exec sleep 60').up('stock', _quiet)\n"
    )
    places = [str(Path(__file__).parents[3]), str(Path(__file__).parents[3] / "src")]
    starter = subprocess.Popen([sys.executable, "-c", code, str(root), *places])
    machine = _machine(root)
    deadline = time.monotonic() + 20
    while machine.process() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    starter.kill()
    starter.wait()
    assert [found.name for found in machines(root)] == ["stock"]
    assert machine.down() is True
