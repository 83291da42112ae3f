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
)
_CWD = click.option("--cwd", metavar="DIR", help="The program's working directory.  [default: this one]")
_PROGRAM = (
    click.argument("program", type=click.Path()),
    click.argument("arguments", nargs=-1, type=click.UNPROCESSED),
)


def _all(verb: _Verb, *decorators: Callable[[_Verb], _Verb]) -> _Verb:
    for decorate in reversed(decorators):
        verb = decorate(verb)
    return verb


def system(verb: _Verb) -> _Verb:
    """Where PROGRAM comes from: parameters sysroot, debian, suite."""
    return _all(verb, *_SYSTEM)


def words(verb: _Verb) -> _Verb:
    """PROGRAM ARG...: parameters program, arguments."""
    return _all(verb, *_PROGRAM)


def a_program(verb: _Verb) -> _Verb:
    """PROGRAM ARG..., and where it comes from: parameters program, arguments, sysroot, debian, suite, cwd."""
    return _all(verb, system, _CWD, words)


def engine(verb: _Verb) -> _Verb:
    """--engine: parameter engine."""
    return click.option(
        "--engine",
        type=click.Choice(["interpreter", "native", "auto"]),
        help="What executes in the emulator's secure world: `native` compiles hot code (needs llvmlite), "
        "`auto` does so where it can.  [default: $ELFHAVEN_ENGINE, else interpreter]",
    )(verb)


def memory(default: str, *, permissive: bool = False) -> Callable[[_Verb], _Verb]:
    """--memory, for the emulator's profiles; the `permissive` one where programs are run."""
    more = "; `permissive`: large, and programs linked for a fixed address run (emulator alone)"
    return click.option(
        "--memory",
        type=click.Choice(["stock", "large", *(["permissive"] if permissive else [])]),
        default=default,
        show_default=True,
        help="Secure memory: of a stock OP-TEE (15 MiB), or of a large build (512 MiB)"
        f"{more if permissive else ''}.",
    )
