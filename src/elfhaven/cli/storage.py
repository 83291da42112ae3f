# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven storage`: look into the files of trusted storage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from elfhaven.sdk.storage import Found

_HUK = (
    "The device's hardware unique key, 32 hexadecimal digits.  [default: the state directory's, else zeros]"
)


def _looking(verb: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.argument("path", metavar="DIR", type=click.Path()),
        click.option("--huk", metavar="KEY", help=_HUK),
        click.option("--json", "as_json", is_flag=True, help="One JSON document."),
    ):
        verb = decorate(verb)
    return verb


@click.group()
def storage() -> None:
    """Look into trusted storage: REE-FS of a device or of an OP-TEE, and emulated RPMB.

    DIR is a state directory, a directory with dirf.db (/var/lib/optee-client/data/tee on a board), or the
    file of an RPMB partition. Nothing is changed.
    """


@storage.command()
@_looking
def ls(path: str, huk: str | None, as_json: bool) -> None:
    """The objects: owner, id, type, size, file."""
    from elfhaven.sdk.storage import objects

    found = objects(path, huk)
    if as_json:
        _print_json([each.as_values() for each in found])
        return
    for each in found:
        what = f"{each.type:<22} {each.data_size:>9}" if each.damage is None else f"DAMAGED: {each.damage}"
        click.echo(f"{each.owner:<36}  {each.file:>5}  {what}  {each.id}")


@storage.command()
@_looking
@click.option("--owner", metavar="UUID", help="Of this TA; `core` for the core's own.  [default: of any]")
@click.argument("object_id", metavar="ID")
def show(path: str, huk: str | None, as_json: bool, owner: str | None, object_id: str) -> None:
    """One object, decrypted: its head, its attributes, its data.

    ID is as `ls` shows it: text, or 0x and hexadecimal digits.
    """
    from elfhaven.sdk.storage import show as look_up

    found = look_up(path, object_id, owner, huk)
    if as_json:
        _print_json([each.as_values() for each in found])
        return
    for each in found:
        _print_object(each)


@storage.command()
@_looking
def verify(path: str, huk: str | None, as_json: bool) -> int:
    """Checks hash trees, tags and heads of everything; status 1 where something is damaged."""
    from elfhaven.sdk.storage import summary
    from elfhaven.sdk.storage import verify as check

    findings = check(path, huk)
    good = all(finding.good for finding in findings)
    if as_json:
        _print_json({"good": good, "findings": [vars(finding) for finding in findings]})
        return 0 if good else 1
    for finding in findings:
        click.echo(f"{'good' if finding.good else 'BAD '}  {finding.what}: {finding.detail}")
    click.echo(summary(findings))
    return 0 if good else 1


def _print_object(found: Found) -> None:
    click.echo(f"{found.id}  of {found.owner}, file {found.file}")
    if found.damage is not None:
        click.echo(f"  DAMAGED: {found.damage}")
        return
    click.echo(
        f"  type   {found.type}, {found.size} of at most {found.max_size} bits, usage {found.usage:#x}"
    )
    for name, value in found.attributes.items():
        click.echo(f"  {name}  {value}")
    data = bytes.fromhex(found.data or "")
    click.echo(f"  data   {len(data)} bytes")
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        click.echo(f"    {at:08x}  {row.hex(' '):<47}  {text}")


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=1))
