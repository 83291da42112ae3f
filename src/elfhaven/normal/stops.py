# SPDX-License-Identifier: BSD-2-Clause
"""Programs that run and can be asked to end, so that a TEE need not be stopped to end them.

Locks: `_changed` guards the table; nobody is asked while it is held.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stops:
    """What runs in one context."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: dict[int, tuple[Callable[[], None], float]] = {}

    @contextmanager
    def running(self, ask: Callable[[], None], patience: float) -> Iterator[None]:
        """Within, ask_all() calls `ask` from its own thread, and waits `patience` seconds for the end."""
        entry = (ask, patience)
        with self._changed:
            self._running[id(entry)] = entry
        try:
            yield
        finally:
            with self._changed:
                del self._running[id(entry)]
                self._changed.notify_all()

    def ask_all(self) -> bool:
        """Asks every program; whether something ran and all of it has ended in time."""
        with self._changed:
            asked = dict(self._running)
        for ask, _ in asked.values():
            ask()
        patience = max((seconds for _, seconds in asked.values()), default=0.0)
        with self._changed:
            ended = self._changed.wait_for(lambda: not asked.keys() & self._running.keys(), patience)
        return bool(asked) and ended
