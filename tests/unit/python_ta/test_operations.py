# SPDX-License-Identifier: BSD-2-Clause
"""Cryptography: against Python's own and `cryptography`, and in pieces as well as whole."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as Reference
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from elfhaven.abi import gp_crypto as alg
from elfhaven.ta import (
    AccessDenied,
    AsymmetricCipher,
    Attribute,
    AuthenticatedCipher,
    BadState,
    Cipher,
    Digest,
    KeyDerivation,
    Mac,
    MacInvalid,
    NotImplementedByTee,
    Signature,
    SignatureInvalid,
    TransientObject,
    is_algorithm_supported,
    same,
)

from .conftest import Inside

KEY, IV = bytes(range(16)), bytes(range(16, 32))
DATA = bytes(range(256)) * 100
USAGE_ENCRYPT = 2


def aes() -> TransientObject:
    return TransientObject.secret(alg.TEE_TYPE_AES, KEY)


def test_digests(inside: Inside) -> None:
    def work() -> None:
        with Digest(alg.TEE_ALG_SHA256) as digest:
            digest.update(DATA[:1000])
            with digest.copy() as other:
                assert other.finish(DATA[1000:]) == hashlib.sha256(DATA).digest()
            assert digest.finish() == hashlib.sha256(DATA[:1000]).digest()
            assert digest.finish(b"anew") == hashlib.sha256(b"anew").digest()
            digest.update(b"dropped")
            digest.reset()
            assert digest.finish() == hashlib.sha256().digest()
            assert digest.info.algorithm == alg.TEE_ALG_SHA256
        with Digest(alg.TEE_ALG_SHAKE128) as shake:
            assert shake.finish(b"abc", 100) == hashlib.shake_128(b"abc").digest(100)
        with pytest.raises(NotImplementedByTee):
            Digest(0x5000_00FF)

    inside(work)


def test_macs(inside: Inside) -> None:
    def work() -> None:
        secret = KEY + IV
        expected = hmac.digest(secret, DATA, "sha256")
        with (
            TransientObject.secret(alg.TEE_TYPE_HMAC_SHA256, secret, 512) as key,
            Mac(alg.TEE_ALG_HMAC_SHA256, key) as mac,
            Mac(alg.TEE_ALG_HMAC_SHA256, key) as other,
        ):
            mac.update(DATA[:500])
            other.copy_from(mac)
            assert mac.compute(DATA[500:]) == other.compute(DATA[500:]) == expected
            mac.compare(expected, DATA)
            with pytest.raises(MacInvalid):
                mac.compare(expected[:-1] + b"\0", DATA)
            assert mac.info.keys == (256,)

    inside(work)


@pytest.mark.parametrize("size", [0, 1, 16, 100])
def test_ctr_in_pieces(inside: Inside, size: int) -> None:
    def work() -> bytes:
        with aes() as key, Cipher(alg.TEE_ALG_AES_CTR, True, key) as cipher:
            cipher.init(IV)
            return cipher.update(DATA[:size]) + cipher.finish(DATA[size:1000])

    reference = Reference(algorithms.AES(KEY), modes.CTR(IV)).encryptor()
    assert inside(work) == reference.update(DATA[:1000])


def test_cbc_both_ways(inside: Inside) -> None:
    def work() -> None:
        with aes() as key, Cipher(alg.TEE_ALG_AES_CBC_NOPAD, True, key) as cipher:
            cipher.init(IV)
            made = cipher.update(DATA[:7]) + cipher.update(DATA[7:9000]) + cipher.finish(DATA[9000:])
        reference = Reference(algorithms.AES(KEY), modes.CBC(IV)).encryptor()
        assert made == reference.update(DATA)
        with aes() as key, Cipher(alg.TEE_ALG_AES_CBC_NOPAD, False, key) as cipher:
            cipher.init(IV)
            assert cipher.finish(made) == DATA

    inside(work)


@pytest.mark.parametrize("size", [17, 31, 32, 33, 500])
def test_stealing(inside: Inside, size: int) -> None:
    """CTS and XTS hold the last blocks back: what is cut at any place comes back whole."""

    def work() -> None:
        for algorithm, count in ((alg.TEE_ALG_AES_CTS, 1), (alg.TEE_ALG_AES_XTS, 2)):
            with aes() as one, TransientObject.secret(alg.TEE_TYPE_AES, IV) as two:
                keys = (one, two)[:count]
                with Cipher(algorithm, True, *keys) as cipher, Cipher(algorithm, False, *keys) as back:
                    cipher.init(IV)
                    made = cipher.update(DATA[:5]) + cipher.finish(DATA[5:size])
                    cipher.init(IV)
                    assert cipher.finish(DATA[:size]) == made != DATA[:size]
                    back.init(IV)
                    assert back.update(made[:20]) + back.finish(made[20:]) == DATA[:size]

    inside(work)


@pytest.mark.parametrize("size", [0, 5, 16, 1000])
def test_gcm(inside: Inside, size: int) -> None:
    data, aad, nonce = DATA[:size], b"header", bytes(12)

    def work() -> None:
        with aes() as key, AuthenticatedCipher(alg.TEE_ALG_AES_GCM, True, key) as cipher:
            cipher.init(nonce)
            cipher.update_aad(aad)
            made = cipher.update(data[:3])
            last, tag = cipher.encrypt_final(data[3:])
            assert made + last + tag == AESGCM(KEY).encrypt(nonce, data, aad)
        with aes() as key, AuthenticatedCipher(alg.TEE_ALG_AES_GCM, False, key) as cipher:
            cipher.init(nonce)
            cipher.update_aad(aad)
            assert cipher.decrypt_final(made + last, tag) == data
            cipher.init(nonce)
            with pytest.raises(MacInvalid):
                cipher.decrypt_final(made + last, tag)

    inside(work)


def test_ccm(inside: Inside) -> None:
    nonce = bytes(12)

    def work() -> None:
        with aes() as key, AuthenticatedCipher(alg.TEE_ALG_AES_CCM, True, key) as cipher:
            cipher.init(nonce, 128, 6, 100)
            cipher.update_aad(b"header")
            last, tag = cipher.encrypt_final(DATA[:100])
            assert last + tag == AESCCM(KEY).encrypt(nonce, DATA[:100], b"header")

    inside(work)


def test_usage(inside: Inside) -> None:
    def work() -> None:
        with aes() as key:
            key.restrict_usage(USAGE_ENCRYPT)
            Cipher(alg.TEE_ALG_AES_CTR, True, key).close()
            with pytest.raises(AccessDenied, match="usage 0x2"):
                Cipher(alg.TEE_ALG_AES_CTR, False, key)

    inside(work)


def test_rsa(inside: Inside) -> None:
    def work() -> None:
        digest = hashlib.sha256(DATA).digest()
        with TransientObject(alg.TEE_TYPE_RSA_KEYPAIR, 1024) as pair:
            pair.generate(1024)
            oaep = alg.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1
            with (
                AsymmetricCipher(oaep, True, pair) as encrypting,
                AsymmetricCipher(oaep, False, pair) as decrypting,
            ):
                made = encrypting.encrypt(b"secret")
                assert len(made) == 128
                assert decrypting.decrypt(made) == b"secret"
                with pytest.raises(BadState):
                    decrypting.encrypt(b"x")
            pss = alg.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256
            salt = Attribute.value(alg.TEE_ATTR_RSA_PSS_SALT_LENGTH, 20)
            with Signature(pss, True, pair) as signing, Signature(pss, False, pair) as verifying:
                signature = signing.sign(digest, salt)
                verifying.verify(digest, signature, salt)
                with pytest.raises(SignatureInvalid):
                    verifying.verify(bytes(32), signature, salt)

    inside(work)


def test_two_sides_derive_one_secret(inside: Inside) -> None:
    def public(pair: TransientObject) -> list[Attribute]:
        ids = alg.TEE_ATTR_ECC_PUBLIC_VALUE_X, alg.TEE_ATTR_ECC_PUBLIC_VALUE_Y
        return [Attribute.ref(id, pair.attribute(id)) for id in ids]

    def secret(own: TransientObject, other: TransientObject) -> bytes:
        with (
            TransientObject(alg.TEE_TYPE_GENERIC_SECRET, 256) as made,
            KeyDerivation(alg.TEE_ALG_ECDH_DERIVE_SHARED_SECRET, own) as derivation,
        ):
            derivation.derive(made, *public(other))
            return made.attribute(alg.TEE_ATTR_SECRET_VALUE)

    def work() -> None:
        curve = Attribute.value(alg.TEE_ATTR_ECC_CURVE, alg.TEE_ECC_CURVE_NIST_P256)
        with (
            TransientObject(alg.TEE_TYPE_ECDH_KEYPAIR, 256) as one,
            TransientObject(alg.TEE_TYPE_ECDH_KEYPAIR, 256) as two,
        ):
            one.generate(256, curve)
            two.generate(256, curve)
            assert secret(one, two) == secret(two, one)
            assert len(secret(one, two)) == 32

    inside(work)


def test_extracting(inside: Inside) -> None:
    def work() -> None:
        with Digest(alg.TEE_ALG_SHA256) as digest, Digest(alg.TEE_ALG_SHAKE256) as shake:
            digest.update(b"abc")
            parts = [digest.extract(size) for size in (10, 10, 20, 5)]
            assert b"".join(parts) == hashlib.sha256(b"abc").digest()
            assert [len(part) for part in parts] == [10, 10, 12, 0]
            shake.update(b"abc")
            made = shake.extract(10) + shake.extract(90)
            assert made == hashlib.shake_256(b"abc").digest(100)

    inside(work)


def test_resetting(inside: Inside) -> None:
    def work() -> None:
        with aes() as one, TransientObject.secret(alg.TEE_TYPE_AES, IV) as two:
            with Cipher(alg.TEE_ALG_AES_ECB_NOPAD, True, one) as cipher:
                cipher.init()
                made = cipher.finish(DATA[:16])
                cipher.set_key(two)
                with pytest.raises(BadState):
                    cipher.finish(DATA[:16])
                cipher.init()
                other = cipher.finish(DATA[:16])
                assert (
                    other == Reference(algorithms.AES(IV), modes.ECB()).encryptor().update(DATA[:16]) != made
                )
            with Cipher(alg.TEE_ALG_AES_XTS, True, one, two) as cipher:
                cipher.init(IV)
                made = cipher.finish(DATA[:32])
                cipher.set_key(two, one)
                cipher.init(IV)
                assert cipher.finish(DATA[:32]) != made
        secret = TransientObject.secret(alg.TEE_TYPE_HMAC_SHA256, KEY + IV)
        with secret, Mac(alg.TEE_ALG_HMAC_SHA256, secret) as mac:
            mac.update(b"dropped")
            mac.reset()
            assert mac.compute(b"x") == hmac.digest(KEY + IV, b"x", "sha256")

    inside(work)


def test_algorithms(inside: Inside) -> None:
    assert is_algorithm_supported(alg.TEE_ALG_AES_GCM)
    assert not is_algorithm_supported(alg.TEE_ALG_AES_GCM, alg.TEE_ECC_CURVE_NIST_P256)
    assert is_algorithm_supported(alg.TEE_ALG_ECDSA_SHA256, alg.TEE_ECC_CURVE_NIST_P256)
    assert is_algorithm_supported(alg.TEE_ALG_ED25519, alg.TEE_ECC_CURVE_25519)
    assert not is_algorithm_supported(alg.TEE_ALG_ECDSA_SHA256)
    assert not is_algorithm_supported(alg.TEE_ALG_X448)
    assert not is_algorithm_supported(0x12345678)


def test_comparing() -> None:
    assert same(b"abc", b"abc")
    assert not same(b"abc", b"abd")
    assert not same(b"abc", b"ab")
