# SPDX-License-Identifier: BSD-2-Clause
"""The dispatch list of a TA: bound handlers by call number, made once when the TA is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from elfhaven.abi.gp import RESULT_NAMES, TEE_ERROR_NOT_SUPPORTED
from elfhaven.calls.row import Row, Served
from elfhaven.calls.utee import UTEE
from elfhaven.secure.calls.asymmetric import AsymmetricCalls
from elfhaven.secure.calls.ciphers import CipherCalls
from elfhaven.secure.calls.crypto import CryptoCalls
from elfhaven.secure.calls.derive import DeriveCalls
from elfhaven.secure.calls.enumerators import EnumeratorCalls
from elfhaven.secure.calls.misc import MiscCalls
from elfhaven.secure.calls.objects import ObjectCalls
from elfhaven.secure.calls.properties import PropertyCalls
from elfhaven.secure.calls.sessions import SessionCalls
from elfhaven.secure.calls.storage import StorageCalls
from elfhaven.secure.calls.time import TimeCalls

if TYPE_CHECKING:
    from elfhaven.secure.session import Session
    from elfhaven.secure.task import Task

Handler = Callable[..., int | None]
Entry = tuple[Handler, int]  # the handler, and how many argument registers it takes

_RESULTS = {name: code for code, name in RESULT_NAMES.items()}
_NUMBERS = max(row.number for row in UTEE.rows) + 1


class Calls:
    """The handlers of one TA, with what they hold."""

    def __init__(self, task: Task) -> None:
        self._sessions = SessionCalls(task)
        self._enumerators = EnumeratorCalls(task)
        self.objects = ObjectCalls(task)
        self.states = CryptoCalls(task, self.objects)
        self._groups = (
            MiscCalls(task),
            PropertyCalls(task),
            self._sessions,
            TimeCalls(task),
            self.states,
            CipherCalls(task, self.states),
            AsymmetricCalls(task, self.states),
            DeriveCalls(task, self.states, self.objects),
            self.objects,
            StorageCalls(task, self.objects),
            self._enumerators,
        )
        self.table = self._bind()

    @property
    def sessions(self) -> dict[int, Session]:
        """Sessions that the TA has opened."""
        return self._sessions.open

    def close(self) -> None:
        """Drop what the TA still held."""
        self._enumerators.close()
        self.objects.close()

    def _bind(self) -> list[Entry]:
        table: list[Entry] = [(_not_supported, 0)] * _NUMBERS
        for row in UTEE.rows:
            table[row.number] = self._entry(row)
        return table

    def _entry(self, row: Row) -> Entry:
        if row.served is not Served.INSIDE:
            return _always(row.refusal or "TEE_ERROR_NOT_IMPLEMENTED"), 0
        if row.number == 0:
            return _not_supported, 0  # return never gets here: Task handles it
        for group in self._groups:
            handler = getattr(group, row.name, None)
            if handler is not None:
                return handler, len(row.args)
        raise LookupError(f"no handler for the utee call {row.name}")


def _not_supported() -> int:
    return TEE_ERROR_NOT_SUPPORTED


def _always(name: str) -> Handler:
    """A handler that gives one result, by its name."""
    code = _RESULTS[name]
    return lambda: code
