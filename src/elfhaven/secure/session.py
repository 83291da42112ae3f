# SPDX-License-Identifier: BSD-2-Clause
"""Sessions and instances, by OP-TEE's rules: single instance, multi session, keep alive, busy, dead.

A session outlives its TA: once the TA is dead, `target` is None and every call gives TARGET_DEAD from the
TEE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TA_FLAG_MULTI_SESSION,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BUSY,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_TARGET_DEAD,
    TEE_LOGIN_PUBLIC,
    TEE_ORIGIN_TEE,
    TEE_SUCCESS,
)
from elfhaven.abi.utee import Entry
from elfhaven.secure.params import Parameters
from elfhaven.secure.pta.base import PseudoTa
from elfhaven.secure.result import TeeResult
from elfhaven.secure.task import Task
from elfhaven.secure.threads import Thread
from elfhaven.secure.turn import NestedTurn, Turn

if TYPE_CHECKING:
    from elfhaven.secure.core import SecureCore

NIL_UUID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Identity:
    """TEE_Identity of a client."""

    login: int = TEE_LOGIN_PUBLIC
    uuid: UUID = NIL_UUID


@dataclass(slots=True, eq=False)
class Session:
    """One session. `reference` is unique in the core (what the TA sees), `number` among its owner's."""

    number: int
    reference: int
    identity: Identity
    turn: Turn
    target: Task | PseudoTa | None = None
    cancelled: bool = False
    cancel_masked: bool = True
    deadline: int | None = None  # system time in ms at which the running command counts as cancelled
    unlinked: bool = False
    caller: Task | None = None  # for sessions of a TA


Sessions = dict[int, Session]


