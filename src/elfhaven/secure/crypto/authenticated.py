# SPDX-License-Identifier: BSD-2-Clause
"""Authenticated encryption as streams: AES-GCM (NIST SP 800-38D) and AES-CCM (RFC 3610), with the core's
results for what comes out of turn."""

from __future__ import annotations

from typing import Protocol

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_MAC_INVALID,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SHORT_BUFFER,
)
from elfhaven.abi.gp_crypto import TEE_ALG_AES_CCM
from elfhaven.secure.crypto.algorithms import AES
from elfhaven.secure.crypto.blocks import Block, Cbc, Ctr
from elfhaven.secure.crypto.ghash import Ghash
from elfhaven.secure.crypto.numbers import xor
from elfhaven.secure.result import TeeResult

_SIZE = 16
_INT_MAX = 0x7FFFFFFF


class Authenticated(Protocol):
    """A running operation. finish_* take the last piece of the payload."""

    tag_length: int

    def update_aad(self, data: bytes) -> None: ...
    def update(self, data: bytes) -> bytes: ...
    def finish_encryption(self, data: bytes, room: int) -> tuple[bytes, bytes]: ...
    def finish_decryption(self, data: bytes, tag: bytes) -> bytes: ...
    def copy(self) -> Authenticated: ...


def new_authenticated(
    algorithm: int, encrypting: bool, key: bytes, nonce: bytes, tag_length: int, aad_length: int, length: int
) -> Authenticated:
    """Lengths in bytes; GCM does not look at those of the data. TeeResult for what the core does not take."""
    try:
        block = Block(AES, key)
    except ValueError:
        ccm = algorithm == TEE_ALG_AES_CCM and len(key) <= 32
        raise TeeResult(TEE_ERROR_BAD_STATE if ccm else TEE_ERROR_BAD_PARAMETERS) from None
    if algorithm == TEE_ALG_AES_CCM:
        return _new_ccm(block, encrypting, nonce, tag_length, aad_length, length)
    return _new_gcm(block, encrypting, nonce, tag_length)


class _Padded:
    """Data for a hash of whole blocks."""

    def __init__(self) -> None:
        self.tail = b""

    def whole(self, data: bytes) -> bytes:
        """The blocks that are complete."""
        data = self.tail + data
        at = len(data) - len(data) % _SIZE
        self.tail = data[at:]
        return data[:at]

    def rest(self) -> bytes:
        """What is left, filled with zeros."""
        out = self.tail.ljust(_SIZE, b"\0") if self.tail else b""
        self.tail = b""
        return out


def _new_gcm(block: Block, encrypting: bool, nonce: bytes, tag_length: int) -> _Gcm:
    if tag_length > _SIZE:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if len(nonce) == 12:
        first = nonce + b"\0\0\0\1"
    else:
        hashed = Ghash(block)
        hashed.update(nonce + bytes(-len(nonce) % _SIZE))
        first = hashed.finish((8 * len(nonce)).to_bytes(_SIZE, "big"))
    counter = Ctr(block, first, bits=32, used=_SIZE)
    return _Gcm(encrypting, counter, Ghash(block), block.encrypt(first), tag_length)


class _Gcm:
    def __init__(self, encrypting: bool, counter: Ctr, hashed: Ghash, mask: bytes, tag_length: int) -> None:
        self._encrypting, self._counter, self._hash, self._mask = encrypting, counter, hashed, mask
        self.tag_length = tag_length
        self._padded, self._aad, self._payload = _Padded(), 0, 0

    def copy(self) -> _Gcm:
        other = _Gcm(self._encrypting, self._counter.copy(), self._hash.copy(), self._mask, self.tag_length)
        other._padded.tail, other._aad, other._payload = self._padded.tail, self._aad, self._payload
        return other

    def update_aad(self, data: bytes) -> None:
        if self._payload:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        self._aad += len(data)
        self._hash.update(self._padded.whole(data))

    def update(self, data: bytes) -> bytes:
        if not self._payload:
            self._hash.update(self._padded.rest())
        self._payload += len(data)
        out = self._counter.update(data)
        self._hash.update(self._padded.whole(out if self._encrypting else data))
        return out

    def finish_encryption(self, data: bytes, room: int) -> tuple[bytes, bytes]:
        """The rest and the tag; SHORT_BUFFER before anything is done."""
        if room < self.tag_length:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        out = self.update(data)
        return out, self._tag()

    def finish_decryption(self, data: bytes, tag: bytes) -> bytes:
        if len(tag) != self.tag_length:
            raise TeeResult(TEE_ERROR_MAC_INVALID)
        out = self.update(data)
        if self._tag() != tag:
            raise TeeResult(TEE_ERROR_MAC_INVALID)
        return out

    def _tag(self) -> bytes:
        tail = self._padded.tail
        self._hash.update(self._padded.rest())
        self._padded.tail = tail
        lengths = (8 * self._aad).to_bytes(8, "big") + (8 * self._payload).to_bytes(8, "big")
        hashed = self._hash.finish(lengths)
        tag = xor(hashed, self._mask)[: self.tag_length]
        self._hash.resume(hashed)  # who goes on after the end gets what the core gives: the tail stays, too
        self._mask = tag + self._mask[self.tag_length :]
        return tag


