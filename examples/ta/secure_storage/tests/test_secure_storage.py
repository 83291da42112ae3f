# SPDX-License-Identifier: BSD-2-Clause
"""Writing, reading, deleting; and what is left after the device was off."""

import pytest
from proto import DELETE, NAMES, READ, UUID, WRITE
from ta import SecureStorage

from elfhaven.client import Context, ItemNotFound, MemRef, ShortBuffer

CONTENT = bytes(range(256)) * 30


def write(session, name, content):
    session.invoke(WRITE, MemRef.input(name), MemRef.input(content))


def read(session, name, room=8000):
    return session.invoke(READ, MemRef.input(name), MemRef.output(room))[1]


def test_a_life(session):
    write(session, b"one", CONTENT)
    write(session, b"two", b"")
    assert read(session, b"one") == CONTENT
    assert read(session, b"two") == b""
    assert sorted(session.invoke(NAMES, MemRef.output(100))[0].split()) == [b"one", b"two"]
    write(session, b"one", b"new")
    assert read(session, b"one") == b"new"
    session.invoke(DELETE, MemRef.input(b"one"))
    with pytest.raises(ItemNotFound):
        read(session, b"one")


def test_too_little_room(session):
    write(session, b"one", CONTENT)
    with pytest.raises(ShortBuffer) as caught:
        read(session, b"one", 10)
    assert caught.value.sizes == (None, len(CONTENT))


def test_switched_off_and_on(tmp_path):
    for step in (write, lambda session, name, content: read(session, name) == content or pytest.fail("lost")):
        with Context(tas=[SecureStorage], state=tmp_path) as tee, tee.open_session(UUID) as session:
            step(session, b"kept", CONTENT)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert CONTENT[:64] not in stored
