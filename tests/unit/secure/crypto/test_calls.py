# SPDX-License-Identifier: BSD-2-Clause
"""The calls of cryptography, made by a TA: handles, short buffers, states, rights, what each gives back."""

from __future__ import annotations

import hashlib

import pytest
from tests.unit.secure.client import Client
from tests.unit.secure.probe import CODE, PRIVATE

from elfhaven.abi import gp
from elfhaven.abi import gp_crypto as c
from elfhaven.secure.crypto.object_types import TYPES

from .tee import Tee

NOTHING = 1 << 40
SECRET = c.TEE_ATTR_SECRET_VALUE
KEY = bytes(range(16))


@pytest.fixture
def tee(client: Client) -> Tee:
    return Tee(client)


def aes(tee: Tee, algorithm: int, mode: int, secret: bytes = KEY) -> int:
    return tee.operation(algorithm, mode, tee.key(c.TEE_TYPE_AES, 8 * len(secret), {SECRET: secret}))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: hex(kind.number))
def test_every_type_is_made_and_given_back(tee: Tee, kind: object) -> None:
    number, size = kind.number, kind.largest  # type: ignore[attr-defined]
    code, handle = tee.object(number, size)
    assert code == gp.TEE_SUCCESS
    assert tee.info(handle)[1] == (number, 0, size, 0xFFFFFFFF, 0, 0, 0)
    assert tee.svc(28, handle) == gp.TEE_SUCCESS


@pytest.mark.parametrize(
    "kind, bits, given",
    [
        (c.TEE_TYPE_RSA_KEYPAIR, 512, {}),
        (c.TEE_TYPE_ECDSA_KEYPAIR, 256, {c.TEE_ATTR_ECC_CURVE: (3, 0)}),
        (c.TEE_TYPE_SM2_DSA_KEYPAIR, 256, {}),
        (c.TEE_TYPE_X25519_KEYPAIR, 256, {}),
        (c.TEE_TYPE_ED25519_KEYPAIR, 256, {}),
        (c.TEE_TYPE_HMAC_SM3, 256, {}),
    ],
)
def test_keys_are_made_with_all_their_attributes(
    tee: Tee, kind: int, bits: int, given: dict[int, tuple[int, int]]
) -> None:
    handle = tee.new_key(kind, bits, given)
    assert tee.info(handle)[1][1] == bits
    found = next(one for one in TYPES if one.number == kind)
    assert [tee.attribute(handle, row.id)[0] for row in found.attributes] == [0] * len(found.attributes)
    assert tee.generate(handle, bits, given) == gp.TEE_ERROR_BAD_STATE  # it has a key already


def test_the_public_half_of_a_pair(tee: Tee) -> None:
    pair = tee.new_key(c.TEE_TYPE_ECDSA_KEYPAIR, 256, {c.TEE_ATTR_ECC_CURVE: (3, 0)})
    public = tee.object(c.TEE_TYPE_ECDSA_PUBLIC_KEY, 256)[1]
    assert tee.copy(public, pair) == gp.TEE_SUCCESS
    for name in (c.TEE_ATTR_ECC_PUBLIC_VALUE_X, c.TEE_ATTR_ECC_CURVE):
        assert tee.attribute(public, name) == tee.attribute(pair, name)
    assert tee.attribute(public, c.TEE_ATTR_ECC_PRIVATE_VALUE)[0] == gp.TEE_ERROR_ITEM_NOT_FOUND
    other = tee.object(c.TEE_TYPE_ECDH_PUBLIC_KEY, 256)[1]
    assert tee.copy(other, pair) == gp.TEE_ERROR_BAD_PARAMETERS


