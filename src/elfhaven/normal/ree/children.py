# SPDX-License-Identifier: BSD-2-Clause
"""Children of a process by vfork and exec, as posix_spawn, system and popen make them.

Between the two the child is a thread of its parent, in whose memory it runs, as on Linux; the parent waits,
and gets its descriptors and signal handlers back as they were. The program that the child becomes is a
process of its own, on a host thread of its own. A fork without exec is not served.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfhaven.abi import linux
from elfhaven.errors import ElfhavenError
from elfhaven.normal.ree import executable
from elfhaven.normal.ree.threads import Outcome, Thread, Wait

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

WNOHANG = 1


@dataclass(slots=True, eq=False)
class Spawning:
    """A child before its exec: the waiting parent, and what it gets back."""

    parent: Thread
    files: Any
    actions: dict[int, Any]


class Children:
    """Children of one process: by number, the wait status of those that ended."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._spawning: dict[Thread, Spawning] = {}
        self._running: dict[int, threading.Thread] = {}
        self._ended: dict[int, int] = {}
        self._waiting: list[tuple[Thread, int, Callable[[int, int], int]]] = []

    def is_spawning(self, thread: Thread) -> bool:
        return thread in self._spawning

    def vfork(self, parent: Thread, child: Thread) -> Wait:
        """`child` runs until it becomes another program or ends; what the parent waits for."""
        process = self._process
        saved = Spawning(parent, process.files.snapshot(), dict(process.signals.actions))
        self._spawning[child] = saved
        process.scheduler.add(child)
        return Wait(firm=True)

    def _give_back(self, child: Thread) -> Any:
        """The parent goes on; the child's own descriptors."""
        saved = self._spawning.pop(child)
        process = self._process
        own = process.files.exchange(saved.files)
        process.signals.actions = saved.actions
        process.scheduler.remove(child)
        process.scheduler.wake(saved.parent, child.number)
        return own

    def exit(self, child: Thread, status: int) -> None:
        """The child ends without having become a program."""
        own = self._give_back(child)
        self._process.files.drop(own)
        self._end(child.number, (status & 0xFF) << 8)

    def exec(self, child: Thread, path: str, argv: list[bytes], env: dict[bytes, bytes]) -> None:
        """The child becomes the program at `path`. OSError where that cannot run."""
        check(path)
        own = self._give_back(child)
        made = self._process.made_for(child.number, own)

        def run() -> None:
            try:
                status = made.run(path, *texts(argv, env))
            except ElfhavenError:
                status = 126
            word = made.killed if made.killed is not None else (status & 0xFF) << 8
            self._process.scheduler.post(lambda: self._end(child.number, word))

        thread = threading.Thread(target=run, name=f"process {child.number}", daemon=True)
        self._running[child.number] = thread
        thread.start()

    def _end(self, number: int, word: int) -> None:
        self._running.pop(number, None)
        self._ended[number] = word
        for entry in list(self._waiting):
            thread, wanted, tell = entry
            if wanted in (-1, number) and number in self._ended:
                self._waiting.remove(entry)
                self._process.scheduler.wake(thread, tell(number, self._ended.pop(number)))

    def wait(self, thread: Thread, wanted: int, options: int, tell: Callable[[int, int], int]) -> Outcome:
        """wait4: `tell` writes the status and gives the call's result."""
        for number in list(self._ended):
            if wanted in (-1, number):
                return tell(number, self._ended.pop(number))
        if not self._running or (wanted > 0 and wanted not in self._running):
            raise OSError(linux.ERRNO["ECHILD"], "no such child")
        if options & WNOHANG:
            return 0
        entry = (thread, wanted, tell)
        self._waiting.append(entry)
        return Wait(leave=lambda: self._waiting.remove(entry) if entry in self._waiting else None)

    def replace(self, path: str, argv: list[bytes], env: dict[bytes, bytes]) -> None:
        """The process itself becomes the program at `path`."""
        check(path)
        process = self._process
        made = process.made_for(process.number, process.files.exchange(({}, set())))
        process.become(made, path, *texts(argv, env))

    def join(self) -> None:
        """At the end of the process: what it started goes on to its own end."""
        for thread in list(self._running.values()):
            thread.join()


def check(path: str) -> None:
    """ENOENT or ENOEXEC for what cannot run."""
    try:
        executable.read(path)
    except ElfhavenError as error:
        missing = not os.path.exists(path)
        raise OSError(linux.ENOENT if missing else linux.ERRNO["ENOEXEC"], error.cause) from None


def texts(argv: list[bytes], env: dict[bytes, bytes]) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment as Process.run takes them."""
    return [os.fsdecode(word) for word in argv], {os.fsdecode(k): os.fsdecode(v) for k, v in env.items()}
