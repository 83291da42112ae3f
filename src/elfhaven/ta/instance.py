# SPDX-License-Identifier: BSD-2-Clause
"""One instance of a TA: entries become calls of its class, errors become results, as libutee does it in C.

A TeeError that leaves an entry point is its result. Any other exception is a bug of the TA: its traceback
goes to the secure console, and the TA panics.
"""

from __future__ import annotations

from elfhaven.abi.gp import TEE_ERROR_BAD_STATE, TEE_ERROR_GENERIC, TEE_ERROR_OUT_OF_MEMORY, TEE_SUCCESS
from elfhaven.abi.utee import Entry
from elfhaven.errors import TeeError
from elfhaven.ta.application import Session, TrustedApplication, properties_of
from elfhaven.ta.bug import described
from elfhaven.ta.params import Params
from elfhaven.ta.properties import client_identity
from elfhaven.ta.system import Core, System, running
from elfhaven.ta.trace import panic, trace


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
            trace(described(error))
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
