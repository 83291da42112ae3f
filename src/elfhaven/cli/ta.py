# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven ta`: what a TA file holds, the store of an emulated device, projects of Python TAs."""

from __future__ import annotations

import click

_STATE = click.option("--state", type=click.Path(), help="The emulated device.  [default: the user's]")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.group()
def ta() -> None:
    """Trusted Applications: show a file, install one, list those of a device; run and test Python ones."""


@ta.command()
@_JSON
@click.argument("file", metavar="FILE.ta", type=click.Path())
def show(file: str, as_json: bool) -> None:
    """Header, signer, version, properties, memory and imports of FILE.ta, and whether it would load."""
    from elfhaven.sdk import ta_files

    found = ta_files.show(file)
    if as_json:
        _print_json(found)
        return
    width = max(map(len, found))
    for key, value in found.items():
        lines = [str(each) for each in value] if isinstance(value, list) else [_word(value)]
        click.echo(f"{key:<{width}}  {lines[0] if lines else 'none'}")
        for line in lines[1:]:
            click.echo(f"{'':<{width}}  {line}")


@ta.command()
@_STATE
@click.argument("files", metavar="FILE.ta...", nargs=-1, required=True, type=click.Path())
def install(files: tuple[str, ...], state: str | None) -> None:
    """Puts TAs into the store of a device, which loads them by their UUIDs.

    A file that the device would not load (not signed by a key that it trusts, or changed) is refused.
    """
    from elfhaven.sdk import ta_files

    for file in files:
        click.echo(f"{ta_files.install(file, state)}  {file}")


@ta.command(name="list")
@_STATE
@_JSON
def list_(state: str | None, as_json: bool) -> None:
    """The TAs in the store of a device."""
    from elfhaven.sdk import ta_files

    rows = ta_files.installed(state)
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        what = row.get("broken") or f"version {row['version']}, signed by {row['signer']}"
        click.echo(f"{row['uuid']}  {row['size']:>9} bytes  {what}")


_PROJECT = click.option(
    "--project",
    metavar="DIR",
    type=click.Path(file_okay=False),
    default=".",
    help="The TA's project, as `elfhaven new` makes one.  [default: this directory]",
)
_REST = {"allow_interspersed_args": False, "ignore_unknown_options": True}


@ta.command(context_settings=_REST)
@_PROJECT
@click.argument("words", metavar="[PROGRAM] [ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
def run(project: str, words: tuple[str, ...]) -> int:
    """Runs the client of a project of Python TAs: client.py, or PROGRAM with the TAs on the emulator.

    PROGRAM is an aarch64 Linux executable. Arguments for client.py come after `--`.
    """
    from pathlib import Path

    from elfhaven.sdk import ta_project

    if words and words[0] != "--" and Path(words[0]).is_file():
        return _run_program(project, words)
    return ta_project.run_client(Path(project), words[words[:1] == ("--",) :])


def _run_program(project: str, words: tuple[str, ...]) -> int:
    from elfhaven.cli.progress import note
    from elfhaven.sdk.ta_project import run_program

    return run_program(project, words, note)


@ta.command(context_settings=_REST)
@_PROJECT
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(project: str, arguments: tuple[str, ...]) -> int:
    """Runs the tests of a project of Python TAs; ARGUMENTS are pytest's."""
    from pathlib import Path

    from elfhaven.sdk import ta_project

    return ta_project.run_tests(Path(project), arguments)


@ta.command()
@_PROJECT
@click.option(
    "-o", "--output", type=click.Path(), help="Where to write it, for a single TA.  [default: <uuid>.ta]"
)
@click.option(
    "--sign",
    metavar="KEY.pem",
    help="A private key, or `optee-default`.  [default: the local development key]",
)
@click.option("--heap", metavar="SIZE", default="1 MiB", show_default=True, help="MicroPython's heap.")
@click.option(
    "--interpreter",
    type=click.Choice(["micropython", "python"]),
    default="micropython",
    show_default=True,
    help="What a TA in Python is packed with; python is CPython, for an OP-TEE with much memory.",
)
def pack(project: str, output: str | None, sign: str | None, heap: str, interpreter: str) -> None:
    """Makes the TAs of a project .ta files for a real OP-TEE.

    One in Python is packed with an interpreter, Debian's MicroPython, which a stock OP-TEE has room for; what
    it uses and MicroPython has not is said here. One in C is built.
    """
    from elfhaven.cli.progress import note, step
    from elfhaven.sdk.ta_pack import pack_project

    with step("packing"):
        packed = pack_project(
            project, output, sign=sign, heap=_size(heap), interpreter=interpreter, report=note
        )
    for text in dict.fromkeys(line for one in packed for line in one.notes):
        note(text)
    for one in packed:
        click.echo(
            f"{one.path}  uuid {one.uuid}  {one.name}, {one.memory / (1 << 20):.1f} MiB of secure memory a "
            f"session or instance, signed by {one.signer[:16]}"
        )


def _size(text: str) -> int:
    from elfhaven.errors import UsageError
    from elfhaven.manifest.schema import Size

    try:
        return Size.parse(int(text) if text.isdigit() else text)
    except ValueError as error:
        raise UsageError(f"--heap: {error}", 'write it as in --heap "2 MiB"') from None


def _word(value: object) -> str:
    return "none" if value is None else str(value)


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, indent=1))
