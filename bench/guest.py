# SPDX-License-Identifier: BSD-2-Clause
"""The real OP-TEE against the Linux beside it, in one guest: the same files and binaries, the same QEMU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import zig

import elfhaven
from bench.row import Row, example, first, tokens
from bench.yardsticks import OPTIMISED, ROOT, interleaved
from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.machine import Machine

PLACE = "/bench"
MANIFEST = '[files]\nread = ["./"]\nwrite = ["./"]\n'
MODEL_BYTES = 60_816_028


class Guest:
    """A machine with the large layout, and a directory in it. Leaves the machine on or off, as it was."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.machine = Machine("large")
        self._started = self.machine.up("large", lambda line: print(line, file=sys.stderr))
        (work / "guest.toml").write_text(MANIFEST)
        self.linux("rm", "-rf", PLACE)
        self.linux("mkdir", PLACE)

    def linux(self, *words: str, stdin: int | bytes = b"") -> str:
        """A command of the guest's Linux, in that directory; what it printed."""
        line = ["sh", "-c", f'cd {PLACE} 2>/dev/null; exec "$0" "$@"', *words]
        status, output, errors = captured(self.machine, line, stdin)
        if status:
            raise SystemExit(f"bench: {' '.join(words)} in the guest: status {status}: {errors.decode()}")
        return (output + errors).decode()

    def inside(self, program: Path, *arguments: str) -> str:
        """A program in the TEE with the guest's files; what it printed."""
        done = elfhaven.run(
            program,
            *arguments,
            manifest=self.work / "guest.toml",
            target="qemu",
            files="target",
            memory="large",
            cwd=PLACE,
            capture=True,
        )
        if done.status or done.fault:
            raise SystemExit(f"bench: {program} {arguments}: status {done.status} {done.fault or ''}")
        assert done.stdout is not None
        return (done.stdout + (done.stderr or b"")).decode()

    def put(self, source: Path, name: str) -> str:
        """Copies a file there, executable; its path."""
        file = os.open(source, os.O_RDONLY)
        try:
            self.linux("sh", "-c", f"cat > {PLACE}/{name} && chmod 755 {PLACE}/{name}", stdin=file)
        finally:
            os.close(file)
        return f"{PLACE}/{name}"

    def close(self) -> None:
        self.linux("rm", "-rf", PLACE)
        if self._started:
            self.machine.down()


@contextmanager
def guest(work: Path) -> Iterator[Guest]:
    made = Guest(work)
    try:
        yield made
    finally:
        made.close()


def measure(work: Path, runs: int) -> list[Row]:
    """All that is measured there."""
    with guest(work) as place:
        parts: list[Callable[[Guest, int], list[Row]]] = [_delegated, _load, _llama]
        return [row for part in parts for row in part(place, runs)]


def compiled(name: str) -> Path:
    return zig.compile_program(
        (ROOT / f"bench/programs/{name}.c").read_text(), target=zig.AARCH64, flags=OPTIMISED
    )


def _delegated(place: Guest, runs: int) -> list[Row]:
    """A pwrite of 16 bytes to a file of the guest, against an invocation that the same TA refuses."""
    calls, count = compiled("calls"), "3000"
    invoke = place.put(compiled("invoke"), "invoke")
    packed = elfhaven.pack(
        calls, manifest=place.work / "guest.toml", sign="optee-default", output=place.work / "calls.ta"
    )
    place.inside(calls, "write", "10", "scratch")  # installs the TA
    took = interleaved(
        runs,
        bare=lambda: first(place.linux(invoke, str(packed.uuid), count)) / 1000,
        delegated=lambda: first(place.inside(calls, "write", count, "scratch")) / 1000,
    )
    figures = f"delegated {took['delegated']:.0f} us, bare invoke {took['bare']:.0f} us"
    ratio = f"{took['delegated'] / took['bare']:.2f} x invoke"
    return [Row("guest: pwrite of 16 B", figures, ratio, "<= 1.3")]


def _load(place: Guest, runs: int) -> list[Row]:
    """Bringing a 60 MB file into memory, against Linux's read of the same file there."""
    program = compiled("load")
    there = place.put(program, "load")
    data = place.work / "model.bin"
    data.write_bytes(bytes(range(256)) * (MODEL_BYTES // 256))
    place.put(data, "model.bin")
    rows = []
    for how in ("read", "again", "mmap"):
        speed = interleaved(
            runs,
            linux=lambda how=how: first(place.linux(there, how, "model.bin")),
            inside=lambda how=how: first(place.inside(program, how, "model.bin")),
        )
        figures = f"inside {speed['inside']:.0f} MB/s, Linux {speed['linux']:.0f} MB/s"
        ratio = f"{speed['inside'] / speed['linux']:.2f} x Linux"
        rows.append(Row(f"guest: load of 60 MB by {how}", figures, ratio, ">= 0.5"))
    place.linux("rm", "model.bin")
    return rows


def _llama(place: Guest, runs: int) -> list[Row]:
    """Tokens a second with a 60 MB checkpoint, against the same binary under the guest's Linux."""
    program = example("llama")
    there = place.put(program, "llama")
    checkpoint, tokenizer = place.work / "big.bin", place.work / "big-tok.bin"
    if not checkpoint.exists():
        maker = [
            sys.executable,
            str(ROOT / "examples/llama/make_checkpoint.py"),
            str(checkpoint),
            str(tokenizer),
        ]
        subprocess.run(maker, check=True, capture_output=True)
    place.put(checkpoint, "big.bin")
    place.put(tokenizer, "big-tok.bin")
    words = ("big.bin", "-z", "big-tok.bin", "-t", "0", "-n", "48")
    speed = interleaved(
        runs,
        linux=lambda: tokens(place.linux(there, *words)),
        inside=lambda: tokens(place.inside(program, *words)),
    )
    figures = f"inside {speed['inside']:.2f}, Linux {speed['linux']:.2f}"
    ratio = f"{speed['inside'] / speed['linux']:.3f} x Linux"
    return [Row("guest: llama, 60 MB, tokens/s", figures, ratio, ">= 0.98")]
