# SPDX-License-Identifier: BSD-2-Clause
"""A program as a process of the emulated normal world.

One host thread runs it (`run`); `signal` and `kill` may be called from others.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from elfhaven.abi import linux
from elfhaven.calls.linux import LINUX
from elfhaven.errors import ImageError
from elfhaven.machine.engine import PC, Fault
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.user_engine import UserEngine
from elfhaven.normal.driver import Driver
from elfhaven.normal.linux.umask import current_umask
from elfhaven.normal.ree import executable, startup
from elfhaven.normal.ree.areas import EXECUTE, READ, WRITE
from elfhaven.normal.ree.calls import Entry, bind
from elfhaven.normal.ree.children import Children
from elfhaven.normal.ree.files import Files
from elfhaven.normal.ree.futex import Futexes
from elfhaven.normal.ree.handles import Handle, HostFile, Sink
from elfhaven.normal.ree.memory import UserMemory, page_up
from elfhaven.normal.ree.paths import TEE, Paths
from elfhaven.normal.ree.scheduler import Scheduler
from elfhaven.normal.ree.secure_calls import SecureCalls
from elfhaven.normal.ree.signals import TRAMPOLINE, Signals
from elfhaven.normal.ree.tee_device import TeeDevice
from elfhaven.normal.ree.threads import Outcome, SignalInfo, Thread, Wait
from elfhaven.world.shared_memory import NormalMemory

INTERPRETER_BASE: Final = 0x7F_F700_0000
_TRAMPOLINE_AT: Final = 0x7F_FFFF_1000
_HEAP_GAP: Final = 1 << 20
_BROKEN: Final = (ValueError, OverflowError, TypeError)  # what Python makes of arguments no call can have

Output = Callable[[bytes], object]
NodeMaker = Callable[["Process"], Handle]


class Process:
    """`run` it once. `note` takes lines for the user, `trace` one line a call; `devices` are the nodes of
    the TEE that it may open, by path: that of clients unless others are named."""

    def __init__(
        self,
        driver: Driver,
        normal: NormalMemory,
        *,
        sysroot: Path | None = None,
        stdout: Output | None = None,
        stderr: Output | None = None,
        note: Callable[[str], None] | None = None,
        trace: Callable[[str], None] | None = None,
        number: int | None = None,
        devices: Mapping[str, NodeMaker] | None = None,
    ) -> None:
        self.driver = driver
        self.normal = normal
        self.number = number or os.getpid()
        self.user = os.getuid()
        self.directory = os.getcwd()
        self.umask = current_umask()
        self.unknown: Counter[str] = Counter()  # calls that are not served
        self.status: int | None = None
        self.killed: int | None = None  # the signal that ended it
        self.heap = 0
        self._note = note or (lambda _line: None)
        self._trace = trace
        self._warned: set[str] = set()
        self._sysroot = sysroot
        self._thread_numbers = count(self.number + 1)
        self.memory = UserMemory(normal)
        self.files = Files()
        self._open_streams(stdout, stderr)
        self.engine = UserEngine(PhysicalMemory.over(normal.region), self._serve)
        self.scheduler = Scheduler(self.engine, self.memory, self._before, self._fault)
        self.children = Children(self)
        self.secure = SecureCalls(self)
        self.futexes = Futexes(self.memory, self.scheduler)
        self.signals = Signals(self.memory, self.engine, lambda: self.scheduler, self._kill, _TRAMPOLINE_AT)
        self.devices = devices or {TEE: TeeDevice}
        self.paths = Paths(sysroot, "", self.devices)
        self._registers: Any = self.engine.registers
        self._table: list[Entry | None] = []
        self._next: tuple[Process, str, list[str], dict[str, str]] | None = None  # after an exec

    def _open_streams(self, stdout: Output | None, stderr: Output | None) -> None:
        for number, take in enumerate((None, stdout, stderr)):
            handle: Handle = Sink(take) if take else HostFile(number, owned=False)
            self.files.put(number, handle)

    # ---- from outside

    def run(self, program: str | os.PathLike[str], argv: Sequence[str], env: Mapping[str, str]) -> int:
        """Runs a program to its end: its exit status, 128 + n where signal n ended it.

        Raises ImageError for a file that cannot run.
        """
        try:
            self._start(os.fspath(program), argv, env)
            self.scheduler.run()
        finally:
            self._close()
        if self._next is not None:
            made, path, words, variables = self._next
            status = made.run(path, words, variables)
            self.status, self.killed = made.status, made.killed
            return status
        return 128 + self.killed if self.killed is not None else self.status or 0

    def signal(self, number: int) -> None:
        """Sends the program a signal. From any thread."""
        if self._next is not None:
            self._next[0].signal(number)
        else:
            self.scheduler.post(lambda: self.signals.send(SignalInfo(number)))

    def kill(self) -> None:
        """Ends the program at once, wherever it is. From any thread."""
        if self._next is not None:
            self._next[0].kill()
            return
        self.killed = linux.SIGKILL
        self.scheduler.stop()

    def become(self, made: Process, path: str, argv: list[str], env: dict[str, str]) -> None:
        """Ends this program; `made` goes on in its place."""
        self._next = (made, path, argv, env)
        self.scheduler.ended = self.scheduler.leave = True

    def made_for(self, number: int, table: tuple[dict[int, Handle], set[int]]) -> Process:
        """A process for a child of this one, with the descriptors of `table`."""
        made = Process(
            self.driver, self.normal, sysroot=self._sysroot, note=self._note, trace=self._trace,
            number=number, devices=self.devices,
        )  # fmt: skip
        made.directory, made.umask = self.directory, self.umask
        made.files.close_all()
        made.files.adopt(table)
        return made

    # ---- beginning and end

    def _start(self, program: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        file = executable.read(program)
        self.paths.program = os.path.realpath(program)
        loaded = executable.load(self.memory, file, program, executable.PROGRAM_BASE)
        interpreter = None
        if loaded.interpreter is not None:
            interpreter = self._interpreter(loaded.interpreter)
        self.heap = page_up(loaded.end + _HEAP_GAP)
        stack = startup.STACK_TOP - startup.STACK_SIZE
        self.memory.map(stack, startup.STACK_SIZE, READ | WRITE, label="[stack]")
        arguments = [os.fsencode(argument) for argument in argv]
        variables = {os.fsencode(name): os.fsencode(value) for name, value in env.items()}
        sp, data = startup.initial_stack(arguments, variables, loaded, interpreter, os.fsencode(program))
        if len(data) > startup.STACK_SIZE // 4:
            raise ImageError("the arguments and the environment are too long", "pass a file instead")
        self.memory.write(sp, data)
        self._map_trampoline()
        entry = (interpreter or loaded).entry
        self._table = bind(self)
        self.scheduler.add(Thread(self.number, self.engine.fresh(entry, sp)))

    def _interpreter(self, name: str) -> executable.Loaded:
        path = self.paths.host(name)
        if not os.path.exists(path):
            raise ImageError(
                f"the program needs the interpreter {name}, which is not there",
                "name a directory that holds an aarch64 system with --sysroot DIR, or link it statically",
            )
        return executable.load(self.memory, executable.read(path), name, INTERPRETER_BASE)

    def _map_trampoline(self) -> None:
        page = self.memory.chunk(len(TRAMPOLINE))
        page.view(0, len(TRAMPOLINE))[:] = TRAMPOLINE
        self.memory.map(_TRAMPOLINE_AT, 4096, READ | EXECUTE, page, label="[vdso]")

    def end(self, status: int) -> None:
        """The program has exited."""
        if not self.scheduler.ended:
            self.status = status
            self.scheduler.ended = self.scheduler.leave = True

    def _kill(self, number: int) -> None:
        if not self.scheduler.ended:
            self.killed = number
            self.scheduler.ended = self.scheduler.leave = True

    def _close(self) -> None:
        """As Linux at the end of a process: calls under way come to their end, then all is closed."""
        self.children.join()
        self.scheduler.settle()
        self.files.close_all()
        self.secure.close()
        self.scheduler.close()
        self.memory.close()
        self.engine.close()

    # ---- calls of the program

    def _serve(self) -> bool:
        """One system call; False where the thread does not simply go on."""
        registers = self._registers
        number = registers[8]
        entry = self._table[number] if number < len(self._table) else None
        if entry is None:
            self._refuse(number)
            return True
        handler, arguments = entry
        outcome: Outcome
        try:
            outcome = handler(*registers[:arguments])
        except OSError as error:
            outcome = -(error.errno or linux.EIO)
        except _BROKEN:
            outcome = -linux.EINVAL
        if self._trace is not None:
            self._tell(number, arguments, outcome)
        if outcome.__class__ is int:
            registers[0] = outcome
        elif isinstance(outcome, Wait):
            assert self.scheduler.current is not None
            self.scheduler.current.wait = outcome
            return False
        return not self.scheduler.leave

    def _refuse(self, number: int) -> None:
        row = LINUX.by_number(number)
        self.unknown[row.name if row else f"call {number}"] += 1
        if self._trace is not None:
            self._tell(number, 6, -linux.ENOSYS)
        self._registers[0] = -linux.ENOSYS

    def _tell(self, number: int, arguments: int, outcome: Outcome) -> None:
        assert self._trace is not None
        row = LINUX.by_number(number)
        words = ", ".join(f"{word:#x}" for word in self._registers[:arguments])
        what = "..." if isinstance(outcome, Wait) else "" if outcome is None else _shown(outcome)
        thread = self.scheduler.current.number if self.scheduler.current else 0
        self._trace(f"{thread} {row.name if row else number}({words}) = {what}")

    def warn(self, text: str) -> None:
        """Tells the user something, once."""
        if text not in self._warned:
            self._warned.add(text)
            self._note(text)

    def next_thread(self) -> int:
        return next(self._thread_numbers)

    def _before(self, thread: Thread) -> None:
        if thread.pending or self.signals.pending or thread.restarting or thread.mask_to_restore is not None:
            self.signals.before(thread)

    def _fault(self, thread: Thread, fault: Fault) -> None:
        if self._trace is not None:
            at = self._registers[PC]
            self._trace(f"{thread.number} {fault.kind.value} abort at {at:#x}, address {fault.address:#x}")
        self.signals.fault(thread, fault)


def _shown(outcome: int) -> str:
    if -linux.MAX_ERRNO <= outcome < 0:
        return f"-{linux.errno_name(-outcome)}"
    return str(outcome) if outcome < 4096 else f"{outcome:#x}"
