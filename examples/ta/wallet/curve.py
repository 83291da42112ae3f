# SPDX-License-Identifier: BSD-2-Clause
"""secp256k1 and Keccak: what signatures of Ethereum are made of."""

from collections.abc import Callable

from Cryptodome.Hash import keccak as library
from cryptography.hazmat.primitives.asymmetric import ec

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def keccak(data: bytes) -> bytes:
    return library.new(digest_bits=256, data=data).digest()


def point(secret: int) -> tuple[int, int]:
    """The base point that many times."""
    numbers = ec.derive_private_key(secret, ec.SECP256K1()).public_key().public_numbers()
    return numbers.x, numbers.y


def compressed(secret: int) -> bytes:
    x, y = point(secret)
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def address(secret: int) -> bytes:
    x, y = point(secret)
    return keccak(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:]


def nonce(secret: int, digest: bytes, mac: Callable[[bytes, bytes], bytes]) -> int:
    """RFC 6979, clause 3.2; `mac` is HMAC-SHA256 of (key, message)."""
    seed = secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % ORDER).to_bytes(32, "big")
    key, value = bytes(32), b"\1" * 32
    for mark in (b"\0", b"\1"):
        key = mac(key, value + mark + seed)
        value = mac(key, value)
    while True:
        value = mac(key, value)
        if 0 < (found := int.from_bytes(value, "big")) < ORDER:
            return found
        key = mac(key, value + b"\0")
        value = mac(key, value)


def sign(secret: int, digest: bytes, k: int) -> tuple[int, int, int]:
    """r, s (the lower of the two that hold) and the parity with which the public key is found."""
    x, y = point(k)
    r = x % ORDER
    s = pow(k, -1, ORDER) * (int.from_bytes(digest, "big") + r * secret) % ORDER
    parity = y & 1
    if s > ORDER // 2:
        s, parity = ORDER - s, parity ^ 1
    return r, s, parity
