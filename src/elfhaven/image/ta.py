# SPDX-License-Identifier: BSD-2-Clause
"""Signed TA files: made, parsed and verified (layouts in abi/ta_image.py)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi import ta_image as abi
from elfhaven.abi.ta_image import ImageType
from elfhaven.errors import ImageError, SignatureError
from elfhaven.image.keys import fingerprint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

    from elfhaven.image.keys import PrivateKey, PublicKey

_HASH = 32
_SALT = 32
MAX_SUBKEYS = 4
_NO_LIMIT = 0xFFFFFFFF  # what the root key allows as max_depth of a subkey, less one


class Algorithm(IntEnum):
    """shdr.algo."""

    RSASSA_PKCS1_PSS_MGF1_SHA256 = abi.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256
    RSASSA_PKCS1_V1_5_SHA256 = abi.TEE_ALG_RSASSA_PKCS1_V1_5_SHA256

    @property
    def padding(self) -> AsymmetricPadding:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        if self is Algorithm.RSASSA_PKCS1_V1_5_SHA256:
            return padding.PKCS1v15()
        return padding.PSS(padding.MGF1(hashes.SHA256()), _SALT)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signed header: what its hash covers, and the signature over the hash."""

    algorithm: Algorithm
    covered: bytes
    hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Subkey:
    """A SUBKEY header: its key signs what follows, for the UUIDs that `name` derives from `uuid`."""

    signed: Signed
    uuid: UUID
    name: str
    version: int
    max_depth: int
    key: PublicKey

    @property
    def next_uuid(self) -> UUID:
        """The UUID of what this key may sign: derived from its own by the name; its own without one."""
        return derived_uuid(self.uuid, self.name) if self.name else self.uuid


def derived_uuid(uuid: UUID, name: str) -> UUID:
    """The UUID of a name in a subkey's name space: version 5 as RFC 4122 has it, but of SHA-512."""
    return UUID(
        bytes=hashlib.sha512(uuid.bytes + name.encode("utf-8", "surrogateescape")).digest()[:16], version=5
    )


@dataclass(frozen=True, slots=True)
class Encryption:
    """How the image of an ENCRYPTED_TA is enciphered. `class_wide`: not under the device's own key."""

    algorithm: int
    class_wide: bool
    nonce: bytes
    tag: bytes


@dataclass(frozen=True, slots=True)
class TaFile:
    """A .ta; `image` is the ELF, or what it is enciphered to while `encryption` is not None.

    A file of the legacy type TA names no UUID; its `uuid` is the nil UUID.
    """

    name: str
    type: ImageType
    uuid: UUID
    ta_version: int
    image: bytes
    signed: Signed
    subkeys: tuple[Subkey, ...] = ()
    encryption: Encryption | None = None


