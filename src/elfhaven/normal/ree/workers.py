# SPDX-License-Identifier: BSD-2-Clause
"""Host threads that make the blocking calls of a program, while its other threads go on.

A call into the secure world is made and resumed on one host thread, so each call keeps its own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final

_STOP: Final = None


class Workers:
    """As many threads as there are calls at once; idle ones are used again.

    Locks: `_lock` guards the list of idle threads and is held for nothing else.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[Callable[[], None] | None]] = []
        self._threads: list[threading.Thread] = []

    def run(self, work: Callable[[], None]) -> None:
        """Has `work` done on a thread of its own. It must not raise."""
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = queue.SimpleQueue()
            thread = threading.Thread(target=self._serve, args=(inbox,), name="tee call", daemon=True)
            self._threads.append(thread)
            thread.start()
        inbox.put(work)

    def _serve(self, inbox: queue.SimpleQueue[Callable[[], None] | None]) -> None:
        while (work := inbox.get()) is not _STOP:
            work()
            with self._lock:
                self._idle.append(inbox)

    def close(self) -> None:
        """Ends the idle threads; there must be no call any more."""
        with self._lock:
            idle, self._idle = self._idle, []
        for inbox in idle:
            inbox.put(_STOP)
        for thread in self._threads:
            thread.join(1.0)