def test_a_stream_through_two_states(tee: Tee) -> None:
    one, two = (aes(tee, c.TEE_ALG_AES_CTR, c.TEE_MODE_ENCRYPT) for _ in range(2))
    assert tee.cipher(one, b"early")[0] == gp.TEE_ERROR_BAD_STATE
    assert tee.cipher_init(one, bytes(15)) == gp.TEE_ERROR_BAD_PARAMETERS
    assert tee.cipher_init(one, bytes(16)) == gp.TEE_SUCCESS
    first = tee.cipher(one, b"hello ")[2]
    assert tee.copy_state(two, one) == gp.TEE_SUCCESS
    rest = tee.cipher(one, b"world", last=True)[2]
    assert tee.cipher(two, b"world", last=True)[2] == rest
    back = aes(tee, c.TEE_ALG_AES_CTR, c.TEE_MODE_DECRYPT)
    assert tee.cipher_init(back, bytes(16)) == gp.TEE_SUCCESS
    assert tee.cipher(back, first + rest, last=True)[2] == b"hello world"
    assert tee.copy_state(back, one) == gp.TEE_ERROR_BAD_PARAMETERS  # another mode


def test_a_short_buffer_changes_nothing(tee: Tee) -> None:
    state = aes(tee, c.TEE_ALG_AES_CBC_NOPAD, c.TEE_MODE_ENCRYPT)
    tee.cipher_init(state, bytes(16))
    assert tee.cipher(state, bytes(32), room=31)[:2] == (gp.TEE_ERROR_SHORT_BUFFER, 32)
    wanted = tee.cipher(state, bytes(32))[2]
    tee.cipher_init(state, bytes(16))
    assert tee.cipher(state, bytes(32), room=100) == (gp.TEE_SUCCESS, 32, wanted)


def test_two_keys(tee: Tee) -> None:
    keys = [tee.key(c.TEE_TYPE_AES, 128, {SECRET: bytes([n]) * 16}) for n in (1, 2)]
    assert tee.state(c.TEE_ALG_AES_XTS, 0, keys[0])[0] == gp.TEE_ERROR_BAD_PARAMETERS
    assert tee.state(c.TEE_ALG_AES_CBC_NOPAD, 0, *keys)[0] == gp.TEE_ERROR_BAD_PARAMETERS
    state = tee.operation(c.TEE_ALG_AES_XTS, 0, *keys)
    assert [tee.svc(28, key) for key in keys] == [gp.TEE_ERROR_ITEM_NOT_FOUND] * 2  # both are its own
    assert tee.cipher_init(state, bytes(16)) == gp.TEE_SUCCESS
    assert tee.cipher(state, bytes(40), last=True)[0] == gp.TEE_SUCCESS
    assert tee.free(state) == gp.TEE_SUCCESS
    assert [tee.info(key)[0] for key in keys] == [gp.TEE_ERROR_BAD_STATE] * 2


@pytest.mark.parametrize("algorithm", [c.TEE_ALG_AES_GCM, c.TEE_ALG_AES_CCM])
def test_authenticated_encryption(tee: Tee, algorithm: int) -> None:
    one, two, back = (aes(tee, algorithm, mode) for mode in (0, 0, 1))
    assert tee.ae_init(one, bytes(12), 16, 3, 10) == gp.TEE_SUCCESS
    assert tee.ae_aad(one, b"aad") == gp.TEE_SUCCESS
    assert tee.ae_update(one, b"hello", room=4)[:2] == (gp.TEE_ERROR_SHORT_BUFFER, 4)
    first = tee.ae_update(one, b"hello")[2]
    assert tee.copy_state(two, one) == gp.TEE_SUCCESS
    code, _, rest, length, tag = tee.ae_encrypt_final(one, b"world")
    assert (code, length) == (gp.TEE_SUCCESS, 16)
    assert tee.ae_encrypt_final(two, b"world")[4] == tag
    for given, wanted in ((tag, gp.TEE_SUCCESS), (tag[:-1] + b"?", gp.TEE_ERROR_MAC_INVALID)):
        assert tee.ae_init(back, bytes(12), 16, 3, 10) == gp.TEE_SUCCESS
        assert tee.ae_aad(back, b"aad") == gp.TEE_SUCCESS
        assert tee.ae_update(back, first)[2] == b"hello"
        code, _, text = tee.ae_decrypt_final(back, rest, given)
        assert (code, text) == (wanted, b"world" if not wanted else b"")
    assert tee.ae_encrypt_final(back, b"")[0] == gp.TEE_ERROR_BAD_PARAMETERS  # it decrypts


