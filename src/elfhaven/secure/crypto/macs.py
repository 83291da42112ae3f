# SPDX-License-Identifier: BSD-2-Clause
"""MACs: HMAC, CBC-MAC without and with the padding of PKCS #5, CMAC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_STATE
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES, main_algorithm
from elfhaven.secure.crypto.blocks import Block, Cbc, block_size
from elfhaven.secure.crypto.digests import Running, new_hmac
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.cmac import CMAC

_CMACS = (gp.TEE_ALG_AES_CMAC, gp.TEE_ALG_DES3_CMAC)
_PLAIN = (gp.TEE_ALG_AES_CBC_MAC_NOPAD, gp.TEE_ALG_DES_CBC_MAC_NOPAD, gp.TEE_ALG_DES3_CBC_MAC_NOPAD)
_PADDED = (gp.TEE_ALG_AES_CBC_MAC_PKCS5, gp.TEE_ALG_DES_CBC_MAC_PKCS5, gp.TEE_ALG_DES3_CBC_MAC_PKCS5)
_HMAC: Final = 0x30000000
MACS: Final = frozenset((*_CMACS, *_PLAIN, *_PADDED, *(_HMAC | main for main in DIGEST_SIZES)))


def mac_size(algorithm: int) -> int:
    """Bytes of the MAC of an algorithm in MACS."""
    main = main_algorithm(algorithm)
    return DIGEST_SIZES[main] if algorithm == _HMAC | main else block_size(main)


def new_mac(algorithm: int, key: bytes) -> Running:
    """TeeResult BAD_STATE for a key of a wrong size."""
    main = main_algorithm(algorithm)
    if algorithm == _HMAC | main:
        return new_hmac(main, key)
    try:
        block = Block(main, key)
    except ValueError:
        raise TeeResult(TEE_ERROR_BAD_STATE) from None
    if algorithm not in _CMACS:
        return _CbcMac(block, algorithm in _PADDED)
    from cryptography.hazmat.primitives.cmac import CMAC

    return _Cmac(CMAC(block.algorithm))


class _Cmac:
    def __init__(self, context: CMAC) -> None:
        self._context = context
        self.update = context.update

    def copy(self) -> _Cmac:
        return _Cmac(self._context.copy())

    def digest(self) -> bytes:
        return self._context.copy().finalize()


class _CbcMac:
    """The last block of CBC from an IV of zeros."""

    def __init__(self, block: Block, padded: bool) -> None:
        self._block, self._padded = block, padded
        self._cbc = Cbc(block, bytes(block.size), True)
        self._tail = self._last = b""

    def copy(self) -> _CbcMac:
        other = _CbcMac(self._block, self._padded)
        other._cbc, other._tail, other._last = self._cbc.copy(), self._tail, self._last
        return other

    def update(self, data: bytes, /) -> None:
        data = self._tail + data
        whole = len(data) - len(data) % self._block.size
        self._tail = data[whole:]
        if whole:
            self._last = self._cbc.update(data[:whole])[-self._block.size :]

    def digest(self) -> bytes:
        """BAD_STATE without padding if what came is nothing, or does not end with a block."""
        if self._padded:
            missing = self._block.size - len(self._tail)
            return self._cbc.copy().update(self._tail + bytes([missing]) * missing)
        if self._tail or not self._last:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return self._last