def sign(
    elf: bytes,
    uuid: UUID,
    key: PrivateKey,
    algorithm: Algorithm = Algorithm.RSASSA_PKCS1_PSS_MGF1_SHA256,
    ta_version: int = 0,
) -> bytes:
    """A BOOTSTRAP_TA of `elf`. PSS draws a salt: two signatures of the same ELF differ."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import utils

    size = key.key_size // 8
    header = abi.SHDR.pack(abi.SHDR_MAGIC, ImageType.BOOTSTRAP_TA, len(elf), algorithm, _HASH, size)
    subheader = abi.BOOTSTRAP.pack(uuid.bytes, ta_version)
    digest = hashlib.sha256(header + subheader + elf).digest()
    signature = key.sign(digest, algorithm.padding, utils.Prehashed(hashes.SHA256()))
    return header + digest + signature + subheader + elf


def parse(data: bytes, name: str = "TA") -> TaFile:
    """Splits a .ta and checks every bound; ImageError if it is not exactly one. Nothing is verified."""
    subkeys: list[Subkey] = []
    at = 0
    while True:
        kind, size, signed, at = _header(data, at, name)
        if kind is not ImageType.SUBKEY:
            break
        if len(subkeys) == MAX_SUBKEYS:
            raise ImageError(f"{name}: malformed TA: more than {MAX_SUBKEYS} subkeys")
        subkey, at = _subkey(data, at, size, signed, name)
        subkeys.append(subkey)
    return _body(data, at, kind, size, signed, tuple(subkeys), name)


def verify(ta: TaFile, trusted: Iterable[PublicKey]) -> str:
    """Checks hash, then signature, of every header; the fingerprint of the trusted key that signed.

    SignatureError if any of it does not hold; ImageError for a TA that is still encrypted.
    """
    chain = check_hashes(ta)
    root = next((key for key in trusted if _holds(key, chain[0])), None)
    if root is None:
        raise SignatureError(
            f"{ta.name}: not signed by a trusted key",
            "sign it with a trusted key, or trust the key that signed it",
        )
    _verify_subkeys(ta)
    return fingerprint(root)


def check_hashes(ta: TaFile) -> list[Signed]:
    """Checks that the file is whole, whoever signed it; what is signed, in order. Raises as `verify`."""
    if ta.encryption is not None:
        raise ImageError(
            f"{ta.name}: an encrypted TA; only the device that holds its key can read it", "use a plain TA"
        )
    chain = [*(subkey.signed for subkey in ta.subkeys), ta.signed]
    for signed in chain:
        if hashlib.sha256(signed.covered).digest() != signed.hash:
            raise SignatureError(f"{ta.name}: its hash does not hold: the file was changed", "sign it again")
    return chain


def _verify_subkeys(ta: TaFile) -> None:
    chain = [*(subkey.signed for subkey in ta.subkeys), ta.signed]
    uuids_of = [*(subkey.uuid for subkey in ta.subkeys), ta.uuid]
    allowed = _NO_LIMIT
    for depth, subkey in enumerate(ta.subkeys):
        if subkey.max_depth >= allowed:
            raise SignatureError(
                f"{ta.name}: the subkey {subkey.uuid} is deeper than the one above it allows"
            )
        allowed = subkey.max_depth
        if not _holds(subkey.key, chain[depth + 1]):
            raise SignatureError(f"{ta.name}: not signed by the subkey {subkey.uuid}")
        if uuids_of[depth + 1] != subkey.next_uuid:
            raise SignatureError(
                f"{ta.name}: the subkey {subkey.uuid} may not sign for {uuids_of[depth + 1]}"
            )


def decrypted(ta: TaFile, key: bytes) -> TaFile:
    """The same file with its image in the clear; SignatureError where the key or the tag is wrong."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: few TAs are encrypted

    how = ta.encryption
    if how is None:
        return ta
    if how.algorithm != abi.TEE_ALG_AES_GCM or not 8 <= len(how.nonce) <= 128 or len(how.tag) != 16:
        raise ImageError(f"{ta.name}: malformed TA: enciphered with algorithm {how.algorithm:#x}")
    try:
        image = AESGCM(key).decrypt(how.nonce, ta.image + how.tag, None)
    except InvalidTag:
        raise SignatureError(
            f"{ta.name}: enciphered under another key, or changed", "encipher it for this device's key"
        ) from None
    head = ta.signed.covered[: len(ta.signed.covered) - len(ta.image)]
    return replace(ta, image=image, signed=replace(ta.signed, covered=head + image), encryption=None)


