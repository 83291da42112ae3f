# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's threads. A standard call runs in a greenlet; an RPC switches back to the SMC that (re)started it.

Lock: `SecureCore.lock` guards everything in this package. It is held while core code runs; it is free while
guest code runs (Task.enter) and while every thread is suspended in an RPC, since smc() has returned then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import get_ident
from typing import TYPE_CHECKING

from greenlet import GreenletExit, getcurrent, greenlet

from elfhaven.abi.smc import RETURN_ERESUME, RETURN_ETHREAD_LIMIT
from elfhaven.machine.engine import Engine

if TYPE_CHECKING:
    from elfhaven.secure.rpc import Payload
    from elfhaven.secure.session import Session

Answer = tuple[int, int, int, int]


class Thread:
    """One OP-TEE thread. `number` is what a3 carries; `engines` are one per level of TA calling TA."""

    def __init__(self, number: int, create: Callable[[], Engine]) -> None:
        self.number = number
        self._create = create
        self.engines: list[Engine] = []
        self.sessions: list[Session] = []  # the sessions being served, innermost last
        self.interrupted = False
        self.stop_hosted: Callable[[], None] | None = None  # ends a TA that runs in this process
        self.suspended = False  # in an RPC
        self.rpc_message: tuple[int, int] | None = None  # (address, cookie) of the cached RPC message
        self.rpc_preallocated: int | None = None  # address, given by CALL_WITH_RPC_ARG
        self.scratch: Payload | None = None  # of RPCs, see Rpc.scratch
        self._greenlet: greenlet | None = None
        self._host = 0  # the host thread that made the call: greenlets cannot leave theirs

    @property
    def busy(self) -> bool:
        return self._greenlet is not None

    def engine(self, level: int) -> Engine:
        """The engine of a nesting level, made when first needed."""
        while len(self.engines) <= level:
            self.engines.append(self._create())
        return self.engines[level]

    def start(self, work: Callable[[Thread], Answer]) -> Answer:
        """Run `work` until it ends or asks for an RPC."""
        self.interrupted = False
        for engine in self.engines:
            engine.rearm()
        self._host = get_ident()
        self._greenlet = greenlet(lambda: work(self))
        return self._switch(None)

    @property
    def current(self) -> bool:
        """Whether this very code runs on the thread, so that it can ask for RPCs."""
        return self._greenlet is not None and getcurrent() is self._greenlet

    @property
    def can_resume(self) -> bool:
        """Whether the call is suspended, and this host thread is the one that made it."""
        return self.suspended and self._host == get_ident()

    @property
    def running(self) -> bool:
        """Whether a host thread is inside this call right now."""
        return self.busy and not self.suspended

    def interrupt(self) -> None:
        """Have the call's TAs die, now or when they next run. From any host thread."""
        if self.busy:
            self.interrupted = True  # first: an engine made from now on is not entered
            for engine in self.engines:
                engine.interrupt()
            stop = self.stop_hosted
            if stop is not None:
                stop()

    def resume(self, registers: Sequence[int]) -> Answer:
        """RETURN_FROM_RPC."""
        return self._switch(registers)

    def _switch(self, registers: Sequence[int] | None) -> Answer:
        running = self._greenlet
        assert running is not None
        running.parent = getcurrent()
        try:
            answer: Answer = running.switch() if registers is None else running.switch(registers)
        finally:
            if running.dead:
                self._greenlet = None
        return answer

    def rpc(self, a0: int, a1: int = 0, a2: int = 0) -> Sequence[int]:
        """Suspend with an RPC; the registers of RETURN_FROM_RPC."""
        if self._greenlet is None:
            raise GreenletExit  # being killed: what unwinds may not ask for more
        self.suspended = True
        try:
            answer: Sequence[int] = self._greenlet.parent.switch((a0, a1, a2, self.number))
        finally:
            self.suspended = False
        return answer

    def kill(self) -> None:
        """End a suspended call that nobody will resume. A no-op from another host thread than its own."""
        suspended = self._greenlet
        if suspended is None or not self.can_resume:
            return
        self._greenlet = None
        suspended.parent = getcurrent()
        suspended.throw()

    def close(self) -> None:
        self.kill()
        for engine in self.engines:
            engine.close()
        self.engines.clear()


class ThreadPool:
    """The fixed number of threads that a build of OP-TEE has."""

    def __init__(self, count: int, create: Callable[[], Engine]) -> None:
        self.threads = [Thread(i, create) for i in range(count)]

    def current(self) -> Thread | None:
        """The thread on which the code that asks runs; None outside of calls."""
        return next((thread for thread in self.threads if thread.current), None)

    def start(self, work: Callable[[Thread], Answer]) -> Answer:
        """Run on a free thread; ETHREAD_LIMIT when there is none."""
        for thread in self.threads:
            if not thread.busy:
                return thread.start(work)
        return RETURN_ETHREAD_LIMIT, 0, 0, 0

    def resume(self, number: int, registers: Sequence[int]) -> Answer:
        """Resume a suspended thread; ERESUME for one that is not, or from another host thread."""
        if not 0 <= number < len(self.threads) or not self.threads[number].can_resume:
            return RETURN_ERESUME, 0, 0, 0
        return self.threads[number].resume(registers)

    def close(self) -> None:
        for thread in self.threads:
            thread.close()
