# SPDX-License-Identifier: BSD-2-Clause
"""One run of a program: START, then RESUME with answers until it has ended.

At every return of the TA the log is taken first: audit records are stored, and room for the next ones is
made, before a call is performed. A log that cannot be stored ends the run. The large window is allocated and
attached only when the runtime asks for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from elfhaven.abi import gp
from elfhaven.abi.container import (
    CONTROL_MIN_SIZE,
    STRINGS_MAX,
    Command,
    LogKind,
    StartFlag,
    State,
)
from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import Record, Tracer
from elfhaven.errors import ProgramFault, TeeError, UsageError
from elfhaven.normal import messages
from elfhaven.normal.agent import Agent
from elfhaven.normal.audit import AuditLog
from elfhaven.normal.client import Direction, MemRef, Session, SharedMemory
from elfhaven.normal.control import CONTROL_WITH_LOG, LOG_SIZE, STOP, WORD, ControlBlock, Header, Identity

_QUIET: Final = ("env",)  # a name that is not let in is no event of the run; Process.denied tells of it


class Process:
    """A program in an open session of its own; `run` it once.

    `report` gets lines for the user; `trace` the lines, and `events` the records, of the trace (made only for
    an image with debug = true). `entries` counts the entries into the TA, `inside` the seconds in it.
    `waiting` is entered around what may block on this side, so that a signal can end it there.
    """

    def __init__(
        self,
        session: Session,
        agent: Agent,
        *,
        audit: AuditLog | None = None,
        trace: Callable[[str], None] | None = None,
        events: Callable[[Record], None] | None = None,
        report: Callable[[str], None] | None = None,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._session = session
        self._agent = agent
        self._audit = audit
        self._trace = trace
        self._events = events
        self._report = report or _nothing
        self._waiting = waiting
        self._tracer = Tracer(LINUX)
        self._window: SharedMemory | None = None
        self._asking = threading.Lock()
        self._control: SharedMemory | None = None  # while the program runs
        self._told = (0, 0)
        self.entries, self.inside, self.most_memory = 0, 0.0, 0
        self.last: Header | None = None  # what the runtime said at its last return

    @property
    def denied(self) -> tuple[str, ...]:
        """The rules that denied something so far."""
        return messages.rules(self.last.denied) if self.last else ()

    @property
    def violated(self) -> tuple[str, ...]:
        """The rules that an answer of the normal world broke so far."""
        return messages.rules(self.last.violated) if self.last else ()

    def ask(self, word: int) -> None:
        """Asks the program, from any thread, to end as by signal `word`, or to come out (STOP_LEAVE).

        It looks at its next call, in a sleep, and at the checks of a stoppable image. Nothing happens when it
        does not run.
        """
        with self._asking:
            if self._control is not None:
                WORD.pack_into(self._control.view, STOP, word)
                self._control.push(STOP, WORD.size)

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, identity: Identity | None = None
    ) -> int:
        """Runs the program to its end; its exit status, 0 to 255 (128 + n where signal n ended it).

        `cwd` is absolute. Raises ProgramFault, AuditError, TeeError, UsageError.
        """
        status = self._run(argv, env, cwd, identity)
        if status is None:
            raise ProgramFault(
                "the program waits for commands: it is a service",
                "invoke its commands in place of running it",
            )
        return status

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, identity: Identity | None = None
    ) -> None:
        """Starts a service: returns when it waits for its first command.

        Its commands are invoked in the session, from Command.SERVICE_FIRST on. Raises as run() does.
        """
        status = self._run(argv, env, cwd, identity)
        if status is not None:
            raise ProgramFault(
                f"the program ended with status {status} before it waited for a command",
                "a service calls for its next command and does not return from main",
            )

    def _run(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, identity: Identity | None
    ) -> int | None:
        """The exit status, or None where the program waits for commands."""
        strings = strings_of(argv, env, cwd)
        logging = self._audit is not None or self._tracing
        size, log_size = (CONTROL_WITH_LOG, LOG_SIZE) if logging else (CONTROL_MIN_SIZE, 0)
        log_id = self._audit.log_id() if self._audit and not self._audit.empty else b""
        with self._session.context.allocate(size) as control:
            block = ControlBlock(control.view, log_size, self._session.context.window)
            who = identity or Identity.of_this_process()
            block.prepare(self._flags(), len(argv), len(env), who, log_id)
            self._share(control)
            try:
                return self._drive(block, control.ref(Direction.INOUT), strings)
            finally:
                self._share(None)
                if self._window is not None:
                    self._window.close()
                    self._window = None

    def _share(self, control: SharedMemory | None) -> None:
        with self._asking:
            self._control = control

    def _drive(self, block: ControlBlock, control: MemRef, strings: bytes) -> int | None:
        self._enter(block, Command.START, control, None, MemRef.input(strings))
        while True:
            header = self.last = block.header()
            self.most_memory = max(self.most_memory, header.memory)
            if header.log_used:
                self._take_log(block.log(header.log_used))
            self._tell(header)
            if header.state in (State.EXITED, State.IDLE):
                return header.exit_status & 0xFF if header.state == State.EXITED else None
            if header.state == State.FATAL:
                raise messages.fatal(header.fatal_code, header.fatal_value, _last_call(block))
            window = self._window_ref(header.want_window)  # before serving: answers may lie in it
            if header.state == State.REQUESTS:
                self._serve(block, header.pending, header.patience)
            elif header.state == State.POLLED:
                self.ask(0)
            elif header.state != State.FLUSH:
                raise ProgramFault(
                    f"the runtime returned in the unexpected state {header.state}", "pack the program again"
                )
            self._enter(block, Command.RESUME, control, window)

    def _enter(self, block: ControlBlock, command: Command, *params: MemRef | None) -> None:
        self.entries += 1
        began = time.perf_counter()
        try:
            self._session.invoke(command, *params)
        except TeeError as error:
            if error.code == gp.TEE_ERROR_TARGET_DEAD:
                raise messages.died(_last_call(block)) from error
            raise
        finally:
            self.inside += time.perf_counter() - began

    def _serve(self, block: ControlBlock, pending: int, patience: int) -> None:
        if self._audit is not None:
            self._audit.reserve(pending)
        window = None if self._window is None else self._window.view
        with self._waiting():
            self._agent.serve(block, window, pending, patience or None)

    def _take_log(self, log: Iterable[tuple[LogKind, bytes]]) -> None:
        records: list[bytes] = []
        for kind, body in log:
            if kind is LogKind.AUDIT:
                records.append(body)
            elif kind is LogKind.TRACE and self._tracing:
                self._take_trace(body)
            elif kind is LogKind.MESSAGE:
                self._report(body.decode(errors="replace"))
        if records and self._audit is not None:
            self._audit.append(records)

    @property
    def _tracing(self) -> bool:
        return self._trace is not None or self._events is not None

    def _take_trace(self, body: bytes) -> None:
        try:
            record = self._tracer.read(body)
        except ValueError as error:
            (self._trace or self._report)(f"({error})")
            return
        if self._trace is not None:
            self._trace(record.line())
        if self._events is not None:
            self._events(record)

    def _tell(self, header: Header) -> None:
        """Reports each rule once, when its bit appears."""
        seen = (header.denied, header.violated)
        if seen == self._told:
            return
        denied, violated = (now & ~before for now, before in zip(seen, self._told, strict=True))
        self._told = seen
        for rule in messages.rules(denied):
            if rule not in _QUIET:
                self._report(messages.denial(rule))
        for rule in messages.rules(violated):
            self._report(messages.violation(rule))

    def _window_ref(self, wanted: int) -> MemRef | None:
        if not wanted:
            return None
        if self._window is None:
            self._window = self._session.context.allocate(self._session.context.window)
        return self._window.ref(Direction.INOUT)

    def _flags(self) -> StartFlag:
        flags = StartFlag(0)
        if self._audit is not None:
            flags |= StartFlag.AUDIT
            if not self._audit.empty:
                flags |= StartFlag.AUDIT_CONTINUE
        return flags | (StartFlag.TRACE if self._tracing else StartFlag(0))


def strings_of(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> bytes:
    """argv, envp and cwd as START takes them."""
    if not argv or not cwd.startswith("/"):
        raise UsageError("a program needs its name as first argument and an absolute working directory")
    texts = [*argv, *(f"{name}={value}" for name, value in env.items()), cwd]
    data = "\0".join(texts).encode(errors="surrogateescape") + b"\0"
    if data.count(b"\0") != len(texts):
        raise UsageError("an argument or a variable of the environment holds a NUL byte")
    if len(data) > STRINGS_MAX:
        raise UsageError(
            f"the arguments and the environment take {len(data)} bytes",
            f"at most {STRINGS_MAX} are possible: pass a file instead",
        )
    return data


def _last_call(block: ControlBlock) -> str | None:
    number = block.last_call()
    row = None if number is None else LINUX.by_number(number)
    return row.name if row else None


def _nothing(_: str) -> None:
    pass
