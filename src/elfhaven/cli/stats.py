# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven stats`: a run in numbers."""

from __future__ import annotations

import json

import click

from elfhaven.cli.options import RUNS, a_program, engine, memory


@click.command(context_settings=RUNS, options_metavar="[OPTIONS] [--]")
@click.option("-m", "--manifest", type=click.Path(), help="What the program may do, as for `elfhaven run`.")
@memory("stock", permissive=True)
@engine
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("-o", "--output", metavar="FILE", help="Where the numbers go.  [default: stderr]")
@click.option("--flame", metavar="FILE.svg", help="Also write a flame graph of where instructions go.")
@a_program
def stats(
    program: str,
    arguments: tuple[str, ...],
    manifest: str | None,
    memory: str,
    engine: str | None,
    as_json: bool,
    output: str | None,
    flame: str | None,
    sysroot: str | None,
    debian: tuple[str, ...],
    suite: str,
    cwd: str | None,
) -> int:
    """Runs PROGRAM in the emulator and counts: its calls by name, who served them, bytes each way, time.

    With the native engine also how many regions of hot code were compiled, and the instructions for which
    hot code was not. It is packed with `debug = true`, whatever its manifest says. The status is the
    program's own.
    """
    from elfhaven.cli.progress import note, step
    from elfhaven.sdk.flame import profiling
    from elfhaven.sdk.stats import stats as measure

    with step("starting") as shown, profiling(flame, program, sysroot, debian, suite) as observer:
        found = measure(
            program,
            *arguments,
            manifest=manifest,
            memory=memory,
            engine=engine,
            sysroot=sysroot,
            debian=debian,
            suite=suite,
            cwd=cwd,
            observer=observer,
            on_note=note,
            on_start=shown.end,
        )
    text = json.dumps(found.as_values(), indent=2) if as_json else "\n".join(found.lines())
    if output is None:
        click.echo(text, err=True)
    else:
        with open(output, "w") as file:
            file.write(text + "\n")
    return found.result.status
