# SPDX-License-Identifier: BSD-2-Clause
"""Properties that the core answers: of the TA, of its client, and of the implementation.

An address of 0 for a name or a value means that it is not wanted.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SHORT_BUFFER,
    TEE_PROPSET_CURRENT_CLIENT,
    TEE_PROPSET_CURRENT_TA,
    TEE_PROPSET_TEE_IMPLEMENTATION,
)
from elfhaven.abi.utee import PROP_BINARY, PROP_BOOL, PROP_IDENTITY, PROP_STRING, PROP_U32, PROP_UUID
from elfhaven.secure.crypto.huk import Usage, subkey
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.task import Task

_DIE_ID_SIZE = 12
_NAME_MAX = 1 << 17  # more than the core's heap has
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
        self._store(value, value_length, content)
        self._store(name, name_length, label.encode() + b"\0")

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
        if not length:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if length > _NAME_MAX:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        if not name:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        wanted = self._task.space.read(name, length)[:-1].split(b"\0")[0]  # the last byte counts as its end
        for place, (label, _, _) in enumerate(table):
            if label.encode() == wanted:
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
            return ("gpd.client.identity", PROP_IDENTITY, content), _u32("gpd.client.endian", 0)
        if group == TEE_PROPSET_TEE_IMPLEMENTATION:
            huk = self._task.core.config.huk
            return *_implementation(huk), _endorsement(huk, self._task.uuid)
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)


def _u32(name: str, value: int) -> Property:
    return name, PROP_U32, struct.pack("<I", value)


def _string(name: str, value: str) -> Property:
    return name, PROP_STRING, value.encode() + b"\0"


def _bool(name: str, value: bool) -> Property:
    return name, PROP_BOOL, bytes([value])


def device_id(huk: bytes) -> UUID:
    """The device's own UUID: from its die id, as OP-TEE makes it (the version is set where memory has it)."""
    digest = bytearray(hashlib.sha256(b"OPTEE" + subkey(huk, Usage.DIE_ID, b"", _DIE_ID_SIZE)).digest()[:16])
    digest[7] = digest[7] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes_le=bytes(digest))


def _endorsement(huk: bytes, uuid: UUID) -> Property:
    """What builds for QEMU have for a TA that is a TPM: a seed of device and TA, after its size."""
    seed = hashlib.sha256(uuid.bytes_le + subkey(huk, Usage.DIE_ID, b"", 32)).digest()
    return "com.microsoft.ta.endorsementSeed", PROP_BINARY, struct.pack("<I", len(seed)) + seed


def _implementation(huk: bytes) -> tuple[Property, ...]:
    """In OP-TEE's order, with OP-TEE's values where they are not claims about what is not here."""
    return (
        _string("gpd.tee.apiversion", "GPD-1.1-dev"),
        _string("gpd.tee.description", "OPTEE"),
        ("gpd.tee.deviceID", PROP_UUID, device_id(huk).bytes_le),
        _u32("gpd.tee.systemTime.protectionLevel", 1000),
        _u32("gpd.tee.TAPersistentTime.protectionLevel", 100),
        _bool("gpd.tee.cryptography.ecc", True),
        _u32("gpd.tee.trustedStorage.antiRollback.protectionLevel", 0),
        _string("gpd.tee.trustedos.implementation.version", "elfhaven_4.5"),
        _u32("gpd.tee.trustedos.implementation.binaryversion", 0),
        _string("gpd.tee.trustedos.manufacturer", "elfhaven"),
        _string("gpd.tee.firmware.implementation.version", "FW_IMPL_UNDEF"),
        _u32("gpd.tee.firmware.implementation.binaryversion", 0),
        _string("gpd.tee.firmware.manufacturer", "FW_MAN_UNDEF"),
    )
