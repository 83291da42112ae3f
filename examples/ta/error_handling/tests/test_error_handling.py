# SPDX-License-Identifier: BSD-2-Clause
"""Every code comes through as the class of its name."""

import pytest
from proto import ADD, BUG, FAIL, NOT_FOUND, OUT_OF_RANGE, UUID

from elfhaven.client import ItemNotFound, OwnError, TargetDead, TeeError, Value
from elfhaven.tee_errors import ERRORS


def test_every_code(session):
    for code, kind in ERRORS.items():
        with pytest.raises(TeeError) as caught:
            session.invoke(FAIL, Value(code))
        assert type(caught.value) is kind
        assert caught.value.origin_name == "the trusted application"


def test_a_cause_goes_to_the_console_alone(session, console):
    with pytest.raises(ItemNotFound) as caught:
        session.invoke(NOT_FOUND)
    assert "nothing here" not in str(caught.value)
    assert any("nothing here" in line for line in console)


def test_a_code_of_its_own(session):
    assert session.invoke(ADD, Value(2, 3), Value.output())[1].a == 5
    with pytest.raises(OwnError) as caught:
        session.invoke(ADD, Value(0xFFFFFFFF, 1), Value.output())
    assert caught.value.code == OUT_OF_RANGE


def test_a_bug(tee, console):
    with tee.open_session(UUID) as session:
        for _ in range(2):
            with pytest.raises(TargetDead):
                session.invoke(BUG)
    assert any("KeyError: 'key'" in line for line in console)
    with tee.open_session(UUID) as session:
        assert session.invoke(ADD, Value(2, 3), Value.output())[1].a == 5
