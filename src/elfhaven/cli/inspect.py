# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven inspect`: what a program or a .ta file is, needs and may do."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.argument("file", metavar="PROGRAM|FILE.ta", type=click.Path())
def inspect(file: str, as_json: bool) -> None:
    """What it is, needs and may do; the calls it can make that are not served; the memory it needs."""
    import json

    from elfhaven.sdk.inspection import inspect as inspect_file

    found = inspect_file(file)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    width = max(map(len, found))
    for key, value in found.items():
        lines = _lines(value)
        click.echo(f"{key:<{width}}  {lines[0] if lines else 'none'}")
        for line in lines[1:]:
            click.echo(f"{'':<{width}}  {line}")


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}: {', '.join(_lines(each)) or 'none'}" for name, each in value.items()]
    if isinstance(value, list):
        return [", ".join(_lines(each)) for each in value]
    return ["yes" if value is True else "no" if value is False else "none" if value is None else str(value)]
