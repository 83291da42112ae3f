# SPDX-License-Identifier: BSD-2-Clause
"""What the user sees while something lasts: notes on stderr, and seconds where that is a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfhaven.sdk.looking import Wanted

_QUIET = 0.3
_PERIOD = 0.2


def note(text: str) -> None:
    """A line for the user on stderr."""
    print(f"elfhaven: {text}", file=sys.stderr, flush=True)


class Step:
    """A long step under way; end() wipes what it shows."""

    def __init__(self, name: str, shown: bool) -> None:
        self._name = name
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True) if shown else None
        if self._thread:
            self._thread.start()

    def end(self) -> None:
        self._done.set()
        if self._thread:
            self._thread.join()

    def _show(self) -> None:
        started = time.monotonic()
        if self._done.wait(_QUIET):
            return
        while not self._done.wait(_PERIOD):
            seconds = time.monotonic() - started
            print(f"\r\033[K{self._name} ... {seconds:.1f} s", end="", file=sys.stderr, flush=True)
        print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Shows `name` and its seconds once it has lasted a moment, where stderr is a terminal."""
    shown = Step(name, sys.stderr.isatty())
    try:
        yield shown
    finally:
        shown.end()


def run_shown(
    program: str,
    *arguments: str,
    target: str,
    files: str = "host",
    cwd: str | None = None,
    memory: str,
    manifest: str | None,
    sign: str | None,
    trace: bool,
    audit: str | None,
    state: str | None,
    sysroot: str | None = None,
    debian: tuple[str, ...] = (),
    suite: str = "",
    engine: str | None = None,
    wanted: Wanted | None = None,
) -> int:
    """Runs a program as the user's own command would run; its status."""
    from elfhaven.sdk.looking import Wanted, looking
    from elfhaven.sdk.program import run

    wanted = wanted or Wanted(trace=trace)
    with (
        step("starting") as shown,
        looking(wanted, program, note, sysroot=sysroot, debian=debian, suite=suite) as seen,
    ):
        result = run(
            program,
            *arguments,
            target=target,
            files=files,
            cwd=cwd,
            memory=memory,
            manifest=manifest,
            sign=sign,
            on_call=seen.on_call,
            look=seen.look,
            audit=audit,
            state=state,
            sysroot=sysroot,
            debian=debian,
            suite=suite,
            engine=engine,
            on_note=note,
            on_start=shown.end,
        )
        seen.ended(result.status)
    return result.status


class Steps:
    """note(), one after the other; the last one's seconds are shown until the next one or the end."""

    def __init__(self) -> None:
        self._shown: Step | None = None

    def __call__(self, text: str) -> None:
        self.end()
        note(text)
        self._shown = Step(text, sys.stderr.isatty())

    def end(self) -> None:
        shown, self._shown = self._shown, None
        if shown:
            shown.end()


@contextmanager
def steps() -> Iterator[Steps]:
    """For what may fetch and build: each line that it reports stays, and is seen to go on."""
    shown = Steps()
    try:
        yield shown
    finally:
        shown.end()
