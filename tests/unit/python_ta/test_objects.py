# SPDX-License-Identifier: BSD-2-Clause
"""Objects, attributes, trusted storage."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as alg
from elfhaven.errors import UsageError
from elfhaven.ta import (
    AccessConflict,
    Attribute,
    BadParameters,
    BadState,
    ItemNotFound,
    NotSupported,
    ObjectEnumerator,
    OutOfMemory,
    PersistentObject,
    TransientObject,
)
from elfhaven.ta.storage import ALL, Access, Whence

from .conftest import Inside

KEY = bytes(range(16))


def test_transient_objects(inside: Inside) -> None:
    def work() -> None:
        with TransientObject.secret(alg.TEE_TYPE_AES, KEY, 256) as key:
            info = key.info
            assert (info.type, info.size, info.max_size) == (alg.TEE_TYPE_AES, 128, 256)
            assert info.initialized
            assert not info.persistent
            assert key.attribute(alg.TEE_ATTR_SECRET_VALUE) == KEY
            with TransientObject(alg.TEE_TYPE_AES, 256) as copy:
                copy.copy_from(key)
                key.restrict_usage(0)
                assert copy.attribute(alg.TEE_ATTR_SECRET_VALUE) == KEY
            with pytest.raises(BadParameters):
                key.attribute(alg.TEE_ATTR_SECRET_VALUE)
            key.reset()
            assert not key.info.initialized
            key.generate(192)
            assert len(key.attribute(alg.TEE_ATTR_SECRET_VALUE)) == 24
            with pytest.raises(BadState):
                key.generate(192)
        key.close()

    inside(work)


def test_a_pair_and_its_public_half(inside: Inside) -> None:
    def work() -> None:
        with TransientObject(alg.TEE_TYPE_ECDSA_KEYPAIR, 256) as pair:
            pair.generate(256, Attribute.value(alg.TEE_ATTR_ECC_CURVE, alg.TEE_ECC_CURVE_NIST_P256))
            assert pair.value(alg.TEE_ATTR_ECC_CURVE) == (alg.TEE_ECC_CURVE_NIST_P256, 0)
            with TransientObject(alg.TEE_TYPE_ECDSA_PUBLIC_KEY, 256) as public:
                public.copy_from(pair)
                for id in (alg.TEE_ATTR_ECC_PUBLIC_VALUE_X, alg.TEE_ATTR_ECC_PUBLIC_VALUE_Y):
                    assert public.attribute(id) == pair.attribute(id)
                with pytest.raises(ItemNotFound):
                    public.attribute(alg.TEE_ATTR_ECC_PRIVATE_VALUE)

    inside(work)


def test_attributes_of_the_wrong_form(inside: Inside) -> None:
    with pytest.raises(UsageError, match=r"Attribute\.value"):
        Attribute.ref(alg.TEE_ATTR_ECC_CURVE, b"x")
    with pytest.raises(UsageError, match=r"Attribute\.ref"):
        Attribute.value(alg.TEE_ATTR_SECRET_VALUE, 1)
    with pytest.raises(NotSupported):
        inside(TransientObject, alg.TEE_TYPE_AES, 100)
    with pytest.raises(UsageError, match="outside of a TA"):
        TransientObject(alg.TEE_TYPE_AES, 128)


def test_a_stream(inside: Inside) -> None:
    def work() -> None:
        with PersistentObject.create(b"log", b"hello") as log:
            assert (len(log), log.position) == (5, 0)
            log.seek(0, Whence.END)
            log.write(b" world" * 5000)
            log.seek(-6, Whence.CURRENT)
            assert log.read(100) == b" world"
            log.truncate(8)
            log.seek(1)
            assert log.read() == b"ello wo"
            with pytest.raises(AccessConflict):
                PersistentObject.open(b"log")
            log.rename(b"book")
        with PersistentObject.open(b"book", Access.READ) as book:
            assert book.read() == b"hello wo"
            with pytest.raises(AccessConflict):
                book.write(b"no")
        with pytest.raises(AccessConflict):
            PersistentObject.create(b"book")
        with PersistentObject.create(b"book", b"", ALL | Access.OVERWRITE) as book:
            assert len(book) == 0
            book.delete()
        with pytest.raises(ItemNotFound):
            PersistentObject.open(b"book")

    inside(work)


def test_large_data(inside: Inside) -> None:
    """More than lies ready for the buffers of a call, and more than the TA may have."""

    def work() -> None:
        data = bytes(range(256)) * 400
        with PersistentObject.create(b"large") as large:
            large.write(data)
            large.seek(0)
            assert large.read() == data
            with pytest.raises(OutOfMemory):
                large.read(300 << 10)

    inside(work)


def test_a_key_in_storage(inside: Inside) -> None:
    def work() -> None:
        with TransientObject.secret(alg.TEE_TYPE_AES, KEY) as key:
            PersistentObject.create(b"key", b"note", attributes=key).close()
        with PersistentObject.open(b"key") as stored:
            assert stored.info.persistent
            assert stored.attribute(alg.TEE_ATTR_SECRET_VALUE) == KEY
            assert stored.read() == b"note"

    inside(work)


def test_enumeration(inside: Inside) -> None:
    def work() -> None:
        with ObjectEnumerator() as none:
            assert list(none) == []
        for name in (b"a", b"b"):
            PersistentObject.create(name, b"x" * 7).close()
        with ObjectEnumerator() as some:
            assert sorted((id, info.data_size) for id, info in some) == [(b"a", 7), (b"b", 7)]
            some.reset()
            with pytest.raises(ItemNotFound):
                some.next()
            some.start()
            assert some.next()[0] in (b"a", b"b")

    inside(work)
