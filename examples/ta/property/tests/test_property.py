# SPDX-License-Identifier: BSD-2-Clause
"""The three sets."""

import pytest
from proto import NAMES, READ, UUID

from elfhaven.client import BadParameters, ItemNotFound, MemRef, Value


@pytest.mark.parametrize(
    "group, name, text",
    [
        (0, "gpd.ta.appID", UUID),
        (0, "gpd.ta.version", "2.5"),
        (0, "gpd.ta.multiSession", "false"),
        (0, "example.colour", "green"),
        (0, "example.size", "7"),
        (1, "gpd.client.identity", "0:00000000-0000-0000-0000-000000000000"),
        (2, "gpd.tee.description", "OPTEE"),
    ],
)
def test_reading(session, group, name, text):
    answer = session.invoke(READ, Value(group), MemRef.input(name.encode()), MemRef.output(1000))
    assert answer[2].decode() == text
    assert name in session.invoke(NAMES, Value(group), MemRef.output(4000))[1].decode().split("\n")


def test_what_is_not_there(session):
    with pytest.raises(ItemNotFound):
        session.invoke(READ, Value(0), MemRef.input(b"no.such"), MemRef.output(10))
    with pytest.raises(BadParameters):
        session.invoke(NAMES, Value(9), MemRef.output(10))
