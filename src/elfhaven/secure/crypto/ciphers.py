# SPDX-License-Identifier: BSD-2-Clause
"""Ciphers as streams: ECB, CBC, CTR, CTS (CBC-CS3), XTS.

A stream takes `last` with its last piece: CTS and XTS then take one that does not end with a block.
"""

from __future__ import annotations

from typing import Protocol

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_PARAMETERS, TEE_ERROR_BAD_STATE, TEE_ERROR_NOT_SUPPORTED
from elfhaven.secure.crypto.algorithms import AES, SM4, main_algorithm
from elfhaven.secure.crypto.blocks import Block, Cbc, Ctr, block_size
from elfhaven.secure.crypto.numbers import xor
from elfhaven.secure.result import TeeResult

_ECB, _CBC, _CTR, _CTS, _XTS = range(5)
CIPHERS = frozenset(
    (
        *(gp.TEE_ALG_AES_ECB_NOPAD, gp.TEE_ALG_AES_CBC_NOPAD, gp.TEE_ALG_AES_CTR, gp.TEE_ALG_AES_CTS),
        *(gp.TEE_ALG_AES_XTS, gp.TEE_ALG_DES_ECB_NOPAD, gp.TEE_ALG_DES_CBC_NOPAD),
        *(gp.TEE_ALG_DES3_ECB_NOPAD, gp.TEE_ALG_DES3_CBC_NOPAD, gp.TEE_ALG_SM4_ECB_NOPAD),
        *(gp.TEE_ALG_SM4_CBC_NOPAD, gp.TEE_ALG_SM4_CTR, gp.TEE_ALG_SM4_XTS),
    )
)
_ANY_LENGTH = (gp.TEE_ALG_AES_CTR, gp.TEE_ALG_AES_XTS, gp.TEE_ALG_AES_CTS, gp.TEE_ALG_SM4_XTS)


class Stream(Protocol):
    def update(self, data: bytes, last: bool) -> bytes: ...
    def copy(self) -> Stream: ...


def check_length(algorithm: int, length: int, last: bool) -> None:
    """TeeResult unless a piece of that length is one that the core takes."""
    if length % block_size(main_algorithm(algorithm)) == 0:
        return
    if not last and algorithm != gp.TEE_ALG_AES_CTR:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if algorithm == gp.TEE_ALG_SM4_CTR:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    if algorithm not in _ANY_LENGTH:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)


def new_stream(algorithm: int, encrypting: bool, key: bytes, key2: bytes, iv: bytes) -> Stream:
    """TeeResult BAD_PARAMETERS for an IV of a wrong length, BAD_STATE for a key of one."""
    main, chaining = main_algorithm(algorithm), algorithm >> 8 & 15
    size = block_size(main)
    if chaining != _ECB and len(iv) != size and algorithm != gp.TEE_ALG_SM4_XTS:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    try:
        block = Block(main, key)
        if chaining == _ECB:
            return _Ecb(block, encrypting)
        if chaining == _CBC:
            return _CbcStream(Cbc(block, iv, encrypting))
        if chaining == _CTR:
            return _CtrStream(Ctr(block, iv))
        if chaining == _CTS:
            return _Cts(block, Cbc(block, iv, encrypting), encrypting)
        if len(key) != len(key2):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS if main == AES else TEE_ERROR_BAD_STATE)
        if len(iv) != size:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return _Xts(block, Block(main, key2), iv, encrypting)
    except ValueError:
        single = main == SM4 and chaining != _XTS
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS if single else TEE_ERROR_BAD_STATE) from None


class _Ecb:
    def __init__(self, block: Block, encrypting: bool) -> None:
        self._work = block.encrypt if encrypting else block.decrypt

    def update(self, data: bytes, last: bool) -> bytes:
        return self._work(data)

    def copy(self) -> _Ecb:
        return self  # no block knows of another


class _CbcStream:
    def __init__(self, cbc: Cbc) -> None:
        self._cbc = cbc

    def update(self, data: bytes, last: bool) -> bytes:
        return self._cbc.update(data)

    def copy(self) -> _CbcStream:
        return _CbcStream(self._cbc.copy())


class _CtrStream:
    def __init__(self, ctr: Ctr) -> None:
        self._ctr = ctr

    def update(self, data: bytes, last: bool) -> bytes:
        return self._ctr.update(data)

    def copy(self) -> _CtrStream:
        return _CtrStream(self._ctr.copy())


class _Cts:
    """CBC whose last two blocks change places, the then last one cut short."""

    def __init__(self, block: Block, cbc: Cbc, encrypting: bool) -> None:
        self._block, self._cbc, self._encrypting = block, cbc, encrypting

    def copy(self) -> _Cts:
        return _Cts(self._block, self._cbc.copy(), self._encrypting)

    def update(self, data: bytes, last: bool) -> bytes:
        if not last:
            return self._cbc.update(data)
        size = self._block.size
        if len(data) <= size:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        head = (len(data) - 1) // size * size
        tail = data[head:]
        if self._encrypting:
            out = self._cbc.update(data[:head])
            swapped = self._cbc.update(tail.ljust(size, b"\0"))
            return out[:-size] + swapped + out[-size:][: len(tail)]
        before = data[head - size : head]
        full = tail + self._block.decrypt(before)[len(tail) :]
        out = self._cbc.update(data[: head - size])
        return out + self._cbc.update(full) + self._cbc.update(before)[: len(tail)]


class _Xts:
    """XEX with ciphertext stealing. Its state is the tweak of the next block, before its encryption."""

    def __init__(self, block: Block, tweaking: Block, tweak: bytes, encrypting: bool) -> None:
        self._block, self._tweaking, self._encrypting = block, tweaking, encrypting
        self._tweak = tweak

    def copy(self) -> _Xts:
        return _Xts(self._block, self._tweaking, self._tweak, self._encrypting)

    def update(self, data: bytes, last: bool) -> bytes:
        if len(data) < 16:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        rest = len(data) % 16
        whole = len(data) // 16 - (1 if rest else 0)
        tweaks = self._tweaks(whole + (2 if rest else 1))
        out = self._crypt(data[: 16 * whole], tweaks[:whole])
        if rest:
            out += self._steal(data[16 * whole :], tweaks[whole:])
        self._tweak = self._tweaking.decrypt(tweaks[-1])
        return out

    def _tweaks(self, count: int) -> list[bytes]:
        tweak = int.from_bytes(self._tweaking.encrypt(self._tweak), "little")
        out = []
        for _ in range(count):
            out.append(tweak.to_bytes(16, "little"))
            tweak = tweak << 1 ^ (0x87 | 1 << 128 if tweak >> 127 else 0)
        return out

    def _crypt(self, data: bytes, tweaks: list[bytes]) -> bytes:
        mask = b"".join(tweaks)
        work = self._block.encrypt if self._encrypting else self._block.decrypt
        return xor(work(xor(data, mask)), mask)

    def _steal(self, data: bytes, tweaks: list[bytes]) -> bytes:
        """A whole block and a part of one. Decryption takes the two tweaks the other way round."""
        first, second = tweaks if self._encrypting else reversed(tweaks)
        whole, part = data[:16], data[16:]
        made = self._crypt(whole, [first])
        return self._crypt(part + made[len(part) :], [second]) + made[: len(part)]
