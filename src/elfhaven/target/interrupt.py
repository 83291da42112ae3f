# SPDX-License-Identifier: BSD-2-Clause
"""Ctrl-C while the engine runs: a signal is seen even when no Python code is executing.

Python runs its handlers between bytecodes, and the engine may run for hours without one. The interpreter's
C-level handler writes the signal's number to a wakeup descriptor at once (signal.set_wakeup_fd); a thread
reads it and calls back.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN = (
    0.1  # a signal may come just before a call blocks, or between two entries of the TA: so it is repeated
)


class ProgramInterrupted(BaseException):
    """Raised in the main thread out of a wait on the normal side. Like KeyboardInterrupt no Exception."""


class Interrupt:
    """Which signal came, if any, and whether this is a moment to raise."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._waiting = False

    @property
    def status(self) -> int | None:
        """The exit status that a shell gives a command killed by that signal."""
        return None if self.signal is None else 128 + self.signal

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around a call of the normal side that may block: there a signal raises ProgramInterrupted.

        Elsewhere it must not: the engine's callbacks cannot carry an exception.
        """
        self._waiting = True
        try:
            if self.signal is not None:
                raise ProgramInterrupted
            yield
        finally:
            self._waiting = False

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """The Python-level handler; runs in the main thread."""
        self.signal = self.signal or number
        if self._waiting:
            raise ProgramInterrupted


@contextmanager
def watch(stop: Callable[[], None]) -> Iterator[Interrupt]:
    """Within, a signal of WATCHED calls `stop` from another thread until the block ends.

    ProgramInterrupted ends the block quietly. Only the main thread can watch; in another one nothing is.
    """
    seen = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    done = threading.Event()
    thread = threading.Thread(target=_relay, args=(reader, done, seen, stop), daemon=True)
    before = {number: signal.signal(number, seen.handle) for number in WATCHED if _ours(number)}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    thread.start()
    try:
        yield seen
    except ProgramInterrupted:
        pass
    finally:
        done.set()
        signal.set_wakeup_fd(wakeup)
        os.close(writer)
        thread.join()  # before the handlers go back: the thread may just be repeating the signal
        os.close(reader)
        for number, handler in before.items():
            signal.signal(number, handler)


def _relay(reader: int, done: threading.Event, seen: Interrupt, stop: Callable[[], None]) -> None:
    """Waits for a signal's number or the end of the pipe; then stops, and again until the block ends."""
    number = _read(reader)
    while number is not None and not done.is_set():
        seen.signal = seen.signal or number
        stop()
        if not done.wait(_AGAIN):
            signal.pthread_kill(_main_thread(), number)


def _read(reader: int) -> int | None:
    while True:
        select.select([reader], [], [])
        for number in os.read(reader, 64) or (None,):
            if number is None or number in WATCHED:
                return number


def _main_thread() -> int:
    return threading.main_thread().ident or 0


def _ours(number: int) -> bool:
    """A signal that the parent ignores (nohup) stays ignored."""
    return signal.getsignal(number) is not signal.SIG_IGN
