# SPDX-License-Identifier: BSD-2-Clause
"""ECDSA and ECDH against published vectors."""

from __future__ import annotations

import os

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto import ecc
from elfhaven.secure.crypto.digests import digest
from elfhaven.secure.crypto.ecc import EcKey

from .vectors import code_of, digest_of, records

_CURVES = {name: n for n, name in enumerate(("P-192", "P-224", "P-256", "P-384", "P-521"), 1)}


def test_ecdsa_verification() -> None:
    seen = 0
    for vector in records("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", "Result", every=3):
        name = vector["heading"].split(",")[0]
        if name not in _CURVES:
            break
        main, curve = digest_of(vector["heading"]), _CURVES[name]
        key = EcKey(curve, (int(vector["qx"], 16), int(vector["qy"], 16)))
        hashed = digest(main, bytes.fromhex(vector["msg"]))
        signature = b"".join(int(vector[name], 16).to_bytes(key.curve.size, "big") for name in "rs")
        algorithm = gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * (curve - 1)
        code = code_of(lambda: ecc.verify(algorithm, key, hashed, signature))  # noqa: B023
        assert code == (0 if vector["result"].startswith("P") else TEE_ERROR_SIGNATURE_INVALID), vector
        seen += 1
    assert seen > 50


@pytest.mark.parametrize("curve", range(1, 6))
@pytest.mark.parametrize("size", [0, 1, 20, 31, 32, 48, 64, 66, 70])
def test_ecdsa_round_trip(curve: int, size: int) -> None:
    """Digests of any length: as many leading bits count as the order has."""
    d, point = ecc.new_pair(curve, os.urandom)
    key, data = EcKey(curve, point, d), os.urandom(size)
    algorithm = gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * (curve - 1)
    signature = ecc.sign(algorithm, key, data, os.urandom, 200)
    ecc.verify(algorithm, key, data, signature)
    spoilt = bytes([signature[0] ^ 1]) + signature[1:]
    assert code_of(lambda: ecc.verify(algorithm, key, data, spoilt)) == TEE_ERROR_SIGNATURE_INVALID


def test_ecdsa_of_the_wrong_curve() -> None:
    d, point = ecc.new_pair(gp.TEE_ECC_CURVE_NIST_P256, os.urandom)
    key = EcKey(gp.TEE_ECC_CURVE_NIST_P256, point, d)
    wrong, right = gp.TEE_ALG_ECDSA_SHA1, gp.TEE_ALG_ECDSA_SHA256
    assert code_of(lambda: ecc.sign(wrong, key, b"d", os.urandom, 99)) == TEE_ERROR_BAD_PARAMETERS
    unknown = EcKey(gp.TEE_ECC_CURVE_25519, point, d)
    assert code_of(lambda: ecc.sign(right, unknown, b"d", os.urandom, 99)) == TEE_ERROR_NOT_SUPPORTED
    assert code_of(lambda: ecc.verify(right, key, b"d", bytes(63))) == TEE_ERROR_BAD_PARAMETERS


def test_ecdh() -> None:
    seen = 0
    for vector in records("asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax", "Result"):
        if not vector["result"].startswith("P"):
            continue
        curve = 1 + ("EA", "EB", "EC", "ED", "EE").index(vector["heading"][:2])
        key = EcKey(curve, (0, 0), int(vector["dsiut"], 16))
        peer = int(vector["qscavsx"], 16), int(vector["qscavsy"], 16)
        made = ecc.shared_secret(key, peer, 100)
        assert int.from_bytes(made, "big") == int(vector["z"], 16)
        assert len(made) == key.curve.size
        assert made == key.curve.multiply(key.d, peer)[0].to_bytes(key.curve.size, "big")  # type: ignore[index]
        seen += 1
    assert seen > 50


def test_ecdh_with_a_point_beside_the_curve() -> None:
    """The core does not look; what it gives is what the formulas give."""
    key = EcKey(gp.TEE_ECC_CURVE_NIST_P256, (0, 0), 12345)
    beside = (5, 7)
    assert not key.curve.contains(beside)
    assert len(ecc.shared_secret(key, beside, 100)) == 32
    assert code_of(lambda: ecc.shared_secret(key, beside, 31)) == TEE_ERROR_BAD_PARAMETERS
