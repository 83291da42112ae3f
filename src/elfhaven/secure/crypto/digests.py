# SPDX-License-Identifier: BSD-2-Clause
"""Digests and HMACs, by the low byte of their numbers, and the two functions of any length."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import TYPE_CHECKING, Protocol

from elfhaven.abi.gp import TEE_ERROR_BAD_STATE, TEE_ERROR_NOT_SUPPORTED
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES, SHAKE128, SHAKE256, SM3
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashContext

_NAMES = dict(enumerate(("md5", "sha1", "sha224", "sha256", "sha384", "sha512"), 1))
_NAMES |= dict(enumerate(("sha3_224", "sha3_256", "sha3_384", "sha3_512"), 8))
_AHEAD = 4096  # bytes that are made at least when a function of any length is asked for more


class Running(Protocol):
    """A digest or MAC that is being computed; digest() may be asked for more than once."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Sm3:
    """What hashlib has on some hosts only."""

    def __init__(self, context: HashContext) -> None:
        self._context = context
        self.update = context.update

    def copy(self) -> _Sm3:
        return _Sm3(self._context.copy())

    def digest(self) -> bytes:
        return self._context.copy().finalize()


class Shake:
    """SHAKE: read() goes on where the one before ended."""

    def __init__(self, bits: int) -> None:
        self._context = hashlib.shake_128() if bits == 128 else hashlib.shake_256()
        self._made, self._read = b"", 0
        self.update = self._context.update

    def copy(self) -> Shake:
        other = Shake(128)
        other._context = self._context.copy()
        other.update = other._context.update
        other._made, other._read = self._made, self._read
        return other

    def read(self, size: int) -> bytes:
        end = self._read + size
        if end > len(self._made):  # twice as much each time: many small reads cost no more than one large
            self._made = self._context.digest(max(end, 2 * len(self._made), _AHEAD))
        out, self._read = self._made[self._read : end], end
        return out

    def digest(self) -> bytes:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)


def _sm3() -> _Sm3:
    from cryptography.hazmat.primitives import hashes

    return _Sm3(hashes.Hash(hashes.SM3()))


def new_digest(main: int) -> Running:
    """TeeResult NOT_SUPPORTED for a number that is no digest."""
    if main in (SHAKE128, SHAKE256):
        return Shake(128 if main == SHAKE128 else 256)
    if main == SM3:
        return _sm3()
    name = _NAMES.get(main)
    if name is None:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    return partial(hashlib.new, name, usedforsecurity=False)()


def digest(main: int, *parts: bytes) -> bytes:
    running = new_digest(main)
    for part in parts:
        running.update(part)
    return running.digest()


def new_hmac(main: int, key: bytes) -> Running:
    """TeeResult NOT_SUPPORTED for a number that is no digest, BAD_STATE for a key of no bytes."""
    if main not in DIGEST_SIZES:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    if main == SM3:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.hmac import HMAC

        return _Sm3(HMAC(key, hashes.SM3()))
    if not key:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    return hmac.new(key, None, _NAMES[main])
