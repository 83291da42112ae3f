# SPDX-License-Identifier: BSD-2-Clause
"""GHASH (NIST SP 800-38D, clause 6.4) as a stream that can be copied.

The library gives a tag only together with the end of its stream. Fed with additional data alone, its tag is
(X ^ L) H ^ E(J), where X is the hash so far, L the length block, H the hash key, J the counter block: all but
X are known. So the hash is taken out by one multiplication, and a copy begins with the block that leads to X.
"""

from __future__ import annotations

from typing import Final

from elfhaven.secure.crypto.blocks import Block
from elfhaven.secure.crypto.numbers import xor

_POLYNOMIAL: Final = 1 << 128 | 0x87
_IV: Final = bytes(12)  # of the library's own counter, which is not used
_SIZE: Final = 16


def _element(block: bytes) -> int:
    """A block as a polynomial: its first bit is the lowest coefficient."""
    return int(f"{int.from_bytes(block, 'big'):0128b}"[::-1], 2)


def _bytes(element: int) -> bytes:
    return int(f"{element:0128b}"[::-1], 2).to_bytes(_SIZE, "big")


def _multiply(a: int, b: int) -> int:
    product = 0
    while b:
        low = b & -b
        product ^= a * low
        b ^= low
    while (extra := product.bit_length() - 129) >= 0:
        product ^= _POLYNOMIAL << extra
    return product


def _inverse(a: int) -> int:
    """1/a by Euclid's algorithm; 0 for 0."""
    if a == 0:
        return 0
    u, v, x, y = a, _POLYNOMIAL, 1, 0
    while u != 1:
        shift = u.bit_length() - v.bit_length()
        if shift < 0:
            u, v, x, y, shift = v, u, y, x, -shift
        u ^= v << shift
        x ^= y << shift
    return _multiply(x, 1)


class Ghash:
    """The hash of whole blocks. It may go on after its end: from what it gave then."""

    def __init__(self, block: Block, state: bytes = bytes(_SIZE)) -> None:
        self._block = block
        self._begin(state)

    def _begin(self, state: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        self._length = 0
        self._context = Cipher(self._block.algorithm, modes.GCM(_IV)).encryptor()
        if state != bytes(_SIZE):
            self.update(_bytes(_multiply(_element(state), _inverse(self._key))))

    @property
    def _key(self) -> int:
        return _element(self._block.encrypt(bytes(_SIZE)))

    def update(self, blocks: bytes) -> None:
        if blocks:
            self._context.authenticate_additional_data(blocks)
            self._length += 8 * len(blocks)

    def _tag(self) -> bytes:
        """(X ^ L) H; the library's stream has ended then."""
        self._context.finalize()
        return xor(self._context.tag, self._block.encrypt(_IV + b"\0\0\0\1"))

    def finish(self, lengths: bytes) -> bytes:
        """The hash with one last block. To go on, `resume` from it."""
        correction = _multiply(_element(xor(lengths, self._lengths())), self._key)
        return xor(self._tag(), _bytes(correction))

    def resume(self, state: bytes) -> None:
        """Go on from a hash that was given."""
        self._begin(state)

    def _lengths(self) -> bytes:
        return self._length.to_bytes(8, "big") + bytes(8)

    def copy(self) -> Ghash:
        """Another one that goes on from here, as this one does."""
        lengths, mixed = self._lengths(), _element(self._tag())
        state = xor(_bytes(_multiply(mixed, _inverse(self._key))), lengths)
        self._begin(state)
        return Ghash(self._block, state)