def test_a_signature_and_its_room(tee: Tee) -> None:
    pair = tee.new_key(c.TEE_TYPE_RSA_KEYPAIR, 512)
    public = tee.object(c.TEE_TYPE_RSA_PUBLIC_KEY, 512)[1]
    assert tee.copy(public, pair) == gp.TEE_SUCCESS
    algorithm = c.TEE_ALG_RSASSA_PKCS1_V1_5_SHA256
    sign, verify = tee.operation(algorithm, 2, pair), tee.operation(algorithm, 3, public)
    hashed = hashlib.sha256(b"message").digest()
    assert tee.operate(sign, hashed, room=63)[:2] == (gp.TEE_ERROR_SHORT_BUFFER, 64)
    code, length, signature = tee.operate(sign, hashed)
    assert (code, length) == (gp.TEE_SUCCESS, 64)
    assert tee.verify(verify, hashed, signature) == gp.TEE_SUCCESS
    assert tee.verify(verify, hashed[::-1], signature) == gp.TEE_ERROR_SIGNATURE_INVALID
    assert tee.verify(sign, hashed, signature) == gp.TEE_ERROR_BAD_PARAMETERS  # it signs
    assert tee.operate(sign, hashed[1:])[0] == gp.TEE_ERROR_BAD_PARAMETERS
    assert tee.copy_state(sign, sign) == gp.TEE_ERROR_BAD_STATE  # there is nothing to copy


def test_two_sides_agree(tee: Tee) -> None:
    x, y, curve = c.TEE_ATTR_ECC_PUBLIC_VALUE_X, c.TEE_ATTR_ECC_PUBLIC_VALUE_Y, {c.TEE_ATTR_ECC_CURVE: (5, 0)}
    pairs = [tee.new_key(c.TEE_TYPE_ECDH_KEYPAIR, 521, curve) for _ in range(2)]
    points = [{name: tee.attribute(pair, name)[2] for name in (x, y)} for pair in pairs]
    secrets = []
    for pair, point in zip(pairs, points[::-1], strict=True):
        state = tee.operation(c.TEE_ALG_ECDH_DERIVE_SHARED_SECRET, c.TEE_MODE_DERIVE, pair)
        into = tee.object(c.TEE_TYPE_GENERIC_SECRET, 4096)[1]
        assert tee.derive(state, into, point) == gp.TEE_SUCCESS
        secrets.append(tee.attribute(into, SECRET)[2])
        assert tee.info(into)[1][1] == 0  # the core does not tell the size
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) == 66


def test_a_key_of_another_kind_has_no_room_for_a_secret(tee: Tee) -> None:
    secret, public = c.TEE_ATTR_X25519_PRIVATE_VALUE, c.TEE_ATTR_X25519_PUBLIC_VALUE
    pair = tee.key(c.TEE_TYPE_X25519_KEYPAIR, 256, {secret: b"s" * 32, public: b"p" * 32})
    state = tee.operation(c.TEE_ALG_X25519, c.TEE_MODE_DERIVE, pair)
    peer = {public: b"\x09" + bytes(31)}
    assert tee.derive(state, pair, peer) == gp.TEE_ERROR_BAD_PARAMETERS
    assert tee.derive(state, tee.object(c.TEE_TYPE_GENERIC_SECRET, 256)[1], peer) == gp.TEE_SUCCESS


