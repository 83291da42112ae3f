# SPDX-License-Identifier: BSD-2-Clause
"""Ed25519 and X25519 against the vectors of their RFCs."""

from __future__ import annotations

from cryptography_vectors import open_vector_file

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_SECURITY,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto import edwards

from .vectors import code_of, records


def test_ed25519() -> None:
    with open_vector_file("asymmetric/Ed25519/sign.input", "r") as file:
        for n, line in enumerate(file):
            if n % 10:
                continue
            secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
            signature = signed[:64]
            assert edwards.sign(secret[:32], message, b"", False, 64) == signature
            edwards.verify(public, message, b"", False, signature)


def test_ed25519_with_context() -> None:
    """RFC 8032, clause 7.2."""
    secret = bytes.fromhex("0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6")
    public = bytes.fromhex("dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292")
    message = bytes.fromhex("f726936d19c800494e3fdaff20b276a8")
    wanted = (
        "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a"
        "8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d"
    )
    assert edwards.sign(secret, message, b"foo", False, 64).hex() == wanted
    edwards.verify(public, message, b"foo", False, bytes.fromhex(wanted))
    other = lambda: edwards.verify(public, message, b"bar", False, bytes.fromhex(wanted))  # noqa: E731
    assert code_of(other) == TEE_ERROR_SIGNATURE_INVALID


def test_ed25519_with_prehash() -> None:
    """RFC 8032, clause 7.3."""
    secret = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    public = edwards_public(secret)
    wanted = (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert edwards.sign(secret, b"abc", b"", True, 64).hex() == wanted
    edwards.verify(public, b"abc", b"", True, bytes.fromhex(wanted))
    assert code_of(lambda: edwards.verify(public, b"abc", b"", True, bytes(63))) == TEE_ERROR_BAD_PARAMETERS


def edwards_public(secret: bytes) -> bytes:
    made = edwards.generate_ed25519(lambda size: secret)[gp.TEE_ATTR_ED25519_PUBLIC_VALUE]
    assert isinstance(made, bytes)
    return made


def test_a_public_key_that_is_no_point() -> None:
    no_point = (2).to_bytes(32, "little")
    assert code_of(lambda: edwards.verify(no_point, b"m", b"", False, bytes(64))) == TEE_ERROR_BAD_PARAMETERS


def test_x25519() -> None:
    for vector in records("asymmetric/X25519/rfc7748.txt", "OUTPUT_U"):
        scalar, u = bytes.fromhex(vector["input_scalar"]), bytes.fromhex(vector["input_u"])
        assert edwards.exchange(scalar, u) == bytes.fromhex(vector["output_u"])
    assert code_of(lambda: edwards.exchange(b"s" * 32, bytes(32))) == TEE_ERROR_SECURITY
