# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven qemu`: machines that run Debian's unmodified OP-TEE under QEMU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfhaven.target.qemu.machine import Machine

_NAME = "Which machine.  [default: the name of its layout]"
_LAYOUT = "Secure memory: Debian's own binary (15 MiB), or a build with 512 MiB, which QEMU does not protect."


def _named(verb: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--name", default="stock", show_default=True, help="Which machine.")(verb)


@click.group()
def qemu() -> None:
    """Machines that run Debian's unmodified OP-TEE under QEMU.

    The first one fetches and builds what it needs, into the user's cache: about 95 MB of Debian packages.
    """


@qemu.command()
@click.option("--memory", type=click.Choice(["stock", "large"]), default="stock", help=_LAYOUT)
@click.option("--name", help=_NAME)
@click.option(
    "--with", "extra", multiple=True, metavar="PACKAGE[,...]", help="Debian packages for the guest as well."
)
def up(memory: str, name: str | None, extra: tuple[str, ...]) -> int:
    """Switches a machine on."""
    import time

    from elfhaven.cli.progress import note, steps
    from elfhaven.target.qemu.machine import Machine

    machine = Machine(name or memory)
    started = time.monotonic()
    with steps() as report:
        begun = machine.up(memory, report, extra)
    if begun:
        note(f"the machine {machine.name} is up after {time.monotonic() - started:.1f} s")
    else:
        note(f"the machine {machine.name} is up already")
    return 0


@qemu.command()
@click.option("--name", help="Which machine.  [default: every one]")
def down(name: str | None) -> int:
    """Switches machines off. What they stored is gone; their logs stay."""
    from elfhaven.cli.progress import note
    from elfhaven.target.qemu.machine import Machine, machines

    found = [Machine(name)] if name else machines()
    ended = [machine.name for machine in found if machine.down()]
    note(f"switched off: {', '.join(ended)}" if ended else "no machine was on")
    return 0


@qemu.command()
def status() -> int:
    """The machines that run; status 1 where there is none."""
    from elfhaven.target.qemu.machine import machines

    running = machines()
    for machine in running:
        process = machine.process()
        pid = process.pid if process else 0
        extra = f", with {', '.join(machine.extra)}" if machine.extra else ""
        click.echo(f"{machine.name}: on, memory {machine.memory}{extra}, process {pid}, {machine.path}")
    if not running:
        click.echo("no machine is on")
    return 0 if running else 1


@qemu.command()
@_named
def shell(name: str) -> int:
    """A shell of the guest, as root; Ctrl-] leaves it."""
    from elfhaven.target.qemu.console import attach

    attach(_running(name))
    return 0


@qemu.command(name="exec", context_settings={"allow_interspersed_args": False})
@_named
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARG]...")
def execute(name: str, words: tuple[str, ...]) -> int:
    """Runs a command of the guest, as root; the status is the command's own.

    Standard input, output and error are the command's: `elfhaven qemu exec tar x -C /tmp < files.tar`
    """
    import sys

    from elfhaven.target.qemu.command import run_command

    def put(descriptor: int, data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]

    return run_command(
        _running(name),
        words,
        stdin=sys.stdin.fileno(),
        output=lambda data: put(1, data),
        errors=lambda data: put(2, data),
    )


@qemu.command()
@_named
@click.argument("world", type=click.Choice(["normal", "secure", "qemu"]), default="secure")
@click.option("-f", "--follow", is_flag=True, help="Go on until the machine is off or Ctrl-C.")
def log(name: str, world: str, follow: bool) -> int:
    """What a world of the machine has printed; of the last run where it is off."""
    import time

    from elfhaven.target.qemu.machine import Machine

    machine = Machine(name)
    shown = 0
    while True:
        running = machine.process() is not None
        text = machine.log(f"{world}.log")
        click.echo(text[shown:], nl=False)
        shown = len(text)
        if not follow or not running:
            return 0
        time.sleep(0.2)


def _running(name: str) -> Machine:
    from elfhaven.errors import TargetError
    from elfhaven.target.qemu.machine import Machine

    machine = Machine(name)
    if machine.process() is None:
        raise TargetError(f"the machine {name} is off", f"`elfhaven qemu up --name {name}` switches it on")
    return machine
