# SPDX-License-Identifier: BSD-2-Clause
"""DSA and Diffie-Hellman against published vectors."""

from __future__ import annotations

import os

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_SECURITY,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto import dsa
from elfhaven.secure.crypto.attributes import Attributes
from elfhaven.secure.crypto.digests import digest
from elfhaven.secure.result import ShortBuffer

from .vectors import code_of, digest_of, records


def test_dsa() -> None:
    seen = 0
    for vector in records("asymmetric/DSA/FIPS_186-3/SigVer.rsp", "Result", every=4):
        main = digest_of(vector["heading"])
        if main > 4:
            continue
        p, q, g, y, x = (int(vector[name], 16) for name in "pqgyx")
        key = dsa.DsaKey(p, q, g, y, x)
        hashed = digest(main, bytes.fromhex(vector["msg"]))[: key.size]
        signature = b"".join(int(vector[name], 16).to_bytes(key.size, "big") for name in "rs")
        algorithm = gp.TEE_ALG_DSA_SHA1 + 0x1000 * (main - 2)
        code = code_of(lambda: dsa.verify(algorithm, key, hashed, signature))  # noqa: B023
        assert code == (0 if vector["result"].startswith("P") else TEE_ERROR_SIGNATURE_INVALID), vector
        seen += 1
    assert seen > 10


def test_dsa_round_trip_with_a_small_group() -> None:
    """FIPS 186-2's example of 512 bits."""
    p = int(
        "8df2a494492276aa3d25759bb06869cbeac0d83afb8d0cf7cbb8324f0d7882e5d0762fc5b7210eafc2e9adac32ab7aac"
        "49693dfbf83724c2ec0736ee31c80291",
        16,
    )
    q = 0xC773218C737EC8EE993B4F2DED30F48EDACE915F
    g = int(
        "626d027839ea0a13413163a55b4cb500299d5522956cefcb3bff10f399ce2c2e71cb9de5fa24babf58e5b79521925c9c"
        "c42e9f6f464b088cc572af53e6d78802",
        16,
    )
    domain: Attributes = {gp.TEE_ATTR_DSA_PRIME: p, gp.TEE_ATTR_DSA_SUBPRIME: q, gp.TEE_ATTR_DSA_BASE: g}
    key = dsa.key_of(dsa.generate(512, domain, os.urandom))
    hashed = digest(2, b"abc")
    signature = dsa.sign(gp.TEE_ALG_DSA_SHA1, key, hashed, os.urandom, 40)
    dsa.verify(gp.TEE_ALG_DSA_SHA1, key, hashed, signature)
    other = digest(2, b"abd")
    assert (
        code_of(lambda: dsa.verify(gp.TEE_ALG_DSA_SHA1, key, other, signature)) == TEE_ERROR_SIGNATURE_INVALID
    )
    long = digest(4, b"abc")
    assert code_of(lambda: dsa.sign(gp.TEE_ALG_DSA_SHA1, key, long, os.urandom, 40)) == TEE_ERROR_SECURITY
    with pytest.raises(ShortBuffer) as caught:
        dsa.sign(gp.TEE_ALG_DSA_SHA1, key, hashed, os.urandom, 39)
    assert caught.value.needed == 40


def test_diffie_hellman() -> None:
    for vector in records("asymmetric/DH/vec.txt", "K"):
        p, g, x = (int(vector[name]) for name in "pgx")
        own: Attributes = {gp.TEE_ATTR_DH_PRIME: p, gp.TEE_ATTR_DH_BASE: g, gp.TEE_ATTR_DH_PRIVATE_VALUE: x}
        assert dsa.shared_secret(own, int(vector["y"])) == int(vector["k"], 16)


def test_diffie_hellman_keys_agree() -> None:
    p = 2**255 - 19
    domain: Attributes = {gp.TEE_ATTR_DH_PRIME: p, gp.TEE_ATTR_DH_BASE: 2, gp.TEE_ATTR_DH_X_BITS: 128}
    one, two = (dsa.generate_dh(256, domain, os.urandom) for _ in range(2))
    public = [pair[gp.TEE_ATTR_DH_PUBLIC_VALUE] for pair in (one, two)]
    assert int(one[gp.TEE_ATTR_DH_PRIVATE_VALUE]) < 1 << 128  # type: ignore[arg-type]
    assert dsa.shared_secret(one, public[1]) == dsa.shared_secret(two, public[0])  # type: ignore[arg-type]
    assert code_of(lambda: dsa.generate_dh(248, domain, os.urandom)) == TEE_ERROR_BAD_PARAMETERS
