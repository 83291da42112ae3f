# SPDX-License-Identifier: BSD-2-Clause
"""From a class to what the core enters: instances, sessions, errors as results, as libutee does it in C.

A TeeError that leaves an entry point is its result. Any other exception is a bug of the TA: its traceback
goes to the secure console, and the TA panics.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_BAD_STATE, TEE_ERROR_GENERIC, TEE_ERROR_OUT_OF_MEMORY, TEE_SUCCESS
from elfhaven.abi.utee import Entry
from elfhaven.errors import TeeError
from elfhaven.ta.application import (
    Session,
    TrustedApplication,
    commands_of,
    flags_of,
    properties_of,
    uuid_of,
)
from elfhaven.ta.params import Params
from elfhaven.ta.properties import client_identity
from elfhaven.ta.system import Core, System, running
from elfhaven.ta.trace import panic, trace

EntryPoint = Callable[[int, int, list[int], int], int]


@dataclass(frozen=True)
class PythonTa:
    """A TA for a core to host. `start` gives the entry point of a new instance: it takes the entry's number,
    the session, the nine words of struct utee_params (which become the answers) and the command, and gives
    the TEE_Result."""

    uuid: UUID
    flags: int
    stack_size: int
    data_size: int
    start: Callable[[System], EntryPoint]


def python_ta(kind: type[TrustedApplication]) -> PythonTa:
    """The class as a TA for a core. Raises UsageError for a class that is none."""
    commands_of(kind)
    return PythonTa(
        uuid_of(kind), flags_of(kind), kind.stack_size, kind.data_size, lambda system: Instance(kind, system)
    )


class Instance:
    """One instance of a TA, and its sessions."""

    def __init__(self, kind: type[TrustedApplication], system: System) -> None:
        self._kind = kind
        self._core = Core(system, properties_of(kind))
        self._ta: TrustedApplication | None = None
        self._sessions: dict[int, Session] = {}

    def __call__(self, entry: int, number: int, words: list[int], command: int) -> int:
        with running(self._core):
            return self._guarded(entry, number, words, command)

    def _guarded(self, entry: int, number: int, words: list[int], command: int) -> int:
        params = Params(self._core.system, words)
        try:
            self._serve(entry, number, params, command)
        except TeeError as error:
            if error.cause:
                trace(f"{self._kind.__name__}: {error.cause} ({error.code:#010x})")
            return error.code
        except MemoryError:
            return TEE_ERROR_OUT_OF_MEMORY
        except Exception as error:
            trace("".join(traceback.format_exception(error.with_traceback(_own(error.__traceback__)))))
            panic(TEE_ERROR_GENERIC)
        finally:
            words[:] = params.words()
        return TEE_SUCCESS

    def _serve(self, entry: int, number: int, params: Params, command: int) -> None:
        if entry == Entry.OPEN_SESSION:
            self._open(number, params)
        elif entry == Entry.CLOSE_SESSION:
            self._close(number)
        elif self._ta is None or number not in self._sessions:
            raise TeeError(TEE_ERROR_BAD_STATE, 0, f"no session {number}")
        else:
            self._ta.invoke(self._sessions[number], command, params)

    def _open(self, number: int, params: Params) -> None:
        if self._ta is None:
            made = self._kind()
            made.create()
            self._ta = made
        session = self._sessions[number] = Session(number, client_identity())
        self._ta.open_session(session, params)

    def _close(self, number: int) -> None:
        """Also after an open_session that failed: the core closes what it had begun."""
        session = self._sessions.pop(number, None)
        if session is None or self._ta is None:
            return
        self._ta.close_session(session)
        if not self._sessions and not self._kind.keep_alive:
            self._ta.destroy()
            self._ta = None


def _own(trace: TracebackType | None) -> TracebackType | None:
    """A traceback from where the TA's own code begins."""
    found = trace
    while found is not None and found.tb_frame.f_globals.get("__name__", "").startswith("elfhaven.ta."):
        found = found.tb_next
    return found or trace
