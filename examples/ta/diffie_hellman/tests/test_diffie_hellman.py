# SPDX-License-Identifier: BSD-2-Clause
"""Both sides have the secret, and each session another."""

import hmac

import pytest
from client import agree
from proto import EXCHANGE, PROVE, UUID

from elfhaven.client import BadParameters, BadState, MemRef


def test_agreeing(tee):
    secrets = set()
    for _ in range(2):
        with tee.open_session(UUID) as session:
            secret = agree(session)
            proof = session.invoke(PROVE, MemRef.input(b"x"), MemRef.output(32))[1]
            assert proof == hmac.digest(secret, b"x", "sha256")
            secrets.add(secret)
    assert len(secrets) == 2


def test_what_is_no_key(session):
    with pytest.raises(BadState):
        session.invoke(PROVE, MemRef.input(b"x"), MemRef.output(32))
    with pytest.raises(BadParameters):
        session.invoke(EXCHANGE, MemRef.input(b"short"), MemRef.output(32))
