# SPDX-License-Identifier: BSD-2-Clause
"""Against hashlib; two sessions do not mix."""

import hashlib

import pytest
from proto import FINISH, UPDATE, UUID

from elfhaven.client import MemRef

DATA = bytes(range(256)) * 1000


@pytest.mark.parametrize("cut", [0, 1, 64, 100_000, len(DATA)])
def test_in_pieces(session, cut):
    session.invoke(UPDATE, MemRef.input(DATA[:cut]))
    made = session.invoke(FINISH, MemRef.input(DATA[cut:]), MemRef.output(32))[1]
    assert made == hashlib.sha256(DATA).digest()


def test_two_sessions(tee, session):
    with tee.open_session(UUID) as other:
        session.invoke(UPDATE, MemRef.input(b"a"))
        other.invoke(UPDATE, MemRef.input(b"b"))
        for each, text in ((session, b"ac"), (other, b"bc")):
            made = each.invoke(FINISH, MemRef.input(b"c"), MemRef.output(32))[1]
            assert made == hashlib.sha256(text).digest()
