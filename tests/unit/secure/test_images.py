# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of TA files that the core loads: encrypted ones, ones signed by subkeys, and their versions."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from elfhaven.abi import ta_image as abi
from elfhaven.image import ta
from elfhaven.secure.store import ta_encryption_key

from . import probe
from .normal_world import NormalWorld

SECURITY, CONFLICT = 0xFFFF000F, 0xFFFF0003
PSS = ta.Algorithm.RSASSA_PKCS1_PSS_MGF1_SHA256
HUK = bytes(range(16))


def head(kind: int, size: int, covered: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """A signed header over `covered`."""
    raw = abi.SHDR.pack(abi.SHDR_MAGIC, kind, size, PSS, 32, key.key_size // 8)
    digest = hashlib.sha256(raw + covered).digest()
    return raw + digest + key.sign(digest, PSS.padding, utils.Prehashed(hashes.SHA256()))


def encrypted(uuid: UUID, key: bytes, *, class_wide: bool = False, version: int = 0) -> bytes:
    """The probe as an ENCRYPTED_TA."""
    elf, nonce = probe.image(uuid), bytes(range(12))
    sealed = AESGCM(key).encrypt(nonce, elf, None)
    more = abi.BOOTSTRAP.pack(uuid.bytes, version)
    more += abi.ENCRYPTED.pack(abi.TEE_ALG_AES_GCM, int(class_wide), 12, 16) + nonce + sealed[-16:]
    return head(2, len(elf), more + elf, probe.key()) + more + sealed[:-16]


def subkey(own: rsa.RSAPrivateKey, uuid: UUID, name: str, version: int, depth: int = 0) -> bytes:
    """A SUBKEY header for `own`, signed by the trusted key; a TA of `own` may follow."""
    numbers = own.public_key().public_numbers()
    modulus, exponent = numbers.n.to_bytes(256, "big"), numbers.e.to_bytes(3, "big")
    raw = name.encode() + b"\0"
    at = abi.SUBKEY.size + 2 * abi.SUBKEY_ATTR.size
    body = abi.SUBKEY.pack(uuid.bytes, len(raw), version, depth, PSS, 2)
    body += abi.SUBKEY_ATTR.pack(abi.TEE_ATTR_RSA_MODULUS, at, len(modulus))
    body += abi.SUBKEY_ATTR.pack(abi.TEE_ATTR_RSA_PUBLIC_EXPONENT, at + len(modulus), 3)
    body += modulus + exponent
    return head(3, len(body), body, probe.key()) + body + raw


@pytest.fixture(scope="module")
def child() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_an_encrypted_ta_needs_the_key_of_this_device() -> None:
    own = ta_encryption_key(HUK, probe.key().public_key())
    uuid = uuid4()
    for huk, result in ((HUK, 0), (bytes(16), SECURITY)):
        world = NormalWorld(huk=huk)
        world.tas[uuid] = encrypted(uuid, own)
        assert world.open(uuid).result == result
        world.close()


def test_an_encrypted_ta_that_was_changed_is_refused() -> None:
    own = ta_encryption_key(HUK, probe.key().public_key())
    uuid = uuid4()
    raw = bytearray(encrypted(uuid, own))
    raw[-1] ^= 1
    world = NormalWorld(huk=HUK)
    world.tas[uuid] = bytes(raw)
    assert world.open(uuid).result == SECURITY
    world.close()


def test_a_class_wide_key_opens_what_is_encrypted_for_the_class() -> None:
    shared, uuid = bytes(range(32)), uuid4()
    for given, result in ((shared, 0), (bytes(32), SECURITY), (None, SECURITY)):
        world = NormalWorld(huk=HUK, class_key=given)
        world.tas[uuid] = encrypted(uuid, shared, class_wide=True)
        assert world.open(uuid).result == result
        world.close()


def test_a_subkey_signs_in_its_own_name_space_alone(world: NormalWorld, child: rsa.RSAPrivateKey) -> None:
    space = uuid4()
    inside, outside = ta.derived_uuid(space, "mine"), uuid4()
    for uuid, result in ((inside, 0), (outside, SECURITY)):
        world.tas[uuid] = subkey(child, space, "mine", 1) + ta.sign(probe.image(uuid), uuid, child)
        assert world.open(uuid).result == result


def test_an_older_subkey_is_refused(world: NormalWorld, child: rsa.RSAPrivateKey) -> None:
    space = uuid4()
    uuid = ta.derived_uuid(space, "mine")
    signed = ta.sign(probe.image(uuid), uuid, child)
    for version, result in ((3, 0), (2, SECURITY), (3, 0), (4, 0), (3, SECURITY)):
        world.tas[uuid] = subkey(child, space, "mine", version) + signed
        assert world.open(uuid).result == result, version


def test_a_file_without_version_is_older_than_any(world: NormalWorld) -> None:
    uuid = uuid4()
    for version, result in ((0, 0), (1, 0), (0, CONFLICT)):
        world.tas[uuid] = probe.signed(uuid, version=version)
        assert world.open(uuid).result == result


def test_a_legacy_file_names_no_ta(world: NormalWorld) -> None:
    uuid = uuid4()
    elf = probe.image(uuid)
    world.tas[uuid] = head(0, len(elf), elf, probe.key()) + elf
    assert world.open(uuid).result == 0
