# SPDX-License-Identifier: BSD-2-Clause
"""New keys for objects of every type."""

from __future__ import annotations

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_FORMAT, TEE_ERROR_BAD_PARAMETERS, TEE_ERROR_EXCESS_DATA
from elfhaven.secure.crypto import dsa, ecc, edwards, rsa
from elfhaven.secure.crypto.attributes import Attributes, number_bytes
from elfhaven.secure.crypto.numbers import Random
from elfhaven.secure.crypto.object_types import ObjectType, without_parity
from elfhaven.secure.result import TeeResult

_EXPONENT = 65537
_EC_PAIRS = (
    *(gp.TEE_TYPE_ECDSA_KEYPAIR, gp.TEE_TYPE_ECDH_KEYPAIR, gp.TEE_TYPE_SM2_DSA_KEYPAIR),
    *(gp.TEE_TYPE_SM2_KEP_KEYPAIR, gp.TEE_TYPE_SM2_PKE_KEYPAIR),
)


def generate(kind: ObjectType, bits: int, given: Attributes, random: Random) -> Attributes:
    """All attributes of a new key; `given` are those that the TA chose (exponent, domain, curve).

    TeeResult BAD_FORMAT for a type of which none are made, BAD_PARAMETERS for a size or attributes that the
    core cannot make one of.
    """
    number = kind.number
    if kind.symmetric:
        return _secret(kind, bits, random)
    if number == gp.TEE_TYPE_RSA_KEYPAIR:
        return rsa.generate(bits, _exponent(given), random)
    if number == gp.TEE_TYPE_DSA_KEYPAIR:
        return dsa.generate(bits, given, random)
    if number == gp.TEE_TYPE_DH_KEYPAIR:
        made: Attributes = {gp.TEE_ATTR_DH_X_BITS: 0}
        return made | dsa.generate_dh(bits, given, random)
    if number in _EC_PAIRS:
        return ecc.generate(number, bits, given, random)
    if number == gp.TEE_TYPE_X25519_KEYPAIR:
        return edwards.generate_x25519(random)
    if number == gp.TEE_TYPE_ED25519_KEYPAIR:
        return edwards.generate_ed25519(random)
    raise TeeResult(TEE_ERROR_BAD_FORMAT)


def _secret(kind: ObjectType, bits: int, random: Random) -> Attributes:
    size = (bits + bits // 7 if without_parity(kind.number, bits) else bits) // 8
    if size > kind.room:
        raise TeeResult(TEE_ERROR_EXCESS_DATA)
    return {gp.TEE_ATTR_SECRET_VALUE: random(size)}


def _exponent(given: Attributes) -> int:
    """An odd number from 65537 to below 2^256 (NIST SP 800-56B), as the core asks for."""
    e = given.get(gp.TEE_ATTR_RSA_PUBLIC_EXPONENT, _EXPONENT)
    if not isinstance(e, int) or not e & 1 or e < _EXPONENT or len(number_bytes(e)) > 32:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return e
