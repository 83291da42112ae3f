# SPDX-License-Identifier: BSD-2-Clause
"""The programs by which the native engine is measured: how each is called, and what its output says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import sources
from bench.compilers import AARCH64, HERE, Compiler
from bench.sources import FAST, SAME_BITS, Source

_KERNEL = re.compile(r"checksum (\w+)\nseconds ([0-9.]+)\n")
_LLAMA = re.compile(r"(.*)loaded .*; \d+ tokens in ([0-9.]+) s", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """What a run must give in all places, and the seconds that it took by its own clock."""

    result: str
    seconds: float


def _said(pattern: re.Pattern[str], output: str) -> Said:
    found = pattern.search(output)
    if found is None:
        raise SystemExit(f"bench: no result and time in {output[-300:]!r}")
    return Said(found[1], float(found[2]))


@dataclass(frozen=True)
class Kernel:
    """The last argument is linear in time: `times` are for a native build's 0.3 to 1 s, `fewer` for a place
    that is many times slower. Without `same` a native build may compute other bits than one for aarch64."""

    name: str
    source: Callable[[], Source]
    words: tuple[str, ...]
    times: int
    fewer: int
    pattern: re.Pattern[str] = _KERNEL
    same: bool = True
    flags: str = "-O3"
    suite: bool = True  # one of those that the geometric mean is of

    def arguments(self, times: int) -> tuple[str, ...]:
        return (*self.words, str(times))

    def said(self, output: str) -> Said:
        """Of stdout and then stderr."""
        return _said(self.pattern, output)

    def build(self, compiler: Compiler) -> dict[str, Path]:
        """Its program by machine."""
        source = self.source()
        return {machine: source.build(compiler, machine) for machine in (HERE, AARCH64)}


def _own(name: str, words: str, times: int, fewer: int) -> Kernel:
    return Kernel(name, partial(sources.own, name), tuple(words.split()), times, fewer)


_LLAMA_WORDS = ("big.bin", "-z", "big-tok.bin", "-t", "0", "-n")

LLAMA = Kernel("llama", partial(sources.llama, SAME_BITS), _LLAMA_WORDS, 128, 32, _LLAMA, suite=False)

ALL = (
    LLAMA,
    Kernel(
        "llama-fast",
        partial(sources.llama, FAST),
        _LLAMA_WORDS,
        128,
        32,
        _LLAMA,
        same=False,
        flags="-Ofast",
        suite=False,
    ),
    _own("sha256", "", 1_500_000, 150_000),
    _own("aes", "1024", 100, 10),
    Kernel("zstd-compress", sources.zstd, ("compress", "1024"), 80, 8),
    Kernel("zstd-decompress", sources.zstd, ("decompress", "1024"), 400, 40),
    Kernel("sqlite", sources.sqlite, ("20000",), 5, 1),
    Kernel("lua", sources.lua, ("benchmarks.lua", "3"), 5, 1),
    _own("core", "", 4000, 400),
    _own("mandelbrot", "350 500", 10, 1),
    _own("nbody", "", 4_000_000, 400_000),
    _own("matrix", "400", 30, 3),
    _own("json", "10000", 150, 15),
    _own("quicksort", "200000", 12, 2),
)
