# SPDX-License-Identifier: BSD-2-Clause
"""A machine: the real OP-TEE and a Linux under QEMU, by name, in a run directory of its own.

    machine.json    the layout, the guest's extra packages and the host's boot
    process         /proc/<pid>/stat of QEMU's process, written before QEMU itself begins
    normal.log, secure.log, qemu.log    consoles of Linux and OP-TEE; what QEMU complains of
    console.sock    a shell of the guest        bridge<n>.sock, bridge<n>.lock    ways to its TEE
    lock            held while the machine is switched on or off

Nothing here trusts that a command before it ended well: a machine runs if that very process does.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from elfhaven.errors import TargetError, UsageError
from elfhaven.packages import package_names
from elfhaven.target.qemu.boot import NORMAL_LOG, SECURE_LOG, Boot, prepare
from elfhaven.target.qemu.parts import Report
from elfhaven.target.qemu.processes import ProcessId, boot_id

LOGS: Final = (NORMAL_LOG, SECURE_LOG, "qemu.log")
READY: Final = b"elfhaven: ready"
_BOOT_SECONDS: Final = 120.0  # 2.4 s on an idle machine
_POLL: Final = 0.02
_GOING: Final = 2.0  # seconds that a process which was killed may take to be gone
_LINES_SHOWN: Final = 8
_HALTED: Final = b"I/TC: Halting CPU"  # the end of what OP-TEE says when it panics
_LAST: Final = 4096  # bytes of the log in which that stands
# The shell notes who it is, then becomes QEMU: no moment in which QEMU runs and nobody knows.
_LAUNCH: Final = 'sh -c "$0" "$@" < /dev/null > qemu.log 2>&1 &'
_BECOME: Final = 'read -r line < /proc/self/stat && echo "$line" > process && exec "$0" "$@"'


class Machine:
    """One machine, switched on or not. `name` is a plain word; `prepare` makes what it boots from."""

    def __init__(
        self,
        name: str = "stock",
        root: Path | None = None,
        prepare: Callable[[str, Report, Sequence[str]], Boot] = prepare,
    ) -> None:
        if not name or not name.replace("-", "").isalnum():
            raise UsageError(f"{name!r} cannot name a machine", "use letters, digits and hyphens")
        self.name = name
        self._prepare = prepare
        self.path = (root or run_directory()) / name

    @property
    def memory(self) -> str | None:
        """The layout of the machine that runs; None if none does."""
        return self._settings().get("memory") if self.process() else None

    def process(self) -> ProcessId | None:
        """QEMU's process; None if the machine is off."""
        if self._settings().get("boot") != boot_id():
            return None
        try:
            found = ProcessId.parse((self.path / "process").read_text())
        except OSError:
            return None
        return found if found is not None and found.alive else None

    @property
    def extra(self) -> tuple[str, ...]:
        """The packages that the guest has besides its own; none where it is off."""
        return tuple(self._settings().get("extra", "").split()) if self.process() else ()

    def up(self, memory: str, report: Report, extra: Sequence[str] = ()) -> bool:
        """Switches the machine on and waits for its TEE; False if it was on. `extra`: packages of its guest.

        Raises UsageError where it runs with another layout or lacks a package, PackageError or TargetError
        where it cannot run.
        """
        extra = package_names(extra)
        with self._locked():
            if self.process() and not self.has_halted():
                self._expect(memory, extra)
                return False
            if self._stop():
                report(f"the machine {self.name} has halted: it is started anew")
            boot = self._prepare(memory, report, extra)
            report(f"starting the machine {self.name}")
            self._clean()
            settings = {"memory": memory, "boot": boot_id(), "extra": " ".join(extra)}
            (self.path / "machine.json").write_text(json.dumps(settings))
            try:
                self._start(boot)
                self._wait()
            except BaseException:
                self._stop()
                raise
            return True

    def down(self) -> bool:
        """Switches the machine off; False if it was off. Its logs stay."""
        with self._locked():
            return self._stop()

    def log(self, name: str) -> bytes:
        """What a log of LOGS holds so far."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return b""

    def crashed(self, what: str) -> TargetError:
        """An error that shows the last lines of every log."""
        text = [f"the machine {self.name} {what}"]
        for name in LOGS:
            lines = self.log(name).decode(errors="replace").splitlines()[-_LINES_SHOWN:]
            text += [f"  {name}:", *(f"    {line}" for line in lines)] if lines else []
        return TargetError("\n".join(text), f"all of it is in {self.path}; `elfhaven qemu up` starts it anew")

    def has_halted(self) -> bool:
        """Whether its OP-TEE has panicked: whoever waits for an answer then waits for ever."""
        try:
            with open(self.path / SECURE_LOG, "rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - _LAST))
                return any(line.startswith(_HALTED) for line in log.read().splitlines())
        except FileNotFoundError:
            return False

    def lost(self, when: str = "") -> TargetError:
        """The error of a connection that ended by itself: QEMU's ends a moment before its process is gone."""
        deadline = time.monotonic() + _GOING
        while (runs := self.process() is not None) and not self.has_halted() and time.monotonic() < deadline:
            time.sleep(0.05)
        if runs and self.has_halted():
            return self.crashed("has halted" + when)
        return self.crashed(("ended the connection" if runs else "stopped") + when)

    def _settings(self) -> dict[str, str]:
        try:
            settings = json.loads((self.path / "machine.json").read_text())
        except (OSError, ValueError):
            return {}
        return settings if isinstance(settings, dict) else {}

    def _expect(self, memory: str, extra: Sequence[str]) -> None:
        fix = f"use --name for a second machine, or `elfhaven qemu down --name {self.name}` first"
        if self.memory not in (memory, None):
            raise UsageError(f"the machine {self.name} runs with the layout {self.memory}, not {memory}", fix)
        lacking = [name for name in extra if name not in self.extra]
        if lacking:
            raise UsageError(f"the machine {self.name} runs without {', '.join(lacking)}", fix)

    def _start(self, boot: Boot) -> None:
        subprocess.run(
            ["sh", "-c", _LAUNCH, _BECOME, *boot.command],
            cwd=self.path,
            env=boot.tools.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + _BOOT_SECONDS
        while READY not in self.log(NORMAL_LOG):
            if (self.path / "process").exists() and not self.process():
                raise self.crashed("stopped while it started")
            if time.monotonic() > deadline:
                raise self.crashed(f"was not ready after {_BOOT_SECONDS:.0f} s")
            time.sleep(_POLL)

    def _stop(self) -> bool:
        process = self.process()
        if process is not None:
            process.end()
        for name in ("process", "machine.json"):
            (self.path / name).unlink(missing_ok=True)
        for socket in self.path.glob("*.sock"):
            socket.unlink()
        return process is not None

    def _clean(self) -> None:
        for path in self.path.iterdir():
            if path.name != "lock":
                path.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = open(self.path / "lock", "a")
        except OSError as error:
            raise TargetError(
                f"{self.path} cannot be used: {error.strerror}", "set XDG_RUNTIME_DIR"
            ) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def machines(root: Path | None = None) -> list[Machine]:
    """The machines that run."""
    root = root or run_directory()
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    return [machine for machine in (Machine(name, root) for name in names) if machine.process()]


def forget(machine: Machine) -> None:
    """Removes a machine's directory, logs and all; it must be off."""
    if machine.process() is None:
        shutil.rmtree(machine.path, ignore_errors=True)


def run_directory() -> Path:
    """Where machines have their directories: gone with the user's session where the host offers that."""
    root = os.environ.get("XDG_RUNTIME_DIR")
    if root:
        return Path(root) / "elfhaven" / "qemu"
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "elfhaven" / "run"
