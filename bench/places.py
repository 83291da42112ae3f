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

from tests.support import outside

from bench.compilers import AARCH64, HERE
from bench.sources import KERNELS, LLAMA
from bench.yardsticks import command_line

NATIVE, ELFHAVEN, QEMU, INTERPRETER = "native", "elfhaven", "qemu", "unicorn"
PLACES = (NATIVE, ELFHAVEN, QEMU, INTERPRETER)
_ENGINES = {ELFHAVEN: "native", INTERPRETER: "interpreter"}
_MANIFEST = '[files]\nread = ["./"]\nwrite = ["./"]\n'
_OFTEN = 0.05  # seconds between two looks at a process's memory
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Done:
    """A command that ended. `wall` and `cpu` in seconds, those of its children within the second; `peak` is
    the most memory of it and its children together, in bytes, where it was asked for."""

    output: str
    wall: float
    cpu: float
    peak: int = 0

    @property
    def background(self) -> float:
        """Seconds that were computed beside the program, which computes all the time."""
        return max(self.cpu - self.wall, 0.0)


class Places:
    """A directory with the kernels' files, a device, and a code cache; the user's own caches stay alone."""

    def __init__(self, work: Path) -> None:
        self._work = work
        (work / "elfhaven.toml").write_text(_MANIFEST)
        shutil.copy(KERNELS / "benchmarks.lua", work)
        self._environment = os.environ | {"XDG_CACHE_HOME": str(work / "cache")}
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
        self, place: str, programs: Mapping[str, Path], words: Sequence[str], memory: bool = False
    ) -> Done:
        """Runs to the end; SystemExit where that is not the end of a sound program."""
        return completed(self.command(place, programs, words), self._work, self._environment, memory)

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


def completed(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str], memory: bool = False
) -> Done:
    """Runs a command to its end."""
    with TemporaryFile() as out, TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
        )
        watch = _Watch(process.pid) if memory else None
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = watch.end() if watch else 0
        text = b""
        for file in (out, errors):
            file.seek(0)
            text += file.read()
    output = text.decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(command)}: status {process.returncode}: {output[-500:]}")
    return Done(output, wall, usage.ru_utime + usage.ru_stime, peak)


class _Watch:
    """Looks at the memory of a process and its children until the end."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._ends = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> int:
        self._ends.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        while not self._ends.wait(_OFTEN):
            self._peak = max(self._peak, sum(map(_resident, _family(self._pid))))


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
