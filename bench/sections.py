# SPDX-License-Identifier: BSD-2-Clause
"""What is measured. Each section gives rows: what, the figures by place, and the ratio that matters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support import outside

from bench import invoke, sdk
from bench.row import Row, example, first, tokens
from bench.stoppable import stoppable
from bench.yardsticks import ROOT, Places, Program, command_line, interleaved, whole_process

MODEL_BYTES = 60_816_028


def served_call(work: Path, runs: int) -> list[Row]:
    """A call served inside (getpid), against the same call natively and under qemu."""
    calls, places = Program.of(ROOT / "bench/programs/calls.c"), Places(work)
    took = interleaved(
        runs,
        native=lambda: float(places.native(calls, "getpid", "1000000")),
        qemu=lambda: float(places.qemu(calls, "getpid", "300000")),
        inside=lambda: float(places.inside(calls, "getpid", "100000")),
    )
    figures = f"inside {took['inside']:.0f} ns, native {took['native']:.0f} ns, qemu {took['qemu']:.0f} ns"
    return [
        Row("getpid, served inside", figures, f"{took['inside'] / took['native']:.1f} x native"),
        Row("", "", f"{took['inside'] / took['qemu']:.1f} x qemu"),
    ]


def delegated_call(work: Path, runs: int) -> list[Row]:
    """A delegated pwrite of 16 bytes, against an InvokeCommand that does nothing."""
    calls, places = Program.of(ROOT / "bench/programs/calls.c"), Places(work)
    took = interleaved(
        runs,
        bare=lambda: invoke.bare(calls.aarch64, work, 3000),
        delegated=lambda: float(places.inside(calls, "write", "3000", "scratch")) / 1000,
    )
    figures = f"delegated {took['delegated']:.1f} us, bare invoke {took['bare']:.1f} us"
    return [Row("pwrite of 16 B, delegated", figures, f"{took['delegated'] / took['bare']:.2f} x invoke")]


def load(work: Path, runs: int) -> list[Row]:
    """Bringing a 60 MB file into the program's memory, against the native read of the same file."""
    program, places = Program.of(ROOT / "bench/programs/load.c"), Places(work)
    (work / "model.bin").write_bytes(bytes(range(256)) * (MODEL_BYTES // 256))
    rows = []
    for how in ("read", "again", "fread", "mmap"):
        speed = interleaved(
            runs,
            native=lambda how=how: first(places.native(program, how, "model.bin")),
            qemu=lambda how=how: first(places.qemu(program, how, "model.bin")),
            inside=lambda how=how: first(places.inside(program, how, "model.bin")),
        )
        figures = ", ".join(f"{place} {speed[place]:.0f} MB/s" for place in ("inside", "native", "qemu"))
        ratio = f"{speed['inside'] / speed['native']:.2f} x native"
        rows.append(Row(f"load of 60 MB by {how}", figures, ratio, "1050 MB/s"))
    return [*rows, _tokenizer(work, program, places, runs)]


def _tokenizer(work: Path, program: Program, places: Places, runs: int) -> Row:
    """A file of many small records (32,000 tokens: score, length, bytes), read by fread piece by piece."""
    records = (
        b"\0\0\0\0" + len(word).to_bytes(4, "little") + word for word in map(b"token%d".__mod__, range(32000))
    )
    (work / "tok.bin").write_bytes(b"".join(records))
    speed = interleaved(
        runs,
        native=lambda: first(places.native(program, "records", "tok.bin")),
        qemu=lambda: first(places.qemu(program, "records", "tok.bin")),
        inside=lambda: first(places.inside(program, "records", "tok.bin")),
    )
    figures = ", ".join(f"{place} {speed[place]:.1f} MB/s" for place in ("inside", "native", "qemu"))
    return Row(
        "32,000 small records, fread", figures, f"{speed['inside'] / speed['qemu']:.2f} x qemu", "10 MB/s"
    )


def start(work: Path, runs: int) -> list[Row]:
    """`elfhaven run hello` from nothing to its end, once packed, and what it takes of memory."""
    hello = example("hello")
    command = [*command_line(), "run", "--state", str(work / "state"), "--", str(hello)]
    whole_process(command)
    measured = [whole_process(command) for _ in range(max(runs, 5))]
    python = [whole_process([sys.executable, "-c", "pass"])[0] for _ in range(max(runs, 5))]
    took = sorted(seconds for seconds, _ in measured)[len(measured) // 2]
    peak = max(peak for _, peak in measured)
    empty = sorted(python)[len(python) // 2]
    return [
        Row(
            "elfhaven run hello",
            f"{took:.2f} s, an empty python {empty:.3f} s",
            f"{took / empty:.0f} x",
            "0.3 s",
        ),
        Row("its memory", f"{peak:.0f} MiB", "", "150 MB"),
    ]


def llama(work: Path, runs: int) -> list[Row]:
    """Tokens a second with a checkpoint of the stories15M shape, and the memory of the whole."""
    here, aarch64 = ROOT / "examples/llama", example("llama")
    native = example("llama", f"{outside.native_target()}")
    if not (work / "big.bin").exists():
        maker = [
            sys.executable,
            str(here / "make_checkpoint.py"),
            str(work / "big.bin"),
            str(work / "big-tok.bin"),
        ]
        subprocess.run(maker, check=True, capture_output=True)
    program, places = Program(native, aarch64), Places(work)
    words = ("big.bin", "-z", "big-tok.bin", "-t", "0", "-n", "48")
    speed = interleaved(
        runs,
        native=lambda: tokens(places.native(program, *words)),
        qemu=lambda: tokens(places.qemu(program, *words)),
        inside=lambda: tokens(places.inside(program, *words)),
        compiled=lambda: tokens(places.inside(program, *words, engine="native")),
    )
    command = [*command_line(), "run", "--memory", "large", "--state", str(work / "state"), "-m",
               str(work / "elfhaven.toml"), "--", str(aarch64), *words]  # fmt: skip
    _, peak = whole_process(command, work)
    figures = ", ".join(f"{place} {speed[place]:.1f}" for place in ("inside", "compiled", "native", "qemu"))
    return [
        Row("llama, 60 MB, tokens/s", figures, f"{speed['inside'] / speed['qemu']:.2f} x qemu"),
        Row("", "", f"{speed['inside'] / speed['native']:.3f} x native"),
        Row("compiled", "", f"{speed['compiled'] / speed['qemu']:.2f} x qemu", "7"),
        Row("compiled", "", f"{speed['compiled'] / speed['native']:.3f} x native", "0.85"),
        Row("its memory", f"{peak:.0f} MiB", "", "400 MB"),
    ]


SECTIONS: dict[str, Callable[[Path, int], list[Row]]] = {
    "served": served_call,
    "delegated": delegated_call,
    "load": load,
    "start": start,
    "llama": llama,
    "sdk": sdk.measure,
    "stoppable": stoppable,
    "stoppable-qemu": lambda work, runs: stoppable(work, runs, "qemu"),
}
