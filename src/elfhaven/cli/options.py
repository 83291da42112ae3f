# SPDX-License-Identifier: BSD-2-Clause
"""What the verbs that run a program have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

RUNS = {"allow_interspersed_args": False, "ignore_unknown_options": False}  # settings of such a verb

_Verb = Callable[..., Any]
_SYSTEM = (
    click.option(
        "--sysroot", type=click.Path(), help="PROGRAM is a path in this root directory of an arm64 system."
    ),
    click.option(
        "--debian",
        metavar="PACKAGE[,...]",
        multiple=True,
        help="PROGRAM is one of these packages of Debian for arm64; they and what they need are fetched.",
    ),
    click.option("--suite", default="trixie", show_default=True, help="The release that --debian means."),
    click.option("--cwd", metavar="DIR", help="The program's working directory.  [default: this one]"),
)
_PROGRAM = (
    click.argument("program", type=click.Path()),
    click.argument("arguments", nargs=-1, type=click.UNPROCESSED),
)


def a_program(verb: _Verb) -> _Verb:
    """PROGRAM ARG..., and where it comes from: parameters program, arguments, sysroot, debian, suite, cwd."""
    for decorate in reversed((*_SYSTEM, *_PROGRAM)):
        verb = decorate(verb)
    return verb


def memory(default: str) -> Callable[[_Verb], _Verb]:
    """--memory, for the emulator's profiles."""
    return click.option(
        "--memory",
        type=click.Choice(["stock", "large"]),
        default=default,
        show_default=True,
        help="Secure memory: of a stock OP-TEE (15 MiB), or of a large build (512 MiB).",
    )
