# SPDX-License-Identifier: BSD-2-Clause
"""Block ciphers with a key, and CBC and CTR over them that can be copied in the middle of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.secure.crypto.algorithms import AES, DES, DES3, SM4

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, CipherContext

_SIZES = {AES: 16, DES: 8, DES3: 8, SM4: 16}


def block_size(main: int) -> int:
    """Bytes in a block."""
    return _SIZES[main]


def _algorithm(main: int, key: bytes) -> BlockCipherAlgorithm:
    """ValueError for a key of a wrong size."""
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import algorithms

    if main == AES:
        return algorithms.AES(key)
    if main == SM4:
        return algorithms.SM4(key)
    if len(key) not in ((8,) if main == DES else (16, 24)):
        raise ValueError(f"no key of {len(key)} bytes")
    return TripleDES((key * 3)[:24])  # one key three times is DES; of two the first comes again


class Block:
    """A block cipher with its key."""

    def __init__(self, main: int, key: bytes) -> None:
        self.size = block_size(main)
        self.algorithm = _algorithm(main, key)
        self._encryptor: CipherContext | None = None
        self._decryptor: CipherContext | None = None

    def encrypt(self, blocks: bytes) -> bytes:
        """Each block for itself."""
        if self._encryptor is None:
            from cryptography.hazmat.primitives.ciphers import Cipher, modes

            self._encryptor = Cipher(self.algorithm, modes.ECB()).encryptor()
        return self._encryptor.update(blocks)

    def decrypt(self, blocks: bytes) -> bytes:
        if self._decryptor is None:
            from cryptography.hazmat.primitives.ciphers import Cipher, modes

            self._decryptor = Cipher(self.algorithm, modes.ECB()).decryptor()
        return self._decryptor.update(blocks)


class Cbc:
    """Whole blocks only. Its state is the last block of ciphertext."""

    def __init__(self, block: Block, iv: bytes, encrypting: bool) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        self._block, self._last, self._encrypting = block, iv, encrypting
        cipher = Cipher(block.algorithm, modes.CBC(iv))
        self._context = cipher.encryptor() if encrypting else cipher.decryptor()

    def copy(self) -> Cbc:
        return Cbc(self._block, self._last, self._encrypting)

    def update(self, data: bytes) -> bytes:
        out = self._context.update(data)
        if data:
            self._last = (out if self._encrypting else data)[-self._block.size :]
        return out


class Ctr:
    """Any number of bytes. The counter is the whole block, or its low `bits`."""

    def __init__(self, block: Block, counter: bytes, bits: int = 128, used: int = 0) -> None:
        self._block, self._first, self._bits = block, int.from_bytes(counter, "big"), bits
        self._used = used
        self._start()

    def _start(self) -> None:
        """A context at the place that `used` bytes lead to, and how far it goes before the counter wraps."""
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        blocks, inside = divmod(self._used, self._block.size)
        mask = (1 << self._bits) - 1
        low = self._first + blocks & mask
        counter = (self._first & ~mask | low).to_bytes(self._block.size, "big")
        self._context = Cipher(self._block.algorithm, modes.CTR(counter)).encryptor()
        self._context.update(bytes(inside))
        self._left = (mask + 1 - low) * self._block.size - inside

    def copy(self) -> Ctr:
        return Ctr(self._block, self._first.to_bytes(self._block.size, "big"), self._bits, self._used)

    def update(self, data: bytes) -> bytes:
        out = b""
        while len(data) >= self._left:
            out += self._context.update(data[: self._left])
            data, self._used = data[self._left :], self._used + self._left
            self._start()
        self._used += len(data)
        self._left -= len(data)
        return out + self._context.update(data)