def _new_ccm(
    block: Block, encrypting: bool, nonce: bytes, tag_length: int, aad_length: int, length: int
) -> _Ccm:
    if len(nonce) > 13 or length > _INT_MAX or aad_length > _INT_MAX:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if not 4 <= tag_length <= _SIZE or tag_length % 2:
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    width = max((length.bit_length() + 7) // 8, 2, 15 - len(nonce))  # of the length field
    if width > 8:
        raise TeeResult(TEE_ERROR_BAD_STATE)
    nonce = nonce[: 15 - width]
    flags = (1 << 6 if aad_length else 0) | (tag_length - 2) // 2 << 3 | (width - 1)
    first = bytes([width - 1]) + nonce + bytes(width)
    hashed = Cbc(block, bytes(_SIZE), True)
    made = _Ccm(encrypting, Ctr(block, first, used=_SIZE), hashed, block.encrypt(first), tag_length)
    made.begin(bytes([flags]) + nonce + length.to_bytes(width, "big"), aad_length, length)
    return made


class _Ccm:
    def __init__(self, encrypting: bool, counter: Ctr, hashed: Cbc, mask: bytes, tag_length: int) -> None:
        self._encrypting, self._counter, self._hash, self._mask = encrypting, counter, hashed, mask
        self.tag_length = tag_length
        self._padded, self._last = _Padded(), b""
        self._aad_missing = self._missing = 0

    def begin(self, first: bytes, aad_length: int, length: int) -> None:
        """Hash the first block and the length of the additional data, as they were announced."""
        self._aad_missing, self._missing = aad_length, length
        self._feed(first)
        if aad_length >= 0xFF00:
            self._feed(b"\xff\xfe" + aad_length.to_bytes(4, "big"))
        elif aad_length:
            self._feed(aad_length.to_bytes(2, "big"))

    def copy(self) -> _Ccm:
        other = _Ccm(self._encrypting, self._counter.copy(), self._hash.copy(), self._mask, self.tag_length)
        other._padded.tail, other._last = self._padded.tail, self._last
        other._aad_missing, other._missing = self._aad_missing, self._missing
        return other

    def _feed(self, data: bytes) -> None:
        self._hashed(self._padded.whole(data))

    def _hashed(self, blocks: bytes) -> None:
        if blocks:
            self._last = self._hash.update(blocks)[-_SIZE:]

    def update_aad(self, data: bytes) -> None:
        if len(data) > self._aad_missing:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        self._aad_missing -= len(data)
        self._feed(data)
        if not self._aad_missing:
            self._hashed(self._padded.rest())

    def update(self, data: bytes) -> bytes:
        if self._aad_missing or len(data) > self._missing:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        self._missing -= len(data)
        out = self._counter.update(data)
        self._feed(data if self._encrypting else out)
        return out

    def finish_encryption(self, data: bytes, room: int) -> tuple[bytes, bytes]:
        """The rest and the tag; SHORT_BUFFER after the rest was taken."""
        out = self.update(data)
        if room < self.tag_length:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        return out, self._tag()[: self.tag_length]

    def finish_decryption(self, data: bytes, tag: bytes) -> bytes:
        """The tag may be shorter than announced: what is given of it is compared."""
        if not tag:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        if len(tag) > _SIZE:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        out = self.update(data)
        if self._tag()[: len(tag)] != tag:
            raise TeeResult(TEE_ERROR_MAC_INVALID)
        return out

    def _tag(self) -> bytes:
        if self._missing:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        self._hashed(self._padded.rest())
        return xor(self._last, self._mask)
