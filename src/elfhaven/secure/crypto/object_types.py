# SPDX-License-Identifier: BSD-2-Clause
"""The types of cryptographic objects, as the core of OP-TEE 4.5 (vexpress-qemu) has them: sizes of keys and
attributes with their part in populating and generating (Internal Core API, tables 6-8 and 6-9)."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from elfhaven.abi import gp_crypto as gp

KEY_25519: Final = 32  # bytes of a key of curve 25519
_SECRET: Final = 4096 // 8  # room for a generic secret
CURVE_BITS: Final = {
    gp.TEE_ECC_CURVE_NIST_P192: 192,
    gp.TEE_ECC_CURVE_NIST_P224: 224,
    gp.TEE_ECC_CURVE_NIST_P256: 256,
    gp.TEE_ECC_CURVE_NIST_P384: 384,
    gp.TEE_ECC_CURVE_NIST_P521: 521,
    gp.TEE_ECC_CURVE_SM2: 256,
    gp.TEE_ECC_CURVE_25519: 256,
}


class Form(Enum):
    """How an attribute is kept: a secret by its bytes, a big number, a value of 32 bits, 32 bytes."""

    SECRET = auto()
    BIGNUM = auto()
    VALUE = auto()
    KEY_25519 = auto()


class Part:
    """What an attribute does in its object: bits, since a Flag is slow to make."""

    REQUIRED: Final = 1  # to populate
    GROUP: Final = 2  # optional to populate: all of the group or none
    SIZE: Final = 4  # its length, or its curve, is the size of the key
    GENERATE: Final = 8  # required to generate
    MAY_GENERATE: Final = 16  # optional to generate
    LIMITED: Final = 32  # no longer than the object's maximum size


class AttributeType(NamedTuple):
    id: int
    form: Form
    part: int


class ObjectType(NamedTuple):
    """Sizes in bits, which are multiples of `quantum`; `room` is what a secret may have in bytes."""

    number: int
    quantum: int
    smallest: int
    largest: int
    attributes: tuple[AttributeType, ...]
    room: int = 0

    def find(self, attribute: int) -> AttributeType | None:
        return next((row for row in self.attributes if row.id == attribute), None)

    def allows(self, bits: int) -> bool:
        """Whether a key may have that size. The sizes of DES without parity (GP 1.0) count as those with."""
        if without_parity(self.number, bits):
            bits += bits // 7
        return self.smallest <= bits <= self.largest and bits % self.quantum == 0

    @property
    def symmetric(self) -> bool:
        """Whether it is one plain secret, into which a key can be derived."""
        return self.attributes is _PLAIN


def without_parity(kind: int, bits: int) -> bool:
    """Whether a size of DES keys leaves the parity bits out, as GP 1.0 counted them."""
    return (kind == gp.TEE_TYPE_DES and bits == 56) or (kind == gp.TEE_TYPE_DES3 and bits in (112, 168))


def find_type(kind: int) -> ObjectType | None:
    """The type of that number; None for data objects and unknown ones."""
    return _BY_NUMBER.get(kind)


_R, _S, _G = Part.REQUIRED, Part.SIZE, Part.GENERATE
_L, _MAY, _GROUP = Part.LIMITED, Part.MAY_GENERATE, Part.GROUP


def _secret(number: int) -> tuple[AttributeType, ...]:
    return (AttributeType(number, Form.SECRET, _R | _S),)


def _numbers(*rows: tuple[int, int]) -> tuple[AttributeType, ...]:
    return tuple(AttributeType(number, Form.BIGNUM, part) for number, part in rows)


def _keys(*numbers: int) -> tuple[AttributeType, ...]:
    return tuple(AttributeType(number, Form.KEY_25519, _R) for number in numbers)


_PLAIN = _secret(gp.TEE_ATTR_SECRET_VALUE)
_RSA_PUBLIC = _numbers((gp.TEE_ATTR_RSA_MODULUS, _R | _S), (gp.TEE_ATTR_RSA_PUBLIC_EXPONENT, _R))
_RSA = _numbers(
    (gp.TEE_ATTR_RSA_MODULUS, _R | _S),
    (gp.TEE_ATTR_RSA_PUBLIC_EXPONENT, _R | _MAY),
    (gp.TEE_ATTR_RSA_PRIVATE_EXPONENT, _R),
    (gp.TEE_ATTR_RSA_PRIME1, _GROUP),
    (gp.TEE_ATTR_RSA_PRIME2, _GROUP),
    (gp.TEE_ATTR_RSA_EXPONENT1, _GROUP),
    (gp.TEE_ATTR_RSA_EXPONENT2, _GROUP),
    (gp.TEE_ATTR_RSA_COEFFICIENT, _GROUP),
)
_DSA_PUBLIC = _numbers(
    (gp.TEE_ATTR_DSA_PRIME, _R | _S | _L),
    (gp.TEE_ATTR_DSA_SUBPRIME, _R),
    (gp.TEE_ATTR_DSA_BASE, _R | _L),
    (gp.TEE_ATTR_DSA_PUBLIC_VALUE, _R | _L),
)
_DSA = _numbers(
    (gp.TEE_ATTR_DSA_PRIME, _R | _S | _L | _G),
    (gp.TEE_ATTR_DSA_SUBPRIME, _R | _G),
    (gp.TEE_ATTR_DSA_BASE, _R | _L | _G),
    (gp.TEE_ATTR_DSA_PRIVATE_VALUE, _R | _L),
    (gp.TEE_ATTR_DSA_PUBLIC_VALUE, _R | _L),
)
_DH = (
    *_numbers(
        (gp.TEE_ATTR_DH_PRIME, _R | _S | _G),
        (gp.TEE_ATTR_DH_BASE, _R | _G),
        (gp.TEE_ATTR_DH_PUBLIC_VALUE, _R),
        (gp.TEE_ATTR_DH_PRIVATE_VALUE, _R),
        (gp.TEE_ATTR_DH_SUBPRIME, _GROUP | _MAY),
    ),
    AttributeType(gp.TEE_ATTR_DH_X_BITS, Form.VALUE, _MAY),
)
_POINT = _numbers((gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, _R), (gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y, _R))
_PAIR = (*_numbers((gp.TEE_ATTR_ECC_PRIVATE_VALUE, _R)), *_POINT)
_EC_PUBLIC = (*_POINT, AttributeType(gp.TEE_ATTR_ECC_CURVE, Form.VALUE, _R | _S))
_EC = (*_PAIR, AttributeType(gp.TEE_ATTR_ECC_CURVE, Form.VALUE, _R | _S | _G))


def _plain(number: int, quantum: int, smallest: int, largest: int, room: int = 0) -> ObjectType:
    return ObjectType(number, quantum, smallest, largest, _PLAIN, (room or largest) // 8)


def _kdf(number: int, attribute: int) -> ObjectType:
    return ObjectType(number, 8, 0, 4096, _secret(attribute), _SECRET)


TYPES: Final = (
    _plain(gp.TEE_TYPE_AES, 64, 128, 256),
    _plain(gp.TEE_TYPE_DES, 64, 64, 64),
    _plain(gp.TEE_TYPE_DES3, 64, 128, 192),
    _plain(gp.TEE_TYPE_SM4, 128, 128, 128),
    _plain(gp.TEE_TYPE_HMAC_MD5, 8, 64, 512),
    _plain(gp.TEE_TYPE_HMAC_SHA1, 8, 80, 512),
    _plain(gp.TEE_TYPE_HMAC_SHA224, 8, 112, 512),
    _plain(gp.TEE_TYPE_HMAC_SHA256, 8, 192, 1024),
    _plain(gp.TEE_TYPE_HMAC_SHA384, 8, 256, 1024),
    _plain(gp.TEE_TYPE_HMAC_SHA512, 8, 256, 1024),
    _plain(gp.TEE_TYPE_HMAC_SHA3_224, 8, 192, 1024),
    _plain(gp.TEE_TYPE_HMAC_SHA3_256, 8, 256, 1024),
    _plain(gp.TEE_TYPE_HMAC_SHA3_384, 8, 256, 1024),
    _plain(gp.TEE_TYPE_HMAC_SHA3_512, 8, 256, 1024),
    _plain(gp.TEE_TYPE_HMAC_SM3, 8, 80, 1024, room=512),  # less room than its largest size
    _plain(gp.TEE_TYPE_GENERIC_SECRET, 8, 0, 4096),
    _kdf(gp.TEE_TYPE_HKDF_IKM, gp.TEE_ATTR_HKDF_IKM),
    _kdf(gp.TEE_TYPE_CONCAT_KDF_Z, gp.TEE_ATTR_CONCAT_KDF_Z),
    _kdf(gp.TEE_TYPE_PBKDF2_PASSWORD, gp.TEE_ATTR_PBKDF2_PASSWORD),
    ObjectType(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1, 256, 4096, _RSA_PUBLIC),
    ObjectType(gp.TEE_TYPE_RSA_KEYPAIR, 1, 256, 4096, _RSA),
    ObjectType(gp.TEE_TYPE_DSA_PUBLIC_KEY, 64, 512, 3072, _DSA_PUBLIC),
    ObjectType(gp.TEE_TYPE_DSA_KEYPAIR, 64, 512, 3072, _DSA),
    ObjectType(gp.TEE_TYPE_DH_KEYPAIR, 1, 256, 2048, _DH),
    ObjectType(gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 1, 192, 521, _EC_PUBLIC),
    ObjectType(gp.TEE_TYPE_ECDSA_KEYPAIR, 1, 192, 521, _EC),
    ObjectType(gp.TEE_TYPE_ECDH_PUBLIC_KEY, 1, 192, 521, _EC_PUBLIC),
    ObjectType(gp.TEE_TYPE_ECDH_KEYPAIR, 1, 192, 521, _EC),
    ObjectType(gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, 1, 256, 256, _POINT),
    ObjectType(gp.TEE_TYPE_SM2_DSA_KEYPAIR, 1, 256, 256, _PAIR),
    ObjectType(gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, 1, 256, 256, _POINT),
    ObjectType(gp.TEE_TYPE_SM2_PKE_KEYPAIR, 1, 256, 256, _PAIR),
    ObjectType(gp.TEE_TYPE_SM2_KEP_PUBLIC_KEY, 1, 256, 256, _POINT),
    ObjectType(gp.TEE_TYPE_SM2_KEP_KEYPAIR, 1, 256, 256, _PAIR),
    ObjectType(
        gp.TEE_TYPE_X25519_KEYPAIR,
        1,
        256,
        256,
        _keys(gp.TEE_ATTR_X25519_PRIVATE_VALUE, gp.TEE_ATTR_X25519_PUBLIC_VALUE),
    ),
    ObjectType(gp.TEE_TYPE_ED25519_PUBLIC_KEY, 1, 256, 256, _keys(gp.TEE_ATTR_ED25519_PUBLIC_VALUE)),
    ObjectType(
        gp.TEE_TYPE_ED25519_KEYPAIR,
        1,
        256,
        256,
        _keys(gp.TEE_ATTR_ED25519_PRIVATE_VALUE, gp.TEE_ATTR_ED25519_PUBLIC_VALUE),
    ),
)
_BY_NUMBER: Final = {kind.number: kind for kind in TYPES}
