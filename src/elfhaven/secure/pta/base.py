# SPDX-License-Identifier: BSD-2-Clause
"""What every pseudo TA has: a UUID and a table of commands.

A new one is a class with `uuid`, `commands`, and one method a command, which raises TeeResult or leaves its
answers in the parameters. It is listed in pta/__init__.py, or given to the core by CoreConfig.pseudo_tas.
"""

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
    TEE_ERROR_SHORT_BUFFER,
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
    from elfhaven.secure.task import Task
    from elfhaven.secure.threads import Thread


@dataclass(frozen=True, slots=True)
class Command:
    """One command. Without a handler it is NOT_SUPPORTED, and `reason` says why; a number that has no row is
    `unknown` of its PTA."""

    number: int
    name: str
    types: int | None = None  # TEE_PARAM_TYPES that it insists on
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls: the session, and the thread that serves it (for RPCs)."""

    thread: Thread
    session: Session

    @property
    def task(self) -> Task:
        """The calling TA; ACCESS_DENIED for a client of the normal world."""
        if self.session.caller is None:
            raise TeeResult(TEE_ERROR_ACCESS_DENIED)
        return self.session.caller


Handler = Callable[[Call, Parameters], None]


class PseudoTa:
    """Commands come from `commands`; the handler of one is the method of its name.

    `enumerated` is the command of the device PTA that lists it as a device, None for none.
    """

    uuid: ClassVar[UUID]
    commands: ClassVar[tuple[Command, ...]] = ()
    for_tas_only: ClassVar[bool] = False
    unknown: ClassVar[int] = TEE_ERROR_NOT_IMPLEMENTED
    enumerated: ClassVar[int | None] = None

    def __init__(self, core: SecureCore) -> None:
        self._core = core
        self._rows: Mapping[int, tuple[Command, Handler | None]] = {
            row.number: (row, getattr(self, row.name, None)) for row in self.commands
        }

    def enter(
        self, thread: Thread, session: Session, entry: Entry, params: Parameters, command: int
    ) -> tuple[int, int]:
        """(result, origin)."""
        call = Call(thread, session)
        try:
            if entry is Entry.OPEN_SESSION:
                self.opened(call)
            elif entry is Entry.INVOKE_COMMAND:
                self._invoke(call, command, params)
            else:
                self.closed(call)
        except TeeResult as error:
            return error.code, TEE_ORIGIN_TRUSTED_APP
        except GuestFault:
            return TEE_ERROR_ACCESS_DENIED, TEE_ORIGIN_TEE
        return TEE_SUCCESS, TEE_ORIGIN_TRUSTED_APP

    def opened(self, call: Call) -> None:
        """Whether this client may have a session."""
        if self.for_tas_only and call.session.caller is None:
            raise TeeResult(TEE_ERROR_ACCESS_DENIED)

    def closed(self, call: Call) -> None:
        """A session ends."""

    def _invoke(self, call: Call, command: int, params: Parameters) -> None:
        row, handler = self._rows.get(command, (None, None))
        if row is None:
            raise TeeResult(self.unknown)
        if row.types is not None and params.types != row.types:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if handler is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        handler(call, params)


def taken(params: Parameters, place: int) -> bytes:
    """The bytes of an input memory reference; empty for a NULL one."""
    memory = params.memory(place)
    return b"" if memory.buffer is None else memory.buffer.read()[: memory.size]


def given(params: Parameters, place: int, data: bytes) -> None:
    """Answer an output memory reference; SHORT_BUFFER, with the size that it takes, if there is less room."""
    memory = params.memory(place)
    room, memory.size = memory.size, len(data)
    if room < len(data):
        raise TeeResult(TEE_ERROR_SHORT_BUFFER)
    if data and memory.buffer is None:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if memory.buffer is not None:
        memory.buffer.write(data)
