# SPDX-License-Identifier: BSD-2-Clause
"""Random it is, and as much as was asked for."""

import uuid

from proto import BYTES, MAKE_UUID

from elfhaven.client import MemRef


def test_bytes(session):
    made = {session.invoke(BYTES, MemRef.output(32))[0] for _ in range(20)}
    assert len(made) == 20
    (much,) = session.invoke(BYTES, MemRef.output(10_000))
    assert len(much) == 10_000
    assert len(set(much)) == 256


def test_uuid(session):
    made = uuid.UUID(bytes=session.invoke(MAKE_UUID, MemRef.output(16))[0])
    assert (made.version, made.variant) == (4, uuid.RFC_4122)
