# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven record`: a manifest from a run."""

from __future__ import annotations

import click

from elfhaven.cli.options import RUNS, a_program, memory


@click.command(context_settings=RUNS, options_metavar="[OPTIONS] [--]")
@click.option(
    "-o", "--output", metavar="FILE", default="elfhaven.toml", show_default=True, help="The manifest."
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@click.option("--any-arguments", is_flag=True, help="Let the manifest leave the arguments to the caller.")
@memory("large", permissive=True)
@a_program
def record(
    program: str,
    arguments: tuple[str, ...],
    output: str,
    force: bool,
    any_arguments: bool,
    memory: str,
    sysroot: str | None,
    debian: tuple[str, ...],
    suite: str,
    cwd: str | None,
) -> int:
    """Runs PROGRAM in the emulator, allowed everything, and writes the smallest manifest for what it did.

    Run only a program so that you would run outside too. The status is the program's own.
    """
    from elfhaven.cli.progress import note
    from elfhaven.sdk.record import record as watch

    result = watch(
        program,
        *arguments,
        output=output,
        force=force,
        any_arguments=any_arguments,
        memory=memory,
        sysroot=sysroot,
        debian=debian,
        suite=suite,
        cwd=cwd,
        on_note=note,
    )
    note(f"{output} allows what this run did: elfhaven run -m {output} ...")
    return result.status
