# SPDX-License-Identifier: BSD-2-Clause
"""Keys derived from the hardware unique key, as OP-TEE's huk_subkey_derive makes them."""

from __future__ import annotations

import hmac
import struct
from enum import IntEnum
from uuid import UUID


class Usage(IntEnum):
    """What a subkey is for."""

    RPMB = 0
    SSK = 1
    DIE_ID = 2
    UNIQUE_TA = 3
    TA_ENC = 4


_CHIP_ID = b"BEEF" * 8
_SSK_STRING = b"ONLY_FOR_tee_fs_ssk\0"


def uuid_in_memory(uuid: UUID) -> bytes:
    """A TEE_UUID as it lies in memory: the first three fields little-endian."""
    return uuid.bytes_le


def subkey(huk: bytes, usage: Usage, data: bytes, size: int) -> bytes:
    """HMAC-SHA256(HUK, usage | data), cut to `size` (at most 32) bytes."""
    return hmac.digest(huk, struct.pack("<I", usage) + data, "sha256")[:size]


def storage_key(huk: bytes) -> bytes:
    """The secure storage key (SSK), in the form compatible with older OP-TEEs that is the default."""
    return hmac.digest(huk, _CHIP_ID + _SSK_STRING, "sha256")


def ta_storage_key(huk: bytes, uuid: UUID | None) -> bytes:
    """The trusted application storage key (TSK); without a UUID, of the core itself."""
    return hmac.digest(storage_key(huk), uuid_in_memory(uuid) if uuid else b"\0", "sha256")


def unique_ta_key(huk: bytes, uuid: UUID, extra: bytes, size: int) -> bytes:
    """PTA_SYSTEM_DERIVE_TA_UNIQUE_KEY."""
    return subkey(huk, Usage.UNIQUE_TA, uuid_in_memory(uuid) + extra, size)
