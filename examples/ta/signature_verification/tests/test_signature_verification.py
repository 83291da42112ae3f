# SPDX-License-Identifier: BSD-2-Clause
"""What is signed inside verifies outside, with one key for the device."""

import pytest
from client import verify
from cryptography.exceptions import InvalidSignature
from proto import PUBLIC, SIGN, UUID, VERIFY

from elfhaven.client import MemRef, SignatureInvalid


def test_signing(session):
    (public,) = session.invoke(PUBLIC, MemRef.output(64))
    signature = session.invoke(SIGN, MemRef.input(b"text"), MemRef.output(64))[1]
    verify(public, b"text", signature)
    with pytest.raises(InvalidSignature):
        verify(public, b"other", signature)
    session.invoke(VERIFY, MemRef.input(b"text"), MemRef.input(signature))
    with pytest.raises(SignatureInvalid):
        session.invoke(VERIFY, MemRef.input(b"other"), MemRef.input(signature))


def test_the_pair_stays(tee):
    keys = set()
    for _ in range(2):
        with tee.open_session(UUID) as session:
            keys.add(session.invoke(PUBLIC, MemRef.output(64))[0])
    assert len(keys) == 1
