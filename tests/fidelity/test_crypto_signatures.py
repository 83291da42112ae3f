# SPDX-License-Identifier: BSD-2-Clause
"""Asymmetric operations: signatures and ciphers of RSA, DSA, the curves and SM2."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as gp
from tests.unit.secure.crypto.tee import Tee

from .crypto import ALGORITHMS, DSA_512, ED25519_KEY, MESSAGE, P256_KEY, RSA_1024, SM2_KEY, Both

_SIGNATURES = [value for value in ALGORITHMS if value & 0xFF == 0x30 and value & 0xF00 in (0x800, 0x900)]
_RSA_CIPHERS = [value for value in ALGORITHMS if value & 0xFF == 0x30 and value & 0xF00 in (0, 0x100, 0x200)]


def _rsa(tee: Tee, algorithm: int, mode: int) -> int:
    """An operation with the pair, or with its public key."""
    if mode in (1, 2):
        return tee.operation(algorithm, mode, tee.key(gp.TEE_TYPE_RSA_KEYPAIR, 1024, RSA_1024))
    public = dict(list(RSA_1024.items())[:2])
    return tee.operation(algorithm, mode, tee.key(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, public))


@pytest.mark.parametrize("algorithm", _SIGNATURES)
def test_rsa_signatures(on_both: Both, algorithm: int) -> None:
    """Contents where they are always the same; lengths and verification otherwise.

    Nothing is verified of no bytes: the real core's guard against faults takes the comparison of nothing for
    one, and halts.
    """
    fixed = algorithm & 0xF00 == 0x800
    salt = gp.TEE_ATTR_RSA_PSS_SALT_LENGTH

    def script(tee: Tee) -> object:
        sign, verify = _rsa(tee, algorithm, 2), _rsa(tee, algorithm, 3)
        seen: list[object] = []
        for length in (16, 20, 28, 32, 48, 64, 118):
            data = MESSAGE[:length]
            code, told, made = tee.operate(sign, data)
            seen += [code, told, made if fixed else len(made), tee.verify(verify, data, made)]
            if code == 0:
                seen += [tee.operate(sign, data, room=127), tee.verify(verify, data, made[:-1])]
                seen += [tee.verify(verify, data, made + b"x"), tee.verify(verify, data, made[:-1] + b"?")]
                seen += [tee.verify(verify, data, b"\xff" * 128), tee.verify(sign, data, made)]
                for size in (0, 62, 200, 0x7FFFFFFF) if not fixed else ():
                    code, told, made = tee.operate(sign, data, {salt: (size, 0)})
                    seen += [code, told, tee.verify(verify, data, made, {salt: (size, 0)})]
        return [*seen, tee.operate(verify, MESSAGE[:32])[0]]

    on_both(script)


@pytest.mark.parametrize("algorithm", _RSA_CIPHERS)
def test_rsa_ciphers(on_both: Both, algorithm: int) -> None:
    label, mask = gp.TEE_ATTR_RSA_OAEP_LABEL, gp.TEE_ATTR_RSA_OAEP_MGF_HASH

    def script(tee: Tee) -> object:
        encrypt, decrypt = _rsa(tee, algorithm, 0), _rsa(tee, algorithm, 1)
        seen: list[object] = []
        options: list[dict[int, bytes]] = [{}, {label: b"label"}, {label: b""}, {mask: b"\4\0\0\x50"}]
        options += [
            {mask: b"\4\0\0"},
            {mask: b"\x09\0\0\x50"},
            {mask: bytes(4)},
            {gp.TEE_ATTR_EDDSA_CTX: b"x"},
        ]
        for given in options:
            code, told, made = tee.operate(encrypt, b"message", given)
            seen += [code, told, tee.operate(decrypt, made, given), tee.operate(decrypt, made)]
        for length in (0, 1, 85, 86, 87, 117, 118, 128, 129):
            code, told, made = tee.operate(encrypt, MESSAGE[1 : 1 + length])
            seen += [code, told, tee.operate(decrypt, made), tee.operate(decrypt, made, room=5)]
        seen += [tee.operate(encrypt, b"message", room=127)[:2], tee.operate(decrypt, bytes(127))]
        return [*seen, tee.operate(decrypt, b"\xff" * 128), tee.operate(decrypt, bytes(128))]

    on_both(script)


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * n for n in range(5)])
def test_ecdsa(on_both: Both, algorithm: int) -> None:
    def script(tee: Tee) -> object:
        sign = tee.operation(algorithm, 2, tee.key(gp.TEE_TYPE_ECDSA_KEYPAIR, 256, P256_KEY))
        verify = tee.operation(algorithm, 3, tee.key(gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, P256_KEY[1:]))
        seen: list[object] = []
        for length in (0, 1, 20, 32, 40, 64):
            code, told, made = tee.operate(sign, MESSAGE[:length])
            seen += [code, told, tee.verify(verify, MESSAGE[:length], made or bytes(64))]
        seen += [tee.operate(sign, MESSAGE[:32], room=63), tee.verify(verify, MESSAGE[:32], bytes(63))]
        seen += [
            tee.verify(verify, MESSAGE[:32], bytes(64)),
            tee.verify(verify, MESSAGE[:32], b"\xff" * 64),
        ]
        return [*seen, tee.verify(verify, MESSAGE[:32], b"\1" * 64)]

    on_both(script)


def test_dsa(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        x = {gp.TEE_ATTR_DSA_PRIVATE_VALUE: 5}
        public = {
            gp.TEE_ATTR_DSA_PUBLIC_VALUE: pow(
                DSA_512[gp.TEE_ATTR_DSA_BASE], 5, DSA_512[gp.TEE_ATTR_DSA_PRIME]
            )
        }
        seen: list[object] = []
        for algorithm in (gp.TEE_ALG_DSA_SHA1, gp.TEE_ALG_DSA_SHA224, gp.TEE_ALG_DSA_SHA256):
            sign = tee.operation(algorithm, 2, tee.key(gp.TEE_TYPE_DSA_KEYPAIR, 512, DSA_512 | x | public))
            verify = tee.operation(algorithm, 3, tee.key(gp.TEE_TYPE_DSA_PUBLIC_KEY, 512, DSA_512 | public))
            for length in (0, 19, 20, 28, 32):
                code, told, made = tee.operate(sign, MESSAGE[:length])
                seen += [code, told, tee.verify(verify, MESSAGE[:length], made or bytes(40))]
            seen += [tee.operate(sign, MESSAGE[:20], room=39), tee.verify(verify, MESSAGE[:20], bytes(39))]
            seen += [tee.verify(verify, MESSAGE[:20], b"\1" * 40), tee.verify(verify, MESSAGE[:20], b"")]
        return seen

    on_both(script)


def test_ed25519(on_both: Both) -> None:
    context, prehash = gp.TEE_ATTR_EDDSA_CTX, gp.TEE_ATTR_EDDSA_PREHASH

    def script(tee: Tee) -> object:
        sign = tee.operation(gp.TEE_ALG_ED25519, 2, tee.key(gp.TEE_TYPE_ED25519_KEYPAIR, 256, ED25519_KEY))
        public = tee.key(gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, ED25519_KEY[1:])
        verify = tee.operation(gp.TEE_ALG_ED25519, 3, public)
        seen: list[object] = []
        given: list[list[tuple[int, bytes | tuple[int, int]]]] = [
            [],
            [(context, b"")],
            [(context, b"c" * 255)],
        ]
        given += [[(context, b"c" * 256)], [(context, b"a"), (context, b"b")], [(prehash, (0, 0))]]
        given += [[(prehash, (1, 0))], [(prehash, (1, 1))], [(prehash, (2, 0))]]
        given += [[(prehash, (1, 0)), (context, b"foo")], [(gp.TEE_ATTR_RSA_OAEP_LABEL, b"x")]]
        for one in given:
            code, told, made = tee.operate(sign, b"message", one)
            seen += [code, told, made, tee.verify(verify, b"message", made or bytes(64), one)]
            seen += [tee.verify(verify, b"messagE", made or bytes(64), one)]
        seen += [
            tee.operate(sign, b"m", room=63),
            tee.verify(verify, b"m", bytes(63)),
            tee.verify(verify, b"m", bytes(65)),
        ]
        nowhere = tee.key(
            gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, [(gp.TEE_ATTR_ED25519_PUBLIC_VALUE, b"\2" + bytes(31))]
        )
        return [*seen, tee.verify(tee.operation(gp.TEE_ALG_ED25519, 3, nowhere), b"m", bytes(64))]

    on_both(script)


def test_sm2(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        pairs = [
            tee.key(kind, 256, SM2_KEY) for kind in (gp.TEE_TYPE_SM2_DSA_KEYPAIR, gp.TEE_TYPE_SM2_PKE_KEYPAIR)
        ]
        kinds = (gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY)
        publics = [tee.key(kind, 256, SM2_KEY[1:]) for kind in kinds]
        sign, verify = (
            tee.operation(gp.TEE_ALG_SM2_DSA_SM3, mode, key) for mode, key in ((2, pairs[0]), (3, publics[0]))
        )
        seen: list[object] = []
        for length in (0, 20, 32, 40):
            code, told, made = tee.operate(sign, MESSAGE[:length])
            seen += [code, told, tee.verify(verify, MESSAGE[:length], made), tee.verify(verify, b"?", made)]
        seen += [
            tee.operate(sign, MESSAGE[:32], room=63),
            tee.verify(verify, b"", bytes(63)),
            tee.verify(verify, b"", bytes(64)),
        ]
        encrypt = tee.operation(gp.TEE_ALG_SM2_PKE, 0, publics[1])
        decrypt = tee.operation(gp.TEE_ALG_SM2_PKE, 1, pairs[1])
        for length in (0, 1, 19, 100):
            code, told, made = tee.operate(encrypt, MESSAGE[:length])
            seen += [code, told, tee.operate(decrypt, made), tee.operate(decrypt, made, room=10)]
            seen += [tee.operate(decrypt, made[:-1] + b"?")[0], tee.operate(decrypt, made[:90])[0]]
        seen += [tee.operate(encrypt, b"message", room=room)[:2] for room in (0, 64, 65, 103, 104)]
        return [*seen, *(tee.operate(decrypt, bytes([n]) + bytes(120))[0] for n in range(8))]

    on_both(script)
