# SPDX-License-Identifier: BSD-2-Clause
"""One command in the places that are compared, each time in a process of its own: natively, under qemu's user
mode, and inside, interpreted or with hot code compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.support import outside

from bench.compilers import AARCH64, HERE
from bench.sources import KERNELS, LLAMA
from bench.yardsticks import command_line

NATIVE, ELFHAVEN, QEMU, INTERPRETER = "native", "elfhaven", "qemu", "unicorn"
PLACES = (NATIVE, ELFHAVEN, QEMU, INTERPRETER)
_ENGINES = {ELFHAVEN: "native", INTERPRETER: "interpreter"}
_MANIFEST = '[files]\nread = ["./"]\nwrite = ["./"]\n'
_OFTEN = 0.05  # seconds between two looks at a process
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Done:
    """A command that ended. `wall` in seconds. Where they were asked for, `peak`: the most memory of it and
    its children together, in bytes, and `beside`: seconds of processor time of the children."""

    output: str
    wall: float
    peak: int = 0
    beside: float = 0.0


class Places:
    """A directory with the kernels' files, a device, and a code cache; the user's own caches stay alone."""

    def __init__(self, work: Path) -> None:
        self._work = work
        (work / "elfhaven.toml").write_text(_MANIFEST)
        shutil.copy(KERNELS / "benchmarks.lua", work)
        self._environment = os.environ | {"XDG_CACHE_HOME": str(work / "cache")}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)  # each start would translate our modules anew
        self._qemu = str(outside.qemu())
        self._code = work / "cache" / "elfhaven" / "native"

    @property
    def work(self) -> Path:
        return self._work

    def model(self) -> None:
        """A checkpoint of the stories15M shape, where it is not there yet."""
        if not (self._work / "big.bin").exists():
            maker = [sys.executable, str(LLAMA / "make_checkpoint.py"), "big.bin", "big-tok.bin"]
            subprocess.run(maker, check=True, capture_output=True, cwd=self._work)

    def command(self, place: str, programs: Mapping[str, Path], words: Sequence[str]) -> list[str]:
        if place == NATIVE:
            return [str(programs[HERE]), *words]
        if place == QEMU:
            return [self._qemu, str(programs[AARCH64]), *words]
        options = [
            "--engine",
            _ENGINES[place],
            "--memory",
            "large",
            "-m",
            "elfhaven.toml",
            "--state",
            "state",
        ]
        return [*command_line(), "run", *options, "--", str(programs[AARCH64]), *words]

    def run(
        self, place: str, programs: Mapping[str, Path], words: Sequence[str], watch: bool = False
    ) -> Done:
        """Runs to the end; SystemExit where that is not the end of a sound program."""
        return completed(self.command(place, programs, words), self._work, self._environment, watch)

    def forget(self) -> None:
        """Lose what was compiled."""
        shutil.rmtree(self._code, ignore_errors=True)

    def compiled(self) -> tuple[int, int]:
        """Files and bytes that were compiled."""
        sizes = [path.stat().st_size for path in self._code.rglob("*") if path.is_file()]
        return len(sizes), sum(sizes)

    def last_compiled(self) -> float:
        """When the last of it was written (seconds since the epoch)."""
        times = [path.stat().st_mtime for path in self._code.rglob("*") if path.is_file()]
        return max(times, default=0.0)


def completed(command: Sequence[str], cwd: Path, environment: Mapping[str, str], watch: bool = False) -> Done:
    """Runs a command to its end."""
    with TemporaryFile() as out, TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
        )
        watching = _Watch(process.pid) if watch else None
        process.wait()
        wall = time.perf_counter() - start
        if watching:
            watching.end()
        output = "".join(map(_content, (out, errors)))
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(command)}: status {process.returncode}: {output[-500:]}")
    return Done(output, wall, watching.peak, watching.beside) if watching else Done(output, wall)


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


class _Watch:
    """Looks at a process and its children until the end: at their memory, and the time of the children."""

    def __init__(self, pid: int) -> None:
        self._pid, self.peak, self._ends = pid, 0, threading.Event()
        self._ticks: dict[int, int] = {}
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @property
    def beside(self) -> float:
        return sum(self._ticks.values()) / _TICKS

    def end(self) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(_OFTEN):
            family = _family(self._pid)
            self.peak = max(self.peak, sum(one.pages for one in family) * _PAGE)
            self._ticks |= {one.pid: one.ticks for one in family if one.pid != self._pid}


@dataclass(frozen=True)
class _Process:
    """Of /proc/PID/stat (proc(5)): processor time in ticks, resident pages."""

    pid: int
    parent: int
    ticks: int
    pages: int


def _family(pid: int) -> list[_Process]:
    """A process and all that it started."""
    known = {one.pid: one for one in map(_process, Path("/proc").glob("[0-9]*/stat")) if one}
    found = [known[pid]] if pid in known else []
    for one in found:
        found += [other for other in known.values() if other.parent == one.pid]
    return found


def _process(path: Path) -> _Process | None:
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except OSError:
        return None  # it has ended
    return _Process(int(path.parent.name), int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[21]))
