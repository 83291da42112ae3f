# SPDX-License-Identifier: BSD-2-Clause
"""What every pseudo TA has: a UUID and a table of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ORIGIN_TEE,
    TEE_ORIGIN_TRUSTED_APP,
    TEE_SUCCESS,
)
from elfhaven.abi.utee import Entry
from elfhaven.machine.address_space import GuestFault
from elfhaven.secure.params import Parameters
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.core import SecureCore
    from elfhaven.secure.session import Session
    from elfhaven.secure.threads import Thread


@dataclass(frozen=True, slots=True)
class Command:
    """One command. Without a handler it is NOT_SUPPORTED, and `reason` says why; a number that has no row is
    NOT_IMPLEMENTED."""

    number: int
    name: str
    types: int | None = None  # TEE_PARAM_TYPES that it insists on
    reason: str = ""


Handler = Callable[["Session", Parameters], None]


class PseudoTa:
    """Commands come from `commands`; the handler of one is the method of its name."""

    uuid: ClassVar[UUID]
    commands: ClassVar[tuple[Command, ...]] = ()
    for_tas_only: ClassVar[bool] = False

    def __init__(self, core: SecureCore) -> None:
        self._core = core
        self._rows: Mapping[int, tuple[Command, Handler | None]] = {
            row.number: (row, getattr(self, row.name, None)) for row in self.commands
        }

    def enter(
        self, thread: Thread, session: Session, entry: Entry, params: Parameters, command: int
    ) -> tuple[int, int]:
        """(result, origin)."""
        try:
            if entry is Entry.OPEN_SESSION:
                self.opened(session)
            elif entry is Entry.INVOKE_COMMAND:
                self._invoke(session, command, params)
        except TeeResult as error:
            return error.code, TEE_ORIGIN_TRUSTED_APP
        except GuestFault:
            return TEE_ERROR_ACCESS_DENIED, TEE_ORIGIN_TEE
        return TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP

    def opened(self, session: Session) -> None:
        """Whether this client may have a session."""
        if self.for_tas_only and session.caller is None:
            raise TeeResult(TEE_ERROR_ACCESS_DENIED)

    def _invoke(self, session: Session, command: int, params: Parameters) -> None:
        row, handler = self._rows.get(command, (None, None))
        if row is None:
            raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
        if row.types is not None and params.types != row.types:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if handler is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        handler(session, params)
