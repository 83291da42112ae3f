# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven new`: a project of a Python TA."""

from __future__ import annotations

import click


@click.command()
@click.argument("directory", metavar="NAME", type=click.Path())
def new(directory: str) -> None:
    """Makes a project of a Trusted Application in Python, with a client and tests, in the directory NAME."""
    from pathlib import Path

    from elfhaven.sdk.new import new_project

    for path in new_project(Path(directory)):
        click.echo(path)
    click.echo(f"\nnow: cd {directory}; elfhaven ta run; elfhaven ta test")
