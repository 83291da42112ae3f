# SPDX-License-Identifier: BSD-2-Clause
"""Ciphers and authenticated encryption, in turn and out of it."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as gp
from tests.unit.secure.crypto.tee import Tee

from .crypto import MESSAGE, Both, secret_of

_CIPHERS = [
    *(
        (number, gp.TEE_TYPE_AES, 16)
        for number in (0x10000010, 0x10000110, 0x10000210, 0x10000310, 0x10000410)
    ),
    *((number, gp.TEE_TYPE_AES, 32) for number in (0x10000210, 0x10000410)),
    *((number, gp.TEE_TYPE_AES, 24) for number in (0x10000310, 0x10000410)),
    *((number, gp.TEE_TYPE_DES, 8) for number in (0x10000011, 0x10000111)),
    *((number, gp.TEE_TYPE_DES3, 16) for number in (0x10000013, 0x10000113)),
    *((number, gp.TEE_TYPE_DES3, 24) for number in (0x10000013, 0x10000113)),
    *((number, gp.TEE_TYPE_SM4, 16) for number in (0x10000014, 0x10000114, 0x10000214, gp.TEE_ALG_SM4_XTS)),
]


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("algorithm, kind, size", _CIPHERS)
def test_ciphers(on_both: Both, algorithm: int, kind: int, size: int, mode: int) -> None:
    two = algorithm >> 8 & 15 == 4

    def script(tee: Tee) -> object:
        states = []
        for _ in range(2):
            key = tee.key(kind, 8 * size, secret_of(8 * size))
            second = {gp.TEE_ATTR_SECRET_VALUE: bytes(range(100, 100 + size))}
            states.append(tee.operation(algorithm, mode, key, tee.key(kind, 8 * size, second) if two else 0))
        state, other = states
        seen: list[object] = [tee.cipher(state, bytes(16)), tee.hash_init(state), tee.ae_init(state, b"")][:2]
        seen += [tee.cipher_init(state, bytes(length)) for length in (0, 7, 8, 15, 16, 17)]
        iv = bytes(range(8 if size == 8 or kind == gp.TEE_TYPE_DES3 else 16))
        seen += [tee.cipher_init(state, iv), tee.cipher(state, MESSAGE[:64]), tee.copy_state(other, state)]
        seen += [
            tee.cipher(state, MESSAGE[:32], 31),
            tee.cipher(state, b""),
            tee.cipher(state, MESSAGE[:17]),
        ]
        seen += [tee.cipher(state, MESSAGE[:48], last=True), tee.cipher(other, MESSAGE[:48], 100)]
        seen += [tee.cipher(other, MESSAGE[:48], last=True)]
        for length in (0, 17, 31, 33, 40):
            seen += [tee.cipher_init(other, iv), tee.cipher(other, MESSAGE[:length], last=True)]
        return [*seen, tee.cipher_init(other, iv), tee.cipher(other, b"", last=True)]

    on_both(script)


def test_modes_that_no_cipher_has(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        seen: list[object] = []
        for mode in (2, 3, 4, 99):
            key = tee.key(gp.TEE_TYPE_AES, 128, secret_of(128))
            state = tee.operation(gp.TEE_ALG_AES_CTR, mode, key)
            seen += [tee.cipher_init(state, bytes(16)), tee.cipher(state, b"abc")]
        return seen

    on_both(script)


def _ae(tee: Tee, algorithm: int, mode: int, size: int = 16) -> int:
    return tee.operation(algorithm, mode, tee.key(gp.TEE_TYPE_AES, 8 * size, secret_of(8 * size)))


def test_going_on_after_the_end(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        state = _ae(tee, gp.TEE_ALG_AES_GCM, 0)
        seen: list[object] = [
            tee.ae_init(state, bytes(12), 16, 0, 0),
            tee.ae_encrypt_final(state, MESSAGE[:20]),
        ]
        return [*seen, tee.ae_encrypt_final(state, b""), tee.ae_encrypt_final(state, MESSAGE[:32])]

    on_both(script)


@pytest.mark.parametrize("nonce, size", [(0, 16), (6, 16), (7, 24), (12, 32), (13, 16), (14, 16), (40, 24)])
@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
def test_authenticated_encryption(on_both: Both, algorithm: int, nonce: int, size: int) -> None:
    def script(tee: Tee) -> object:
        state, other = (_ae(tee, algorithm, 0, size) for _ in range(2))
        seen: list[object] = [tee.ae_aad(state, b"early"), tee.ae_update(state, b"early")]
        seen += [tee.ae_init(state, bytes(range(nonce)), 16, 20, 50)]
        if seen[-1]:
            return seen
        seen += [
            tee.ae_aad(state, MESSAGE[:11]),
            tee.copy_state(other, state),
            tee.ae_aad(state, MESSAGE[:9]),
        ]
        seen += [tee.ae_aad(other, MESSAGE[:9]), tee.ae_update(state, MESSAGE[:19], 18)]
        seen += [tee.ae_update(state, MESSAGE[:19]), tee.copy_state(other, state)]
        seen += [tee.ae_decrypt_final(state, b"", bytes(16)), tee.ae_encrypt_final(state, MESSAGE[:31], 30)]
        seen += [
            tee.ae_encrypt_final(state, MESSAGE[:31]),
            tee.ae_encrypt_final(other, MESSAGE[:31], 100, 50),
        ]
        return seen

    on_both(script)


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
@pytest.mark.parametrize("tag", [0, 2, 4, 5, 12, 16, 17, 128])
def test_tags(on_both: Both, algorithm: int, tag: int) -> None:
    def script(tee: Tee) -> object:
        state = _ae(tee, algorithm, 0)
        seen: list[object] = [tee.ae_init(state, bytes(12), tag, 0, 5)]
        if seen[0]:
            return seen
        seen += [
            tee.ae_encrypt_final(state, b"hello", 5, tag - 1 if tag else 0),
            tee.ae_init(state, bytes(12), tag, 0, 5),
        ]
        final = tee.ae_encrypt_final(state, b"hello", 9, 64)
        seen.append(final)
        back = _ae(tee, algorithm, 1)
        for given in (
            final[4],
            final[4][:-1],
            final[4] + b"x",
            final[4][:-1] + b"?",
            b"",
            bytes(16),
            bytes(17),
        ):
            seen += [tee.ae_init(back, bytes(12), tag, 0, 5), tee.ae_decrypt_final(back, final[2], given)]
        seen += [tee.ae_init(back, bytes(12), tag, 0, 5), tee.ae_decrypt_final(back, final[2], final[4], 4)]
        return seen

    on_both(script)


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
def test_data_out_of_turn(on_both: Both, algorithm: int) -> None:
    def script(tee: Tee) -> object:
        state = _ae(tee, algorithm, 0)
        seen: list[object] = [tee.ae_init(state, bytes(12), 16, 4, 8), tee.ae_update(state, b"early")]
        seen += [tee.ae_init(state, bytes(12), 16, 4, 8), tee.ae_aad(state, b"12345")]
        seen += [
            tee.ae_init(state, bytes(12), 16, 4, 8),
            tee.ae_aad(state, b"1234"),
            tee.ae_update(state, b"123456789"),
        ]
        seen += [
            tee.ae_init(state, bytes(12), 16, 4, 8),
            tee.ae_aad(state, b"1234"),
            tee.ae_update(state, b"1234"),
        ]
        seen += [tee.ae_aad(state, b"late"), tee.ae_encrypt_final(state, b"567")]
        seen += [tee.ae_init(state, bytes(12), 16, 0, 0), tee.ae_aad(state, b""), tee.ae_update(state, b"")]
        seen += [tee.ae_encrypt_final(state, b""), tee.ae_init(state, bytes(12), 16, 1 << 31, 0)]
        return [*seen, tee.ae_init(state, bytes(12), 16, 0, 1 << 31), tee.hash_init(state)]

    on_both(script)
