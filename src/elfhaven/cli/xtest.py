# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven xtest`: OP-TEE's own test suite, as Debian ships it, on a target."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from elfhaven.cli.options import engine, memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfhaven.cli.progress import Step
    from elfhaven.target.xtest import Case, Report

    Sink = Callable[[bytes], object]

_MARKS = {"ok": "ok  ", "failed": "FAIL", "skipped": "skip", "unfinished": "LOST"}


@click.command()
@click.option(
    "--target",
    type=click.Choice(["emulator", "qemu"]),
    default="emulator",
    show_default=True,
    help="Where the TEE is: the emulator, or the real OP-TEE under QEMU.",
)
@memory("stock")
@engine
@click.option(
    "--supplicant",
    type=click.Choice(["python", "debian"]),
    default="python",
    show_default=True,
    help="Who serves the emulator's requests: elfhaven, or Debian's own tee-supplicant.",
)
@click.option("--name", help="Which machine of qemu.  [default: the name of its layout]")
@click.option("-t", "--suite", default="regression", show_default=True, help="regression, pkcs11, benchmark.")
@click.option("-l", "--level", type=click.IntRange(0, 15), default=0, show_default=True, help="How thorough.")
@click.option("-v", "--verbose", is_flag=True, help="Show what xtest prints, as it prints it.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
@click.argument("tests", nargs=-1, metavar="[N]...")
def xtest(
    target: str,
    memory: str,
    engine: str | None,
    supplicant: str,
    name: str | None,
    suite: str,
    level: int,
    verbose: bool,
    as_json: bool,
    tests: tuple[str, ...],
) -> int:
    """Runs Debian's xtest: all cases of a suite, or those whose names hold an N (1004, 4001).

    Status 0 if xtest ran to its end and nothing failed, else 1.
    """
    from elfhaven.cli.progress import Step
    from elfhaven.errors import UsageError
    from elfhaven.target.xtest import Reader, words

    command = words(suite, level, tests)
    show = _Show(Step, terse=verbose or as_json)
    reader = Reader(time.monotonic, show.began, show.ended)

    def take(data: bytes) -> None:
        if verbose:
            click.echo(data, nl=False, err=as_json)
        reader.feed(data)

    def run() -> int:
        if target == "qemu":
            if engine is not None:
                raise UsageError("only the emulator has engines to choose from", "leave --engine out")
            return _on_qemu(command, memory, name, take)
        return _on_emulator(command, memory, take, supplicant == "debian", engine)

    try:
        report = reader.end(run())
    finally:
        show.end()
    if report.finished and not report.cases:
        raise UsageError(f"no case of {suite} is called {' or '.join(tests)}", "name tests like 1004 or 4001")
    click.echo(_json(report) if as_json else _summary(report))
    return 0 if report.passed else 1


class _Show:
    """A line for each case that ended, and the one under way where stderr is a terminal."""

    def __init__(self, step: type[Step], terse: bool) -> None:
        import sys

        self._step, self._terse = step, terse
        self._live = sys.stderr.isatty() and not (terse and sys.stdout.isatty())
        self._under_way: Step | None = None

    def began(self, case: Case) -> None:
        self._under_way = self._step(f"{case.name}  {case.title}", self._live)

    def ended(self, case: Case) -> None:
        self.end()
        if not self._terse:
            click.echo(_line(case))

    def end(self) -> None:
        step, self._under_way = self._under_way, None
        if step is not None:
            step.end()


def _on_qemu(command: list[str], memory: str, name: str | None, take: Sink) -> int:
    from elfhaven.cli.progress import note, steps
    from elfhaven.target.qemu.command import run_command
    from elfhaven.target.qemu.machine import Machine

    machine = Machine(name or memory)
    with steps() as report:
        begun = machine.up(memory, report)
    if begun:
        note(f"the machine {machine.name} stays on: `elfhaven qemu down` switches it off")
    return run_command(machine, command, output=take, errors=take, terminal=True)


def _on_emulator(
    command: list[str], memory: str, take: Sink, own_supplicant: bool, engine: str | None
) -> int:
    """On a device that is new and gone afterwards, as a machine of qemu is that was switched on for it."""
    import tempfile
    from pathlib import Path
    from uuid import UUID

    from elfhaven.cli.progress import note, steps
    from elfhaven.target.qemu import parts
    from elfhaven.target.qemu.large import KIT
    from elfhaven.target.ree import run_client
    from elfhaven.target.state import StateDirectory
    from elfhaven.target.xtest_fixtures import PLUGINS, PSEUDO_TAS

    with steps() as report:
        guest = parts.guest(report)
    with tempfile.TemporaryDirectory(prefix="elfhaven-xtest-") as room:
        device = StateDirectory(Path(room) / "device")
        for image in (guest / KIT / "ta").glob("*.ta"):
            device.install(UUID(image.stem), image.read_bytes())
        program = guest / "usr/bin" / command[0]
        return run_client(
            program,
            command,
            device=device,
            sysroot=guest,
            memory=memory,
            stdout=take,
            stderr=take,
            note=note,
            pseudo_tas=PSEUDO_TAS,
            plugins=PLUGINS,
            supplicant=guest if own_supplicant else None,
            engine=engine,
        )


def _line(case: Case) -> str:
    note = f" ({'; '.join(case.skipped)})" if case.skipped else ""
    return f"{_MARKS[case.state]} {case.seconds:7.1f} s  {case.name}  {case.title}{note}"


def _summary(report: Report) -> str:
    lines = []
    for case in report.of("failed", "unfinished"):
        where = f", first at {case.first_error}" if case.first_error else ""
        lines += [
            "",
            f"{case.name} {case.title}: {case.state}{where}",
            *(f"    {line}" for line in case.lines),
        ]
    seconds = sum(case.seconds for case in report.cases)
    states = ((len(report.of(state)), state) for state in ("ok", "failed", "skipped", "unfinished"))
    counts = ", ".join(f"{count} {state}" for count, state in states if count or state in ("ok", "failed"))
    lines += ["", f"{len(report.cases)} cases in {seconds:.0f} s: {counts}"]
    for count, what in ((report.counted, "cases"), (report.subtests, "subtests")):
        if count is not None:
            lines.append(f"xtest counts {count.total} {what}, {count.failed} failed")
    if not report.finished:
        lines.append(f"xtest ended with status {report.status} before it was done")
    return "\n".join(lines)


def _json(report: Report) -> str:
    import json
    from dataclasses import asdict

    found = asdict(report)
    for case in found["cases"]:
        del case["began"]
        if case["state"] in ("ok", "skipped"):
            del case["lines"]
    return json.dumps({"passed": report.passed, **found}, indent=2)
