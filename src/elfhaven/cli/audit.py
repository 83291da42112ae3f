# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven audit verify`: whether a log is whole and unchanged."""

from __future__ import annotations

import click


@click.group()
def audit() -> None:
    """The log of what crossed: verify it."""


@audit.command()
@click.option("--state", type=click.Path(), help="The device that made the log.  [default: the user's]")
@click.argument("file", type=click.Path())
def verify(file: str, state: str | None) -> int:
    """Checks FILE against the chain that the device keeps: every record, their order, and the end.

    The status is 0 for a log that is whole, 1 for one that is not.
    """
    from elfhaven.sdk.log import verify_audit

    verdict = verify_audit(file, state=state)
    click.echo(f"{file}: {verdict.text}")
    return 0 if verdict.good else 1
