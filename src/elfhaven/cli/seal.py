# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven seal` and `elfhaven unseal`: sealed files with their key, outside of the TEE."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from elfhaven.errors import UsageError


def _keyed(verb: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        click.option("--key", metavar="KEY", help="64 hexadecimal digits, or @FILE that holds them."),
        click.option(
            "--program",
            metavar="NAME",
            help="The key of this program: its manifest's name, its UUID, or its .ta.",
        ),
        click.option("--state", metavar="DIR", help="On this emulated device.  [default: the user's]"),
        click.option(
            "--name", metavar="PATH", help="The absolute path the program opens.  [default: the file's own]"
        ),
    ):
        verb = decorate(verb)
    return verb


def _key(key: str | None, program: str | None, state: str | None) -> bytes:
    from elfhaven.sdk.seal import device_key, key_of_text

    if key is not None:
        return key_of_text(key)
    if program is None:
        raise UsageError(
            "no key is named", "give --key KEY, or --program NAME for that of an emulated device"
        )
    return device_key(program, state)


@click.command()
@click.argument("file", type=click.Path(), required=False)
@click.option("-o", "--output", metavar="FILE", help="Where the sealed file goes.  [default: in its place]")
@click.option("--show-key", is_flag=True, help="Print the key and seal nothing.")
@_keyed
def seal(
    file: str | None,
    output: str | None,
    show_key: bool,
    key: str | None,
    program: str | None,
    state: str | None,
    name: str | None,
) -> None:
    """Encrypts FILE for a program, as [files] sealed has it. /dev/null with -o gives an empty one."""
    from elfhaven.sdk.seal import seal as perform

    found = _key(key, program, state)
    if show_key:
        click.echo(found.hex())
        return
    if file is None:
        raise UsageError("no file is named", "elfhaven seal FILE, or --show-key")
    perform(file, output or file, found, name)


@click.command()
@click.argument("file", type=click.Path())
@click.option("-o", "--output", metavar="FILE", help="Where the plain file goes.  [default: standard output]")
@_keyed
def unseal(
    file: str, output: str | None, key: str | None, program: str | None, state: str | None, name: str | None
) -> None:
    """Prints what a sealed FILE holds, after checking it; status 1 where it does not hold."""
    from elfhaven.sdk.seal import unseal as perform
    from elfhaven.sdk.seal import verify

    found = _key(key, program, state)
    verify(file, found, name)  # nothing is given out of a file that does not hold
    if output is None:
        for piece in perform(file, found, name):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    try:
        with open(output, "wb") as plain:
            plain.writelines(perform(file, found, name))
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}", "name a file that can be written") from None


@click.command(name="give-key")
@click.argument("file", metavar="PROGRAM.ta", type=click.Path())
@click.option("--key", metavar="KEY", required=True, help="64 hexadecimal digits, or @FILE that holds them.")
@click.option(
    "--target", metavar="TARGET", default="emulator", show_default=True, help="The device, as for `run`."
)
@click.option(
    "--memory",
    type=click.Choice(["stock", "large"]),
    default="stock",
    show_default=True,
    help="Secure memory, as for `run`.",
)
@click.option("--state", metavar="DIR", type=click.Path(), help="The emulated device.  [default: the user's]")
def give_key(file: str, key: str, target: str, memory: str, state: str | None) -> None:
    """Gives a program the key of its haven, for good: [haven] name in its manifest.

    Do it before the device leaves your hands: who opens the program first can give it a key.
    """
    from elfhaven.cli.progress import note
    from elfhaven.sdk.seal import give_key as perform
    from elfhaven.sdk.seal import key_of_text

    perform(file, key_of_text(key), target=target, memory=memory, state=state, on_note=note)
