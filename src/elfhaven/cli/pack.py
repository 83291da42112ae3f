# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven pack`: a program becomes one signed Trusted Application."""

from __future__ import annotations

import click

from elfhaven.cli.options import system


@click.command()
@click.option(
    "-m",
    "--manifest",
    type=click.Path(),
    help="What the program may do.  [default: read the working directory]",
)
@click.option("-o", "--output", type=click.Path(), help="Where to write it.  [default: <uuid>.ta]")
@click.option(
    "--sign",
    metavar="KEY.pem",
    help="A private key, or `optee-default`.  [default: the local development key]",
)
@system
@click.argument("program", type=click.Path())
def pack(
    program: str,
    manifest: str | None,
    output: str | None,
    sign: str | None,
    sysroot: str | None,
    debian: tuple[str, ...],
    suite: str,
) -> None:
    """Makes PROGRAM, its manifest and the runtime one signed .ta file."""
    from elfhaven.cli.progress import note, step
    from elfhaven.sdk.packaging import pack as pack_program

    with step("packing"):
        made = pack_program(
            program,
            manifest=manifest,
            output=output,
            sign=sign,
            sysroot=sysroot,
            debian=debian,
            suite=suite,
            on_note=note,
        )
    for line in made.notes:
        note(line)
    click.echo(f"{made.path}  uuid {made.uuid}  signed by {made.signer[:16]}")
