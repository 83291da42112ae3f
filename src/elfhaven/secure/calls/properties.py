# SPDX-License-Identifier: BSD-2-Clause
"""Properties that the core answers: of the TA, of its client, and of the implementation.

An address of 0 for a name or a value means that it is not wanted.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from elfhaven.abi.gp import (
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_SHORT_BUFFER,
    TEE_PROPSET_CURRENT_CLIENT,
    TEE_PROPSET_CURRENT_TA,
    TEE_PROPSET_TEE_IMPLEMENTATION,
)
from elfhaven.abi.utee import PROP_BOOL, PROP_IDENTITY, PROP_STRING, PROP_U32, PROP_UUID
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

_NAME_MAX = 80
Property = tuple[str, int, bytes]


class PropertyCalls:
    def __init__(self, task: Task) -> None:
        self._task = task

    def get_property(
        self, group: int, index: int, name: int, name_length: int, value: int, value_length: int, kind: int
    ) -> None:
        table = self._table(group)
        if index & 0xFFFFFFFF >= len(table):
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        label, what, content = table[index & 0xFFFFFFFF]
        if kind:
            self._task.space.write_u32(kind, what)
        self._store(name, name_length, label.encode() + b"\0")
        self._store(value, value_length, content)

    def _store(self, address: int, length: int, content: bytes) -> None:
        if not address or not length:
            return
        space = self._task.space
        room = space.read_u32(length)
        space.write_u32(length, len(content))
        if room < len(content):
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        space.write(address, content)

    def get_property_name_to_index(self, group: int, name: int, length: int, index: int) -> None:
        table = self._table(group)
        wanted = self._task.space.read(name, min(length, _NAME_MAX)).rstrip(b"\0").decode("latin-1")
        for place, (label, _, _) in enumerate(table):
            if label == wanted:
                self._task.space.write_u32(index, place)
                return
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)

    def _table(self, group: int) -> tuple[Property, ...]:
        group &= 0xFFFFFFFF
        if group == TEE_PROPSET_CURRENT_TA:
            return (("gpd.ta.appID", PROP_UUID, self._task.uuid.bytes_le),)
        if group == TEE_PROPSET_CURRENT_CLIENT:
            identity = self._task.session.identity
            content = struct.pack("<I", identity.login) + identity.uuid.bytes_le
            return (("gpd.client.identity", PROP_IDENTITY, content),)
        if group == TEE_PROPSET_TEE_IMPLEMENTATION:
            return _IMPLEMENTATION
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)


def _u32(name: str, value: int) -> Property:
    return name, PROP_U32, struct.pack("<I", value)


def _string(name: str, value: str) -> Property:
    return name, PROP_STRING, value.encode() + b"\0"


def _bool(name: str, value: bool) -> Property:
    return name, PROP_BOOL, bytes([value])


_NAME = "elfhaven"
_IMPLEMENTATION: tuple[Property, ...] = (
    _string("gpd.tee.apiversion", "GlobalPlatform TEE Internal Core API version 1.3.1"),
    _string("gpd.tee.description", _NAME),
    ("gpd.tee.deviceID", PROP_UUID, bytes(16)),
    _u32("gpd.tee.systemTime.protectionLevel", 100),
    _u32("gpd.tee.TAPersistentTime.protectionLevel", 100),
    *(
        _bool(f"gpd.tee.cryptography.{kind}", False)
        for kind in ("ecc", "nist", "bsi-r", "bsi-t", "ietf", "octets")
    ),
    _u32("gpd.tee.trustedStorage.antiRollback.protectionLevel", 0),
    _u32("gpd.tee.trustedStorage.rollbackDetection.protectionLevel", 0),
    _string("gpd.tee.trustedos.implementation.version", _NAME),
    _u32("gpd.tee.trustedos.implementation.binaryversion", 0),
    _string("gpd.tee.trustedos.manufacturer", _NAME),
    _string("gpd.tee.firmware.implementation.version", "none"),
    _u32("gpd.tee.firmware.implementation.binaryversion", 0),
    _string("gpd.tee.firmware.manufacturer", "none"),
    _bool("org.trustedfirmware.optee.cpu.feat_pauth_implemented", False),
)
