# SPDX-License-Identifier: BSD-2-Clause
"""The runtime's ChaCha20-Poly1305 against the library's, at the edges of its arithmetic too."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from tests.unit.runtime.host import Host

PRIME = (1 << 130) - 5
CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


class Aead:
    """aead_seal and aead_open, in aligned buffers of their own."""

    def __init__(self, lib: ctypes.CDLL) -> None:
        self._lib = lib

    def seal(self, key: bytes, nonce: bytes, data: bytes, plain: bytes) -> bytes:
        tag = ctypes.create_string_buffer(16)
        out = self._call(self._lib.aead_seal, key, nonce, data, plain, tag)[1]
        return out + tag.raw

    def open(self, key: bytes, nonce: bytes, data: bytes, sealed: bytes) -> bytes | None:
        tag = ctypes.create_string_buffer(sealed[-16:], 16)
        held, out = self._call(self._lib.aead_open, key, nonce, data, sealed[:-16], tag)
        if not held:
            assert out == bytes(len(out)), "something was given out of what does not hold"
        return out if held else None

    def _call(self, function, key: bytes, nonce: bytes, data: bytes, text: bytes, tag):  # type: ignore[no-untyped-def]
        words = [(ctypes.c_uint64 * (len(part) // 8 + 1)) for part in (data, text, text)]
        buffers = [kind() for kind in words]
        ctypes.memmove(buffers[0], data, len(data))
        ctypes.memmove(buffers[1], text, len(text))
        sizes = [ctypes.c_uint64(len(part)) for part in (data, text)]
        held = function(key, nonce, buffers[0], sizes[0], buffers[1], buffers[2], sizes[1], tag)
        return held, bytes(buffers[2])[: len(text)]


@pytest.fixture
def aead(fresh: Callable[..., Host]) -> Aead:
    return Aead(fresh().lib)


@pytest.mark.parametrize("size", [0, 64, 128, 4032, 4096])
def test_it_is_what_the_library_makes(aead: Aead, size: int) -> None:
    chance = random.Random(size)
    for data_size in (0, 16, 64):
        key, nonce = chance.randbytes(32), chance.randbytes(12)
        data, plain = chance.randbytes(data_size), chance.randbytes(size)
        sealed = aead.seal(key, nonce, data, plain)
        assert sealed == ChaCha20Poly1305(key).encrypt(nonce, plain, data)
        assert aead.open(key, nonce, data, sealed) == plain


def test_every_changed_bit_is_refused(aead: Aead) -> None:
    chance = random.Random(1)
    key, nonce, data = chance.randbytes(32), chance.randbytes(12), chance.randbytes(16)
    sealed = aead.seal(key, nonce, data, chance.randbytes(64))
    for bit in range(8 * len(sealed)):
        changed = (int.from_bytes(sealed, "little") ^ 1 << bit).to_bytes(len(sealed), "little")
        assert aead.open(key, nonce, data, changed) is None
        with pytest.raises(InvalidTag):
            ChaCha20Poly1305(key).decrypt(nonce, changed, data)
    for bit in range(128):
        other = (int.from_bytes(data, "little") ^ 1 << bit).to_bytes(16, "little")
        assert aead.open(key, nonce, other, sealed) is None


def leading_to(target: int, key: bytes, nonce: bytes, chance: random.Random) -> bytes | None:
    """A plain text of 64 bytes whose authenticator's last sum is `target`, modulo the prime."""
    stream = Cipher(algorithms.ChaCha20(key, bytes(4) + nonce), mode=None).encryptor().update(bytes(128))
    r = int.from_bytes(stream[:16], "little") & CLAMP
    if not r:
        return None
    lengths = (64 << 64) + (1 << 128)  # of no additional data and 64 bytes
    begun = chance.randbytes(48)
    total = 0
    for at in range(0, 48, 16):
        total = (total + int.from_bytes(begun[at : at + 16], "little") + (1 << 128)) * r % PRIME
    inverse = pow(r, -1, PRIME)
    last = ((target * inverse - lengths) * inverse - total - (1 << 128)) % PRIME
    if last >> 128:
        return None
    text = begun + last.to_bytes(16, "little")
    return bytes(a ^ b for a, b in zip(text, stream[64:], strict=True))


@pytest.mark.parametrize("target", [*range(6), PRIME - 1, PRIME - 2, 1 << 128, (1 << 128) - 1, 1 << 64])
def test_sums_at_the_edges_of_the_prime(aead: Aead, target: int) -> None:
    chance = random.Random(target)
    met = 0
    while met < 8:
        key, nonce = chance.randbytes(32), chance.randbytes(12)
        plain = leading_to(target, key, nonce, chance)
        if plain is None:
            continue
        met += 1
        assert aead.seal(key, nonce, b"", plain) == ChaCha20Poly1305(key).encrypt(nonce, plain, None)
