# SPDX-License-Identifier: BSD-2-Clause
"""Curve 25519: Ed25519 with context and prehash (RFC 8032), X25519 (RFC 7748). Keys are 32 bytes."""

from __future__ import annotations

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_PARAMETERS, TEE_ERROR_SECURITY, TEE_ERROR_SIGNATURE_INVALID
from elfhaven.secure.crypto.attributes import Attributes
from elfhaven.secure.crypto.numbers import Random
from elfhaven.secure.result import ShortBuffer, TeeResult

SIGNATURE = 64
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def generate_ed25519(random: Random) -> Attributes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = random(32)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return {gp.TEE_ATTR_ED25519_PRIVATE_VALUE: seed, gp.TEE_ATTR_ED25519_PUBLIC_VALUE: public}


def generate_x25519(random: Random) -> Attributes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    secret = random(32)
    public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return {gp.TEE_ATTR_X25519_PRIVATE_VALUE: secret, gp.TEE_ATTR_X25519_PUBLIC_VALUE: public}


def exchange(secret: bytes, public: bytes) -> bytes:
    """The shared secret; SECURITY if it is zero."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    try:
        peer = X25519PublicKey.from_public_bytes(public)
        return X25519PrivateKey.from_private_bytes(secret).exchange(peer)
    except ValueError:
        raise TeeResult(TEE_ERROR_SECURITY) from None


def sign(secret: bytes, data: bytes, context: bytes, prehash: bool, room: int) -> bytes:
    """Plain Ed25519 if there is neither a context nor a prehash."""
    if room < SIGNATURE:
        raise ShortBuffer(SIGNATURE)
    if not context and not prehash:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(secret).sign(data)
    from Cryptodome.Hash import SHA512
    from Cryptodome.Signature import eddsa

    signer = eddsa.new(eddsa.import_private_key(secret), "rfc8032", context=context)
    return signer.sign(SHA512.new(data) if prehash else data)


def verify(public: bytes, data: bytes, context: bytes, prehash: bool, signature: bytes) -> None:
    """BAD_PARAMETERS for what cannot be a signature or a key, SIGNATURE_INVALID for what is not the one."""
    if len(signature) != SIGNATURE or not _is_point(public):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    right = _verify_variant if context or prehash else _verify_plain
    if not right(public, data, context, prehash, signature):
        raise TeeResult(TEE_ERROR_SIGNATURE_INVALID)


def _verify_plain(public: bytes, data: bytes, _context: bytes, _prehash: bool, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _verify_variant(public: bytes, data: bytes, context: bytes, prehash: bool, signature: bytes) -> bool:
    from Cryptodome.Hash import SHA512
    from Cryptodome.Signature import eddsa

    try:
        verifier = eddsa.new(eddsa.import_public_key(public), "rfc8032", context=context)
        verifier.verify(SHA512.new(data) if prehash else data, signature)
    except ValueError:
        return False
    return True


def _is_point(public: bytes) -> bool:
    """Whether the bytes are the second coordinate of a point of the curve."""
    yy = pow(int.from_bytes(public, "little") & (1 << 255) - 1, 2, _P)
    xx = (yy - 1) * pow(_D * yy + 1, -1, _P) % _P
    return xx == 0 or pow(xx, (_P - 1) // 2, _P) == 1
