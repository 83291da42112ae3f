# SPDX-License-Identifier: BSD-2-Clause
"""The table of what the native engine reaches, beside its goals."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.places import ELFHAVEN, INTERPRETER, NATIVE, QEMU
from bench.results import Costs, Measured, Results, geometric


@dataclass(frozen=True)
class Goal:
    """A figure and what it is to be: at least, or at most."""

    what: str
    figure: float
    bound: float
    unit: str = ""
    least: bool = True

    @property
    def met(self) -> bool:
        return self.figure >= self.bound if self.least else self.figure <= self.bound

    def cells(self) -> tuple[str, ...]:
        sign = ">=" if self.least else "<="
        said = "yes" if self.met else "no"
        return self.what, f"{self.figure:.2f}{self.unit}", f"{sign} {self.bound:g}{self.unit}", said


def goals(results: Results) -> Iterator[Goal]:
    """Those for which something was measured."""
    found = {kernel.name: kernel for kernel in results.kernels}
    for name, of_native, of_qemu in (("llama", 0.85, 7), ("llama-fast", 0.6, 7)):
        if name in found:
            label = f"llama {found[name].flags}"
            yield Goal(f"{label}, of native", found[name].speed(ELFHAVEN, NATIVE), of_native)
            yield Goal(f"{label}, times qemu", found[name].speed(ELFHAVEN, QEMU), of_qemu)
    if suite := [kernel for kernel in results.kernels if kernel.suite]:
        yield Goal("geometric mean of the kernels, of native", _mean(suite, NATIVE), 0.5)
        yield Goal("geometric mean of the kernels, times qemu", _mean(suite, QEMU), 3)
        worst = min(suite, key=lambda kernel: kernel.speed(ELFHAVEN, QEMU))
        yield Goal(f"the slowest against qemu: {worst.name}", worst.speed(ELFHAVEN, QEMU), 1)
    if results.costs is not None:
        yield from _of_costs(results.costs)


def _mean(kernels: Iterable[Measured], against: str) -> float:
    return geometric(kernel.speed(ELFHAVEN, against) for kernel in kernels)


def _of_costs(costs: Costs) -> Iterator[Goal]:
    start = {place: statistics.median(seconds) for place, seconds in costs.start.items()}
    later = start[ELFHAVEN] - start[INTERPRETER] + statistics.median(costs.ramp)
    yield Goal("warm start, beyond the interpreter's", later, 0.2, " s", least=False)
    yield Goal(
        "cold: compiling, in the background", statistics.median(costs.compiling), 1.5, " s", least=False
    )
    for how, speeds in costs.load.items():
        yield Goal(f"load of 60 MB by {how}", statistics.median(speeds[ELFHAVEN]) / 1000, 2, " GB/s")
    plain = costs.memory[INTERPRETER]
    for label, place in (("warm", ELFHAVEN), ("cold", "cold")):
        grown = (costs.memory[place] - plain) / 1e6
        yield Goal(f"memory beyond the interpreter's, {label}", grown, 200, " MB", least=False)


def report(results: Results) -> str:
    """Markdown: the machine, the kernels, the goals, and what else was seen."""
    parts = [
        f"{results.machine}; {results.compiler}; medians of {results.runs}"
        + (", less work than in a full run" if results.quick else ""),
        _table(_HEAD, map(_cells, results.kernels)),
    ]
    if found := list(goals(results)):
        parts.append(_table(("goal", "measured", "bound", "met"), (goal.cells() for goal in found)))
    if results.costs is not None:
        parts.append(_costs(results.costs))
    return "\n\n".join(parts)


def page(results: Results) -> str:
    """A page of the documentation, beside the picture."""
    return f"""# How fast programs run

![Speed of each program in four places](speed.svg)

One run of `python -m bench native`; [how-to/bench.md](how-to/bench.md) says what is measured, and speed.json
holds each figure.

{report(results)}
"""


_PLACES = (NATIVE, ELFHAVEN, QEMU, INTERPRETER)
_HEAD = ("kernel", *_PLACES, "first run", *(f"x {place}" for place in _PLACES if place != ELFHAVEN))


def _cells(kernel: Measured) -> tuple[str, ...]:
    name = kernel.name if kernel.suite else f"llama {kernel.flags}"
    took = [f"{seconds:.3f} s" for seconds in (*map(kernel.median, _PLACES), kernel.cold)]
    return name, *took, *(f"{kernel.speed(ELFHAVEN, place):.2f}" for place in _PLACES if place != ELFHAVEN)


def _costs(costs: Costs) -> str:
    start = {place: statistics.median(seconds) for place, seconds in costs.start.items()}
    beside = ", ".join(f"{place} {seconds:.2f} s" for place, seconds in start.items())
    lines = [
        f"- start of llama, all that it does not count itself: {beside}",
        f"- its first tokens take {statistics.median(costs.ramp) * 1000:.0f} ms more than those that follow",
        f"- with nothing compiled before, all code was ready after {statistics.median(costs.ready):.2f} s",
        f"- code kept on disk: {costs.files} files, {costs.code / 1e6:.1f} MB",
        "- most memory: " + ", ".join(f"{place} {size / 1e6:.0f} MB" for place, size in costs.memory.items()),
    ]
    for how, found in costs.load.items():
        speeds = ", ".join(f"{place} {_gigabytes(figures)}" for place, figures in found.items())
        lines.append(f"- load by {how}: {speeds}")
    return "\n".join(lines)


def _gigabytes(speeds: Sequence[float]) -> str:
    return f"{statistics.median(speeds) / 1000:.2f} GB/s"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    padded.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(padded)
