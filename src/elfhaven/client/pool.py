# SPDX-License-Identifier: BSD-2-Clause
"""Sessions that are kept open and lent out: opening one loads a TA, which costs more than a call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from elfhaven.errors import UsageError
from elfhaven.normal.client import Closing, Context, Login, Session
from elfhaven.tee_errors import TargetDead


class SessionPool(Closing):
    """Up to `size` sessions with one TA, opened when first needed. For several threads.

    Lock: `_lock` guards `_idle` and `_open`; it is free while a session is opened, closed or used.
    """

    def __init__(
        self, context: Context, uuid: UUID | str, size: int = 4, *, login: Login = Login.PUBLIC
    ) -> None:
        if size < 1:
            raise UsageError(f"a pool of {size} sessions", "give a size of 1 or more")
        self._context, self._uuid, self._login = context, uuid, login
        self._idle: list[Session] = []
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for a block of code; waits while all are lent. One whose TA died is replaced."""
        with self._free:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            session = session or self._context.open_session(self._uuid, login=self._login)
            try:
                yield session
            except TargetDead:
                session.close()
                raise
            except BaseException:
                self._give_back(session)
                raise
            self._give_back(session)

    def _give_back(self, session: Session) -> None:
        with self._lock:
            self._idle.append(session)

    def __len__(self) -> int:
        """How many wait to be lent."""
        return len(self._idle)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()
