# SPDX-License-Identifier: BSD-2-Clause
"""Signed TA files: made, verified, and refused when changed."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from elfhaven.abi import ta_image as abi
from elfhaven.errors import ImageError, SignatureError, StateError
from elfhaven.image import keys, ta
from elfhaven.image.ta import Algorithm

UUID_1 = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")
ELF = b"\x7fELF and so on"


@pytest.fixture(scope="module")
def key() -> keys.PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def other() -> keys.PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_is_signed_verifies(key: keys.PrivateKey, other: keys.PrivateKey, algorithm: Algorithm) -> None:
    made = ta.parse(ta.sign(ELF, UUID_1, key, algorithm, ta_version=7))
    assert (made.type, made.uuid, made.ta_version) == (abi.ImageType.BOOTSTRAP_TA, UUID_1, 7)
    assert made.image == ELF
    trusted = [other.public_key(), key.public_key()]
    assert ta.verify(made, trusted) == keys.fingerprint(key.public_key())


def test_layout_is_op_tees(key: keys.PrivateKey) -> None:
    raw = ta.sign(ELF, UUID_1, key)
    assert raw[:20] == b"HSTO" + bytes.fromhex("01000000") + len(ELF).to_bytes(4, "little") + bytes.fromhex(
        "3049417020000001"
    )
    assert raw[20 + 32 + 256 : 20 + 32 + 256 + 20] == UUID_1.bytes + bytes(4)
    covered = raw[:20] + raw[308:]
    assert raw[20:52] == hashlib.sha256(covered).digest()


def test_untrusted_key_is_refused(key: keys.PrivateKey, other: keys.PrivateKey) -> None:
    made = ta.parse(ta.sign(ELF, UUID_1, key))
    with pytest.raises(SignatureError, match="not signed by a trusted key"):
        ta.verify(made, [other.public_key()])
    with pytest.raises(SignatureError, match="not signed by a trusted key"):
        ta.verify(made, [])


def test_every_changed_byte_is_refused(key: keys.PrivateKey) -> None:
    raw = ta.sign(ELF, UUID_1, key)
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]
        with pytest.raises(ImageError):
            ta.verify(ta.parse(changed), [key.public_key()])


def test_every_truncation_and_a_tail_are_refused(key: keys.PrivateKey) -> None:
    raw = ta.sign(ELF, UUID_1, key)
    for size in range(len(raw)):
        with pytest.raises(ImageError, match=r"truncated|not a signed"):
            ta.parse(raw[:size])
    with pytest.raises(ImageError, match="1 bytes follow"):
        ta.parse(raw + b"\0")


def signed(kind: int, size: int, body: bytes, key: keys.PrivateKey, tail: bytes = b"") -> bytes:
    """A header of any type over `body`; `tail` follows unsigned."""
    head = abi.SHDR.pack(abi.SHDR_MAGIC, kind, size, Algorithm.RSASSA_PKCS1_PSS_MGF1_SHA256, 32, 256)
    digest = hashlib.sha256(head + body).digest()
    padding = Algorithm.RSASSA_PKCS1_PSS_MGF1_SHA256.padding
    return head + digest + key.sign(digest, padding, utils.Prehashed(hashes.SHA256())) + body + tail


def test_an_encrypted_ta_is_refused_until_it_is_deciphered(key: keys.PrivateKey) -> None:
    sub = abi.BOOTSTRAP.pack(UUID_1.bytes, 3) + abi.ENCRYPTED.pack(0x40000810, 0, 12, 16) + bytes(28)
    made = ta.parse(signed(2, 5, sub + b"12345", key))
    assert (made.type, made.uuid, made.image) == (abi.ImageType.ENCRYPTED_TA, UUID_1, b"12345")
    with pytest.raises(ImageError, match="an encrypted TA"):
        ta.verify(made, [key.public_key()])
    legacy = ta.parse(signed(0, 3, b"elf", key))
    assert (legacy.uuid, legacy.image) == (uuid.UUID(int=0), b"elf")  # it names no TA
    assert ta.verify(legacy, [key.public_key()]) == keys.fingerprint(key.public_key())
    with pytest.raises(ImageError, match="unknown type 9"):
        ta.parse(signed(9, 0, b"", key))


def chain(
    root: keys.PrivateKey, child: keys.PrivateKey, ta_uuid: uuid.UUID, name: bytes, depth: int = 0
) -> bytes:
    """A TA signed by a subkey that `root` signed."""
    numbers = child.public_key().public_numbers()
    modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
    head = abi.SUBKEY.pack(UUID_1.bytes, len(name), 1, depth, Algorithm.RSASSA_PKCS1_PSS_MGF1_SHA256, 2)
    at = len(head) + 2 * abi.SUBKEY_ATTR.size
    rows = abi.SUBKEY_ATTR.pack(abi.TEE_ATTR_RSA_MODULUS, at, len(modulus))
    rows += abi.SUBKEY_ATTR.pack(abi.TEE_ATTR_RSA_PUBLIC_EXPONENT, at + len(modulus), len(exponent))
    body = head + rows + modulus + exponent
    return signed(3, len(body), body, root, name + ta.sign(ELF, ta_uuid, child))


def test_subkeys_sign_for_their_uuids(key: keys.PrivateKey, other: keys.PrivateKey) -> None:
    named = ta.derived_uuid(UUID_1, "mine")
    made = ta.parse(chain(key, other, named, b"mine\0"))
    assert [subkey.name for subkey in made.subkeys] == ["mine"]
    assert ta.verify(made, [key.public_key()]) == keys.fingerprint(key.public_key())
    with pytest.raises(SignatureError, match="may not sign for"):
        ta.verify(ta.parse(chain(key, other, UUID_1, b"mine\0")), [key.public_key()])
    with pytest.raises(SignatureError, match="trusted key"):
        ta.verify(made, [other.public_key()])
    outer = chain(key, other, UUID_1, b"")
    assert ta.verify(ta.parse(outer), [key.public_key()])
    inner = outer[: -len(ta.sign(ELF, UUID_1, other))]
    with pytest.raises(SignatureError, match="not signed by the subkey"):
        ta.verify(ta.parse(inner + ta.sign(ELF, UUID_1, key)), [key.public_key()])


def test_a_name_space_is_of_sha512() -> None:
    """As in the chain of Debian's own subkeys."""
    first = uuid.UUID("f04fa996-148a-453c-b037-1dcfbad120a6")
    second = uuid.UUID("1a5948c5-1aa0-518c-86f4-be6f6a057b16")
    assert ta.derived_uuid(first, "mid_level_subkey") == second
    assert ta.derived_uuid(second, "subkey1_ta") == uuid.UUID("5c206987-16a3-59cc-ab0f-64b9cfc9e758")


