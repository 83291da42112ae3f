# SPDX-License-Identifier: BSD-2-Clause
"""Runs a client with a recorder on the wire: the client of a project, or an aarch64 program."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from elfhaven.errors import UsageError
from elfhaven.sdk import ta_project
from elfhaven.sdk.sequence import Recorder
from elfhaven.sdk.sequence_names import Names, names_of
from elfhaven.world.tap import TAPPED


def record(
    project: str | os.PathLike[str],
    words: Sequence[str],
    note: Callable[[str], None],
    state: str | os.PathLike[str] | None = None,
) -> tuple[Recorder, int]:
    """The run, and the client's status. `words` begin with an aarch64 program, or are arguments of client.py.
    What the client prints goes where it goes without a recorder. `state` is the device of a program; a
    client.py names its own. Raises UsageError."""
    recorder = Recorder(_names(project))
    token = TAPPED.set(recorder.tap)
    try:
        if words and words[0] != "--" and Path(words[0]).is_file():
            status = ta_project.run_program(project, words, note, state)
        else:
            status = _client(Path(project), words[words[:1] == ("--",) :])
    finally:
        TAPPED.reset(token)
    return recorder, status


def _names(project: str | os.PathLike[str]) -> Names:
    """None for a project without a TA in Python: a client of TAs in C is drawn with their UUIDs."""
    if not any(Path(project).glob("*ta*.py")) and (Path(project) / "client.py").is_file():
        return {}
    return names_of(ta_project.load_tas(project))


def _client(project: Path, arguments: Sequence[str]) -> int:
    client = project / "client.py"
    if not client.is_file():
        raise UsageError(
            f"no file {client}", "name a TA's project with --project, or make one: elfhaven new NAME"
        )
    with ta_project.beside(project.resolve()), _as_main(client, arguments):
        try:
            runpy.run_path(str(client), run_name="__main__")
        except SystemExit as leaving:
            return _status(leaving)
        except Exception as error:  # the client's own: shown as python shows it
            traceback.print_exception(error.with_traceback(_own(error, client)))
            return 1
    return 0


def _own(error: BaseException, client: Path) -> TracebackType | None:
    """Its traceback from the client's first line on."""
    found = error.__traceback__
    while found is not None and found.tb_frame.f_code.co_filename != str(client):
        found = found.tb_next
    return found or error.__traceback__


def _status(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    print(leaving.code, file=sys.stderr)
    return 1


@contextmanager
def _as_main(client: Path, arguments: Sequence[str]) -> Iterator[None]:
    """While the interpreter looks as if the client had been started."""
    argv = sys.argv
    sys.argv = [str(client), *arguments]
    try:
        yield
    finally:
        sys.argv = argv
