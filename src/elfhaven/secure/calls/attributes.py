# SPDX-License-Identifier: BSD-2-Clause
"""Attributes as a TA gives them: struct utee_attribute, whose buffers are read when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SECURITY,
)
from elfhaven.abi.gp_crypto import TEE_ATTR_ECC_CURVE, TEE_ATTR_FLAG_VALUE
from elfhaven.abi.utee import ATTRIBUTE
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.calls.misc import BOUNCE_BUFFER
from elfhaven.secure.crypto.attributes import Attribute, Attributes
from elfhaven.secure.crypto.object_types import (
    CURVE_BITS,
    KEY_25519,
    AttributeType,
    Form,
    ObjectType,
    Part,
    without_parity,
)
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.machine.address_space import AddressSpace

_VALUE = 0xFFFFFFFF


class Given(NamedTuple):
    """One attribute: two numbers, or where a buffer lies and how long it is."""

    space: AddressSpace
    id: int
    a: int
    b: int

    def content(self) -> bytes:
        """The buffer; OUT_OF_MEMORY if the core cannot copy as much at a time."""
        if self.b > BOUNCE_BUFFER:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        return self.space.read(self.a, self.b)

    @property
    def value(self) -> int:
        """The first of two numbers."""
        return self.a & _VALUE

    @property
    def second(self) -> int:
        return self.b & _VALUE


def read_attributes(space: AddressSpace, address: int, count: int) -> list[Given]:
    """The attributes, each buffer of which the TA may read; OUT_OF_MEMORY for too many."""
    if count * ATTRIBUTE.size > BOUNCE_BUFFER:
        raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
    found = [
        Given(space, number, a, b)
        for a, b, number in ATTRIBUTE.iter_unpack(space.read(address, count * ATTRIBUTE.size))
    ]
    for given in found:
        if not given.id & TEE_ATTR_FLAG_VALUE:
            space.check(given.a, given.b, Protection.READ)
    return found


def check_attributes(kind: ObjectType, given: list[Given], *, generating: bool) -> None:
    """ITEM_NOT_FOUND unless they are those that populating (or generating) an object of the type takes."""
    required, optional = (Part.GENERATE, Part.MAY_GENERATE) if generating else (Part.REQUIRED, Part.GROUP)
    needed = {row.id for row in kind.attributes if required & row.part}
    group = {row.id for row in kind.attributes if optional & row.part} - needed
    ids = [one.id for one in given]
    found = set(ids)
    wrong = len(found) != len(ids) or not found <= needed | group or not needed <= found
    if wrong or (not generating and found & group and not group <= found):
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)


def take_attributes(kind: ObjectType, max_size: int, given: list[Given]) -> tuple[Attributes, int]:
    """The values of checked attributes, and the size of the key in bits: 0 if none of them tells.

    TeeResult BAD_STATE for what is larger than the object, BAD_PARAMETERS for a size that the type has not.
    """
    taken: Attributes = {}
    size = 0
    for one in given:
        row = kind.find(one.id)
        if row is None:
            raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
        value = taken[one.id] = _value(kind, row, one)
        if Part.SIZE & row.part:
            size = _size(kind, max_size, one)
        if Part.LIMITED & row.part and isinstance(value, int) and value.bit_length() > max_size:
            raise TeeResult(TEE_ERROR_BAD_STATE)
    return taken, size - size // 8 if without_parity(kind.number, max_size) else size


def _value(kind: ObjectType, row: AttributeType, given: Given) -> Attribute:
    if row.form is Form.VALUE:
        return given.value
    if row.form is Form.BIGNUM:
        return int.from_bytes(given.content(), "big")
    room = kind.room if row.form is Form.SECRET else KEY_25519
    if given.b > room or (row.form is Form.KEY_25519 and given.b != room):
        raise TeeResult(TEE_ERROR_SECURITY)
    return given.content()


def _size(kind: ObjectType, max_size: int, given: Given) -> int:
    """Of the key whose size this attribute tells."""
    if given.id == TEE_ATTR_ECC_CURVE:
        if given.value not in CURVE_BITS:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        size = CURVE_BITS[given.value]
    else:
        size = 8 * given.b
        if without_parity(kind.number, max_size):
            size -= size // 8
    if size > max_size:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    if not kind.allows(size):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return size
