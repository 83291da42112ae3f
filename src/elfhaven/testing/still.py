# SPDX-License-Identifier: BSD-2-Clause
"""Time and randomness that repeat."""

from __future__ import annotations

import threading
from collections.abc import Callable
from hashlib import sha256
from itertools import count

BEGINNING = 1_767_225_600  # seconds since 1970: the first of January 2026, UTC


class StillClock:
    """The clock of both worlds. It moves by advance(), and by what a TA waits, which takes no time."""

    def __init__(self, seconds: float = BEGINNING) -> None:
        self._start = self._now = round(seconds * 1e9)

    def advance(self, seconds: float) -> None:
        """Backwards too: what the normal world calls the time may do that. The TEE's own time does not."""
        self._now += round(seconds * 1e9)
        self._start += min(0, round(seconds * 1e9))

    def now_ns(self) -> int:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def milliseconds(self) -> int:
        return (self._now - self._start) // 1_000_000


def repeating(seed: int) -> Callable[[int], bytes]:
    """A source of bytes that is the same for the same seed. For tests alone: it can be foretold."""
    lock, numbers = threading.Lock(), count()

    def give(size: int) -> bytes:
        made = b""
        with lock:
            while len(made) < size:
                made += sha256(b"%d:%d" % (seed, next(numbers))).digest()
        return made[:size]

    return give