def test_a_subkey_may_not_be_deeper_than_the_one_above_it(
    key: keys.PrivateKey, other: keys.PrivateKey
) -> None:
    for upper, lower, holds in ((1, 0, True), (2, 0, True), (0, 0, False), (1, 1, False)):
        inner = chain(other, other, UUID_1, b"", lower)
        outer = chain(key, other, UUID_1, b"", upper)
        whole = ta.parse(outer[: -len(ta.sign(ELF, UUID_1, other))] + inner)
        assert [subkey.max_depth for subkey in whole.subkeys] == [upper, lower]
        if holds:
            ta.verify(whole, [key.public_key()])
            continue
        with pytest.raises(SignatureError, match="deeper"):
            ta.verify(whole, [key.public_key()])


def test_development_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key.pem"
    made = keys.load_or_generate(path)
    assert made.key_size == 2048
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = keys.load_or_generate(path)
    assert keys.fingerprint(again.public_key()) == keys.fingerprint(made.public_key())
    assert keys.fingerprint(keys.load_public(path)) == keys.fingerprint(made.public_key())
    with pytest.raises(StateError, match="cannot make the key"):
        keys.generate(path)
    assert os.listdir(path.parent) == ["key.pem"]


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    form = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, form)


def test_keys_that_cannot_sign_are_refused(tmp_path: Path, key: keys.PrivateKey) -> None:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    cases = {
        "small": (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits"),
        "curve": (pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
        "locked": (pem(key, b"secret"), "password"),
        "public": (public, "a public key"),
        "text": (b"hello", "PEM"),
    }
    for name, (raw, message) in cases.items():
        path = tmp_path / name
        path.write_bytes(raw)
        with pytest.raises(ImageError, match=message):
            keys.load(path)
    with pytest.raises(ImageError, match="cannot read the key"):
        keys.load(tmp_path / "absent")
    assert keys.load_public(tmp_path / "public").key_size == 2048
