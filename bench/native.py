# SPDX-License-Identifier: BSD-2-Clause
"""How fast programs run with hot code compiled: against native builds, qemu's user mode and the interpreter.

Prints tables. Writes speed.json (the figures), speed.svg (a picture of them) and speed.md (a page with both).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import native_costs
from bench.compilers import COMPILERS
from bench.kernels import ALL, Kernel
from bench.machine import machine
from bench.native_picture import picture
from bench.native_report import page, report
from bench.places import ELFHAVEN, NATIVE, PLACES, QEMU, Places
from bench.results import Measured, Results, loaded, saved
from bench.yardsticks import ROOT

_PATIENCE = 4.0  # seconds: a place that would take more is given fewer turns
_WARMINGS = 4  # runs in which the code cache may still grow
_COSTS = "costs"


@dataclass(frozen=True)
class Trial:
    """One kernel in all places. Its yardstick of results is the native build, or qemu where the native one
    may compute other bits."""

    kernel: Kernel
    programs: Mapping[str, Path]
    places: Places
    _expected: dict[int, str] = field(default_factory=dict)

    def measured(self, runs: int, quick: bool) -> Measured:
        """Interleaved runs. SystemExit where two places do not say the same."""
        times = {place: self._times(place, quick) for place in PLACES}
        cold = self._cold(times[ELFHAVEN], 1 if quick else _WARMINGS)
        seconds: dict[str, list[float]] = {place: [] for place in PLACES}
        for _ in range(runs):
            for place in PLACES:
                seconds[place].append(self._seconds(place, times[place]))
        return Measured(self.kernel.name, self.kernel.flags, self.kernel.suite, seconds, cold)

    def _seconds(self, place: str, times: int) -> float:
        """One run; as many seconds as the whole work would have taken at this speed."""
        kernel, yardstick = self.kernel, NATIVE if self.kernel.same else QEMU
        said = kernel.said(self.places.run(place, self.programs, kernel.arguments(times)).output)
        if times not in self._expected and place != yardstick:
            self._seconds(yardstick, times)
        if kernel.same or place != NATIVE:
            expected = self._expected.setdefault(times, said.result)
            if said.result != expected:
                raise SystemExit(
                    f"bench: {kernel.name} {times}: {place} {said.result}, {yardstick} {expected}"
                )
        return said.seconds * kernel.times / times

    def _times(self, place: str, quick: bool) -> int:
        """How many turns a place is given: the tier as many as the native build, for it begins slowly."""
        if place in (NATIVE, ELFHAVEN):
            return self.kernel.times
        if quick or self._seconds(place, self.kernel.fewer) > _PATIENCE:
            return self.kernel.fewer
        return self.kernel.times

    def _cold(self, times: int, warmings: int) -> float:
        """Seconds of the first run of all; then the code cache is warm."""
        self.places.forget()
        took = self._seconds(ELFHAVEN, times)
        for _ in range(warmings):
            before = self.places.compiled()
            self._seconds(ELFHAVEN, times)
            if self.places.compiled() == before:
                break
        return took


def measure(words: argparse.Namespace, work: Path) -> Results:
    """All, or what is named."""
    compiler, places = COMPILERS[words.compiler](), Places(work)
    chosen = [kernel for kernel in ALL if not words.only or kernel.name in words.only]
    places.model()
    kernels = []
    for kernel in chosen:
        print(f"{kernel.name} ...", file=sys.stderr, flush=True)
        kernels.append(Trial(kernel, kernel.build(compiler), places).measured(words.runs, words.quick))
    costs = None
    if not words.only or _COSTS in words.only:
        print(f"{_COSTS} ...", file=sys.stderr, flush=True)
        costs = native_costs.measure(places, compiler, words.runs)
    return Results(machine(), compiler.version, words.runs, words.quick, kernels, costs)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench native", description=__doc__)
    names = [*(kernel.name for kernel in ALL), _COSTS]
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs; the median counts")
    parser.add_argument(
        "--only",
        action="append",
        choices=names,
        metavar="NAME",
        help=f"one of {', '.join(names)}; again for more",
    )
    parser.add_argument("--quick", action="store_true", help="fewer turns and runs: to see that it works")
    parser.add_argument("--compiler", choices=COMPILERS, default="zig", help="of the programs")
    parser.add_argument("--into", type=Path, default=ROOT / ".build", help="where the files are written")
    parser.add_argument("--again", action="store_true", help="measure nothing: take the figures there")
    return parser.parse_args(words)


def main(given: Sequence[str]) -> None:
    words = arguments(given)
    figures = words.into / "speed.json"
    if words.again:
        results = loaded(figures)
    else:
        with tempfile.TemporaryDirectory() as work:
            results = measure(words, Path(work))
        saved(results, figures)
    (words.into / "speed.svg").write_text(picture(results))
    (words.into / "speed.md").write_text(page(results))
    print(report(results))
