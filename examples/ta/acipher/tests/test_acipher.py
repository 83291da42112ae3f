# SPDX-License-Identifier: BSD-2-Clause
"""There and back; another text each time; nothing without a pair."""

import pytest
from proto import DECRYPT, ENCRYPT, GENERATE, SIZE

from elfhaven.client import BadState, MemRef, TeeError, Value


def test_there_and_back(session):
    session.invoke(GENERATE, Value(1024))
    assert session.invoke(SIZE, Value.output())[0].a == 128
    made = [session.invoke(ENCRYPT, MemRef.input(b"text"), MemRef.output(128))[1] for _ in range(2)]
    assert made[0] != made[1]
    for each in made:
        assert session.invoke(DECRYPT, MemRef.input(each), MemRef.output(128))[1] == b"text"


def test_without_a_pair(session):
    with pytest.raises(BadState):
        session.invoke(ENCRYPT, MemRef.input(b"text"), MemRef.output(128))


def test_what_is_too_long(session):
    session.invoke(GENERATE, Value(1024))
    with pytest.raises(TeeError):
        session.invoke(ENCRYPT, MemRef.input(bytes(118)), MemRef.output(128))
