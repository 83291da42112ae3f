# SPDX-License-Identifier: BSD-2-Clause
"""What the checks of a stoppable program cost: the same program packed with them and without."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from tests.support import zig

import elfhaven
from bench.row import Row, example, first, tokens
from bench.yardsticks import ROOT, interleaved
from elfhaven import Files, Manifest

LOOPS = {
    "a loop of 4 instructions": ("multiply", "20000000"),
    "a dot product": ("dot", "20000000"),
    "a recursion": ("fib", "30"),
}
_FLAGS = ("-static", "-fPIE", "-pie", "-O2", "-w", "-fno-sanitize=all")


def stoppable(work: Path, runs: int, target: str = "emulator") -> list[Row]:
    """Nanoseconds a turn of small loops, and tokens a second of the llama example with its small model."""
    loops = zig.compile_program((ROOT / "bench/programs/loops.c").read_text(), flags=_FLAGS)
    rows = []
    for what, words in LOOPS.items():
        took = interleaved(
            runs,
            plain=lambda words=words: first(_run(loops, work, target, False, *words)),  # type: ignore[misc]
            checked=lambda words=words: first(_run(loops, work, target, True, *words)),  # type: ignore[misc]
        )
        figures = f"with checks {took['checked']:.2f} ns, without {took['plain']:.2f} ns"
        rows.append(Row(f"{what}, {target}", figures, f"{took['checked'] / took['plain']:.2f} x"))
    return [*rows, _llama(work, runs, target)]


def _llama(work: Path, runs: int, target: str) -> Row:
    program = example("llama")
    for name in ("tales.bin", "tales-tok.bin"):
        shutil.copy(ROOT / "examples" / "llama" / name, work)
    words = ("tales.bin", "-z", "tales-tok.bin", "-t", "0", "-n", "60")
    run = partial(_run, program, work, target)
    speed = interleaved(
        runs, plain=lambda: tokens(run(False, *words)), checked=lambda: tokens(run(True, *words))
    )
    figures = f"with checks {speed['checked']:.1f}, without {speed['plain']:.1f}"
    return Row(f"llama, tokens/s, {target}", figures, f"{speed['checked'] / speed['plain']:.2f} x")


def _run(program: Path, work: Path, target: str, checks: bool, *words: str) -> str:
    manifest = Manifest(stoppable=checks, files=Files(read=("./",)))
    state = work / "state"
    done = elfhaven.run(
        program, *words, manifest=manifest, target=target, state=state, cwd=work, capture=True
    )
    if done.status or done.fault:
        raise SystemExit(f"bench: {program.name} ended with {done.status}: {done.fault} {done.stderr!r}")
    return ((done.stdout or b"") + (done.stderr or b"")).decode()
