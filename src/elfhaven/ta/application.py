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

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.errors import UsageError
from elfhaven.ta.identity import Identity
from elfhaven.ta.params import KINDS, Kind, MemrefInput, Params, ValueInput
from elfhaven.tee_errors import NotSupported

_Function = TypeVar("_Function", bound=Callable[..., None])
_COMMAND = "__elfhaven_command__"
PropertyValue = bool | int | str | bytes | UUID


@dataclass(eq=False)
class Session:
    """One session of a client. `state` is the TA's to use; `client` is who opened it."""

    number: int
    client: Identity
    state: Any = None


class Bound(NamedTuple):
    """A command: its method, the types it takes (None: any), and how each argument is made."""

    method: str
    kinds: tuple[Kind, ...] | None
    arguments: tuple[tuple[str, object], ...]  # (name, annotation)


def command(number: int) -> Callable[[_Function], _Function]:
    """Makes a method the body of command `number` of its TA."""

    def mark(function: _Function) -> _Function:
        setattr(function, _COMMAND, number)
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
        bound = commands_of(type(self)).get(number)
        if bound is None:
            raise NotSupported(f"no command {number}")
        if bound.kinds is not None:
            params.check(*bound.kinds)
        getattr(self, bound.method)(**_arguments(bound, session, params))


def uuid_of(kind: type[TrustedApplication]) -> UUID:
    """Raises UsageError for a TA without one."""
    if isinstance(kind.uuid, UUID):
        return kind.uuid
    try:
        return UUID(kind.uuid)
    except ValueError:
        raise UsageError(
            f"the TA {kind.__name__} has no UUID (it has {kind.uuid!r})",
            f'give it one of its own, as in `uuid = "{UUID(int=0)}"`: `python3 -m uuid` makes one',
        ) from None


def flags_of(kind: type[TrustedApplication]) -> int:
    """TA_FLAG_*; of the flags for several sessions those count that OP-TEE lets count."""
    if not kind.single_instance and (kind.multi_session or kind.keep_alive):
        raise UsageError(
            f"the TA {kind.__name__} has multi_session or keep_alive without single_instance",
            "set single_instance = True too: every session has an instance of its own otherwise",
        )
    return (
        kind.single_instance * gp.TA_FLAG_SINGLE_INSTANCE
        | kind.multi_session * gp.TA_FLAG_MULTI_SESSION
        | kind.keep_alive * gp.TA_FLAG_INSTANCE_KEEP_ALIVE
    )


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


def commands_of(kind: type[TrustedApplication]) -> Mapping[int, Bound]:
    """The commands of a TA by number, found once a class. Raises UsageError for one that cannot be bound."""
    found = kind.__dict__.get("__elfhaven_commands__")
    if found is None:
        found = {}
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            number = getattr(function, _COMMAND, None)
            if number is None:
                continue
            if number in found:
                raise UsageError(f"command {number} of {kind.__name__} stands twice", "renumber one")
            found[number] = _bind(kind, name, function)
        kind.__elfhaven_commands__ = found  # type: ignore[attr-defined]
    return typing.cast("Mapping[int, Bound]", found)


def _bind(kind: type[TrustedApplication], name: str, function: Callable[..., None]) -> Bound:
    where = f"{kind.__name__}.{name}"
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise UsageError(f"{where}: {error}", "import what its annotations name at module level") from None
    names = list(inspect.signature(function).parameters)[1:]
    arguments = tuple((each, hints.get(each)) for each in names)
    kinds: list[Kind] = []
    anything = False
    for each, annotation in arguments:
        if annotation is Params:
            anything = True
        elif annotation is not Session:
            kinds.append(_kind(annotation, f"{where}, parameter {each}"))
    if len(kinds) > gp.TEE_NUM_PARAMS:
        raise UsageError(f"{where} takes {len(kinds)} parameters", f"at most {gp.TEE_NUM_PARAMS} can be had")
    return Bound(name, None if anything else tuple(kinds), arguments)


def _kind(annotation: object, where: str) -> Kind:
    if annotation is bytes:
        return Kind.MEMREF_INPUT
    if annotation is int:
        return Kind.VALUE_INPUT
    found = KINDS.get(annotation) if isinstance(annotation, type) else None
    if found is None:
        raise UsageError(
            f"{where}: {annotation!r} is no type of a parameter",
            f"annotate it with bytes, int, Session, Params or one of {', '.join(k.__name__ for k in KINDS)}",
        )
    return found


def _arguments(bound: Bound, session: Session, params: Params) -> dict[str, object]:
    items = iter(params)
    out: dict[str, object] = {}
    for name, annotation in bound.arguments:
        if annotation is Session:
            out[name] = session
        elif annotation is Params:
            out[name] = params
        else:
            item = next(items)
            if annotation is bytes and isinstance(item, MemrefInput):
                out[name] = item.read()
            elif annotation is int and isinstance(item, ValueInput):
                out[name] = item.a
            else:
                out[name] = item
    return out
