# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven trace`: a client's calls and the TAs' answers as a sequence diagram."""

from __future__ import annotations

import click


@click.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(file_okay=False),
    default=".",
    help="The TA's project, as `elfhaven new` makes one.  [default: this directory]",
)
@click.option("--html", metavar="FILE", help="Also write the diagram as one HTML file.")
@click.option("-o", "--output", metavar="FILE", help="Where the diagram goes.  [default: stderr]")
@click.argument("words", metavar="[PROGRAM] [ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
def trace(project: str, html: str | None, output: str | None, words: tuple[str, ...]) -> int:
    """Runs the client of a project of Python TAs, as `elfhaven ta run`, and draws what it said to the TEE.

    Each call and its answer are shown with their parameters, with what the TA asked of the normal world, what
    the secure console said meanwhile, and for an error what it means. The status is the client's own.
    """
    from pathlib import Path
    from shutil import get_terminal_size

    from elfhaven.cli.progress import note
    from elfhaven.sdk.sequence_html import page
    from elfhaven.sdk.sequence_text import lines_of
    from elfhaven.sdk.traced import record

    recorder, status = record(project, words, note)
    width = get_terminal_size((100, 24)).columns
    diagram = "".join(f"{line}\n" for line in lines_of(recorder.events, width))
    if output is None:
        click.echo(diagram, err=True, nl=False)
    else:
        Path(output).write_text(diagram, encoding="utf-8")
    if html is not None:
        title = f"{Path(project).resolve().name}: client and TAs"
        Path(html).write_text(page(recorder.events, title), encoding="utf-8")
    return status
