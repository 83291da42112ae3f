# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven ree`: a client program as a process of the emulated normal world."""

from __future__ import annotations

import click

from elfhaven.cli.options import RUNS, engine, memory, words


@click.command(context_settings=RUNS, options_metavar="[OPTIONS] [--]")
@memory("stock")
@engine
@click.option(
    "--sysroot",
    type=click.Path(file_okay=False),
    help="Where its libraries lie, and TAs in usr/lib/optee_armtz.  [default: the host's own files]",
)
@click.option(
    "--supplicant",
    type=click.Choice(["python", "debian"]),
    default="python",
    show_default=True,
    help="Who serves the TEE's requests: elfhaven, or Debian's own tee-supplicant in the normal world.",
)
@click.option(
    "--ta",
    "projects",
    metavar="PROJECT",
    multiple=True,
    type=click.Path(),
    help="A TA in Python to serve too: its .py file, or the project of one. May be repeated.",
)
@click.option("--trace", is_flag=True, help="Show every Linux call of the program on stderr.")
@click.option("--state", type=click.Path(), help="The device: its keys and storage.  [default: the user's]")
@words
def ree(
    program: str,
    arguments: tuple[str, ...],
    memory: str,
    engine: str | None,
    sysroot: str | None,
    supplicant: str,
    projects: tuple[str, ...],
    trace: bool,
    state: str | None,
) -> int:
    """Runs PROGRAM, an aarch64 Linux executable, in the emulated normal world, with /dev/tee0.

    \b
    The status is the program's own, or 128 + n where signal n ended it;
    125: elfhaven itself failed.
    """
    from pathlib import Path

    from elfhaven.cli.progress import note, steps
    from elfhaven.target.qemu import parts
    from elfhaven.target.ree import run_client
    from elfhaven.target.state import StateDirectory, default_directory

    def show(line: str) -> None:
        click.echo(line, err=True)

    hosted = []
    if projects:
        from elfhaven.sdk.ta_project import hosted_tas

        hosted = hosted_tas(projects)
    system = None
    if supplicant == "debian":
        with steps() as report:
            system = parts.guest(report)
    return run_client(
        program,
        [program, *arguments],
        device=StateDirectory(state or default_directory()),
        sysroot=None if sysroot is None else Path(sysroot),
        memory=memory,
        note=note,
        trace=show if trace else None,
        supplicant=system,
        hosted_tas=hosted,
        engine=engine,
    )
