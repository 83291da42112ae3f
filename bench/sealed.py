# SPDX-License-Identifier: BSD-2-Clause
"""Sealed files against libcrypto's AES-256-GCM in memory, inside: in the emulator and on the real OP-TEE."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support import zig

import elfhaven
from bench.guest import PLACE, compiled, guest
from bench.row import Row, first
from bench.yardsticks import ROOT, interleaved
from elfhaven.packages import sysroot

MEGABYTES = 8
MANIFEST = 'name = "bench-sealed"\n[files]\nsealed = ["vault/"]\n'
LIBRARY = "usr/lib/aarch64-linux-gnu/libcrypto.so.3"
GOAL = ">= 0.5"
Run = Callable[..., float]


def measure(work: Path, runs: int) -> list[Row]:
    """Sequential writing and reading, and what a read of 16 bytes at a random place costs."""
    (work / "elfhaven.toml").write_text(MANIFEST)
    program, system = compiled("sealed"), _system(work)
    (work / "vault").mkdir(exist_ok=True)

    def inside(target: str, *words: str, **more: str) -> float:
        return _first(target, program, *words, manifest=work / "elfhaven.toml", state=work / "state", **more)

    def crypto(target: str, *words: str) -> float:
        return _first(target, "/usr/bin/gcm", *words, sysroot=system, state=work / "state")

    rows = _rows("sealed", "emulator", runs, lambda *words: inside("emulator", *words, cwd=str(work)), crypto)
    with guest(work) as place:
        place.linux("mkdir", "vault")
        there: Run = lambda *words: inside("qemu", *words, files="target", cwd=PLACE)  # noqa: E731
        return rows + _rows("guest: sealed", "qemu", runs, there, crypto)


def _rows(title: str, target: str, runs: int, files: Run, crypto: Run) -> list[Row]:
    name, count = f"vault/{os.getpid()}", f"{MEGABYTES}"
    files("write", name, count)
    rows = []
    for how, same in (("write", "encrypt"), ("read", "decrypt")):
        speed = interleaved(
            runs,
            sealed=lambda how=how: files(how, name, count),
            gcm=lambda same=same: crypto(target, same, count),
        )
        figures = f"sealed {speed['sealed']:.1f} MB/s, libcrypto {speed['gcm']:.1f} MB/s"
        ratio = f"{speed['sealed'] / speed['gcm']:.2f} x libcrypto"
        rows.append(Row(f"{title} {how}, {MEGABYTES} MiB", figures, ratio, GOAL))
    scattered = interleaved(runs, took=lambda: files("scatter", name, count))["took"]
    files("remove", name, count)
    return [*rows, Row(f"{title} read of 16 B", f"{scattered:.0f} us, anywhere in {MEGABYTES} MiB", "")]


def _first(target: str, program: Path | str, *words: str, **more: object) -> float:
    done = elfhaven.run(program, *words, target=target, memory="large", capture=True, **more)  # type: ignore[arg-type]
    if done.status or done.fault:
        raise SystemExit(f"bench: {program} {words}: status {done.status} {done.stderr!r} {done.fault or ''}")
    return first((done.stdout or b"0").decode() or "0")


def _system(work: Path) -> Path:
    """A root directory with Debian's libcrypto and the program that uses it."""
    fetched = sysroot(("libssl3t64",), suite="trixie")
    root = work / "root"
    shutil.copytree(fetched, root, symlinks=True)
    flags = ("-fPIE", "-pie", "-O3", "-w", str(fetched / LIBRARY))
    source = (ROOT / "bench/programs/gcm.c").read_text()
    made = zig.compile_program(source, target="aarch64-linux-gnu.2.36", flags=flags)
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(made, root / "usr/bin/gcm")
    return root
