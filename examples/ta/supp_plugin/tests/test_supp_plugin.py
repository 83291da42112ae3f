# SPDX-License-Identifier: BSD-2-Clause
"""A shelf that keeps, one that changes what it keeps, and none."""

import pytest
from plugin import Shelf, plugins
from proto import KEEP, TELL, UUID
from ta import SuppPlugin

from elfhaven.client import Context, ItemNotFound, MacInvalid, MemRef, SecurityViolation

SECRET = b"the cake is in the oven"


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def session(shelf, tmp_path):
    with (
        Context(tas=[SuppPlugin], plugins=plugins(shelf), state=tmp_path) as tee,
        tee.open_session(UUID) as opened,
    ):
        yield opened


def test_kept_and_told(session, shelf):
    with pytest.raises(ItemNotFound):
        session.invoke(TELL, MemRef.output(100))
    session.invoke(KEEP, MemRef.input(SECRET))
    assert shelf.held
    assert SECRET not in shelf.held
    assert session.invoke(TELL, MemRef.output(100)) == [SECRET]


@pytest.mark.parametrize("place", [0, 12, 28, -1])
def test_a_shelf_that_changes_things(session, shelf, place):
    session.invoke(KEEP, MemRef.input(SECRET))
    changed = bytearray(shelf.held)
    changed[place] ^= 1
    shelf.held = bytes(changed)
    with pytest.raises(MacInvalid):
        session.invoke(TELL, MemRef.output(100))


def test_a_shelf_that_gives_little(session, shelf):
    shelf.held = b"short"
    with pytest.raises(SecurityViolation):
        session.invoke(TELL, MemRef.output(100))


def test_no_plugin(tmp_path):
    with (
        Context(tas=[SuppPlugin], state=tmp_path) as tee,
        tee.open_session(UUID) as session,
        pytest.raises(ItemNotFound),
    ):
        session.invoke(KEEP, MemRef.input(SECRET))
