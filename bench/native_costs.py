# SPDX-License-Identifier: BSD-2-Clause
"""What the compiled tier costs: at the start, while it compiles, of memory; and how fast a file is loaded."""

from __future__ import annotations

import mmap
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.compilers import Compiler
from bench.kernels import LLAMA
from bench.places import ELFHAVEN, INTERPRETER, NATIVE, QEMU, Done, Places
from bench.results import Costs
from bench.row import first
from bench.sources import SAME_BITS, Source
from bench.yardsticks import ROOT

_OWN = re.compile(r"loaded .* in ([0-9.]+) s .* tokens in ([0-9.]+) s")
_FEW, _MANY = 16, 128
_WAYS = ("read", "again", "fread", "mmap")
_FETCHED = 256 << 20  # bytes: more than a run takes


def measure(places: Places, compiler: Compiler, runs: int) -> Costs:
    """Of llama at -O3 with the checkpoint of 60 MB, and of a program that loads it and no more."""
    programs = LLAMA.build(compiler)
    run = partial(_llama, places, programs)
    plain = run(INTERPRETER, _FEW, watch=True)  # packed from here on
    colds = [_cold(places, partial(run, ELFHAVEN, _MANY, watch=True)) for _ in range(runs)]
    files, code = places.compiled()
    if not files:
        raise SystemExit("bench: the native engine has kept no compiled code")
    run(ELFHAVEN, _MANY)
    warm = run(ELFHAVEN, _MANY, watch=True)
    turns = [(run(INTERPRETER, _FEW), run(ELFHAVEN, _FEW), run(ELFHAVEN, _MANY)) for _ in range(runs)]
    return Costs(
        start={
            ELFHAVEN: [_outside(few) for _, few, _ in turns],
            INTERPRETER: [_outside(slow) for slow, _, _ in turns],
        },
        ramp=[_ramp(few, many) for _, few, many in turns],
        compiling=[cold.beside for cold, _ in colds],
        ready=[ready for _, ready in colds],
        files=files,
        code=code,
        load=_load(places, compiler, runs),
        memory={INTERPRETER: plain.peak, ELFHAVEN: warm.peak, "cold": max(cold.peak for cold, _ in colds)},
    )


def _cold(places: Places, run: Callable[[], Done]) -> tuple[Done, float]:
    """A run with nothing compiled before, and when the last code was written, in seconds from its start."""
    places.forget()
    began = time.time()
    return run(), places.last_compiled() - began


def _llama(
    places: Places, programs: Mapping[str, Path], place: str, tokens: int, watch: bool = False
) -> Done:
    return places.run(place, programs, LLAMA.arguments(tokens), watch)


def _own(done: Done) -> tuple[float, float]:
    """Seconds that the program counts itself: of loading, of its tokens."""
    found = _OWN.search(done.output)
    if found is None:
        raise SystemExit(f"bench: no times in {done.output[-300:]!r}")
    return float(found[1]), float(found[2])


def _outside(done: Done) -> float:
    return done.wall - sum(_own(done))


def _ramp(few: Done, many: Done) -> float:
    """Seconds that the first tokens take beyond their share of those that come later."""
    (_, short), (_, long) = _own(few), _own(many)
    return short - _FEW * (long - short) / (_MANY - _FEW)


def _load(places: Places, compiler: Compiler, runs: int) -> dict[str, dict[str, list[float]]]:
    """MB/s by way and place, with warm caches, and with memory that the machine has."""
    source = Source((ROOT / "bench/programs/load.c",), SAME_BITS)
    programs = {machine: source.build(compiler, machine) for machine in compiler.commands}
    figures: dict[str, dict[str, list[float]]] = {}
    for how in _WAYS:
        for _ in range(3):
            places.run(ELFHAVEN, programs, (how, "big.bin"))
        figures[how] = {place: [] for place in (NATIVE, ELFHAVEN, QEMU, INTERPRETER)}
        for _ in range(runs):
            for place, speeds in figures[how].items():
                _fetch_memory()
                speeds.append(first(places.run(place, programs, (how, "big.bin")).output))
    return figures


def _fetch_memory() -> None:
    """Use some free memory. Where the machine is a virtual one, its hypervisor may have taken what is free,
    and 2 MiB take 2 ms to come back, whoever asks for them: this is not what is measured."""
    with mmap.mmap(-1, _FETCHED, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, _FETCHED, mmap.PAGESIZE):
            memory[at] = 1