class SessionManager:
    """All instances, and the operations on sessions. A list of sessions belongs to its owner: the normal
    world, or a TA."""

    def __init__(self, core: SecureCore) -> None:
        self._core = core
        self.tasks: list[Task] = []
        self._references = 0
        self._instances = 0
        self._waiting: list[Thread] = []
        self._loading: set[UUID] = set()
        self._single = NestedTurn(core.rpc)  # of all single instance TAs

    def next_instance(self) -> int:
        """A number for a new instance."""
        self._instances += 1
        return self._instances

    # ---- open

    def open(
        self,
        thread: Thread,
        sessions: Sessions,
        uuid: UUID,
        identity: Identity,
        params: Parameters,
        *,
        caller: Task | None = None,
        timeout: int | None = None,
    ) -> tuple[int, int, Session | None]:
        """(result, origin, session); no session unless the result is TEE_SUCCESS."""
        self._references += 1
        session = Session(0, self._references, identity, Turn(self._core.rpc), caller=caller)
        try:
            session.target = self._find_or_load(thread, uuid)
        except TeeResult as error:
            return error.code, TEE_ORIGIN_TEE, None
        session.number = max(sessions, default=0) + 1  # now: loading may have let others in
        sessions[session.number] = session
        result, origin = self._enter(thread, session, Entry.OPEN_SESSION, params, 0, timeout)
        if result != TEE_SUCCESS:
            self._close(thread, sessions, session)
            return result, origin, None
        return result, origin, session

    def _find_or_load(self, thread: Thread, uuid: UUID) -> Task | PseudoTa:
        pseudo = self._core.pseudo_tas.get(uuid)
        if pseudo is not None:
            return pseudo
        while uuid in self._loading:  # it may turn out to be of a single instance
            self._waiting.append(thread)
            self._core.rpc.wait(thread)
        for task in self.tasks:
            if task.uuid == uuid and task.single_instance and not task.panicked:
                if not task.flags & TA_FLAG_MULTI_SESSION and task.references:
                    raise TeeResult(TEE_ERROR_BUSY)
                task.references += 1
                return task
        return self._load(thread, uuid)

    def _load(self, thread: Thread, uuid: UUID) -> Task:
        self._loading.add(uuid)
        try:
            task = self._core.load(thread, uuid)
        finally:
            self._loading.discard(uuid)
            self._wake_all(thread)
        task.references = 1
        self.tasks.append(task)
        return task

    # ---- calls

    def invoke(
        self,
        thread: Thread,
        session: Session,
        command: int,
        params: Parameters,
        timeout: int | None = None,
    ) -> tuple[int, int]:
        """(result, origin)."""
        return self._enter(thread, session, Entry.INVOKE_COMMAND, params, command, timeout)

    def _enter(
        self,
        thread: Thread,
        session: Session,
        entry: Entry,
        params: Parameters | None,
        command: int,
        timeout: int | None = None,
    ) -> tuple[int, int]:
        target = session.target
        if target is None:
            return TEE_ERROR_TARGET_DEAD, TEE_ORIGIN_TEE
        if isinstance(target, PseudoTa):
            return target.enter(thread, session, entry, params or Parameters(), command)
        try:
            if not self._take_turn(thread, target):
                return TEE_ERROR_BUSY, TEE_ORIGIN_TEE
        except TeeResult as error:  # waiting failed, or was ended from outside
            return error.code, TEE_ORIGIN_TEE
        if target.panicked:  # died while we waited
            self._give_turn(thread, target)
            return TEE_ERROR_TARGET_DEAD, TEE_ORIGIN_TEE
        session.deadline = None if timeout is None else self._core.config.clock.milliseconds() + timeout
        try:
            result = target.enter(thread, session, entry, params, command)
        finally:
            session.cancelled = False
            self._give_turn(thread, target)
        if target.panicked:
            self._bury(thread, target)
        return result

    def _take_turn(self, thread: Thread, task: Task) -> bool:
        """Wait until the TA is free; False where waiting would be for ourselves, or could be in a circle.

        As on OP-TEE, one thread at a time is inside single instance TAs, however many there are.
        """
        if task.single_instance:
            self._single.take(thread)
        try:
            if task.turn.holder is thread or (task.turn.holder and self._single.is_held_by(thread)):
                self._leave_single(thread, task)
                return False
            task.turn.take(thread)
        except TeeResult:
            self._leave_single(thread, task)
            raise
        return True

    def _give_turn(self, thread: Thread, task: Task) -> None:
        task.turn.give(thread)
        self._leave_single(thread, task)

    def _leave_single(self, thread: Thread, task: Task) -> None:
        if task.single_instance:
            self._single.give(thread)

    def _wake_all(self, thread: Thread) -> None:
        sleepers, self._waiting = self._waiting, []
        for sleeper in sleepers:
            self._core.rpc.wake(thread, sleeper)

    def _bury(self, thread: Thread, task: Task) -> None:
        """Take a dead TA from all its sessions, close what it had open, and free it."""
        for session in self._core.all_sessions():
            if session.target is task:
                session.target = None
        self._remove(thread, task)

    def _remove(self, thread: Thread, task: Task) -> None:
        if task in self.tasks:
            self.tasks.remove(task)
            for session in list(task.calls.sessions.values()):
                self._close(thread, task.calls.sessions, session)
            task.destroy()

    # ---- exclusive use, close, cancel

    def take(self, thread: Thread, sessions: Sessions, number: int) -> Session | None:
        """The session for a call that excludes others; waits while another thread uses it."""
        session = sessions.get(number)
        if session is None or session.unlinked or session.turn.holder is thread:
            return None
        session.turn.take(thread)
        if session.unlinked:  # closed while we waited
            session.turn.give(thread)
            return None
        return session

    def give_back(self, thread: Thread, session: Session) -> None:
        session.turn.give(thread)

    def close(self, thread: Thread, sessions: Sessions, number: int) -> int:
        """Close one session of a list; ITEM_NOT_FOUND if it is not in it."""
        session = self.take(thread, sessions, number)
        if session is None:
            return TEE_ERROR_ITEM_NOT_FOUND
        self._close(thread, sessions, session)
        self.give_back(thread, session)
        return TEE_SUCCESS

    def _close(self, thread: Thread, sessions: Sessions, session: Session) -> None:
        session.unlinked = True
        target = session.target
        if target is not None and not (isinstance(target, Task) and target.panicked):
            self._enter(thread, session, Entry.CLOSE_SESSION, None, 0)
        sessions.pop(session.number, None)
        target, session.target = session.target, None
        if isinstance(target, Task):
            target.references -= 1
            if not target.references and not target.keep_alive:
                self._remove(thread, target)

    def cancel(self, sessions: Sessions, number: int) -> int:
        """Ask for the cancellation of what runs in a session."""
        session = sessions.get(number)
        if session is None:
            return TEE_ERROR_BAD_PARAMETERS
        session.cancelled = True
        return TEE_SUCCESS

    def close_all(self) -> None:
        """Forget everything without entering TAs: the end of the core."""
        for task in self.tasks:
            task.destroy()
        self.tasks.clear()
