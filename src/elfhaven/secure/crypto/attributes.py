# SPDX-License-Identifier: BSD-2-Clause
"""Attributes of objects in the binary form in which OP-TEE 4.5 stores them.

Every attribute of the type stands there in the table's order, present or not: a number (curve, x bits) as
four bytes, anything else as a length of four bytes and that many bytes; all of it big-endian. An absent
attribute is zero or empty. Which ones an object really has, a mask beside the data tells: bit n stands for
the table's n-th attribute.
"""

from __future__ import annotations

from collections.abc import Mapping

from elfhaven.abi.gp import TEE_ERROR_BAD_STATE, TEE_ERROR_CORRUPT_OBJECT
from elfhaven.abi.gp_crypto import TEE_TYPE_DATA
from elfhaven.secure.crypto.object_types import KEY_25519, AttributeType, Form, find_type
from elfhaven.secure.result import TeeResult

Attribute = bytes | int  # a secret or a key of curve 25519; a big number or a value
Attributes = dict[int, Attribute]

_MAX_NUMBER = 80000  # bytes: longer ones exceed the limbs that the core's big numbers may have


def present(kind: int, attributes: Mapping[int, Attribute]) -> int:
    """The mask of the attributes that an object has (have_attrs in its head)."""
    if kind == TEE_TYPE_DATA:
        return 0
    return sum(1 << n for n, row in enumerate(_rows(kind)) if row.id in attributes)


def pack(kind: int, attributes: Mapping[int, Attribute]) -> bytes:
    """Stored form of the attributes of an object of type `kind`; TeeResult BAD_STATE for an unknown type."""
    if kind == TEE_TYPE_DATA:
        return b""
    return b"".join(_pack_one(row, attributes.get(row.id)) for row in _rows(kind))


def unpack(kind: int, data: bytes, mask: int = 0xFFFFFFFF) -> Attributes:
    """The attributes whose bit is set in `mask`; bytes behind the last one are not looked at.

    TeeResult CORRUPT_OBJECT if the data ends early or holds more than the type has room for, BAD_STATE for an
    unknown type.
    """
    if kind == TEE_TYPE_DATA:
        return {}
    found: Attributes = {}
    room, at = find_type(kind), 0
    for n, row in enumerate(_rows(kind)):
        value, at = _unpack_one(row, data, at, room.room if room else 0)
        if mask >> n & 1:
            found[row.id] = value
    return found


def number_bytes(value: int) -> bytes:
    """A big number as few big-endian bytes as it needs: none for zero."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _rows(kind: int) -> tuple[AttributeType, ...]:
    found = find_type(kind)
    if found is None:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    return found.attributes


def _pack_one(row: AttributeType, value: Attribute | None) -> bytes:
    if row.form is Form.VALUE:
        return (value if isinstance(value, int) else 0).to_bytes(4, "big")
    if row.form is Form.KEY_25519 and value is None:
        value = bytes(KEY_25519)
    content = value if isinstance(value, bytes) else number_bytes(value or 0)
    return len(content).to_bytes(4, "big") + content


def _unpack_one(row: AttributeType, data: bytes, at: int, room: int) -> tuple[Attribute, int]:
    """The value at `at`, and where the next one begins."""
    if at + 4 > len(data):
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT)
    number, at = int.from_bytes(data[at : at + 4], "big"), at + 4
    if row.form is Form.VALUE:
        return number, at
    limit = {Form.SECRET: room, Form.KEY_25519: KEY_25519, Form.BIGNUM: _MAX_NUMBER}[row.form]
    if at + number > len(data) or number > limit:
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT)
    content = data[at : at + number]
    if row.form is Form.BIGNUM:
        return int.from_bytes(content, "big"), at + number
    if row.form is Form.KEY_25519:
        content = content.ljust(KEY_25519, b"\0")
    return content, at + number
