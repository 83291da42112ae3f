# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven new`: a project of a TA in Python or in C."""

from __future__ import annotations

import click


@click.command()
@click.option("--c", "in_c", is_flag=True, help="The TA is in C, built with ziglang and OP-TEE's dev kit.")
@click.argument("directory", metavar="NAME", type=click.Path())
def new(directory: str, in_c: bool) -> None:
    """Makes a project of a Trusted Application in Python, with a client and tests, in the directory NAME."""
    from pathlib import Path

    from elfhaven.sdk.new import new_project

    for path in new_project(Path(directory), c=in_c):
        click.echo(path)
    click.echo(f"\nnow: cd {directory}; elfhaven ta run; elfhaven ta test")
