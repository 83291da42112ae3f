# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven run`: packs a program, runs it inside, and ends with its status."""

from __future__ import annotations

import click

from elfhaven.cli.options import RUNS, engine, memory, system, words


@click.command(context_settings=RUNS, options_metavar="[OPTIONS] [--]")
@click.option(
    "--target",
    metavar="TARGET",
    default="emulator",
    show_default=True,
    help="Where it runs: `emulator`, `qemu` (the real OP-TEE under QEMU, see `elfhaven qemu`), `device` "
    "(the TEE of this very machine, over its /dev/tee0), or `ssh:USER@BOARD[:PORT]` (a board's).",
)
@click.option(
    "--files",
    type=click.Choice(["host", "target"]),
    default="host",
    show_default=True,
    help="Whose files: this machine's, or those of the target's own Linux (qemu, ssh).",
)
@click.option("--cwd", metavar="DIR", help="The program's working directory.  [default: this one]")
@memory("stock", permissive=True)
@engine
@click.option(
    "-m",
    "--manifest",
    type=click.Path(),
    help="What the program may do.  [default: read the working directory]",
)
@click.option(
    "--sign",
    metavar="KEY",
    help="Who signs: a PEM file, or `optee-default`.  [default: a key that the target trusts]",
)
@click.option(
    "--trace", is_flag=True, help="Show every call on stderr; needs `debug = true` in the manifest."
)
@click.option(
    "-e",
    "expressions",
    metavar="CALLS",
    multiple=True,
    help="Trace only these: names of calls, or %file %desc %memory %process %network %signal %time, "
    "with commas between them; ! in front: all others.",
)
@click.option("--trace-json", metavar="FILE", help="Write the trace as JSON lines.")
@click.option(
    "--gdb",
    metavar="PORT",
    type=int,
    help="Wait for gdb at this port of the loopback interface (emulator; "
    "needs `debug = true` in the manifest).",
)
@click.option(
    "--profile",
    metavar="FILE.svg",
    help="Write a flame graph of where instructions go (emulator; needs `debug = true` in the manifest).",
)
@click.option("--audit", type=click.Path(), help="Write a log of every call that leaves the TEE.")
@click.option("--state", type=click.Path(), help="The device: its keys and storage.  [default: the user's]")
@system
@words
def run(
    program: str,
    arguments: tuple[str, ...],
    target: str,
    files: str,
    cwd: str | None,
    memory: str,
    engine: str | None,
    manifest: str | None,
    sign: str | None,
    trace: bool,
    expressions: tuple[str, ...],
    trace_json: str | None,
    gdb: int | None,
    profile: str | None,
    audit: str | None,
    state: str | None,
    sysroot: str | None,
    debian: tuple[str, ...],
    suite: str,
) -> int:
    """Runs PROGRAM, an aarch64 Linux executable or a .ta file, inside; the status is the program's own.

    \b
    139  it died inside; one line says what and where
    125  elfhaven itself failed
    """
    from elfhaven.cli.progress import run_shown
    from elfhaven.sdk.looking import Wanted

    return run_shown(
        program,
        *arguments,
        target=target,
        files=files,
        cwd=cwd,
        memory=memory,
        engine=engine,
        manifest=manifest,
        sign=sign,
        trace=trace,
        wanted=Wanted(trace, expressions, trace_json, gdb, profile),
        audit=audit,
        state=state,
        sysroot=sysroot,
        debian=debian,
        suite=suite,
    )
