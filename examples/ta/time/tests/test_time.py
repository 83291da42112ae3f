# SPDX-License-Identifier: BSD-2-Clause
"""Clocks that run, one that must be set, and a cancelled wait."""

import time

import pytest
from proto import OWN, REE, SET, SYSTEM, WAIT

from elfhaven.client import BadParameters, Cancelled, TimeNotSet, Value


def millis(session, command):
    answer = session.invoke(command, Value.output())[0]
    return 1000 * answer.a + answer.b


def test_system_time(session):
    before = millis(session, SYSTEM)
    session.invoke(WAIT, Value(30))
    assert millis(session, SYSTEM) - before >= 30


def test_ree_time(session):
    assert abs(millis(session, REE) / 1000 - time.time()) < 5


def test_own_time(session):
    with pytest.raises(TimeNotSet):
        millis(session, OWN)
    session.invoke(SET, Value(5000, 250))
    assert 5_000_250 <= millis(session, OWN) < 5_010_000
    with pytest.raises(BadParameters):
        session.invoke(SET, Value(0, 1000))


def test_cancelling(session):
    began = time.monotonic()
    with pytest.raises(Cancelled):
        session.invoke(WAIT, Value(60_000), timeout=0.1)
    assert time.monotonic() - began < 10
