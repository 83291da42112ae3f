# SPDX-License-Identifier: BSD-2-Clause
"""Exclusive use of something by one OP-TEE thread at a time, in the order of asking.

A thread that must wait sleeps in the normal world (RPC NOTIFICATION). Whoever is done hands over to the
first in the queue, so a client that calls without a pause cannot starve another.
"""

from __future__ import annotations

from elfhaven.secure.rpc import Rpc
from elfhaven.secure.threads import Thread


class Turn:
    """Free, or held by a thread."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self.holder: Thread | None = None
        self._queue: list[Thread] = []

    def take(self, thread: Thread) -> None:
        """Wait for the turn. TeeResult, without the turn, where the waiting fails or is ended from
        outside."""
        if self.holder is None:
            self.holder = thread
            return
        self._queue.append(thread)
        try:
            while self.holder is not thread:
                self._rpc.wait(thread)
        except BaseException:
            if thread in self._queue:
                self._queue.remove(thread)
            elif self.holder is thread:
                self.give(thread)
            raise

    def give(self, thread: Thread) -> None:
        """Hand over to the next."""
        self.holder = self._queue.pop(0) if self._queue else None
        if self.holder is not None:
            self._rpc.wake(thread, self.holder)


class NestedTurn:
    """A turn that its holder may take again, and gives back as often."""

    def __init__(self, rpc: Rpc) -> None:
        self._turn = Turn(rpc)
        self._depth = 0

    def is_held_by(self, thread: Thread) -> bool:
        return self._turn.holder is thread

    def take(self, thread: Thread) -> None:
        """As Turn.take."""
        if self._turn.holder is not thread:
            self._turn.take(thread)
        self._depth += 1

    def give(self, thread: Thread) -> None:
        """Back by one; the next thread's turn when it was the last."""
        self._depth -= 1
        if not self._depth:
            self._turn.give(thread)
