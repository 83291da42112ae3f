# SPDX-License-Identifier: BSD-2-Clause
"""Operations: which there are with which keys; digests and codes for authentication."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as gp
from tests.unit.secure.crypto.tee import Tee

from .crypto import ALGORITHMS, MESSAGE, Both, secret_of

_MORE_ALGORITHMS = (0, 0x10000015, 0x50000000, 0x5000000C, 0x30000000, 0x3000000C, 0x40000910, 0x20000010)
_OLD_ALGORITHMS = (0x70001041, 0x70005041, 0x70006041, 0x80001042, 0x80005042)
_KEYS = (
    *((gp.TEE_TYPE_AES, 128), (gp.TEE_TYPE_DES, 64), (gp.TEE_TYPE_DES3, 128), (gp.TEE_TYPE_SM4, 128)),
    *((gp.TEE_TYPE_HMAC_SHA256, 256), (gp.TEE_TYPE_HMAC_SM3, 256), (gp.TEE_TYPE_RSA_KEYPAIR, 512)),
    *((gp.TEE_TYPE_RSA_PUBLIC_KEY, 512), (gp.TEE_TYPE_DSA_KEYPAIR, 512), (gp.TEE_TYPE_DH_KEYPAIR, 256)),
    *((gp.TEE_TYPE_ECDSA_KEYPAIR, 256), (gp.TEE_TYPE_ECDH_KEYPAIR, 256), (gp.TEE_TYPE_ED25519_KEYPAIR, 256)),
    *((gp.TEE_TYPE_SM2_DSA_KEYPAIR, 256), (gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, 256)),
    *((gp.TEE_TYPE_SM2_KEP_KEYPAIR, 256), (gp.TEE_TYPE_X25519_KEYPAIR, 256), (gp.TEE_TYPE_HKDF_IKM, 256)),
    *((gp.TEE_TYPE_PBKDF2_PASSWORD, 256), (gp.TEE_TYPE_GENERIC_SECRET, 256)),
)


@pytest.mark.parametrize("mode", range(8))
def test_operations_without_keys(on_both: Both, mode: int) -> None:
    def script(tee: Tee) -> object:
        seen = []
        for algorithm in (*ALGORITHMS, *_MORE_ALGORITHMS, *_OLD_ALGORITHMS):
            code, state = tee.state(algorithm, mode)
            seen.append((hex(algorithm), code, tee.free(state)))
        return seen

    on_both(script)


@pytest.mark.parametrize("kind, bits", _KEYS)
def test_operations_with_keys(on_both: Both, kind: int, bits: int) -> None:
    """Every algorithm and mode with one key of the type, and with two. An operation keeps its keys."""

    def script(tee: Tee) -> object:
        seen: list[object] = []
        keys: list[int] = []

        def state(algorithm: int, mode: int, count: int) -> object:
            keys.extend(tee.object(kind, bits)[1] for _ in range(2 - len(keys)))
            code, made = tee.state(algorithm, mode, *keys[:count])
            if code == 0:
                tee.free(made)
                del keys[:count]
            return code

        for algorithm in (*ALGORITHMS, *_MORE_ALGORITHMS, *_OLD_ALGORITHMS):
            for mode in (0, 1, 2, 3, 4, 6):
                seen.append((hex(algorithm), mode, state(algorithm, mode, 1), state(algorithm, mode, 2)))
        return seen

    on_both(script)


_DIGESTS = [number for number in ALGORITHMS if number >> 28 == 5]


@pytest.mark.parametrize("algorithm", _DIGESTS)
def test_digests(on_both: Both, algorithm: int) -> None:
    def script(tee: Tee) -> object:
        state, other = (tee.operation(algorithm, 5) for _ in range(2))
        seen: list[object] = [tee.hash_update(state, b"early"), tee.hash_final(state, b"", 64)]
        seen += [tee.copy_state(other, state), tee.hash_init(state), tee.hash_final(state, b"", 64)]
        seen += [tee.hash_init(state), tee.hash_update(state, MESSAGE), tee.copy_state(other, state)]
        again = b"" if algorithm in (gp.TEE_ALG_SHAKE128, gp.TEE_ALG_SHAKE256) else b"abc"
        seen += [tee.hash_final(state, b"abc", 15), tee.hash_final(state, again, 64)]
        seen += [tee.hash_final(other, b"", 100), tee.cipher_init(state), tee.ae_aad(other, b"")]
        seen += [
            tee.svc(19, state, 0, 5),
            tee.svc(19, state, 0, 0),
            tee.svc(19, 99, 0, 0),
            tee.svc(18, 99, 0, 0),
        ]
        return [*seen, tee.cipher(state, bytes(16))[0]]

    on_both(script)


def test_a_function_of_any_length(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        state = tee.operation(gp.TEE_ALG_SHAKE128, 5)
        seen: list[object] = [tee.hash_init(state), tee.hash_update(state, b"abc")]
        return [*seen, *(tee.hash_final(state, b"", room) for room in (1, 0, 10, 300, 168, 5))]

    on_both(script)


_MACS = [
    *((0x30000000 | main, 0xA0000000 | main, 32) for main in range(1, 12)),
    *((number, gp.TEE_TYPE_AES, 16) for number in (0x30000110, 0x30000510, 0x30000610)),
    *((number, gp.TEE_TYPE_DES, 8) for number in (0x30000111, 0x30000511)),
    *((number, gp.TEE_TYPE_DES3, 16) for number in (0x30000113, 0x30000513, gp.TEE_ALG_DES3_CMAC)),
    *((number, gp.TEE_TYPE_DES3, 24) for number in (0x30000113, gp.TEE_ALG_DES3_CMAC)),
]


@pytest.mark.parametrize("algorithm, kind, size", _MACS)
def test_macs(on_both: Both, algorithm: int, kind: int, size: int) -> None:
    def script(tee: Tee) -> object:
        keys = [tee.key(kind, 8 * size, secret_of(8 * size)) for _ in range(2)]
        state, other = (tee.operation(algorithm, 4, key) for key in keys)
        seen: list[object] = [tee.hash_update(state, b"early"), tee.hash_init(state)]
        seen += [tee.hash_update(state, MESSAGE[:40]), tee.copy_state(other, state)]
        seen += [tee.hash_final(state, MESSAGE[:24], 7), tee.hash_final(state, MESSAGE[:24], 64)]
        seen += [tee.hash_update(other, b"abc"), tee.hash_final(other, b"", 64), tee.hash_init(other)]
        return [
            *seen,
            tee.hash_final(other, b"", 64),
            tee.svc(28, keys[0]),
            tee.free(state),
            tee.svc(24, keys[0]),
        ]

    on_both(script)


def test_a_mac_without_its_key(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        state = tee.operation(gp.TEE_ALG_HMAC_SHA256, 4, tee.object(gp.TEE_TYPE_HMAC_SHA256, 256)[1])
        cipher = tee.operation(gp.TEE_ALG_AES_CTR, 0, tee.object(gp.TEE_TYPE_AES, 256)[1])
        gcm = tee.operation(gp.TEE_ALG_AES_GCM, 0, tee.object(gp.TEE_TYPE_AES, 256)[1])
        rsa = tee.operation(gp.TEE_ALG_RSA_NOPAD, 0, tee.object(gp.TEE_TYPE_RSA_PUBLIC_KEY, 512)[1])
        seen = [tee.hash_init(state), tee.cipher_init(cipher, bytes(16)), tee.ae_init(gcm, bytes(12))]
        return [*seen, tee.operate(rsa, b"x"), tee.copy_state(rsa, rsa), tee.copy_state(gcm, cipher)]

    on_both(script)
