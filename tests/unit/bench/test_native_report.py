# SPDX-License-Identifier: BSD-2-Clause
"""What the bench of the native engine makes of its figures."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench.native_picture import picture
from bench.native_report import goals, page, report
from bench.places import ELFHAVEN, INTERPRETER, NATIVE, QEMU
from bench.results import Costs, Measured, Results, geometric, loaded, saved


def measured(name: str, *seconds: float, suite: bool = True) -> Measured:
    """A kernel that takes so long natively, inside, under qemu and interpreted."""
    places = (NATIVE, ELFHAVEN, QEMU, INTERPRETER)
    taken = {place: [took, took * 3, took] for place, took in zip(places, seconds, strict=True)}
    return Measured(name, "-O3", suite, taken, cold=9.0)


COSTS = Costs(
    start={ELFHAVEN: [0.5, 0.6, 0.9], INTERPRETER: [0.4, 0.3, 0.4]},
    ramp=[0.01, 0.05, 0.02],
    compiling=[1.5, 1.25, 1.0],
    ready=[3.0],
    files=7,
    code=1_500_000,
    load={"read": {ELFHAVEN: [2100.0, 1900.0, 2500.0]}},
    memory={INTERPRETER: 150_000_000, ELFHAVEN: 300_000_000, "cold": 400_000_000},
)
RESULTS = Results(
    machine="a machine & more",
    compiler="a compiler",
    runs=3,
    quick=False,
    kernels=[
        measured("llama", 1.0, 1.25, 10.0, 20.0, suite=False),
        measured("one", 1.0, 2.0, 4.0, 8.0),
        measured("two", 1.0, 8.0, 4.0, 16.0),
    ],
    costs=COSTS,
)


def test_the_geometric_mean() -> None:
    assert geometric([2.0, 8.0]) == pytest.approx(4.0)
    assert math.isnan(geometric([]))


def test_goals_say_what_is_met() -> None:
    found = {goal.what: (round(goal.figure, 3), goal.met) for goal in goals(RESULTS)}
    assert found == {
        "llama -O3, of native": (0.8, False),
        "llama -O3, times qemu": (8.0, True),
        "geometric mean of the kernels, of native": (0.25, False),
        "geometric mean of the kernels, times qemu": (1.0, False),
        "the slowest against qemu: two": (0.5, False),
        "warm start, beyond the interpreter's": (0.22, False),
        "cold: compiling, in the background": (1.25, True),
        "load of 60 MB by read": (2.1, True),
        "memory beyond the interpreter's, warm": (150.0, True),
        "memory beyond the interpreter's, cold": (250.0, False),
    }


def test_what_was_not_measured_is_no_goal() -> None:
    alone = Results("m", "c", 1, False, [measured("llama", 1.0, 1.0, 8.0, 9.0, suite=False)])
    assert [goal.met for goal in goals(alone)] == [True, True]


def test_the_report_holds_a_line_of_each_kernel() -> None:
    lines = report(RESULTS).splitlines()
    assert lines[0] == "a machine & more; a compiler; medians of 3"
    (line,) = (line for line in lines if line.startswith("| two "))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["two", "1.000 s", "8.000 s", "4.000 s", "16.000 s", "9.000 s", "0.12", "0.50", "2.00"]


def test_a_page_shows_the_picture_and_the_tables() -> None:
    text = page(RESULTS)
    assert "](speed.svg)" in text
    assert text.rstrip().endswith(report(RESULTS))


def test_figures_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figures.json"
    saved(RESULTS, path)
    assert loaded(path) == RESULTS


def test_the_picture_has_three_bars_a_kernel_and_of_their_mean() -> None:
    tree = ElementTree.fromstring(picture(RESULTS))
    space = "{http://www.w3.org/2000/svg}"
    bars = [bar for bar in tree.iter(f"{space}rect") if bar.get("height") == "10"]
    assert len(bars) == 3 * (len(RESULTS.kernels) + 1)
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert widths[0] > widths[1] > widths[2] > 0  # 0.8, 0.1 and 0.05 of native
    texts = [text.text for text in tree.iter(f"{space}text")]
    assert {"llama -O3", "one", "two", "geometric mean", "0.80", "0.50"} <= set(texts)
