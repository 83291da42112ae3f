# SPDX-License-Identifier: BSD-2-Clause
"""The encodings of RFC 8017: PKCS #1 v1.5, OAEP, PSS. What does not fit, or is none, is BAD_PARAMETERS."""

from __future__ import annotations

from elfhaven.abi.gp import TEE_ERROR_BAD_PARAMETERS
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES
from elfhaven.secure.crypto.digests import digest
from elfhaven.secure.crypto.numbers import Random, xor
from elfhaven.secure.result import TeeResult


def pad_v15(size: int, data: bytes, kind: int, random: Random | None = None) -> bytes:
    """Of kind 1 with ones, of kind 2 with random bytes."""
    missing = size - len(data) - 3
    if missing < 8:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    filled = b"\xff" * missing
    if random is not None:
        filled = b""
        while len(filled) < missing:
            filled += random(missing - len(filled)).replace(b"\0", b"")
    return bytes([0, kind]) + filled + b"\0" + data


def unpad_v15(padded: bytes) -> bytes:
    end = padded.find(b"\0", 2)
    if padded[:2] != b"\0\2" or end < 10:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return padded[end + 1 :]


def _mgf(main: int, seed: bytes, size: int) -> bytes:
    out = b""
    counter = 0
    while len(out) < size:
        out += digest(main, seed, counter.to_bytes(4, "big"))
        counter += 1
    return out[:size]


def pad_oaep(size: int, main: int, mask: int, label: bytes, data: bytes, random: Random) -> bytes:
    length = DIGEST_SIZES[main]
    if 2 * length >= size - 2 or len(data) > size - 2 * length - 2:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    block = digest(main, label) + bytes(size - len(data) - 2 * length - 2) + b"\1" + data
    seed = random(length)
    block = xor(block, _mgf(mask, seed, len(block)))
    return b"\0" + xor(seed, _mgf(mask, block, length)) + block


def unpad_oaep(padded: bytes, main: int, mask: int, label: bytes) -> bytes:
    length = DIGEST_SIZES[main]
    if 2 * length >= len(padded) - 2:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    seed, block = padded[1 : 1 + length], padded[1 + length :]
    seed = xor(seed, _mgf(mask, block, length))
    block = xor(block, _mgf(mask, seed, len(block)))
    rest = block[length:].lstrip(b"\0")
    if padded[0] or block[:length] != digest(main, label) or rest[:1] != b"\1":
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return rest[1:]


def fits_v15(padded: bytes, content: bytes) -> bool:
    try:
        return padded == pad_v15(len(padded), content, 1)
    except TeeResult:
        return False


def pad_pss(bits: int, main: int, data: bytes, salt_length: int, random: Random) -> bytes:
    size, length = (bits + 7) // 8, DIGEST_SIZES[main]
    if size < length + salt_length + 2:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    salt = random(salt_length)
    hashed = digest(main, bytes(8), data, salt)
    block = bytes(size - len(salt) - length - 2) + b"\1" + salt
    block = xor(block, _mgf(main, hashed, len(block)))
    return bytes([block[0] & 0xFF >> -bits % 8]) + block[1:] + hashed + b"\xbc"


def fits_pss(bits: int, main: int, salt_length: int, data: bytes, padded: bytes) -> bool:
    size, length = (bits + 7) // 8, DIGEST_SIZES[main]
    padded = padded[len(padded) - size :]
    if size < length + salt_length + 2 or padded[-1] != 0xBC or padded[0] & ~(0xFF >> -bits % 8):
        return False
    block, hashed = padded[: size - length - 1], padded[size - length - 1 : -1]
    block = xor(block, _mgf(main, hashed, len(block)))
    block = bytes([block[0] & 0xFF >> -bits % 8]) + block[1:]
    zeros = size - length - salt_length - 2
    if block[: zeros + 1] != bytes(zeros) + b"\1":
        return False
    return digest(main, bytes(8), data, block[zeros + 1 :]) == hashed