def _holds(key: PublicKey, signed: Signed) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import utils

    try:
        key.verify(signed.signature, signed.hash, signed.algorithm.padding, utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _take(data: bytes, at: int, size: int, what: str, name: str) -> bytes:
    if at + size > len(data):
        raise ImageError(f"{name}: truncated TA: {what} at offset {at:#x} ends beyond the file")
    return data[at : at + size]


def _header(data: bytes, at: int, name: str) -> tuple[ImageType, int, Signed, int]:
    """(type, image size, signature, offset after it); `covered` holds the header alone so far."""
    head = _take(data, at, abi.SHDR.size, "header", name)
    magic, kind, size, algorithm, hash_size, signature_size = abi.SHDR.unpack(head)
    if magic != abi.SHDR_MAGIC:
        raise ImageError(f"{name}: not a signed TA (no magic at offset {at:#x})")
    if algorithm not in Algorithm.__members__.values() or hash_size != _HASH:
        raise ImageError(f"{name}: malformed TA: algorithm {algorithm:#x} with a hash of {hash_size} bytes")
    if kind not in ImageType.__members__.values():
        raise ImageError(f"{name}: malformed TA: unknown type {kind}")
    digest = _take(data, at + abi.SHDR.size, _HASH, "hash", name)
    signature = _take(data, at + abi.SHDR.size + _HASH, signature_size, "signature", name)
    end = at + abi.SHDR.size + _HASH + signature_size
    return ImageType(kind), size, Signed(Algorithm(algorithm), head, digest, signature), end


def _body(
    data: bytes, at: int, kind: ImageType, size: int, signed: Signed, subkeys: tuple[Subkey, ...], name: str
) -> TaFile:
    covered, uuid, version, encryption = signed.covered, UUID(int=0), 0, None
    if kind is not ImageType.TA:
        bootstrap = _take(data, at, abi.BOOTSTRAP.size, "subheader", name)
        raw_uuid, version = abi.BOOTSTRAP.unpack(bootstrap)
        uuid, covered, at = UUID(bytes=raw_uuid), covered + bootstrap, at + len(bootstrap)
    if kind is ImageType.ENCRYPTED_TA:
        encryption, raw = _encryption(data, at, name)
        covered, at = covered + raw, at + len(raw)
    image = _take(data, at, size, "image", name)
    if at + size != len(data):
        raise ImageError(f"{name}: malformed TA: {len(data) - at - size} bytes follow its image")
    whole = Signed(signed.algorithm, covered + image, signed.hash, signed.signature)
    return TaFile(name, kind, uuid, version, image, whole, subkeys, encryption)


def _encryption(data: bytes, at: int, name: str) -> tuple[Encryption, bytes]:
    """The encryption header at an offset, and its bytes."""
    head = _take(data, at, abi.ENCRYPTED.size, "encryption header", name)
    algorithm, flags, nonce_size, tag_size = abi.ENCRYPTED.unpack(head)
    raw = _take(data, at, len(head) + nonce_size + tag_size, "iv and tag", name)
    nonce, tag = raw[len(head) : len(head) + nonce_size], raw[len(head) + nonce_size :]
    return Encryption(algorithm, bool(flags & abi.ENC_KEY_CLASS_WIDE), nonce, tag), raw


def _subkey(data: bytes, at: int, size: int, signed: Signed, name: str) -> tuple[Subkey, int]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    raw = _take(data, at, size, "subkey", name)
    head = _take(raw, 0, abi.SUBKEY.size, "subkey header", name)
    raw_uuid, name_size, version, max_depth, _, count = abi.SUBKEY.unpack(head)
    attributes: dict[int, int] = {}
    for index in range(min(count, 16)):
        place = abi.SUBKEY.size + index * abi.SUBKEY_ATTR.size
        row = _take(raw, place, abi.SUBKEY_ATTR.size, "attribute", name)
        number, offset, length = abi.SUBKEY_ATTR.unpack(row)
        attributes[number] = int.from_bytes(_take(raw, offset, length, "attribute", name), "big")
    try:
        exponent, modulus = attributes[abi.TEE_ATTR_RSA_PUBLIC_EXPONENT], attributes[abi.TEE_ATTR_RSA_MODULUS]
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except (KeyError, ValueError) as error:
        raise ImageError(f"{name}: malformed TA: the subkey at offset {at:#x} is no RSA key") from error
    label = _take(data, at + size, name_size, "subkey name", name).split(b"\0")[0]
    whole = Signed(signed.algorithm, signed.covered + raw, signed.hash, signed.signature)
    subkey = Subkey(
        whole, UUID(bytes=raw_uuid), label.decode("utf-8", "surrogateescape"), version, max_depth, key
    )
    return subkey, at + size + name_size
