# SPDX-License-Identifier: BSD-2-Clause
"""Key derivation: HKDF (RFC 5869), the concatenation function (NIST SP 800-56A), PBKDF2 (RFC 8018)."""

from __future__ import annotations

import hashlib

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
)
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES, SM3
from elfhaven.secure.crypto.digests import digest, new_hmac
from elfhaven.secure.result import TeeResult

_NAMES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def hmac(main: int, key: bytes, *parts: bytes) -> bytes:
    running = new_hmac(main, key)
    for part in parts:
        running.update(part)
    return running.digest()


def hkdf(main: int, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """`main` is the digest's low byte; without a salt it is zeros."""
    length = _size(main)
    key = hmac(main, salt or bytes(length), secret)
    count = (size + length - 1) // length
    if count > 255:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    out = last = b""
    for n in range(1, count + 1):
        last = hmac(main, key, last, info, bytes([n]))
        out += last
    return out[:size]


def concat(main: int, secret: bytes, info: bytes, size: int) -> bytes:
    """A digest that there is not is NOT_IMPLEMENTED here, and NOT_SUPPORTED in the functions of an HMAC."""
    if main not in DIGEST_SIZES:
        raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
    length = DIGEST_SIZES[main]
    blocks = (digest(main, n.to_bytes(4, "big"), secret, info) for n in range(1, size // length + 2))
    return b"".join(blocks)[:size]


def pbkdf2(main: int, password: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    """No iterations give zeros; a password of no bytes is no key of an HMAC (BAD_STATE)."""
    length = _size(main)
    iterations &= 0xFFFFFFFF
    if not iterations or not size:
        return bytes(size)
    if not password:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    if main < SM3:
        return hashlib.pbkdf2_hmac(_NAMES[main - 1], password, salt, iterations, size)
    count = (size + length - 1) // length
    return b"".join(_block(main, password, salt, iterations, n) for n in range(1, count + 1))[:size]


def _block(main: int, password: bytes, salt: bytes, iterations: int, number: int) -> bytes:
    last = hmac(main, password, salt, number.to_bytes(4, "big"))
    mixed = int.from_bytes(last, "big")
    for _ in range(iterations - 1):
        last = hmac(main, password, last)
        mixed ^= int.from_bytes(last, "big")
    return mixed.to_bytes(len(last), "big")


def _size(main: int) -> int:
    if main not in DIGEST_SIZES:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    return DIGEST_SIZES[main]
