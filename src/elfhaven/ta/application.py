# SPDX-License-Identifier: BSD-2-Clause
"""A TA as a class: attributes say what it is, methods are its entry points.

    class Greeter(TrustedApplication):
        uuid = "0f0a..."

        @command(0)
        def increase(self, value: ValueInout) -> None:
            value.a += 1

The annotations of a command's parameters are its TEE_PARAM_TYPES: one that comes with others gets
BadParameters, and the body is not run. `bytes` stands for the content of a MemrefInput, `int` for the first
number of a ValueInput; `Session` is not a parameter but the session, `Params` all four unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import UUID

from elfhaven.ta.identity import Identity
from elfhaven.ta.params import Kind, MemrefInput, Params, ValueInput
from elfhaven.tee_errors import NotSupported

_Function = TypeVar("_Function", bound=Callable[..., None])
COMMAND = "__elfhaven_command__"
PropertyValue = bool | int | str | bytes | UUID


@dataclass(eq=False)
class Session:
    """One session of a client. `state` is the TA's to use; `client` is who opened it."""

    number: int
    client: Identity
    state: Any = None


class Bound(NamedTuple):
    """A command: its method, the types it takes (None: any), and how each argument is made: the "session",
    all "params", the next parameter's content as "bytes" or "int", or that parameter, an "item"."""

    method: str
    kinds: tuple[Kind, ...] | None
    arguments: tuple[tuple[str, str], ...]  # (name, how)


def command(number: int) -> Callable[[_Function], _Function]:
    """Makes a method the body of command `number` of its TA."""

    def mark(function: _Function) -> _Function:
        try:
            setattr(function, COMMAND, number)
        except AttributeError:
            pass  # a function of MicroPython holds nothing: there the packer's table says it
        return function

    return mark


class TrustedApplication:
    """The base of a TA. A new instance of the class is an instance of the TA.

    `data_size` bounds the memory that the core holds for it: buffers of calls. `properties` are read with
    Properties.ta().
    """

    uuid: ClassVar[str | UUID] = ""
    single_instance: ClassVar[bool] = False
    multi_session: ClassVar[bool] = False
    keep_alive: ClassVar[bool] = False
    stack_size: ClassVar[int] = 4096
    data_size: ClassVar[int] = 256 << 10
    version: ClassVar[str] = "1.0"
    description: ClassVar[str] = ""
    properties: ClassVar[Mapping[str, PropertyValue]] = {}

    # ---- entry points, for subclasses

    def create(self) -> None:
        """A new instance (TA_CreateEntryPoint)."""

    def open_session(self, session: Session, params: Params) -> None:
        """A client opens a session; raise an error to refuse (TA_OpenSessionEntryPoint)."""

    def close_session(self, session: Session) -> None:
        """(TA_CloseSessionEntryPoint)"""

    def destroy(self) -> None:
        """The instance goes (TA_DestroyEntryPoint)."""

    def invoke(self, session: Session, number: int, params: Params) -> None:
        """Runs a command; NotSupported for a number that has none (TA_InvokeCommandEntryPoint)."""
        from elfhaven.ta.binding import commands_of  # late: it looks at this class

        bound = commands_of(type(self)).get(number)
        if bound is None:
            raise NotSupported(f"no command {number}")
        if bound.kinds is not None:
            params.check(*bound.kinds)
        getattr(self, bound.method)(**_arguments(bound, session, params))


def properties_of(kind: type[TrustedApplication]) -> dict[str, PropertyValue]:
    """The standard's properties of a TA (clause 4.5), and the class's own."""
    return {
        "gpd.ta.singleInstance": kind.single_instance,
        "gpd.ta.multiSession": kind.multi_session,
        "gpd.ta.instanceKeepAlive": kind.keep_alive,
        "gpd.ta.dataSize": kind.data_size,
        "gpd.ta.stackSize": kind.stack_size,
        "gpd.ta.version": kind.version,
        "gpd.ta.description": kind.description,
        "gpd.ta.endian": 0,
        "gpd.ta.doesNotCloseHandleOnCorruptObject": False,
        **kind.properties,
    }


def _arguments(bound: Bound, session: Session, params: Params) -> dict[str, object]:
    items = iter(params)
    out: dict[str, object] = {}
    for name, how in bound.arguments:
        if how == "session":
            out[name] = session
        elif how == "params":
            out[name] = params
        else:
            item = next(items)
            if how == "bytes" and isinstance(item, MemrefInput):
                out[name] = item.read()
            elif how == "int" and isinstance(item, ValueInput):
                out[name] = item.a
            else:
                out[name] = item
    return out
