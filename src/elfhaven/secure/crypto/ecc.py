# SPDX-License-Identifier: BSD-2-Clause
"""ECDSA (FIPS 186-4) and ECDH on the NIST curves.

The library does what is regular; what it refuses (points beside the curve, private keys of zero, digests of
odd lengths) is calculated here, since the core does not refuse it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_GENERIC,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto.attributes import Attributes
from elfhaven.secure.crypto.curves import CURVES, Curve, Point
from elfhaven.secure.crypto.numbers import Random, random_below
from elfhaven.secure.result import ShortBuffer, TeeResult

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

_NIST: Final = range(gp.TEE_ECC_CURVE_NIST_P192, gp.TEE_ECC_CURVE_NIST_P521 + 1)
_SM2_KEYS: Final = frozenset(
    (
        *(gp.TEE_TYPE_SM2_DSA_KEYPAIR, gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, gp.TEE_TYPE_SM2_PKE_KEYPAIR),
        *(gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, gp.TEE_TYPE_SM2_KEP_KEYPAIR, gp.TEE_TYPE_SM2_KEP_PUBLIC_KEY),
    )
)
_ALGORITHMS = dict(zip(_NIST, (gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * n for n in range(5)), strict=True))


@dataclass(frozen=True, slots=True)
class EcKey:
    curve_id: int
    point: Point
    d: int = 0

    @property
    def curve(self) -> Curve:
        """TeeResult NOT_SUPPORTED for a curve that the core does not calculate with."""
        found = CURVES.get(self.curve_id)
        if found is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        return found


def key_of(kind: int, attributes: Attributes) -> EcKey:
    """The key that an object of type `kind` holds."""
    names = (gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y, gp.TEE_ATTR_ECC_PRIVATE_VALUE)
    x, y, d = (number_of(attributes, name) for name in names)
    curve = gp.TEE_ECC_CURVE_SM2 if kind in _SM2_KEYS else number_of(attributes, gp.TEE_ATTR_ECC_CURVE)
    return EcKey(curve, (x, y), d)


def number_of(attributes: Attributes, name: int) -> int:
    value = attributes.get(name, 0)
    return value if isinstance(value, int) else 0


def generate(kind: int, bits: int, attributes: Attributes, random: Random) -> Attributes:
    key = key_of(kind, attributes)
    curve = key.curve
    if bits != curve.bits:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    d, (x, y) = new_pair(key.curve_id, random)
    made: Attributes = {gp.TEE_ATTR_ECC_PRIVATE_VALUE: d}
    return attributes | made | {gp.TEE_ATTR_ECC_PUBLIC_VALUE_X: x, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y: y}


def new_pair(curve_id: int, random: Random) -> tuple[int, Point]:
    """A random number below the order, and that multiple of the generator."""
    curve = CURVES[curve_id]
    d = random_below(curve.n, random)
    if curve_id in _NIST:
        public = _private(EcKey(curve_id, curve.g, d)).public_key().public_numbers()
        return d, (public.x, public.y)
    point = curve.multiply(d, curve.g)
    if point is None:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return d, point


# ---- the library's keys


def _library_curve(curve_id: int) -> ec.EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    made = (ec.SECP192R1, ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)[curve_id - 1]
    return made()


def _private(key: EcKey) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(key.d, _library_curve(key.curve_id))


def _public(key: EcKey) -> ec.EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.EllipticCurvePublicNumbers(*key.point, _library_curve(key.curve_id)).public_key()


# ---- ECDSA


def _check(algorithm: int, key: EcKey) -> Curve:
    """The key's curve; BAD_PARAMETERS unless the algorithm is that of the curve."""
    curve = key.curve
    if _ALGORITHMS.get(key.curve_id) != algorithm:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return curve


def _number(data: bytes, curve: Curve) -> int:
    """As many leading bits of a digest as the order has."""
    value, extra = int.from_bytes(data, "big"), 8 * len(data) - curve.n.bit_length()
    return value >> extra if extra > 0 else value


def sign(algorithm: int, key: EcKey, data: bytes, random: Random, room: int) -> bytes:
    curve = _check(algorithm, key)
    if room < 2 * curve.size:
        raise ShortBuffer(2 * curve.size)
    e = _number(data, curve)
    for _ in range(64):
        k, (x, _) = new_pair(key.curve_id, random)
        r = x % curve.n
        s = pow(k, -1, curve.n) * (e + r * key.d) % curve.n
        if r and s:
            return r.to_bytes(curve.size, "big") + s.to_bytes(curve.size, "big")
    raise TeeResult(TEE_ERROR_GENERIC)


def verify(algorithm: int, key: EcKey, data: bytes, signature: bytes) -> None:
    curve = _check(algorithm, key)
    if len(signature) != 2 * curve.size:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    r = int.from_bytes(signature[: curve.size], "big")
    s = int.from_bytes(signature[curve.size :], "big")
    if not 0 < r < curve.n or not 0 < s < curve.n or not _is_signature(curve, key, data, r, s):
        raise TeeResult(TEE_ERROR_SIGNATURE_INVALID)


def _is_signature(curve: Curve, key: EcKey, data: bytes, r: int, s: int) -> bool:
    e, w = _number(data, curve), pow(s, -1, curve.n)
    if curve.contains(key.point) and e.bit_length() <= 512:
        return _is_signature_of_point(key, e, r, s)
    found = curve.add_multiples((e * w % curve.n, curve.g), (r * w % curve.n, key.point))
    return found is not None and found[0] % curve.n == r


def _is_signature_of_point(key: EcKey, e: int, r: int, s: int) -> bool:
    """By the library, which takes the number as a digest of a usual length."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

    bits = key.curve.n.bit_length()
    size = (bits + 7) // 8
    prehashed: hashes.HashAlgorithm
    if size <= 32:
        prehashed, data = hashes.SHA256(), e << 256 - bits
    elif size <= 64:
        prehashed, data = hashes.SHA512(), e << 512 - bits
    else:
        prehashed, data = hashes.SHA512(), e  # no digest is as long as the order of P-521
    try:
        raw = data.to_bytes(prehashed.digest_size, "big")
        _public(key).verify(encode_dss_signature(r, s), raw, ec.ECDSA(Prehashed(prehashed)))
    except InvalidSignature:
        return False
    return True


# ---- ECDH


def shared_secret(key: EcKey, peer: Point, room: int) -> bytes:
    """The first coordinate; the peer's point need not lie on the curve."""
    if key.curve_id not in _NIST:
        raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
    curve = key.curve
    if room < curve.size:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if curve.contains(peer) and 0 < key.d < curve.n:
        from cryptography.hazmat.primitives.asymmetric import ec

        return _private(key).exchange(ec.ECDH(), _public(EcKey(key.curve_id, peer)))
    found = curve.multiply(key.d, peer)
    if found is None:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return found[0].to_bytes(curve.size, "big")
