# SPDX-License-Identifier: BSD-2-Clause
"""What `elfhaven run` may look at: a chosen trace as lines or JSON, gdb, a profile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import Record
from elfhaven.calls.trace_filter import Chosen, choose
from elfhaven.errors import StateError, UsageError
from elfhaven.target.look import Look

if TYPE_CHECKING:
    from elfhaven.sdk.gdb import Debugging


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. `expressions`: of -e; `json`: a file for JSON lines."""

    trace: bool = False
    expressions: tuple[str, ...] = ()
    json: str | None = None
    gdb: int | None = None
    profile: str | None = None


@dataclass(slots=True)
class Looking:
    """For run(): its `look` and `on_call`. ended() is to be called with the program's status."""

    look: Look = field(default_factory=Look)
    on_call: Callable[[Record], None] | None = None
    session: Debugging | None = None

    def ended(self, status: int) -> None:
        if self.session is not None:
            self.session.status = status


@contextmanager
def looking(
    wanted: Wanted,
    program: str,
    report: Callable[[str], None],
    *,
    sysroot: str | None = None,
    debian: Sequence[str] = (),
    suite: str = "",
) -> Iterator[Looking]:
    """What is wanted, for the time of one run. Raises UsageError or StateError before anything runs."""
    if wanted.gdb is not None and wanted.profile is not None:
        raise UsageError("--gdb and --profile both want the processor", "take one of them")
    with ExitStack() as stack:
        found = Looking(on_call=_tracing(wanted, stack))
        if wanted.gdb is not None:
            from elfhaven.sdk.gdb import debugging

            found.session = stack.enter_context(
                debugging(wanted.gdb, program, report, sysroot=sysroot, debian=debian, suite=suite)
            )
            found.look = Look(observer=found.session.observe)
        elif wanted.profile is not None:
            from elfhaven.sdk.flame import profiling

            observer = stack.enter_context(profiling(wanted.profile, program, sysroot, debian, suite))
            found.look = Look(observer=observer)
        yield found


def _tracing(wanted: Wanted, stack: ExitStack) -> Callable[[Record], None] | None:
    shown = wanted.trace or (bool(wanted.expressions) and wanted.json is None)
    if not shown and wanted.json is None:
        return None
    chosen: list[Chosen] = [choose(text, LINUX) for text in wanted.expressions]
    file = None if wanted.json is None else stack.enter_context(_opened(wanted.json))

    def see(record: Record) -> None:
        if not all(choice(record) for choice in chosen):
            return
        if shown:
            print(record.line(), file=sys.stderr, flush=True)
        if file is not None:
            file.write(json.dumps(record.as_values()) + "\n")

    return see


def _opened(path: str) -> IO[str]:
    try:
        return open(path, "w", buffering=1)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}", "name another file") from None
