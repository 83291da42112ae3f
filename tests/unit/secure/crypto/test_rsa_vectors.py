# SPDX-License-Identifier: BSD-2-Clause
"""RSA against published vectors and the library: signatures, ciphers, keys."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa as library_rsa
from cryptography_vectors import open_vector_file

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto import rsa
from elfhaven.secure.crypto.digests import digest
from elfhaven.secure.crypto.rsa import RsaKey
from elfhaven.secure.result import ShortBuffer

from .vectors import MAINS, code_of, fixed, records


def _rsa(vector: dict[str, str]) -> RsaKey:
    return RsaKey(*(int(vector.get(name) or "0", 16) for name in "ned"))


def test_rsa_pkcs1_signatures() -> None:
    seen = 0
    for vector in records("asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp", "Result", every=5):
        main = MAINS[vector["shaalg"]]
        algorithm = gp.TEE_ALG_RSASSA_PKCS1_V1_5_MD5 + 0x1000 * (main - 1)
        hashed, signature = digest(main, bytes.fromhex(vector["msg"])), bytes.fromhex(vector["s"])
        code = code_of(lambda: rsa.verify(algorithm, _rsa(vector), 0, hashed, signature))  # noqa: B023
        good = vector["result"].startswith("P")
        assert code == (0 if good else TEE_ERROR_SIGNATURE_INVALID), vector
        if good:
            key = _rsa(vector)
            assert rsa.sign(algorithm, key, 0, hashed, fixed(), key.size) == signature
        seen += 1
    assert seen > 20


def test_rsa_pss_signatures() -> None:
    seen = 0
    for vector in records("asymmetric/RSA/FIPS_186-2/SigVerPSS_186-3.rsp", "Result", every=5):
        main = MAINS[vector["shaalg"]]
        algorithm = gp.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1 + 0x101000 * (main - 2)
        hashed, signature = digest(main, bytes.fromhex(vector["msg"])), bytes.fromhex(vector["s"])
        code = code_of(lambda: rsa.verify(algorithm, _rsa(vector), 10, hashed, signature))  # noqa: B023
        good = vector["result"].startswith("P")
        assert code == (0 if good else TEE_ERROR_SIGNATURE_INVALID), vector
        if good:
            key = _rsa(vector)
            salt = fixed(vector["saltval"])
            assert rsa.sign(algorithm, key, 10, hashed, salt, key.size) == signature
        seen += 1
    assert seen > 20


def _oaep() -> Iterator[dict[str, str]]:
    """The parts of each example, by the first word of their headings; keys are of 1024 to 2048 bits."""
    parts: dict[str, str] = {}
    current = ""
    with open_vector_file("asymmetric/RSA/pkcs-1v2-1d2-vec/oaep-vect.txt", "r") as file:
        for line in file:
            text = line.strip().lower()
            if text.startswith("#"):
                if current == "encryption" and parts[current]:
                    yield dict(parts)
                heading = text.strip("# :").split()
                current = heading[0] if heading else current
                parts[current] = ""
            elif current and text and set(text) <= set("0123456789abcdef "):
                parts[current] += text.replace(" ", "")


def test_oaep() -> None:
    seen = 0
    for parts in _oaep():
        key = RsaKey(int(parts["modulus"], 16), 65537, int(parts["exponent"], 16))
        message, cipher = bytes.fromhex(parts["message"]), bytes.fromhex(parts["encryption"])
        algorithm, mask = gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1, gp.TEE_ALG_SHA1
        assert rsa.encrypt(algorithm, key, b"", mask, message, fixed(parts["seed"]), key.size) == cipher
        assert rsa.decrypt(algorithm, key, b"", mask, cipher, key.size) == message
        seen += 1
    assert seen > 50


@pytest.fixture(scope="module")
def pair() -> tuple[RsaKey, library_rsa.RSAPrivateKey]:
    """A key here and in the library."""
    made = library_rsa.generate_private_key(65537, 2048)
    numbers = made.private_numbers()
    n = numbers.public_numbers.n
    key = RsaKey(n, 65537, numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    return key, made


_HASHES = (hashes.MD5, hashes.SHA1, hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)


@pytest.mark.parametrize("main", range(2, 7))
@pytest.mark.parametrize("mask", [2, 4, 6])
def test_oaep_with_the_library(pair: tuple[RsaKey, library_rsa.RSAPrivateKey], main: int, mask: int) -> None:
    key, other = pair
    algorithm = gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1 + 0x100000 * (main - 2)
    pad = padding.OAEP(padding.MGF1(_HASHES[mask - 1]()), _HASHES[main - 1](), b"label")
    cipher = other.public_key().encrypt(b"message", pad)
    number = 0x50000000 | mask
    assert rsa.decrypt(algorithm, key, b"label", number, cipher, 100) == b"message"
    assert other.decrypt(rsa.encrypt(algorithm, key, b"label", number, b"message", os.urandom, 256), pad)
    assert (
        code_of(lambda: rsa.decrypt(algorithm, key, b"no", number, cipher, 100)) == TEE_ERROR_BAD_PARAMETERS
    )
    with pytest.raises(ShortBuffer) as caught:
        rsa.decrypt(algorithm, key, b"label", number, cipher, 6)
    assert caught.value.needed == 7


def test_oaep_of_md5(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key, algorithm = pair[0], gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_MD5
    cipher = rsa.encrypt(algorithm, key, b"", gp.TEE_ALG_MD5, b"message", os.urandom, 256)
    assert rsa.decrypt(algorithm, key, b"", gp.TEE_ALG_MD5, cipher, 256) == b"message"
    sha3 = lambda: rsa.decrypt(algorithm, key, b"", gp.TEE_ALG_SHA3_256, cipher, 256)  # noqa: E731
    assert code_of(sha3) == TEE_ERROR_BAD_PARAMETERS


def test_pkcs1_encryption_with_the_library(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key, other = pair
    algorithm = gp.TEE_ALG_RSAES_PKCS1_V1_5
    cipher = other.public_key().encrypt(b"message", padding.PKCS1v15())
    assert rsa.decrypt(algorithm, key, b"", 0, cipher, 100) == b"message"
    made = rsa.encrypt(algorithm, key, b"", 0, b"message", os.urandom, 256)
    assert other.decrypt(made, padding.PKCS1v15()) == b"message"
    too_long = lambda: rsa.encrypt(algorithm, key, b"", 0, bytes(246), os.urandom, 256)  # noqa: E731
    assert code_of(too_long) == TEE_ERROR_BAD_PARAMETERS


def test_raw_rsa(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key, _ = pair
    cipher = rsa.raw(key, b"\0\0message", False, 256)
    assert rsa.raw(key, cipher, True, 256) == b"message"  # without leading zeros
    assert rsa.raw(key, bytes(4), True, 256) == b"\0"
    larger = (key.n + 1).to_bytes(256, "big")
    assert code_of(lambda: rsa.raw(key, larger, False, 256)) == TEE_ERROR_BAD_PARAMETERS


def test_primes_without_the_rest_are_not_used(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key = pair[0]
    half = RsaKey(key.n, key.e, key.d, key.p, key.q)
    assert rsa.raw(half, rsa.raw(key, b"m", False, 256), True, 256) == b"m"


@pytest.mark.parametrize("bits", [256, 512, 768, 1024])
def test_rsa_keys_are_made(bits: int) -> None:
    key = rsa.key_of(rsa.generate(bits, 65537, os.urandom))
    assert key.n.bit_length() == bits
    assert key.p * key.q == key.n
    assert rsa.raw(key, rsa.raw(key, b"m", False, 200), True, 200) == b"m"


@pytest.mark.parametrize("bits, e", [(1032, 65537), (1025, 65537), (512, 65536), (512, 1)])
def test_rsa_keys_that_are_not_made(bits: int, e: int) -> None:
    assert code_of(lambda: rsa.generate(bits, e, os.urandom)) == TEE_ERROR_BAD_PARAMETERS
