# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven audit verify`: whether a log is whole and unchanged."""

from __future__ import annotations

import click


@click.group()
def audit() -> None:
    """The log of what crossed: verify it."""


@audit.command()
@click.option(
    "--target",
    metavar="TARGET",
    default="emulator",
    show_default=True,
    help="The device that made the log, as for `run`.",
)
@click.option(
    "--memory",
    type=click.Choice(["stock", "large"]),
    default="stock",
    show_default=True,
    help="Secure memory, as for `run`.",
)
@click.option("--state", type=click.Path(), help="The emulated device.  [default: the user's]")
@click.argument("file", type=click.Path())
def verify(file: str, target: str, memory: str, state: str | None) -> int:
    """Checks FILE against the chain that the device keeps: every record, their order, and the end.

    The status is 0 for a log that is whole, 1 for one that is not. A machine under QEMU keeps the chain until
    it is switched off.
    """
    from elfhaven.cli.progress import note
    from elfhaven.sdk.log import verify_audit

    verdict = verify_audit(file, target=target, memory=memory, state=state, on_note=note)
    click.echo(f"{file}: {verdict.text}")
    return 0 if verdict.good else 1
