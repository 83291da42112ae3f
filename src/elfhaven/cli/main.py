# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven`: finds the verb, and turns every error into two lines and a status.

Status 2 for errors of elfhaven itself; 125 for those of `run`, whose other statuses are the program's own.
A reader that closes standard output ends the command with 141, as SIGPIPE would.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from elfhaven.cli.audit import audit
from elfhaven.cli.calls import calls
from elfhaven.cli.demo import demo
from elfhaven.cli.doctor import doctor
from elfhaven.cli.inspect import inspect
from elfhaven.cli.pack import pack
from elfhaven.cli.qemu import qemu
from elfhaven.cli.run import run
from elfhaven.cli.xtest import xtest
from elfhaven.errors import ElfhavenError

DEBUG = "ELFHAVEN_DEBUG"  # set: an error of elfhaven itself shows where it arose
ERROR, RUN_ERROR, INTERRUPTED, CLOSED_PIPE = 2, 125, 130, 141


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="elfhaven", message="elfhaven %(version)s")
def elfhaven() -> None:
    """Runs unmodified aarch64 Linux programs inside OP-TEE."""


for _verb in (run, pack, inspect, calls, audit, demo, doctor, qemu, xtest):
    elfhaven.add_command(_verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its status. `arguments` are those of the process unless given."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    failed = RUN_ERROR if words[:1] == ["run"] else ERROR
    _fill_closed_streams()
    try:
        return _execute(words)
    except ElfhavenError as error:
        return _complain(failed, error.cause, error.fix)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return failed
    except click.ClickException as error:
        return _complain(failed, error.format_message(), _usage(error))
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # what is still buffered for the closed pipe must not be tried again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except OSError as error:
        return _complain(failed, f"{error.filename or 'input or output'}: {error.strerror or error}", None)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        return _complain(
            failed,
            f"internal error: {type(error).__name__}: {error}",
            f"report it, with what {DEBUG}=1 shows",
        )


def _fill_closed_streams() -> None:
    """A standard stream that the caller closed leads to /dev/null: no file may come to lie in its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))


def _execute(words: list[str]) -> int:
    try:
        with elfhaven.make_context("elfhaven", words) as context:
            status = elfhaven.invoke(context)
    except click.exceptions.Exit as done:  # --help, --version
        status = done.exit_code
    sys.stdout.flush()
    return status if isinstance(status, int) else 0


def _complain(status: int, cause: str, fix: str | None) -> int:
    try:
        print(f"elfhaven: {cause}", *([f"  fix: {fix}"] if fix else []), sep="\n", file=sys.stderr)
    except OSError:
        pass
    return status


def _usage(error: click.ClickException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path} --help`" if context else None
