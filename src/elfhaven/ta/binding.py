# SPDX-License-Identifier: BSD-2-Clause
"""What a TA's class says of itself: UUID, flags, and commands by the annotations of their methods."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.errors import UsageError
from elfhaven.ta.application import COMMAND, Bound, Session, TrustedApplication
from elfhaven.ta.params import KINDS, Kind, Params

_HOW: dict[object, str] = {Session: "session", Params: "params", bytes: "bytes", int: "int"}


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


def commands_of(kind: type[TrustedApplication]) -> Mapping[int, Bound]:
    """The commands of a TA by number, found once a class. Raises UsageError for one that cannot be bound."""
    found = kind.__dict__.get("__elfhaven_commands__")
    if found is None:
        found = {}
        for name, function in inspect.getmembers(kind, inspect.isfunction):
            number = getattr(function, COMMAND, None)
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
    arguments = tuple((each, _HOW.get(hints.get(each), "item")) for each in names)
    kinds = [
        _kind(hints.get(each), f"{where}, parameter {each}")
        for each, how in arguments
        if how not in ("session", "params")
    ]
    if len(kinds) > gp.TEE_NUM_PARAMS:
        raise UsageError(f"{where} takes {len(kinds)} parameters", f"at most {gp.TEE_NUM_PARAMS} can be had")
    anything = any(how == "params" for _, how in arguments)
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
