# SPDX-License-Identifier: BSD-2-Clause
"""SIGKILL for the client, the bridge and QEMU at many moments: nothing is left running, nothing half-written,
and the next command works.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.machine import Machine, machines
from tests.support import zig

PATIENCE = 30.0
SOON = 5.0  # seconds; 0.3 on an idle machine, most of which is the look into the guest
LONG = ("10",)  # a computation that is still under way when the blow falls
SOURCES = {
    "calls": r"""
#include <fcntl.h>
#include <unistd.h>
int main(void) {
    write(1, "on\n", 3);
    for (int i = 0; i < 60; i++) {
        int fd = open("out.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        write(fd, "text\n", 5);
        close(fd);
    }
    return 7;
}
""",
    "computation": r"""
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    write(1, "on\n", 3);
    for (volatile unsigned long i = 0; i < rounds * 50000000; i++) { }
    return 7;
}
""",
    "endless": '#include <unistd.h>\nint main(void) { write(1, "on\\n", 3); for (;;) __asm__ volatile(""); }',
    "input": r"""
#include <unistd.h>
int main(void) { char c; write(1, "on\n", 3); return read(0, &c, 1) == 0 ? 7 : 1; }
""",
    "large": r"""
#include <unistd.h>
const char data[3 << 20] = {1};
int main(int argc, char **argv) { write(1, "on\n", 3); return data[argc - 1] == 1 ? 7 : 1; }
""",
}


@dataclass(frozen=True)
class Room:
    """A machine of the layout's name, in a run directory of its own."""

    path: Path
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def machine(self) -> Machine:
        return Machine("stock", self.path / "elfhaven" / "qemu")

    def packed(self, name: str) -> Path:
        output = self.path / f"{name}.ta"
        if not output.exists():
            program = zig.compile_program(SOURCES[name])
            manifest = self.path / ("stoppable.toml" if name == "endless" else "elfhaven.toml")
            elfhaven.pack(program, manifest=manifest, output=output, sign="optee-default")
        return output

    def start(self, *words: str | Path, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-m", "elfhaven", *words],
            cwd=self.path,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.children.append(child)
        return child

    def run(
        self, name: str, *arguments: str, stdin: int = subprocess.DEVNULL, files: str = "host"
    ) -> subprocess.Popen[bytes]:
        where = ("--target", "qemu", "--files", files, "--state", self.path / "state")
        return self.start("run", *where, self.packed(name), *arguments, stdin=stdin)

    def works(self) -> None:
        """The next command of a user does what it should."""
        done = self.run("calls")
        try:
            output, errors = done.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the next command hangs; {captured(self.machine, ['ps'])[1].decode()}")
        assert (done.returncode, output) == (7, b"on\n"), errors.decode()

    def guest(self) -> tuple[int, list[str]]:
        """How many bridge processes there are, and what lies in the TAs' directory that is no TA."""
        script = "pidof elfhaven-bridge | wc -w; ls -A /usr/lib/optee_armtz | grep -v '^[0-9a-f-]*[.]ta$'"
        lines = captured(self.machine, ["sh", "-c", script])[1].decode().split("\n")
        return int(lines[0]), lines[1:-1]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    path = tmp_path_factory.mktemp("kill")
    (path / "elfhaven.toml").write_text('[files]\nwrite = ["./"]\n')
    (path / "stoppable.toml").write_text('stoppable = true\n[files]\nwrite = ["./"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(path))
        made = Room(path)
        made.machine.up("stock", print)
        try:
            yield made
        finally:
            made.machine.down()
            for child in made.children:
                _gone(child)


@pytest.fixture
def rest(room: Room) -> Iterator[None]:
    """What the guest had before, it has after: no process and no file more."""
    room.works()
    before = room.guest()
    yield
    room.works()
    _soon(lambda: room.guest() == before, lambda: f"{before} before, {room.guest()} after")


def _soon(true: Callable[[], bool], what: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def _gone(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()


def _on(child: subprocess.Popen[bytes]) -> None:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line == b"on\n", child.communicate()


@pytest.mark.usefixtures("rest")
@pytest.mark.parametrize("name", ["calls", "computation", "large"])
def test_the_client_is_killed_at_any_moment(room: Room, name: str) -> None:
    started = time.monotonic()
    assert room.run(name).wait(60) == 7
    length = time.monotonic() - started
    for moment in range(8):
        child = room.run(name)
        time.sleep(length * moment / 7)
        _gone(child)


@pytest.mark.usefixtures("rest")
@pytest.mark.parametrize("files", ["host", "target"])
def test_a_stoppable_program_ends_when_its_client_is_killed(room: Room, files: str) -> None:
    """It makes no call: the bridge, which lost its client, asks it to end."""
    before = room.guest()
    child = room.run("endless", files=files)
    _on(child)
    time.sleep(0.2)
    _gone(child)
    killed = time.monotonic()
    _soon(lambda: room.guest() == before)
    assert time.monotonic() - killed < SOON


def _kill_bridges(machine: Machine) -> None:
    """All of those that serve the TEE, at once."""
    serving = "for p in $(pidof elfhaven-bridge); do grep -q optee_armtz /proc/$p/cmdline && echo $p; done"
    script = f"kill -9 $({serving})"
    assert captured(machine, ["sh", "-c", script])[0] == 0


@pytest.mark.usefixtures("rest")
@pytest.mark.parametrize("name", ["calls", "computation", "input"])
def test_the_bridge_is_killed(room: Room, name: str) -> None:
    child = room.run(name, *LONG, stdin=subprocess.PIPE)
    _on(child)
    _kill_bridges(room.machine)
    _, errors = child.communicate(b"", timeout=60)
    assert child.returncode == 125, errors.decode()
    assert b"Traceback" not in errors


@pytest.mark.usefixtures("rest")
def test_the_bridge_is_killed_while_a_file_is_on_its_way(room: Room) -> None:
    for moment in range(6):
        room.packed("large").touch()
        child = room.run("large")
        time.sleep(0.25 + 0.08 * moment)
        _kill_bridges(room.machine)
        child.communicate(timeout=60)
        assert child.returncode in (7, 125)


@pytest.mark.usefixtures("rest")
def test_the_bridge_of_a_command_is_killed(room: Room) -> None:
    child = room.start("qemu", "exec", "sleep", "1000")
    _soon(lambda: captured(room.machine, ["pidof", "sleep"])[0] == 0)
    killer = room.start("qemu", "exec", "sh", "-c", "kill -9 $(pidof elfhaven-bridge)")
    assert child.wait(30) == 2
    assert killer.wait(30) == 2
    assert child.stderr is not None
    assert b"died" in child.stderr.read()
    for ended in (child, killer):
        ended.communicate()
    _soon(lambda: captured(room.machine, ["pidof", "sleep"])[0] == 1)


@pytest.mark.parametrize("name", ["calls", "computation", "input"])
def test_qemu_is_killed_while_a_program_runs(room: Room, name: str) -> None:
    room.works()
    child = room.run(name, *LONG, stdin=subprocess.PIPE)
    _on(child)
    _kill_qemu(room.machine)
    _, errors = child.communicate(b"", timeout=60)
    assert child.returncode == 125, errors.decode()
    assert b"the machine stock stopped" in errors
    assert b"Traceback" not in errors
    room.works()


def test_qemu_is_killed_while_a_file_is_on_its_way(room: Room) -> None:
    for moment in range(2):
        room.works()
        child = room.run("large")
        time.sleep(0.3 + 0.15 * moment)
        _kill_qemu(room.machine)
        child.communicate(timeout=60)
        assert child.returncode in (7, 125)
    room.works()


@pytest.mark.parametrize("delay", [0.0, 0.7])
def test_qemu_is_killed_while_it_starts(room: Room, delay: float) -> None:
    room.machine.down()
    child = room.start("qemu", "up")
    _soon(lambda: room.machine.process() is not None)
    time.sleep(delay)
    _kill_qemu(room.machine)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 2, errors.decode()
    assert b"the machine stock stopped while it started" in errors
    assert machines(room.machine.path.parent) == []
    room.works()


def test_whoever_starts_a_machine_is_killed(room: Room) -> None:
    for moment in range(4):
        room.machine.down()
        child = room.start("qemu", "up")
        time.sleep(0.1 + 0.2 * moment)
        _gone(child)
        assert room.start("qemu", "up").wait(60) == 0
        assert len(_emulators(room)) == 1, "one machine, whoever began it"
    room.works()
    room.machine.down()
    _soon(lambda: _emulators(room) == [])


def _kill_qemu(machine: Machine) -> None:
    process = machine.process()
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)


def _emulators(room: Room) -> list[int]:
    """Processes that were started in this room's machine directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd") == str(room.machine.path):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
