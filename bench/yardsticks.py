# SPDX-License-Identifier: BSD-2-Clause
"""Running one command in the three places that are compared: natively, under qemu's user mode, and inside."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
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

    def inside(self, program: Program, *arguments: str) -> str:
        manifest = self.work / "elfhaven.toml"
        manifest.write_text(self.manifest)
        done = elfhaven.run(
            program.aarch64,
            *arguments,
            manifest=manifest,
            memory=self.memory,
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


def whole_process(command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Seconds and peak MiB of a command from its start to its end."""
    with tempfile.TemporaryFile() as sink:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=dict(env or os.environ))
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sink.seek(0)
            raise SystemExit(f"bench: {' '.join(command)}: {sink.read().decode(errors='replace')}")
    return took, usage.ru_maxrss / 1024


def command_line() -> list[str]:
    """The `elfhaven` command of this environment."""
    return [str(Path(sys.executable).parent / "elfhaven")]


def own_peak() -> float:
    """Peak MiB of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
