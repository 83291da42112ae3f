# SPDX-License-Identifier: BSD-2-Clause
"""What an object's file begins with: a head, then the attributes of its key. Its data follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_FORMAT,
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_NO_DATA,
    TEE_ERROR_NOT_SUPPORTED,
)
from elfhaven.abi.gp_crypto import TEE_TYPE_DATA
from elfhaven.secure.crypto import attributes as binary
from elfhaven.secure.crypto.object_types import find_type
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.layout import OBJECT, ObjectHead

MALFORMED = (TEE_ERROR_NO_DATA, TEE_ERROR_BAD_FORMAT)  # told to the TA as CORRUPT_OBJECT, but not removed


@dataclass(slots=True)
class StoredObject:
    """An object without its data; sizes in bits. `start` is where the data begin."""

    type: int
    size: int = 0
    max_size: int = 0
    usage: int = 0
    attributes: dict[int, Any] = field(default_factory=dict)
    start: int = 0


def pack(stored: StoredObject) -> bytes:
    """The bytes before the data."""
    packed = binary.pack(stored.type, stored.attributes)
    present = binary.present(stored.type, stored.attributes)
    head = ObjectHead(len(packed), stored.size, stored.max_size, stored.usage, stored.type, present)
    return head.pack() + packed


def load(read: Callable[[int, int], bytes], size: int) -> StoredObject:
    """An object from its file of `size` bytes, of which `read` gives pieces.

    TeeResult CORRUPT_OBJECT where the parts do not fit, BAD_FORMAT where the head is cut off, NOT_SUPPORTED
    for a type that this build does not know.
    """
    raw = read(0, OBJECT.size)
    if len(raw) != OBJECT.size:
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT if size < OBJECT.size else TEE_ERROR_BAD_FORMAT)
    head = ObjectHead.unpack(raw)
    start = OBJECT.size + head.attributes_size
    if start > size:
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT)
    if head.type != TEE_TYPE_DATA and find_type(head.type) is None:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    packed = read(OBJECT.size, head.attributes_size) if head.attributes_size else b""
    if len(packed) != head.attributes_size:
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT)
    found = binary.unpack(head.type, packed, head.have_attributes)
    return StoredObject(head.type, head.size, head.max_size, head.usage, found, start)
