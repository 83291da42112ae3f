# SPDX-License-Identifier: BSD-2-Clause
"""Running one command in the three places that are compared: natively, under qemu's user mode, and inside."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import outside, zig

import elfhaven

ROOT = Path(__file__).resolve().parent.parent
OPTIMISED = ("-static", "-fPIE", "-pie", "-O3", "-w", "-fno-sanitize=all")


@dataclass(frozen=True)
class Program:
    """One source, compiled for this machine and for aarch64."""

    native: Path
    aarch64: Path

    @classmethod
    def of(cls, source: Path) -> Program:
        text, native = source.read_text(), outside.native_target()
        if native is None:
            raise SystemExit("bench: the native yardstick needs x86-64 or aarch64 Linux")
        return cls(
            zig.compile_program(text, target=native, flags=OPTIMISED),
            zig.compile_program(text, target=zig.AARCH64, flags=OPTIMISED),
        )


@dataclass
class Places:
    """Runs a program's arguments in each place; the results are what the program prints."""

    work: Path
    manifest: str = '[files]\nread = ["./"]\nwrite = ["./"]\n'
    memory: str = "large"

    def native(self, program: Program, *arguments: str) -> str:
        return self._command([str(program.native), *arguments])

    def qemu(self, program: Program, *arguments: str) -> str:
        return self._command([str(outside.qemu()), str(program.aarch64), *arguments])

    def inside(self, program: Program, *arguments: str, engine: str = "interpreter") -> str:
        manifest = self.work / "elfhaven.toml"
        manifest.write_text(self.manifest)
        done = elfhaven.run(
            program.aarch64,
            *arguments,
            manifest=manifest,
            memory=self.memory,
            engine=engine,
            state=self.work / "state",
            cwd=self.work,
            capture=True,
        )
        if done.status or done.fault:
            raise SystemExit(f"bench: {program.aarch64} {arguments}: status {done.status} {done.fault or ''}")
        assert done.stdout is not None
        return (done.stdout + (done.stderr or b"")).decode()

    def _command(self, command: Sequence[str]) -> str:
        done = subprocess.run(command, cwd=self.work, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr


def interleaved(runs: int, **places: Callable[[], float]) -> dict[str, float]:
    """The median of each figure, measured in turn: A B C A B C ..., so that a slow spell hits all alike."""
    figures: dict[str, list[float]] = {name: [] for name in places}
    for _ in range(runs):
        for name, measure in places.items():
            figures[name].append(measure())
    return {name: statistics.median(values) for name, values in figures.items()}


_LAUNCHER = """
import os, sys, time
sink = os.open(os.devnull, os.O_WRONLY)
start = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, sink, 1)])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
"""


def whole_process(command: Sequence[str], cwd: Path | None = None) -> tuple[float, float]:
    """Seconds and peak MiB of a command from its start to its end.

    It is started by a small process of its own: the kernel counts what the starting process holds as the
    new one's, up to exec.
    """
    launch = [sys.executable, "-S", "-E", "-c", _LAUNCHER, *command]
    done = subprocess.run(launch, capture_output=True, text=True, cwd=cwd, check=True)
    took, peak, status = done.stdout.split()
    if int(status):
        raise SystemExit(f"bench: {' '.join(command)}: status {status}: {done.stderr}")
    return float(took), float(peak)


def command_line() -> list[str]:
    """The `elfhaven` command of this environment."""
    return [str(Path(sys.executable).parent / "elfhaven")]
