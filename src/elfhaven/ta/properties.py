# SPDX-License-Identifier: BSD-2-Clause
"""Properties of the TA, of its client and of the TEE (clause 4.4).

Those of the TA's own class come first, as libutee has them in the TA; the rest is the core's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_SHORT_BUFFER,
    TEE_PROPSET_CURRENT_CLIENT,
    TEE_PROPSET_CURRENT_TA,
    TEE_PROPSET_TEE_IMPLEMENTATION,
    TEE_SUCCESS,
)
from elfhaven.abi.utee import (
    PROP_BINARY,
    PROP_BOOL,
    PROP_IDENTITY,
    PROP_STRING,
    PROP_U32,
    PROP_U64,
    PROP_UUID,
)
from elfhaven.ta.identity import Identity
from elfhaven.ta.system import Cell, Out, current
from elfhaven.tee_errors import BadFormat, ItemNotFound, error_of

Content = bool | int | str | bytes | UUID | Identity
_ROOM = 256


class Properties:
    """One set: Properties.ta(), .client() or .tee(). Iterating gives the names.

    A getter raises ItemNotFound for a name that is not there, and BadFormat for one of another type.
    """

    def __init__(self, group: int, own: Mapping[str, Content]) -> None:
        self._group, self._own = group, own

    @classmethod
    def ta(cls) -> Properties:
        return cls(TEE_PROPSET_CURRENT_TA, current().properties)

    @classmethod
    def client(cls) -> Properties:
        return cls(TEE_PROPSET_CURRENT_CLIENT, {})

    @classmethod
    def tee(cls) -> Properties:
        return cls(TEE_PROPSET_TEE_IMPLEMENTATION, {})

    def __getitem__(self, name: str) -> Content:
        """In the property's own type."""
        if name in self._own:
            return self._own[name]
        index = Cell(0, 4)
        text = name.encode() + b"\0"
        current().call("get_property_name_to_index", self._group, text, len(text), index)
        return self._at(index.value)[1]

    def __iter__(self) -> Iterator[str]:
        """TEE_StartPropertyEnumerator, TEE_GetPropertyName, TEE_GetNextProperty."""
        yield from self._own
        index = 0
        while True:
            try:
                yield self._at(index)[0]
            except ItemNotFound:
                return
            index += 1

    def _at(self, index: int) -> tuple[str, Content]:
        room = _ROOM
        while True:
            name, name_size = Out(room), Cell(room, 4)
            value, value_size, kind = Out(room), Cell(room, 4), Out(4)
            result = current().result(
                "get_property", self._group, index, name, name_size, value, value_size, kind
            )
            if result != TEE_ERROR_SHORT_BUFFER:
                break
            room = max(name_size.value, value_size.value, 2 * room)
        if result != TEE_SUCCESS:
            raise error_of(result) if result != TEE_ERROR_ITEM_NOT_FOUND else ItemNotFound()
        label = name.data[: name_size.value].rstrip(b"\0").decode()
        return label, _content(kind.number, value.data[: value_size.value])

    def string(self, name: str) -> str:
        """Of any type, as text (TEE_GetPropertyAsString)."""
        value = self[name]
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, bytes):
            import base64

            return base64.b64encode(value).decode()
        if isinstance(value, Identity):
            return f"{value.login}:{value.uuid}"
        return str(value)

    def boolean(self, name: str) -> bool:
        """TEE_GetPropertyAsBool."""
        value = self[name]
        if not isinstance(value, bool):
            raise BadFormat(f"{name} is no boolean")
        return value

    def u32(self, name: str) -> int:
        """TEE_GetPropertyAsU32."""
        return self._number(name, 32)

    def u64(self, name: str) -> int:
        """TEE_GetPropertyAsU64."""
        return self._number(name, 64)

    def _number(self, name: str, bits: int) -> int:
        value = self[name]
        if isinstance(value, bool) or not isinstance(value, int) or value >> bits:
            raise BadFormat(f"{name} is no number of {bits} bits")
        return value

    def binary(self, name: str) -> bytes:
        """TEE_GetPropertyAsBinaryBlock."""
        value = self[name]
        if not isinstance(value, bytes):
            raise BadFormat(f"{name} is no block of bytes")
        return value

    def uuid(self, name: str) -> UUID:
        """TEE_GetPropertyAsUUID."""
        value = self[name]
        if not isinstance(value, UUID):
            raise BadFormat(f"{name} is no UUID")
        return value

    def identity(self, name: str) -> Identity:
        """TEE_GetPropertyAsIdentity."""
        value = self[name]
        if not isinstance(value, Identity):
            raise BadFormat(f"{name} is no identity")
        return value


def _content(kind: int, data: bytes) -> Content:
    if kind == PROP_BOOL:
        return bool(data[0])
    if kind in (PROP_U32, PROP_U64):
        return int.from_bytes(data, "little")
    if kind == PROP_UUID:
        return UUID(bytes_le=data)
    if kind == PROP_IDENTITY:
        return Identity(int.from_bytes(data[:4], "little"), UUID(bytes_le=data[4:]))
    if kind == PROP_STRING:
        return data.rstrip(b"\0").decode()
    assert kind == PROP_BINARY
    return data


def client_identity() -> Identity:
    """Who opened the session that runs (gpd.client.identity)."""
    return Properties.client().identity("gpd.client.identity")
