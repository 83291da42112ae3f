# SPDX-License-Identifier: BSD-2-Clause
"""Keys of all kinds, their versions, and clients that do not see each other's."""

import hashlib
from contextlib import suppress

import pytest
from client import Keys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from proto import AUTHENTICATION, ENCRYPTION, MAC, PUBLIC, REMOVE, SIGN, SIGNING, UUID

from elfhaven.client import (
    AccessConflict,
    BadFormat,
    BadParameters,
    ItemNotFound,
    Login,
    MacInvalid,
    MemRef,
    StorageNoSpace,
)


@pytest.fixture
def keys(session):
    return Keys(session)


def test_encryption_and_versions(keys):
    keys.create("a", ENCRYPTION)
    old = keys.encrypt("a", b"one")
    assert keys.encrypt("a", b"one") != old
    assert keys.renew("a") == 1
    new = keys.encrypt("a", b"two")
    assert (old[0], new[0]) == (0, 1)
    assert (keys.decrypt("a", old), keys.decrypt("a", new)) == (b"one", b"two")


def test_changed_text(keys):
    keys.create("a", ENCRYPTION)
    keys.create("b", ENCRYPTION)
    keys.renew("a")
    data = keys.encrypt("a", b"one")
    for place in range(1, len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(MacInvalid):
            keys.decrypt("a", bytes(changed))
    with pytest.raises(MacInvalid):
        keys.decrypt("a", b"\0" + data[1:])
    for wrong in (b"\2" + data[1:], data[:20], b""):
        with pytest.raises(BadFormat):
            keys.decrypt("a", wrong)
    with pytest.raises((MacInvalid, BadFormat)):
        keys.decrypt("b", data)


def test_macs(keys):
    keys.create("m", AUTHENTICATION)
    mac = keys.with_room(MAC, "m", b"message", 32)
    assert mac == keys.with_room(MAC, "m", b"message", 32)
    assert mac != keys.with_room(MAC, "m", b"massage", 32)
    assert mac != hashlib.sha256(b"message").digest()


def test_signatures(keys):
    keys.create("s", SIGNING)
    signature = keys.with_room(SIGN, "s", b"message", 64)
    public = keys.session.invoke(PUBLIC, MemRef.input(b"s"), MemRef.output(64))[1]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + public)
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), b"message", ec.ECDSA(SHA256()))


def test_a_key_is_for_one_thing(keys):
    keys.create("s", SIGNING)
    with pytest.raises(BadParameters):
        keys.encrypt("s", b"text")
    with pytest.raises(BadParameters):
        keys.with_room(MAC, "s", b"text", 32)
    with pytest.raises(BadParameters):
        keys.create("other", 9)


def test_names(keys):
    for name in ("one", "two"):
        keys.create(name, AUTHENTICATION)
    assert keys.names() == ["one", "two"]
    with pytest.raises(AccessConflict):
        keys.create("one", ENCRYPTION)
    keys.session.invoke(REMOVE, MemRef.input(b"one"))
    assert keys.names() == ["two"]
    with pytest.raises(ItemNotFound):
        keys.with_room(MAC, "one", b"", 32)
    keys.create("one", ENCRYPTION)
    for name in ("", "x" * 41):
        with pytest.raises(BadParameters):
            keys.create(name, ENCRYPTION)


def test_clients_are_apart(tee, keys):
    keys.create("a", ENCRYPTION)
    with tee.open_session(UUID, login=Login.USER) as session:
        other = Keys(session)
        assert other.names() == []
        with pytest.raises(ItemNotFound):
            other.decrypt("a", keys.encrypt("a", b"text"))
        other.create("a", ENCRYPTION)
        with pytest.raises(MacInvalid):
            other.decrypt("a", keys.encrypt("a", b"text"))


def test_power_that_goes(device, power_loss):
    """A renewed key has its new version or not; what was encrypted opens in any case."""

    with device.tee.open_session(UUID) as session:
        Keys(session).create("a", ENCRYPTION)
        data = Keys(session).encrypt("a", b"one")
    seen = set()

    def check(tee):
        keys = Keys(tee.open_session(UUID))
        assert keys.decrypt("a", data) == b"one"
        seen.add(keys.encrypt("a", b"two")[0])
        keys.renew("a")

    assert power_loss(lambda tee: Keys(tee.open_session(UUID)).renew("a"), check, torn=(0.5,)) > 5
    assert seen == {0, 1}


def test_no_failing_call_kills_it(tee, faults):
    def work():
        with tee.open_session(UUID) as session:
            keys = Keys(session)
            with suppress(AccessConflict):
                keys.create("a", ENCRYPTION)
            keys.encrypt("a", b"text")
            keys.renew("a")
            session.invoke(REMOVE, MemRef.input(b"a"))

    assert faults.each(work, StorageNoSpace) > 20
    work()
