# SPDX-License-Identifier: BSD-2-Clause
"""DSA (FIPS 186-4) and Diffie-Hellman, with domain parameters as they are given: the core does not check
them."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_GENERIC,
    TEE_ERROR_SECURITY,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES, digest_of
from elfhaven.secure.crypto.attributes import Attributes
from elfhaven.secure.crypto.numbers import Random, power, random_below
from elfhaven.secure.result import ShortBuffer, TeeResult

_TRIES = 64  # before parameters count as such that no signature can be made with


@dataclass(frozen=True, slots=True)
class DsaKey:
    p: int
    q: int
    g: int
    y: int
    x: int = 0

    @property
    def size(self) -> int:
        """Bytes of a half of a signature."""
        return (self.q.bit_length() + 7) // 8


def key_of(attributes: Attributes) -> DsaKey:
    names = (
        *(gp.TEE_ATTR_DSA_PRIME, gp.TEE_ATTR_DSA_SUBPRIME, gp.TEE_ATTR_DSA_BASE),
        *(gp.TEE_ATTR_DSA_PUBLIC_VALUE, gp.TEE_ATTR_DSA_PRIVATE_VALUE),
    )
    return DsaKey(*(_number(attributes, name) for name in names))


def _number(attributes: Attributes, name: int) -> int:
    value = attributes.get(name, 0)
    return value if isinstance(value, int) else 0


def generate(bits: int, attributes: Attributes, random: Random) -> Attributes:
    """A pair of keys of the parameters in `attributes`."""
    key = key_of(attributes)
    if bits != (key.p.bit_length() + 7) // 8 * 8 or not key.p & 1 or not key.q:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    x = random_below(key.q, random)
    made: Attributes = {gp.TEE_ATTR_DSA_PRIVATE_VALUE: x}
    made[gp.TEE_ATTR_DSA_PUBLIC_VALUE] = power(key.g, x, key.p)
    return attributes | made


def sign(algorithm: int, key: DsaKey, data: bytes, random: Random, room: int) -> bytes:
    """The two halves of a signature of a digest, which may have been cut to the length of q."""
    if len(data) != min(DIGEST_SIZES[digest_of(algorithm)], key.size):
        raise TeeResult(TEE_ERROR_SECURITY)
    if room < 2 * key.size:
        raise ShortBuffer(2 * key.size)
    if key.q < 2 or not key.p & 1:
        raise TeeResult(TEE_ERROR_GENERIC)
    e = int.from_bytes(data[: key.size], "big")
    for _ in range(_TRIES):
        k = random_below(key.q, random)
        if gcd(k, key.q) != 1:
            continue
        r = power(key.g, k, key.p) % key.q
        s = pow(k, -1, key.q) * (e + key.x * r) % key.q
        if r and s:
            return r.to_bytes(key.size, "big") + s.to_bytes(key.size, "big")
    raise TeeResult(TEE_ERROR_GENERIC)


def verify(algorithm: int, key: DsaKey, data: bytes, signature: bytes) -> None:
    if len(data) not in (DIGEST_SIZES.get(digest_of(algorithm)), key.size):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    half = len(signature) // 2
    r = int.from_bytes(signature[:half], "big")
    s = int.from_bytes(signature[half : 2 * half], "big")
    if not 0 < r < key.q or not 0 < s < key.q:
        raise TeeResult(TEE_ERROR_SIGNATURE_INVALID)
    if gcd(s, key.q) != 1 or not key.p & 1:
        raise TeeResult(TEE_ERROR_GENERIC)
    w = pow(s, -1, key.q)
    one = power(key.g, int.from_bytes(data[: key.size], "big") * w % key.q, key.p)
    if one * power(key.y, r * w % key.q, key.p) % key.p % key.q != r:
        raise TeeResult(TEE_ERROR_SIGNATURE_INVALID)


# ---- Diffie-Hellman


def generate_dh(bits: int, attributes: Attributes, random: Random) -> Attributes:
    """A pair of keys; the private one has as many bits as asked for, or as q or p have."""
    p, g = _number(attributes, gp.TEE_ATTR_DH_PRIME), _number(attributes, gp.TEE_ATTR_DH_BASE)
    q, x_bits = attributes.get(gp.TEE_ATTR_DH_SUBPRIME), _number(attributes, gp.TEE_ATTR_DH_X_BITS)
    size = (p.bit_length() + 7) // 8
    limit = min(size, (q.bit_length() + 7) // 8) if isinstance(q, int) else size
    if bits != 8 * size or x_bits % 8 or x_bits // 8 > limit:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    modulus = q if isinstance(q, int) and limit < size else p
    if not p & 1 or not modulus:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    x = int.from_bytes(random(x_bits // 8 or limit), "big") % modulus
    made: Attributes = {gp.TEE_ATTR_DH_PRIVATE_VALUE: x, gp.TEE_ATTR_DH_PUBLIC_VALUE: power(g, x, p)}
    return attributes | made


def shared_secret(attributes: Attributes, public: int) -> int:
    p, x = _number(attributes, gp.TEE_ATTR_DH_PRIME), _number(attributes, gp.TEE_ATTR_DH_PRIVATE_VALUE)
    if not p & 1:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return power(public, x, p)
