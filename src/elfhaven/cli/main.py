# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven`: finds the verb (ending.py says how it ends)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from elfhaven.cli.audit import audit
from elfhaven.cli.calls import calls
from elfhaven.cli.demo import demo
from elfhaven.cli.doctor import doctor
from elfhaven.cli.ending import INTERRUPTED, complain, ended, failed
from elfhaven.cli.explain import explain
from elfhaven.cli.inspect import inspect
from elfhaven.cli.new import new
from elfhaven.cli.pack import pack
from elfhaven.cli.qemu import qemu
from elfhaven.cli.record import record
from elfhaven.cli.ree import ree
from elfhaven.cli.run import run
from elfhaven.cli.seal import give_key, seal, unseal
from elfhaven.cli.stats import stats
from elfhaven.cli.storage import storage
from elfhaven.cli.ta import ta
from elfhaven.cli.trace import trace
from elfhaven.cli.xtest import xtest


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="elfhaven", message="elfhaven %(version)s")
def elfhaven() -> None:
    """Runs unmodified aarch64 Linux programs inside OP-TEE."""


for _verb in (
    run,
    record,
    stats,
    ree,
    pack,
    inspect,
    calls,
    audit,
    demo,
    doctor,
    qemu,
    xtest,
    ta,
    trace,
    new,
    storage,
    seal,
    unseal,
    give_key,
    explain,
):
    elfhaven.add_command(_verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its status. `arguments` are those of the process unless given."""
    return ended(sys.argv[1:] if arguments is None else arguments, execute)


def execute(words: Sequence[str]) -> int:
    """The status of a verb. Errors of the command line are told here, all others are raised."""
    try:
        with elfhaven.make_context("elfhaven", list(words)) as context:
            status = elfhaven.invoke(context)
    except click.exceptions.Exit as done:  # --help, --version
        status = done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return failed(words)
    except click.ClickException as error:
        return complain(failed(words), error.format_message(), _usage(error))
    except click.Abort:
        return INTERRUPTED
    sys.stdout.flush()
    return status if isinstance(status, int) else 0


def _usage(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path} --help`" if context else None
