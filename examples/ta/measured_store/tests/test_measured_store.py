# SPDX-License-Identifier: BSD-2-Clause
"""Registers, quotes and sealed secrets, over sessions and switched-off devices."""

import pytest
from client import START, expected, measure, public, quote, seal, unseal, verify
from cryptography.exceptions import InvalidSignature
from proto import EXTEND, READ, REGISTERS, SIZE, UUID
from ta import MeasuredStore

from elfhaven.client import AccessDenied, BadFormat, BadParameters, Context, MemRef, Value


def register(session, number):
    return session.invoke(READ, Value(number), MemRef.output(SIZE))[1]


def test_registers(tee, session):
    assert register(session, 0) == bytes(SIZE)
    for step in START:
        measure(session, 0, step)
    session.close()
    with tee.open_session(UUID) as another:
        assert register(another, 0) == expected(*START)
        assert register(another, 1) == bytes(SIZE)
        for number, digest in ((REGISTERS, bytes(SIZE)), (0, bytes(SIZE - 1))):
            with pytest.raises(BadParameters):
                another.invoke(EXTEND, Value(number), MemRef.input(digest))


def test_quotes(session):
    measure(session, 0, b"one")
    measure(session, 3, b"two")
    held = {0: expected(b"one"), 3: expected(b"two")}
    key, (message, signature) = public(session), quote(session, 0b1001, b"nonce")
    verify(key, message, signature, b"nonce", held)
    with pytest.raises(ValueError):
        verify(key, message, signature, b"another", held)
    with pytest.raises(ValueError):
        verify(key, message, signature, b"nonce", held | {3: expected(b"three")})
    with pytest.raises(InvalidSignature):
        verify(key, message[:-1] + b"x", signature, b"noncx", held)
    for selection in (0, 1 << REGISTERS):
        with pytest.raises(BadParameters):
            quote(session, selection, b"")


def test_sealed_secrets(session):
    measure(session, 0, b"one")
    blob = seal(session, 1, b"secret")
    assert b"secret" not in blob
    measure(session, 5, b"not selected")
    assert unseal(session, blob) == b"secret"
    for place in range(4, len(blob)):
        with pytest.raises(AccessDenied):
            unseal(session, blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :])
    with pytest.raises(AccessDenied):
        unseal(session, b"\2" + blob[1:])  # bound to another register
    with pytest.raises(BadFormat):
        unseal(session, blob[:20])
    measure(session, 0, b"two")
    with pytest.raises(AccessDenied):
        unseal(session, blob)


def test_a_start_that_repeats_opens_again(tmp_path):
    blobs, keys = [], set()
    for steps in (START, START, START[::-1]):
        with Context(tas=[MeasuredStore], state=tmp_path) as tee, tee.open_session(UUID) as session:
            keys.add(public(session).public_numbers())
            for step in steps:
                measure(session, 0, step)
            if not blobs:
                blobs.append(seal(session, 1, b"secret"))
            if steps == START:
                assert unseal(session, blobs[0]) == b"secret"
            else:
                with pytest.raises(AccessDenied):
                    unseal(session, blobs[0])
    assert len(keys) == 1


def test_another_device(session, tmp_path):
    blob = seal(session, 1, b"secret")
    with (
        Context(tas=[MeasuredStore], state=tmp_path / "another") as tee,
        tee.open_session(UUID) as other,
        pytest.raises(AccessDenied),
    ):
        unseal(other, blob)
