# SPDX-License-Identifier: BSD-2-Clause
"""A packed program run to its end on a device: session, agent, audit log, signals, the tale of a fault.

Its files are this machine's, or (FILES_OF_TARGET) those of the Linux that the target's TEE belongs to.
"""

from __future__ import annotations

import os
import posixpath
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from elfhaven.abi.container import Fatal, State
from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import Record
from elfhaven.errors import ProgramFault, UsageError
from elfhaven.manifest import Policy, decode
from elfhaven.normal.audit import AuditLog
from elfhaven.normal.bridge_program import BridgeProgram
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.normal.client import Session
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process
from elfhaven.normal.verify import verify_before_continuing
from elfhaven.packing import PackedTa
from elfhaven.target import faults
from elfhaven.target.children import Family, environment, system_of
from elfhaven.target.interrupt import Interrupt, watch
from elfhaven.target.look import Look
from elfhaven.target.naming import known_paths, name_paths
from elfhaven.target.targets import Target

FAULT_STATUS = 139
FILES_OF_TARGET = "target"
_PATIENCE, _HASTE = 2.0, 0.3  # seconds in which a program that was asked to end does so; without checks
_OWN_FAULTS = (Fatal.DEADLOCK, Fatal.UNSUPPORTED)  # ends that the program brought about


@dataclass(frozen=True, slots=True)
class Request:
    """How a program is to run. `streams`: descriptors of its stdin, stdout and stderr.

    `files`: whose they are, "host" or "target"; then `cwd` is the target's, from where its bridge works.
    `root`: where on this machine the files of the program's system lie. `members`: what it may start.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    streams: tuple[int, int, int] = (0, 1, 2)
    files: str = "host"
    audit: str | os.PathLike[str] | None = None
    trace: Callable[[str], None] | None = None
    events: Callable[[Record], None] | None = None
    look: Look = field(default_factory=Look)
    report: Callable[[str], None] = print
    symbols: Callable[[], Sequence[faults.Symbols]] = tuple
    started: Callable[[], None] | None = None
    root: Path | None = None
    members: Mapping[UUID, PackedTa] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. `fault`: one line where it died inside; `crossings`: delegated calls by name;
    `entries`: into the TA, in which it was `inside` seconds; `most_memory`: bytes at any return."""

    status: int
    fault: str | None = None
    denied: tuple[str, ...] = ()
    violated: tuple[str, ...] = ()
    served: int = 0
    delegated: int = 0
    memory: int = 0
    crossings: Mapping[str, int] = field(default_factory=dict)
    entries: int = 0
    inside: float = 0.0
    most_memory: int = 0


def execute(target: Target, packed: PackedTa, request: Request) -> Outcome:
    """Runs `packed` once. Raises UsageError, AuditError, TeeError; ProgramFault where the runtime gave up."""
    _check(packed, request)
    policy = decode(packed.policy) if packed.policy else Policy()
    place = (
        _There(target, policy, request)
        if request.files == FILES_OF_TARGET
        else _Here(target, policy, packed, request)
    )
    log = AuditLog(request.audit) if request.audit is not None else None
    status, fault, process = FAULT_STATUS, None, None
    try:
        with watch(target.interrupt) as seen, target.context.open_session(packed.uuid) as session:
            if log is not None:
                verify_before_continuing(session, log)
            process = place.process(session, log, seen)
            if request.started is not None:
                request.started()
            ask = partial(_ask, process, seen)
            with target.context.stops.running(ask, _PATIENCE if packed.stoppable else _HASTE):
                status = process.run(request.argv, environment(policy, request.env), place.cwd)
    except ProgramFault as error:
        if seen.status is None:
            fault = _explain(error, process, target.console, request)
    finally:
        place.close()
        if log is not None:
            log.close()
    return _outcome(status if seen.status is None else seen.status, fault, process, place.counts)


class _Here:
    """The files of this machine: the agent of this process serves them."""

    def __init__(self, target: Target, policy: Policy, packed: PackedTa, request: Request) -> None:
        self.cwd = request.cwd
        self._policy, self._request = policy, request
        self._known = known_paths(request.argv, environment(policy, request.env))
        system = system_of(packed, request.root, request.report)
        self._agent = request.look.agent(RootPolicy.of(policy, request.cwd), request.streams, system)
        if policy.programs:
            how = (request.look.agent, request.report, request.trace, request.root)
            start = Family(target, request.members, *how).starter(policy, request.cwd, os.getpid())
            self._agent.handlers.children.start = start

    @property
    def counts(self) -> Mapping[int, int]:
        return self._agent.counts

    def process(self, session: Session, log: AuditLog | None, seen: Interrupt) -> Process:
        return Process(
            session,
            self._agent,
            audit=log,
            trace=self._request.trace,
            events=self._request.events,
            report=self._report,
            waiting=seen.waiting,
        )

    def _report(self, line: str) -> None:
        self._request.report(name_paths(line, self._policy, self._known, self.cwd))

    def close(self) -> None:
        self._agent.close()


class _There:
    """The files of the target's Linux: its bridge serves them, and this process the standard streams."""

    def __init__(self, target: Target, policy: Policy, request: Request) -> None:
        transport = target.context.transport
        if not isinstance(transport, BridgeTransport):
            raise UsageError(
                "this target has no files of its own", "take `--files host`, or the target qemu or ssh"
            )
        self.cwd = posixpath.normpath(posixpath.join(transport.directory or "/", request.cwd))
        self._transport, self._policy, self._request = transport, policy, request
        self._process: BridgeProgram | None = None

    @property
    def counts(self) -> Mapping[int, int]:
        return self._process.counts if self._process else {}

    def process(self, session: Session, log: AuditLog | None, seen: Interrupt) -> Process:
        self._process = BridgeProgram(
            session,
            self._transport,
            self._policy,
            self._request.streams,
            audit=log,
            trace=self._request.trace,
            events=self._request.events,
            report=self._request.report,
            waiting=seen.waiting,
        )
        return self._process

    def close(self) -> None:
        pass


def _ask(process: Process, seen: Interrupt) -> None:
    process.ask(seen.signal or signal.SIGINT)


def _check(packed: PackedTa, request: Request) -> None:
    if (request.trace or request.events) is not None and not packed.debug:
        raise UsageError(
            "the trace shows what is inside, and this program's signed manifest does not allow that",
            "add `debug = true` to elfhaven.toml",
        )
    if packed.audit_required and request.audit is None:
        raise UsageError("this program's signed manifest wants an audit log", "name one with --audit FILE")


def _explain(error: ProgramFault, process: Process | None, console: Sequence[str], request: Request) -> str:
    """The line for a program that died; the error itself where the runtime gave up for its own reasons."""
    last = process.last if process else None
    if last is not None and last.state == State.FATAL:
        if last.fatal_code not in tuple(_OWN_FAULTS):
            raise error
        return error.cause
    fault = faults.read_report(console)
    return faults.describe(fault, request.symbols()) if fault else error.cause


def _outcome(status: int, fault: str | None, process: Process | None, counts: Mapping[int, int]) -> Outcome:
    names = {row.number: row.name for row in LINUX.rows}
    last = process.last if process else None
    return Outcome(
        status,
        fault,
        process.denied if process else (),
        process.violated if process else (),
        last.served if last else 0,
        last.delegated if last else 0,
        last.memory if last else 0,
        {names[number]: count for number, count in Counter(counts).most_common()},
        process.entries if process else 0,
        process.inside if process else 0.0,
        process.most_memory if process else 0,
    )
