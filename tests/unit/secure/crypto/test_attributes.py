# SPDX-License-Identifier: BSD-2-Clause
"""The stored form of attributes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_STATE, TEE_ERROR_CORRUPT_OBJECT
from elfhaven.secure.crypto.attributes import Attributes, pack, present, unpack
from elfhaven.secure.crypto.object_types import TYPES, Form, ObjectType, find_type
from elfhaven.secure.result import TeeResult


def test_a_secret_is_its_length_and_its_bytes() -> None:
    packed = pack(gp.TEE_TYPE_AES, {gp.TEE_ATTR_SECRET_VALUE: b"0123456789abcdef"})
    assert packed == b"\0\0\0\x10" + b"0123456789abcdef"


def test_absent_attributes_are_empty_numbers() -> None:
    pair = {
        gp.TEE_ATTR_RSA_MODULUS: 0x0123,
        gp.TEE_ATTR_RSA_PUBLIC_EXPONENT: 65537,
        gp.TEE_ATTR_RSA_PRIVATE_EXPONENT: 0x99,
    }
    expected = "00000002 0123 00000003 010001 00000001 99" + "00000000" * 5
    assert pack(gp.TEE_TYPE_RSA_KEYPAIR, pair) == bytes.fromhex(expected)
    assert present(gp.TEE_TYPE_RSA_KEYPAIR, pair) == 0b111
    assert unpack(gp.TEE_TYPE_RSA_KEYPAIR, bytes.fromhex(expected), 0b111) == pair


def test_a_curve_is_one_number_in_the_table_s_place() -> None:
    key: Attributes = {
        gp.TEE_ATTR_ECC_CURVE: gp.TEE_ECC_CURVE_NIST_P256,
        gp.TEE_ATTR_ECC_PRIVATE_VALUE: 1,
        gp.TEE_ATTR_ECC_PUBLIC_VALUE_X: 2,
        gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y: 3,
    }
    packed = pack(gp.TEE_TYPE_ECDSA_KEYPAIR, key)
    assert packed == bytes.fromhex("0000000101 0000000102 0000000103 00000003")
    assert unpack(gp.TEE_TYPE_ECDSA_KEYPAIR, packed) == key


def test_data_objects_have_none() -> None:
    assert pack(gp.TEE_TYPE_DATA, {}) == b""
    assert unpack(gp.TEE_TYPE_DATA, b"anything") == {}
    assert present(gp.TEE_TYPE_DATA, {}) == 0


@pytest.mark.parametrize(
    "kind, data",
    [
        (gp.TEE_TYPE_AES, b""),
        (gp.TEE_TYPE_AES, b"\0\0\0"),
        (gp.TEE_TYPE_AES, b"\0\0\0\x10short"),
        (gp.TEE_TYPE_AES, b"\0\0\0\x21" + bytes(33)),
        (gp.TEE_TYPE_HMAC_SM3, b"\0\0\0\x41" + bytes(65)),
        (gp.TEE_TYPE_ED25519_PUBLIC_KEY, b"\0\0\0\x21" + bytes(33)),
        (gp.TEE_TYPE_RSA_PUBLIC_KEY, b"\0\0\0\x01\x05"),
        (gp.TEE_TYPE_RSA_PUBLIC_KEY, b"\xff\xff\xff\xff\x05"),
    ],
)
def test_what_does_not_fit_is_corrupt(kind: int, data: bytes) -> None:
    with pytest.raises(TeeResult) as caught:
        unpack(kind, data)
    assert caught.value.code == TEE_ERROR_CORRUPT_OBJECT


def test_an_unknown_type_is_a_bad_state() -> None:
    for call in (lambda: pack(0xA0000012, {}), lambda: unpack(0xA0000012, b"")):
        with pytest.raises(TeeResult) as caught:
            call()
        assert caught.value.code == TEE_ERROR_BAD_STATE


@st.composite
def _objects(draw: st.DrawFn) -> tuple[ObjectType, Attributes]:
    kind = draw(st.sampled_from(TYPES))
    found: Attributes = {}
    for row in kind.attributes:
        if draw(st.booleans()):
            found[row.id] = draw(
                {
                    Form.SECRET: st.binary(max_size=kind.room),
                    Form.BIGNUM: st.integers(0, 1 << 4096),
                    Form.VALUE: st.integers(0, 0xFFFFFFFF),
                    Form.KEY_25519: st.binary(min_size=32, max_size=32),
                }[row.form]
            )
    return kind, found


@given(_objects())
def test_round_trip(made: tuple[ObjectType, Attributes]) -> None:
    kind, attributes = made
    packed = pack(kind.number, attributes)
    assert unpack(kind.number, packed, present(kind.number, attributes)) == attributes


@pytest.mark.parametrize(
    "kind, good, bad",
    [
        (gp.TEE_TYPE_AES, (128, 192, 256), (0, 64, 129, 320)),
        (gp.TEE_TYPE_DES, (56, 64), (0, 63, 128)),
        (gp.TEE_TYPE_DES3, (112, 128, 168, 192), (56, 64, 120, 256)),
        (gp.TEE_TYPE_DSA_KEYPAIR, (512, 1024, 3072), (448, 1000, 3136)),
        (gp.TEE_TYPE_ECDSA_KEYPAIR, (192, 193, 521), (191, 522)),
        (gp.TEE_TYPE_GENERIC_SECRET, (0, 8, 4096), (4, 4104)),
    ],
)
def test_sizes(kind: int, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    found = find_type(kind)
    assert found is not None
    assert [bits for bits in good if not found.allows(bits)] == []
    assert [bits for bits in bad if found.allows(bits)] == []
