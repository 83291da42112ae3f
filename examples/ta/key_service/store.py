# SPDX-License-Identifier: BSD-2-Clause
"""Where the keys lie: for a name a record with kind and newest version, and an object for each version."""

from collections.abc import Iterator
from dataclasses import dataclass

from proto import AUTHENTICATION, ENCRYPTION, LONGEST_NAME, SIGNING

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    Access,
    AccessConflict,
    Attribute,
    BadParameters,
    Digest,
    Identity,
    ItemNotFound,
    ObjectEnumerator,
    PersistentObject,
    TransientObject,
)
from elfhaven.ta.storage import ALL

RECORD, KEY = b"r", b"k"
OWNER = 12
MADE = {
    ENCRYPTION: (gp.TEE_TYPE_AES, ()),
    AUTHENTICATION: (gp.TEE_TYPE_HMAC_SHA256, ()),
    SIGNING: (
        gp.TEE_TYPE_ECDSA_KEYPAIR,
        (Attribute.value(gp.TEE_ATTR_ECC_CURVE, gp.TEE_ECC_CURVE_NIST_P256),),
    ),
}
BITS = 256


@dataclass(frozen=True)
class Name:
    """A name of one client."""

    owner: bytes
    text: bytes

    @classmethod
    def of(cls, client: Identity, text: bytes) -> "Name":
        if not 0 < len(text) <= LONGEST_NAME:
            raise BadParameters(f"a name has 1 to {LONGEST_NAME} bytes")
        return cls(owner_of(client), text)

    @property
    def record(self) -> bytes:
        return RECORD + self.owner + self.text

    def key(self, version: int) -> bytes:
        return KEY + bytes([version]) + self.owner + self.text


def owner_of(client: Identity) -> bytes:
    with Digest(gp.TEE_ALG_SHA256) as digest:
        return digest.finish(client.login.to_bytes(4, "little") + client.uuid.bytes)[:OWNER]


def look_up(name: Name, kind: int) -> int:
    """The newest version of a key. BadParameters where it is for something else."""
    found, version = _read(name)
    if found != kind:
        raise BadParameters(f"the key {name.text!r} is of kind {found}, and not {kind}")
    return version


def _read(name: Name) -> tuple[int, int]:
    with PersistentObject.open(name.record) as record:
        kind, version = record.read()
    return kind, version


def create(name: Name, kind: int) -> None:
    """AccessConflict for a name that is taken. The record is made last: without it there is no key."""
    if kind not in MADE:
        raise BadParameters(f"no kind {kind}")
    _make(name, kind, 0)
    PersistentObject.create(name.record, bytes([kind, 0]), ALL).close()


def renew(name: Name) -> int:
    kind, version = _read(name)
    if version == 255:
        raise BadParameters("a key has 256 versions at most")
    _make(name, kind, version + 1)
    PersistentObject.create(name.record, bytes([kind, version + 1]), ALL | Access.OVERWRITE).close()
    return version + 1


def _make(name: Name, kind: int, version: int) -> None:
    """OVERWRITE: what a loss of power has left without a record is nobody's."""
    if version == 0:
        _must_be_free(name)
    type_, attributes = MADE[kind]
    with TransientObject(type_, BITS) as key:
        key.generate(BITS, *attributes)
        PersistentObject.create(name.key(version), b"", ALL | Access.OVERWRITE, attributes=key).close()


def _must_be_free(name: Name) -> None:
    try:
        PersistentObject.open(name.record).close()
    except ItemNotFound:
        return
    raise AccessConflict(f"there is a key {name.text!r}")


def opened(name: Name, version: int) -> PersistentObject:
    return PersistentObject.open(name.key(version))


def remove(name: Name) -> None:
    """The record first, as it was made last."""
    _, newest = _read(name)
    PersistentObject.open(name.record, Access.WRITE_META).delete()
    for version in range(newest + 1):
        PersistentObject.open(name.key(version), Access.WRITE_META).delete()


def names(client: Identity) -> Iterator[bytes]:
    prefix = RECORD + owner_of(client)
    with ObjectEnumerator() as objects:
        for id, _ in objects:
            if id.startswith(prefix):
                yield id[len(prefix) :]
