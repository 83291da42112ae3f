# SPDX-License-Identifier: BSD-2-Clause
"""Run the list of Debian's programs and write docs/reference/debian-programs.md.

    python -m tools.debian_table [--real] [--missing | NAME...]

Each case of tests/conformance/debian_named.py and debian_others.py is run outside under qemu-aarch64 and on
the emulator, with --real on the real OP-TEE under QEMU too (the large build). With NAMEs only those are run,
with --missing those that the page does not hold as well run; the page keeps the other rows. It is written
after each case. The status is 1 where something differs.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.debian import SUITE, Case, Seen, run_inside, run_outside
from tests.conformance.debian_named import NAMED
from tests.conformance.debian_others import OTHERS, REFUSED

from elfhaven.errors import ElfhavenError
from elfhaven.image.libraries import inside
from elfhaven.packages.database import Database
from elfhaven.sdk.root import Root
from elfhaven.target.qemu.machine import Machine

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "debian-programs.md"
ALL = (*NAMED, *OTHERS)
TAS = 60
SAME = "same"
_WELL = r"\| (?:same,|refused:)"
HEAD = """<!-- Made by tools/debian_table.py from a run: do not edit. -->
# Debian's programs, run

Programs of Debian {suite}'s arm64 packages, unmodified. *Same* means: the same status, output and files
(names, permissions, contents) as under qemu-aarch64, which runs them outside. The seconds hold packing, too.
On the real OP-TEE they run from the large build; a program that is linked for fixed addresses (ET_EXEC) runs
in the emulator alone (`--memory permissive`). `make debian-table` runs all of it again.

Run on {date}, on {machine}.

| program | package and version | what was run | emulator | real OP-TEE | notes |
|---|---|---|---|---|---|
"""
CANNOT = """
## Programs that cannot run

| program | package and version | what was run | why |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    case: Case
    package: str
    emulator: str
    real: str
    denied: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        return all(text.startswith((SAME, "not run", "refused")) for text in (self.emulator, self.real))

    def __str__(self) -> str:
        denied = f"denied by {', '.join(self.denied)}" if self.denied else ""
        notes = "; ".join(note for note in (self.case.note, denied) if note)
        return _line(_program(self.case), self.package, self.case.name, self.emulator, self.real, notes)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _program(case: Case) -> str:
    return os.path.basename(case.command[0])


def _package(case: Case) -> str:
    root = Root(case.root)
    path = root.program(case.command[0])
    file = inside(root.path, path)
    packages = Database(root.path)
    real = f"/{file.relative_to(root.path)}" if file else path
    found = packages.owner(path) or packages.owner(real)
    return f"{found.name} {found.version}" if found else "?"


def _differences(expected: Seen, seen: Seen) -> str:
    parts = ("status", "stdout", "files", *(() if seen.denied else ("stderr",)))
    return ", ".join(part for part in parts if getattr(expected, part) != getattr(seen, part))


def _compared(case: Case, expected: Seen, place: Path, target: str) -> tuple[str, tuple[str, ...]]:
    start = time.monotonic()
    try:
        seen = run_inside(case, place, target)
    except ElfhavenError as error:
        if case.fixed and target != "emulator" and "fixed address" in error.cause:
            return "refused: fixed addresses", ()
        return f"fails: {error.cause}", ()
    took = f"{time.monotonic() - start:.1f} s"
    if seen.same(expected):
        return f"{SAME}, {took}", seen.denied
    return f"differs: {_differences(expected, seen)}", seen.denied


def _row(case: Case, real: bool, work: Path) -> Row:
    expected = run_outside(case, work / "outside")
    emulator, denied = _compared(case, expected, work / "inside", "emulator")
    there = _compared(case, expected, work / "there", "qemu")[0] if real else "not run"
    return Row(case, _package(case), emulator, there, denied)


def _machine() -> str:
    """The processor and how many of them, without names of machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    cores = len(os.sched_getaffinity(0))
    return f"{cores} processors of {model or platform.machine()}, {platform.system()} {platform.machine()}"


def _kept() -> dict[str, str]:
    """The page's lines by the name of the case."""
    text = PAGE.read_text().partition(CANNOT)[0] if PAGE.exists() else ""
    lines = (line for line in text.splitlines() if line.startswith("| "))
    return {re.split(r"(?<!\\) \| ", line)[2].replace("\\|", "|"): line for line in lines}


def _write(lines: dict[str, str]) -> None:
    head = HEAD.format(suite=SUITE, date=datetime.date.today().isoformat(), machine=_machine())
    rows = (lines[case.name] for case in ALL if case.name in lines)
    why = (_line(_program(case), _package(case), case.name, case.note) for case in REFUSED)
    PAGE.write_text(head + "".join(f"{row}\n" for row in rows) + CANNOT + "".join(f"{row}\n" for row in why))


def _wanted(given: argparse.Namespace, kept: dict[str, str]) -> list[Case]:
    if given.missing:
        well = 2 if given.real else 1
        return [case for case in ALL if len(re.findall(_WELL, kept.get(case.name, ""))) < well]
    return [case for case in ALL if not given.names or case.name in given.names]


def _run(given: argparse.Namespace) -> int:
    kept = _kept()
    rows = []
    for turn, case in enumerate(_wanted(given, kept), 1):
        if given.real and turn % TAS == 0:  # the guest keeps every TA that was run, in memory
            Machine("large").down()
            Machine("large").up("large", print)
        with tempfile.TemporaryDirectory(prefix="elfhaven-") as work:
            rows.append(_row(case, given.real, Path(work)))
        print(rows[-1], flush=True)
        kept[case.name] = str(rows[-1])
        _write(kept)
    return 0 if all(row.well for row in rows) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the list of Debian's programs.")
    parser.add_argument("--real", action="store_true", help="on the real OP-TEE under QEMU, too")
    parser.add_argument("--missing", action="store_true", help="only what the page lacks, or has as failed")
    parser.add_argument("names", nargs="*", help="of cases; without any all")
    given = parser.parse_args()
    with ExitStack() as stack:
        if given.real:
            stack.enter_context(_switched_on())
        return _run(given)


@contextmanager
def _switched_on() -> Iterator[None]:
    """The machine that target "qemu" takes; left as it was found."""
    machine = Machine("large")
    mine = machine.up("large", print)
    try:
        yield
    finally:
        if mine:
            machine.down()


if __name__ == "__main__":
    sys.exit(main())
