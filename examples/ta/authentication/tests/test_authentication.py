# SPDX-License-Identifier: BSD-2-Clause
"""What was sealed opens; nothing else does."""

import pytest
from proto import OPEN, SEAL

from elfhaven.client import MacInvalid, MemRef

FIRST, DATA = bytes(12) + b"header", bytes(range(100))


def opened(session, first, data, tag):
    params = (MemRef.input(each) for each in (first, data, tag))
    return session.invoke(OPEN, *params, MemRef.output(len(DATA)))[3]


def changed(data):
    return bytes([data[0] ^ 1]) + data[1:]


def test_sealing(session):
    answer = session.invoke(
        SEAL, MemRef.input(FIRST), MemRef.input(DATA), MemRef.output(len(DATA)), MemRef.output(16)
    )
    made, tag = answer[2:]
    assert opened(session, FIRST, made, tag) == DATA != made
    for wrong in (
        (FIRST + b"x", made, tag),
        (FIRST, changed(made), tag),
        (FIRST, made, changed(tag)),
        (changed(FIRST), made, tag),
    ):
        with pytest.raises(MacInvalid):
            opened(session, *wrong)