@pytest.mark.parametrize(
    "function, kind, name, length, code",
    [
        (
            0xC0,
            c.TEE_TYPE_HKDF_IKM,
            c.TEE_ATTR_HKDF_IKM,
            c.TEE_ATTR_HKDF_OKM_LENGTH,
            gp.TEE_ERROR_NOT_SUPPORTED,
        ),
        (
            *(0xC1, c.TEE_TYPE_CONCAT_KDF_Z, c.TEE_ATTR_CONCAT_KDF_Z),
            *(c.TEE_ATTR_CONCAT_KDF_DKM_LENGTH, gp.TEE_ERROR_NOT_IMPLEMENTED),
        ),
    ],
)
def test_a_derivation_with_no_digest(
    tee: Tee, function: int, kind: int, name: int, length: int, code: int
) -> None:
    state = tee.operation(0x80000000 | function, c.TEE_MODE_DERIVE, tee.key(kind, 256, {name: b"secret"}))
    into = tee.object(c.TEE_TYPE_GENERIC_SECRET, 4096)[1]
    assert tee.derive(state, into, [(length, (16, 0))]) == code


@pytest.mark.parametrize("place", [NOTHING, 0, 0xFFFF_FFFF_0000_0000])
def test_memory_that_is_not_the_ta_s(tee: Tee, place: int) -> None:
    state = aes(tee, c.TEE_ALG_AES_CBC_NOPAD, 0)
    pair = tee.new_key(c.TEE_TYPE_RSA_KEYPAIR, 512)
    handle = tee.object(c.TEE_TYPE_AES, 128)[1]
    denied = gp.TEE_ERROR_ACCESS_DENIED
    out, length = PRIVATE | 4096, PRIVATE | 16
    assert tee.svc(21, state, place, 16) == denied
    tee.cipher_init(state, bytes(16))
    tee.svc(24, handle, PRIVATE | 16)  # a length of which 16 fits into it
    assert tee.svc(22, state, place, 16, out, length) == denied
    assert tee.svc(24, handle, place) == denied
    assert tee.svc(30, handle, place, 1) == denied
    assert tee.svc(27, c.TEE_TYPE_AES, 128, place) == denied
    assert tee.svc(15, c.TEE_ALG_SHA256, 5, 0, 0, place) == denied
    assert tee.populate(handle, [(SECRET, KEY)]) == gp.TEE_SUCCESS
    assert tee.svc(26, handle, SECRET, PRIVATE | 4096, place) == denied
    raw = tee.operation(c.TEE_ALG_RSA_NOPAD, c.TEE_MODE_DECRYPT, pair)
    assert tee.svc(39, raw, place, 1, PRIVATE, 16, out, length) == denied
    assert tee.svc(39, raw, 0, 0, place, 16, out, length) == denied


def test_nothing_is_written_to_code(tee: Tee, client: Client) -> None:
    state = aes(tee, c.TEE_ALG_AES_CTR, 0)
    tee.cipher_init(state, bytes(16))
    client.put((16).to_bytes(8, "little"), 16)
    assert tee.svc(22, state, PRIVATE | 4096, 16, CODE, PRIVATE | 16) == gp.TEE_ERROR_ACCESS_DENIED
    assert tee.svc(22, state, CODE, 16, PRIVATE | 4096, PRIVATE | 16) == gp.TEE_SUCCESS  # reading it is right


def test_a_handle_that_is_none(tee: Tee) -> None:
    assert tee.info(99)[0] == gp.TEE_ERROR_BAD_STATE
    assert tee.attribute(99, SECRET)[0] == gp.TEE_ERROR_ITEM_NOT_FOUND
    for number in (16, 17, 18, 21, 22, 32, 34, 36, 39, 40):
        assert tee.svc(number, 99, 0, 0, 0, 0, 0, 0) == gp.TEE_ERROR_BAD_PARAMETERS, number
    for number in (25, 28, 29, 30, 31, 54):
        assert tee.svc(number, 99, 0, 0) == gp.TEE_ERROR_BAD_STATE, number
