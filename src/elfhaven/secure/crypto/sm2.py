# SPDX-License-Identifier: BSD-2-Clause
"""SM2 (GB/T 32918): signatures of a digest, encryption, key exchange, and its key derivation by SM3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_CIPHERTEXT_INVALID,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.abi.gp_crypto import TEE_ECC_CURVE_SM2
from elfhaven.secure.crypto.algorithms import SM3
from elfhaven.secure.crypto.curves import CURVES, Point
from elfhaven.secure.crypto.digests import digest
from elfhaven.secure.crypto.ecc import EcKey, new_pair
from elfhaven.secure.crypto.numbers import Random, xor
from elfhaven.secure.result import ShortBuffer, TeeResult

CURVE: Final = CURVES[TEE_ECC_CURVE_SM2]
_SIZE: Final = 32
_MASK: Final = (1 << 8 * _SIZE) - 1
_DIGEST: Final = 32
_POINT: Final = 65  # bytes of a point with its mark


def _bytes(*numbers: int) -> bytes:
    return b"".join((number & _MASK).to_bytes(_SIZE, "big") for number in numbers)


def kdf(seed: bytes, size: int) -> bytes:
    """GB/T 32918.4, clause 5.4.3."""
    blocks = (digest(SM3, seed, n.to_bytes(4, "big")) for n in range(1, (size + _DIGEST - 1) // _DIGEST + 1))
    return b"".join(blocks)[:size]


# ---- signatures


def sign(key: EcKey, data: bytes, random: Random, room: int) -> bytes:
    """A signature of the digest e in `data`."""
    if room < 2 * _SIZE:
        raise ShortBuffer(2 * _SIZE)
    n, e = CURVE.n, int.from_bytes(data, "big")
    if (1 + key.d) % n == 0:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    while True:
        k, (x, _) = new_pair(TEE_ECC_CURVE_SM2, random)
        r = (e + x) % n
        if r and r + k != n:
            return _bytes(r, pow(1 + key.d, -1, n) * (k - r * key.d) % n)


def verify(key: EcKey, data: bytes, signature: bytes) -> None:
    if len(signature) != 2 * _SIZE:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    r, s = int.from_bytes(signature[:_SIZE], "big"), int.from_bytes(signature[_SIZE:], "big")
    n = CURVE.n
    t = (r + s) % n
    if not 0 < r < n or not 0 < s < n or not t:
        raise TeeResult(TEE_ERROR_SIGNATURE_INVALID)
    found = CURVE.add_multiples((s, CURVE.g), (t, key.point))
    if found is None or (int.from_bytes(data, "big") + found[0]) % n != r:
        raise TeeResult(TEE_ERROR_SIGNATURE_INVALID)


# ---- encryption: C1 | C2 | C3 = point | masked message | digest


def encrypt(key: EcKey, data: bytes, random: Random, room: int) -> bytes:
    k, one = new_pair(TEE_ECC_CURVE_SM2, random)
    two = CURVE.multiply(k, key.point)
    if two is None:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    mask = kdf(_bytes(*two), len(data))
    if not any(mask):
        raise TeeResult(TEE_ERROR_CIPHERTEXT_INVALID)
    if room < _POINT:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    if room < _POINT + len(data) + _DIGEST:
        raise ShortBuffer(_POINT + len(data) + _DIGEST)
    return b"\4" + _bytes(*one) + xor(data, mask) + _check_value(two, data)


def decrypt(key: EcKey, data: bytes, room: int) -> bytes:
    """No more of the message than there is room for: the core does not ask for more."""
    two = CURVE.multiply(key.d, _point(data))
    if two is None:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    if len(data) <= _POINT + _DIGEST:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    masked = data[_POINT:-_DIGEST]
    mask = kdf(_bytes(*two), len(masked))
    message = xor(masked, mask)
    if not any(mask) or _check_value(two, message) != data[-_DIGEST:]:
        raise TeeResult(TEE_ERROR_CIPHERTEXT_INVALID)
    return message[:room]


def _point(data: bytes) -> Point:
    """The point that a ciphertext begins with: in the uncompressed form only."""
    if data[:1] in (b"\2", b"\3", b"\6", b"\7"):
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:65], "big")
    if data[:1] != b"\4" or len(data) < _POINT or not CURVE.contains((x, y)):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return x, y


def _check_value(point: Point, message: bytes) -> bytes:
    return digest(SM3, _bytes(point[0]), message, _bytes(point[1]))


# ---- key exchange


@dataclass(slots=True)
class Exchange:
    """The two sides of an exchange as one of them sees it; `confirmation` is what the other side sent."""

    own: EcKey
    own_ephemeral: EcKey
    peer: Point
    peer_ephemeral: Point
    initiator: bool
    initiator_id: bytes
    responder_id: bytes
    confirmation: bytes | None = None

    def derive(self, size: int) -> tuple[bytes, bytes]:
        """A key of that many bytes, and the confirmation for the other side.

        TeeResult BAD_STATE if the exchange fails, BAD_PARAMETERS for a confirmation that is too short.
        """
        secret = self._secret()
        first, second = (self.own.point, self.peer) if self.initiator else (self.peer, self.own.point)
        identities = _identity(self.initiator_id, first) + _identity(self.responder_id, second)
        made = kdf(_bytes(*secret) + identities, size)
        if self.confirmation is not None:
            self._check_confirmation(self.confirmation, secret, identities)
        return made, self._confirmation(3 if self.initiator else 2, secret, identities)

    def _secret(self) -> Point:
        if not CURVE.contains(self.peer_ephemeral):
            raise TeeResult(TEE_ERROR_BAD_STATE)
        t = self.own.d + _halved(self.own_ephemeral.point) * self.own_ephemeral.d
        both = CURVE.add_multiples((1, self.peer), (_halved(self.peer_ephemeral), self.peer_ephemeral))
        found = CURVE.multiply(t % CURVE.n, both) if both is not None else None
        if found is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return found

    def _confirmation(self, mark: int, secret: Point, identities: bytes) -> bytes:
        own, peer = self.own_ephemeral.point, self.peer_ephemeral
        points = _bytes(*own, *peer) if self.initiator else _bytes(*peer, *own)
        inner = digest(SM3, _bytes(secret[0]), identities, points)
        return digest(SM3, bytes([mark]), _bytes(secret[1]), inner)

    def _check_confirmation(self, given: bytes, secret: Point, identities: bytes) -> None:
        if len(given) < _DIGEST:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if given[:_DIGEST] != self._confirmation(2 if self.initiator else 3, secret, identities):
            raise TeeResult(TEE_ERROR_BAD_STATE)


def _halved(point: Point) -> int:
    return 1 << 127 | point[0] & (1 << 127) - 1


def _identity(name: bytes, point: Point) -> bytes:
    """Z of a user (GB/T 32918.2, clause 5.5)."""
    length = (8 * len(name) & 0xFFFF).to_bytes(2, "big")
    return digest(SM3, length, name, _bytes(CURVE.a, CURVE.b, *CURVE.g, *point))
