# SPDX-License-Identifier: BSD-2-Clause
"""Secrets that are shared or derived: with each function, each digest, and wrong attributes."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as gp
from tests.unit.secure.crypto.tee import Tee

from .crypto import DH_256, P256_KEY, SM2_KEY, Both, X, Y


def _into(tee: Tee, bits: int = 4096, kind: int = gp.TEE_TYPE_GENERIC_SECRET) -> int:
    return tee.object(kind, bits)[1]


def _derived(tee: Tee, state: int, into: int, given: object) -> tuple[object, ...]:
    code = tee.derive(state, into, given)  # type: ignore[arg-type]
    return code, tee.info(into), tee.attribute(into, gp.TEE_ATTR_SECRET_VALUE)


def test_shared_secrets(on_both: Both) -> None:
    """Never of DH into an object too small for it: the real core writes past its end, and halts later."""

    def script(tee: Tee) -> object:
        pair = {gp.TEE_ATTR_DH_PUBLIC_VALUE: 4, gp.TEE_ATTR_DH_PRIVATE_VALUE: 1000}
        dh = tee.operation(
            gp.TEE_ALG_DH_DERIVE_SHARED_SECRET, 6, tee.key(gp.TEE_TYPE_DH_KEYPAIR, 256, DH_256 | pair)
        )
        ecdh = tee.operation(
            gp.TEE_ALG_ECDH_DERIVE_SHARED_SECRET, 6, tee.key(gp.TEE_TYPE_ECDH_KEYPAIR, 256, P256_KEY)
        )
        secret, public = gp.TEE_ATTR_X25519_PRIVATE_VALUE, gp.TEE_ATTR_X25519_PUBLIC_VALUE
        key = tee.key(gp.TEE_TYPE_X25519_KEYPAIR, 256, {secret: b"s" * 32, public: b"p" * 32})
        x25519 = tee.operation(gp.TEE_ALG_X25519, 6, key)
        value, small = gp.TEE_ATTR_DH_PUBLIC_VALUE, gp.TEE_TYPE_AES
        seen: list[object] = [
            _derived(tee, dh, _into(tee), given) for given in ({value: 7}, {value: 0}, {}, {X: 7})
        ]
        seen += [_derived(tee, ecdh, _into(tee), point) for point in (P256_KEY[1:3], P256_KEY[2:0:-1], [])]
        seen += [
            _derived(tee, ecdh, _into(tee), {X: 5, Y: 7}),
            _derived(tee, ecdh, _into(tee, 128, small), P256_KEY[1:3]),
        ]
        seen += [_derived(tee, ecdh, _into(tee, 64, gp.TEE_TYPE_DES), P256_KEY[1:3])]
        for given in (
            {public: b"\x09" + bytes(31)},
            {public: bytes(32)},
            {public: bytes(31)},
            {secret: bytes(32)},
        ):
            seen.append(_derived(tee, x25519, _into(tee), given))
        return [*seen, _derived(tee, x25519, key, {public: bytes(32)}), tee.derive(x25519, 99, {})]

    on_both(script)


@pytest.mark.parametrize("digest", range(8))
def test_derivation_functions(on_both: Both, digest: int) -> None:
    """Each with each digest; sizes, and attributes that are missing or another's.

    Always of some secret: the real core halts over one of no bytes.
    """
    functions = (
        (
            0x800000C0,
            gp.TEE_TYPE_HKDF_IKM,
            gp.TEE_ATTR_HKDF_IKM,
            gp.TEE_ATTR_HKDF_OKM_LENGTH,
            gp.OPTEE_ATTR_HKDF_INFO,
        ),
        (
            *(0x800000C1, gp.TEE_TYPE_CONCAT_KDF_Z, gp.TEE_ATTR_CONCAT_KDF_Z),
            *(gp.TEE_ATTR_CONCAT_KDF_DKM_LENGTH, gp.TEE_ATTR_CONCAT_KDF_OTHER_INFO),
        ),
        (
            *(0x800000C2, gp.TEE_TYPE_PBKDF2_PASSWORD, gp.TEE_ATTR_PBKDF2_PASSWORD),
            *(gp.TEE_ATTR_PBKDF2_DKM_LENGTH, gp.TEE_ATTR_PBKDF2_SALT),
        ),
    )

    def script(tee: Tee) -> object:
        seen: list[object] = []
        for number, kind, name, length, text in functions:
            more = [(gp.TEE_ATTR_PBKDF2_ITERATION_COUNT, (3, 0))] if number == 0x800000C2 else []
            state = tee.operation(number | digest << 12, 6, tee.key(kind, 4096, {name: b"secret"}))
            for size in (0, 20, 100, 512, 513):
                seen.append(_derived(tee, state, _into(tee), [(length, (size, 0)), (text, b"text"), *more]))
            seen += [
                tee.derive(state, _into(tee), [(length, (9, 0))]),
                tee.derive(state, _into(tee), more),
            ]
            seen.append(tee.derive(state, _into(tee), [(length, (9, 0)), (X, b"x"), *more]))
            seen.append(_derived(tee, state, _into(tee, 128, gp.TEE_TYPE_AES), [(length, (20, 0)), *more]))
            tee.close()
        return seen

    on_both(script)


def test_hkdf_of_the_standard(on_both: Both) -> None:
    size, salt, info = gp.TEE_ATTR_KDF_KEY_SIZE, gp.TEE_ATTR_HKDF_SALT, gp.TEE_ATTR_HKDF_INFO
    digest = gp.TEE_ATTR_HKDF_HASH_ALGORITHM

    def script(tee: Tee) -> object:
        key = tee.key(gp.TEE_TYPE_HKDF_IKM, 4096, {gp.TEE_ATTR_HKDF_IKM: b"secret"})
        state = tee.operation(gp.TEE_ALG_HKDF, 6, key)
        common = [(size, (40, 0)), (salt, b"salt"), (info, b"info")]
        seen = [_derived(tee, state, _into(tee), common), _derived(tee, state, _into(tee), common[1:])]
        for number in (
            gp.TEE_ALG_SHA256,
            gp.TEE_ALG_SHA512,
            gp.TEE_ALG_HMAC_SHA256,
            4,
            gp.TEE_ALG_SHAKE128,
            0,
        ):
            seen.append(_derived(tee, state, _into(tee), [*common, (digest, (number, 0))]))
        return seen

    on_both(script)


def test_sm2_key_exchange(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        own, ephemeral = (tee.key(gp.TEE_TYPE_SM2_KEP_KEYPAIR, 256, SM2_KEY) for _ in range(2))
        state = tee.operation(gp.TEE_ALG_SM2_KEP, 6, own, ephemeral)
        names = [(gp.TEE_ATTR_SM2_ID_INITIATOR, b"one"), (gp.TEE_ATTR_SM2_ID_RESPONDER, b"two")]
        points = [*SM2_KEY[1:], (gp.TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_X, SM2_KEY[1][1])]
        points += [(gp.TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_Y, SM2_KEY[2][1])]
        given = [(gp.TEE_ATTR_SM2_KEP_USER, (0, 0)), *names, *points]
        seen = [_derived(tee, state, _into(tee, bits), given) for bits in (128, 256, 512)]
        seen += [_derived(tee, state, _into(tee, 128), given[1:])]
        seen += [_derived(tee, state, _into(tee, 128), [(gp.TEE_ATTR_SM2_KEP_USER, (1, 0)), *given[1:]])]
        for more in (
            (gp.TEE_ATTR_SM2_KEP_CONFIRMATION_IN, bytes(32)),
            (gp.TEE_ATTR_SM2_KEP_CONFIRMATION_OUT, bytes(31)),
        ):
            seen.append(_derived(tee, state, _into(tee, 128), [*given, more]))
        out = [*given, (gp.TEE_ATTR_SM2_KEP_CONFIRMATION_OUT, bytes(32))]
        code = tee.derive(state, _into(tee, 128), out)
        return [*seen, code, tee.contents()]

    on_both(script)
