# SPDX-License-Identifier: BSD-2-Clause
"""Calls of a process into the TEE, and what is the TEE's for as long as it lives.

They are made on the process's own host thread while the program has one thread, else on a worker's, so that
its other threads go on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from elfhaven.abi import linux
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import TeeError
from elfhaven.normal.ree.threads import Outcome, Wait
from elfhaven.normal.ree.workers import Workers

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process
    from elfhaven.normal.ree.shared import SharedPages

_T = TypeVar("_T")


class SecureCalls:
    """Of one process. Close it when no call is under way any more."""

    def __init__(self, process: Process) -> None:
        self._scheduler = process.scheduler
        self._memory = process.memory
        self._driver = process.driver
        self._workers = Workers()
        self._numbers: set[int] = set()

    def close(self) -> None:
        self._workers.close()

    def call_out(self, work: Callable[[], _T], finish: Callable[[_T], int]) -> Outcome:
        """Does `work` in the secure world, then `finish` here, whose result is the call's."""
        if len(self._scheduler.threads) == 1:
            return finish(work())
        thread = self._scheduler.current
        assert thread is not None

        def ended(answer: _T) -> None:
            try:
                result = finish(answer)
            except OSError as error:
                result = -(error.errno or linux.EIO)
            self._scheduler.wake(thread, result)

        self._outside(work, ended)
        return Wait(firm=True)

    def _in_passing(self, work: Callable[[], bool], finish: Callable[[], None]) -> None:
        """Like call_out, for what no thread waits for."""
        if len(self._scheduler.threads) <= 1 or self._scheduler.ended:
            work()
            finish()
        else:
            self._outside(work, lambda _answer: finish())

    def _outside(self, work: Callable[[], _T], ended: Callable[[_T], None]) -> None:
        """Has `work` done on a worker's thread, then `ended` by the process."""
        scheduler = self._scheduler
        scheduler.outside += 1

        def guarded() -> None:
            try:
                scheduler.post(partial(ended, work()))
            finally:
                scheduler.post(self._one_less)

        self._workers.run(guarded)

    def _one_less(self) -> None:
        self._scheduler.outside -= 1

    # ---- shared memory and sessions

    def take(self) -> int:
        """The smallest id of shared memory that is free."""
        number = next(n for n in count(1) if n not in self._numbers)
        self._numbers.add(number)
        return number

    def give(self, number: int) -> None:
        self._numbers.discard(number)

    def take_back(self, pages: SharedPages) -> None:
        """Has the TEE forget shared memory, then lets its pages go."""
        self._in_passing(lambda: self._driver.unshare(pages.cookie), lambda: self.let_go(pages))

    def let_go(self, pages: SharedPages) -> None:
        """Lets pages go that only the normal world has known."""
        for chunk, _, _ in pages.pieces:
            if chunk.release():
                self._memory.code_epoch += 1

    def close_session(self, session: int) -> None:
        """Closes a session that the program left open."""
        self._in_passing(lambda: self._send_close(session), lambda: None)

    def _send_close(self, session: int) -> bool:
        try:
            self._driver.transact(msg.CMD_CLOSE_SESSION, 0, session, 0, [])
        except TeeError:
            return False
        return True
