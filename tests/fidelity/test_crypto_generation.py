# SPDX-License-Identifier: BSD-2-Clause
"""Keys that are generated: results, and which attributes they have then."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.secure.crypto.object_types import Form, find_type
from tests.unit.secure.crypto.tee import Tee

from .crypto import CURVE, DH_256, DSA_512, EXPONENT, PUBLIC, SECRETS, Both

_P256 = [(CURVE, (3, 0))]
_GENERATIONS = {
    "AES": (gp.TEE_TYPE_AES, 256, (128, 192, 256, 160, 0, (1 << 32) + 128), []),
    "AES in a small object": (gp.TEE_TYPE_AES, 128, (256,), []),
    "AES with an attribute": (gp.TEE_TYPE_AES, 128, (128,), SECRETS),
    "HMAC-SM3": (gp.TEE_TYPE_HMAC_SM3, 1024, (80, 512, 520, 1024), []),
    "a secret": (gp.TEE_TYPE_GENERIC_SECRET, 4096, (0, 8, 4096, 4104), []),
    "a password": (gp.TEE_TYPE_PBKDF2_PASSWORD, 4096, (8, 128), []),
    "RSA": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (256, 257, 264, 272, 512), []),
    "RSA, e = 3": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"\3")]),
    "RSA, e = 65539": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"\1\0\3")]),
    "RSA, e even": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"\1\0\2")]),
    "RSA, e of 255 bits": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"\x7f" + b"\xff" * 31)]),
    "RSA, e of 256 bits": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"\xff" * 32)]),
    "RSA, e of 33 bytes": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"\xff" * 33)]),
    "RSA, e = 0": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(EXPONENT, b"")]),
    "RSA with a modulus": (gp.TEE_TYPE_RSA_KEYPAIR, 1024, (512,), PUBLIC),
    "RSA, public": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 512, (512,), []),
    "DSA": (gp.TEE_TYPE_DSA_KEYPAIR, 512, (512, 576, 1024), list(DSA_512.items())),
    "DSA, nothing": (gp.TEE_TYPE_DSA_KEYPAIR, 512, (512,), []),
    "DH": (gp.TEE_TYPE_DH_KEYPAIR, 512, (256, 264, 512), list(DH_256.items())),
    "DH, x bits": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_X_BITS, (128, 0))],
    ),
    "DH, odd x bits": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_X_BITS, (129, 0))],
    ),
    "DH, many x bits": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_X_BITS, (264, 0))],
    ),
    "DH, q": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_SUBPRIME, b"\x81" * 16)],
    ),
    "P-256": (gp.TEE_TYPE_ECDSA_KEYPAIR, 521, (256, 192, 255), _P256),
    "P-256 in a small object": (gp.TEE_TYPE_ECDSA_KEYPAIR, 192, (256,), _P256),
    "P-521": (gp.TEE_TYPE_ECDH_KEYPAIR, 521, (521,), [(CURVE, (5, 0))]),
    "no curve": (gp.TEE_TYPE_ECDSA_KEYPAIR, 256, (256,), []),
    "an unknown curve": (gp.TEE_TYPE_ECDSA_KEYPAIR, 256, (256,), [(CURVE, (99, 0))]),
    "the curve 25519": (gp.TEE_TYPE_ECDSA_KEYPAIR, 256, (256,), [(CURVE, (0x300, 0))]),
    "SM2": (gp.TEE_TYPE_SM2_PKE_KEYPAIR, 256, (256, 255), []),
    "SM2, public": (gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, 256, (256,), []),
    "X25519": (gp.TEE_TYPE_X25519_KEYPAIR, 256, (256, 255), []),
    "Ed25519": (gp.TEE_TYPE_ED25519_KEYPAIR, 256, (256,), []),
    "Ed25519, public": (gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, (256,), []),
    "data": (gp.TEE_TYPE_DATA, 0, (0, 8), []),
}


@pytest.mark.parametrize("name", _GENERATIONS)
def test_generation(on_both: Both, name: str) -> None:
    """Results, and which attributes there are, by the results of asking for them without room."""
    kind, bits, sizes, given = _GENERATIONS[name]
    found = find_type(kind)

    def script(tee: Tee) -> object:
        seen: list[object] = []
        for size in sizes:
            handle = tee.object(kind, bits)[1]
            seen += [tee.generate(handle, size, given), tee.info(handle), tee.generate(handle, size, given)]
            for row in found.attributes if found else ():
                code, length, _ = tee.attribute(handle, row.id, room=0)
                seen.append((code, length if row.form in (Form.SECRET, Form.KEY_25519) else bool(length)))
            tee.svc(28, handle)
        return seen

    on_both(script)
