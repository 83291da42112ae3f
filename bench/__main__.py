# SPDX-License-Identifier: BSD-2-Clause
"""python -m bench [--runs N] [SECTION...]: measure, print a table, say on which machine.

`guest`, `sealed` and `xtest` are measured only where they are named: they need a machine of `elfhaven qemu`.
`python -m bench native` has options of its own, see `python -m bench native --help`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bench.machine import machine
from bench.row import Row
from bench.sections import SECTIONS

NAMED = ("guest", "sealed", "xtest")


def show(rows: list[Row]) -> None:
    for row in rows:
        print(f"| {row.what:28} | {row.figures:52} | {row.ratio:16} | {row.goal:9} |", flush=True)


def _section(name: str) -> Callable[[Path, int], list[Row]]:
    if name not in NAMED:
        return SECTIONS[name]
    measure: Callable[[Path, int], list[Row]] = import_module(f"bench.{name}").measure
    return measure


def main() -> None:
    if sys.argv[1:2] == ["native"]:
        import_module("bench.native").main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="interleaved runs; the median is shown")
    parser.add_argument(
        "sections",
        nargs="*",
        choices=[*SECTIONS, *NAMED, []],
        help=f"all but {', '.join(NAMED)} when none is named",
    )
    words = parser.parse_args()
    print(machine())
    print(f"| {'what':28} | {'measured':52} | {'ratio':16} | {'goal':9} |")
    print(f"|{'-' * 30}|{'-' * 54}|{'-' * 18}|{'-' * 11}|")
    with tempfile.TemporaryDirectory() as work:
        for name in words.sections or SECTIONS:
            show(_section(name)(Path(work), words.runs))


if __name__ == "__main__":
    main()
