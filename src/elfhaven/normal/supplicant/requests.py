# SPDX-License-Identifier: BSD-2-Clause
"""RPCs on their way to a supplicant that is a program, and back: what Linux's driver keeps of them.

Lock: `Requests._lock` guards the queue and the table; nothing is called while it is held.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from elfhaven.abi import gp
from elfhaven.world.message import Param


@dataclass(slots=True, eq=False)
class Request:
    """One request. Its parameters are as in tee_ioctl_param; the answer takes their place."""

    function: int
    params: list[Param]
    result: int = gp.TEE_ERROR_COMMUNICATION
    ended: threading.Event = field(default_factory=threading.Event)


class Requests:
    """Whoever needs something asks from any thread and waits; the supplicant's node takes and answers.

    `bell` is a descriptor that is readable while a request waits. Close it after both sides.
    """

    def __init__(self) -> None:
        self.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK | os.EFD_SEMAPHORE)
        self.served = threading.Event()  # the supplicant has asked for its first request
        self._lock = threading.Lock()
        self._waiting: deque[Request] = deque()
        self._taken: dict[int, Request] = {}
        self._numbers = itertools.count(1)
        self._over = False

    def ask(self, function: int, params: list[Param]) -> tuple[int, Sequence[Param]]:
        """Has the supplicant do something: TEE_Result and parameters. TEE_ERROR_COMMUNICATION without one."""
        request = Request(function, params)
        with self._lock:
            if not self._over:
                self._waiting.append(request)
                os.eventfd_write(self.bell, 1)
            else:
                request.ended.set()
        request.ended.wait()
        return request.result, request.params

    def take(self, room: int) -> tuple[int, Request] | None:
        """The next request and its number; None where none waits. ValueError, and it goes on waiting, where
        it has more than `room` parameters."""
        self.served.set()
        with self._lock:
            if not self._waiting:
                return None
            if len(self._waiting[0].params) > room:
                raise ValueError("more parameters than there is room for")
            os.eventfd_read(self.bell)
            request, number = self._waiting.popleft(), next(self._numbers)
            self._taken[number] = request
            return number, request

    def taken(self, number: int) -> Request | None:
        """A request that was taken and not answered."""
        with self._lock:
            return self._taken.get(number)

    def answer(self, number: int, result: int) -> None:
        """Ends a request that was taken."""
        with self._lock:
            request = self._taken.pop(number)
        request.result = result
        request.ended.set()

    def end(self) -> None:
        """There is no supplicant any more: nobody waits for it from now on."""
        with self._lock:
            self._over = True
            left = [*self._waiting, *self._taken.values()]
            self._waiting.clear()
            self._taken.clear()
        self.served.set()
        for request in left:
            request.ended.set()

    def close(self) -> None:
        self.end()
        os.close(self.bell)
