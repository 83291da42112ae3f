# SPDX-License-Identifier: BSD-2-Clause
"""Up, down, and around the end of 32 bits."""

import pytest
from proto import DECREMENT, INCREMENT

from elfhaven.client import BadParameters, Value


@pytest.mark.parametrize(
    "command, given, got", [(INCREMENT, 41, 42), (DECREMENT, 42, 41), (INCREMENT, 0xFFFFFFFF, 0)]
)
def test_counting(session, command, given, got):
    assert session.invoke(command, Value.inout(given))[0].a == got


def test_a_value_that_is_not_to_change(session):
    with pytest.raises(BadParameters):
        session.invoke(INCREMENT, Value(1))
