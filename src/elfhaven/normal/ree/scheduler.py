# SPDX-License-Identifier: BSD-2-Clause
"""Threads of one process take turns on one engine.

A thread runs until a call of it waits, until its time is up while others are ready, or until something
happened outside. Atomic instructions are atomic since there is one engine; a switch clears its monitor.

Only `post` and `kick` may be called from other host threads; all else belongs to the one that runs.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from elfhaven.machine.engine import Exit, Fault, Stop
from elfhaven.machine.user_engine import UserEngine
from elfhaven.normal.ree.memory import UserMemory
from elfhaven.normal.ree.threads import WORD, Thread, Wait

QUANTUM: Final = 0.01  # seconds
_LONGEST: Final = 1 << 31  # ms that poll takes


class Ticker:
    """Kicks the engine after each quantum while it is on."""

    def __init__(self, kick: Callable[[], None]) -> None:
        self._kick = kick
        self._on = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def turn(self, on: bool) -> None:
        if on == self._on.is_set():
            return
        if not on:
            self._on.clear()
            return
        self._on.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._closed:
            self._on.wait()
            time.sleep(QUANTUM)
            if self._on.is_set() and not self._closed:
                self._kick()

    def close(self) -> None:
        self._closed = True
        self._on.set()
        if self._thread is not None:
            self._thread.join()


class Scheduler:
    """`before` runs when a thread is about to go on (signals), `fault` when it took an exception. Each is
    given the thread, whose registers are in the engine."""

    def __init__(
        self,
        engine: UserEngine,
        memory: UserMemory,
        before: Callable[[Thread], None],
        fault: Callable[[Thread, Fault], None],
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._before = before
        self._fault = fault
        self._ready: deque[Thread] = deque()
        self._watching: set[Thread] = set()  # waiting for files or a time
        self._posted: deque[Callable[[], None]] = deque()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closing = threading.Lock()  # guards the bell's descriptor against its end; a leaf
        self._ticker = Ticker(self.kick)
        self._live: Thread | None = None  # whose registers are in the engine
        self.current: Thread | None = None
        self.threads: dict[int, Thread] = {}
        self.alarm: tuple[int | None, int] = (None, 0)  # the interval timer: deadline, interval in ns
        self._ring: Callable[[], None] = lambda: None
        self.outside = 0  # calls under way on other host threads
        self.ended = False
        self.leave = False  # the current thread must leave the engine after this call

    # ---- for handlers

    def add(self, thread: Thread) -> None:
        self.threads[thread.number] = thread
        self._ready.append(thread)

    def remove(self, thread: Thread) -> None:
        thread.dead = self.leave = True
        self.threads.pop(thread.number, None)
        self._watching.discard(thread)

    def wake(self, thread: Thread, result: int | None) -> None:
        """Ends a wait with a result; nothing happens to a thread that is gone."""
        if thread.dead or thread.wait is None:
            return
        self._watching.discard(thread)
        thread.wait = None
        thread.result = result
        self._ready.append(thread)

    def post(self, work: Callable[[], None]) -> None:
        """Have `work` done by the host thread that runs this process. From any thread."""
        self._posted.append(work)
        self._ring_bell()
        self._engine.interrupt()

    def _ring_bell(self) -> None:
        with self._closing:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def kick(self) -> None:
        """Have the running thread come out of the engine soon. From any thread."""
        self._engine.interrupt()

    def stop(self) -> None:
        """End the process wherever it is. From any thread."""
        self.ended = True
        self._ring_bell()
        self._engine.stop()

    def registers_of(self, thread: Thread) -> None:
        """Puts a thread's registers into the engine."""
        live = self._live
        if live is thread:
            return
        if live is not None and not live.dead:
            live.saved = self._engine.save()
        assert thread.saved is not None
        self._engine.restore(thread.saved)
        self._live = thread

    def set_alarm(self, deadline: int | None, interval: int, ring: Callable[[], None]) -> None:
        """Has `ring` called at a time of the monotonic clock, then every `interval` ns if that is not 0."""
        self.alarm, self._ring = (deadline, interval), ring

    # ---- running

    def run(self) -> None:
        """Runs until `ended`."""
        while not self.ended:
            self._engine.rearm()
            self._do_posted()
            if self._watching or self.alarm[0] is not None:
                self._look(0)
            if self._ready:
                self._turn(self._ready.popleft())
            elif not self.ended and not self._posted:
                self._idle()

    def _do_posted(self) -> None:
        while self._posted:
            self._posted.popleft()()

    def settle(self) -> None:
        """After `run`: waits for the calls that are under way on other host threads."""
        self._watching.clear()
        while self.outside:
            self._poll(None)
            self._do_posted()

    def _turn(self, thread: Thread) -> None:
        self.current = thread
        self.registers_of(thread)
        if thread.result is not None:
            self._engine.registers[0] = thread.result & WORD
            thread.result = None
        self._before(thread)
        if self.ended or thread.dead or thread.wait is not None:
            return
        self.leave = False
        busy = self._ready or self._watching or self.outside or self.alarm[0] is not None
        self._ticker.turn(bool(busy))
        self._after(thread, self._engine.go(self._memory, self._memory.code_epoch))

    def _after(self, thread: Thread, why: Exit) -> None:
        if thread.dead:
            return
        if isinstance(why, Fault):
            self._fault(thread, why)
        wait = thread.wait
        if wait is None:
            (self._ready.append if why is Stop.INTERRUPTED else self._ready.appendleft)(thread)
        elif wait.files or wait.deadline is not None:
            self._watching.add(thread)

    def yield_turn(self) -> None:
        """The current thread goes to the end of the queue after this call."""
        self._engine.interrupt()

    def _idle(self) -> None:
        self._ticker.turn(False)
        deadlines = [t.wait.deadline for t in self._watching if t.wait and t.wait.deadline is not None]
        if self.alarm[0] is not None:
            deadlines.append(self.alarm[0])
        pause = None
        if deadlines:
            pause = min(max(0, -(-(min(deadlines) - time.monotonic_ns()) // 1_000_000)), _LONGEST - 1)
        self._look(pause)

    def _look(self, pause: int | None) -> None:
        """Polls for `pause` ms; threads whose file is ready or whose time has come go on."""
        ready = self._poll(pause)
        now = time.monotonic_ns()
        deadline, interval = self.alarm
        if deadline is not None and now >= deadline:
            self.alarm = (now + interval if interval else None, interval)
            self._ring()
        for thread in list(self._watching):
            wait = thread.wait
            if wait is None:
                self._watching.discard(thread)
            elif (wait.deadline is not None and now >= wait.deadline) or any(
                fd in ready for fd, _ in wait.files
            ):
                self._retry(thread, wait)

    def _poll(self, pause: int | None) -> set[int]:
        wanted: dict[int, int] = {}
        for thread in self._watching:
            for fd, events in thread.wait.files if thread.wait else ():
                wanted[fd] = wanted.get(fd, 0) | events
        if not wanted and pause == 0:
            return set()
        poller = select.poll()
        poller.register(self._bell, select.POLLIN)
        for fd, events in wanted.items():
            poller.register(fd, events)
        ready = {fd for fd, _ in poller.poll(pause)}
        if self._bell in ready:
            os.eventfd_read(self._bell)
        return ready

    def _retry(self, thread: Thread, wait: Wait) -> None:
        self.current = thread
        outcome: int | Wait | None
        try:
            outcome = wait.again()
        except OSError as error:
            outcome = -(error.errno or 5)
        if isinstance(outcome, Wait):
            thread.wait = outcome
            if not outcome.files and outcome.deadline is None:
                self._watching.discard(thread)
        else:
            self.wake(thread, outcome)

    def close(self) -> None:
        self._ticker.close()
        with self._closing:
            bell, self._bell = self._bell, -1
        os.close(bell)
