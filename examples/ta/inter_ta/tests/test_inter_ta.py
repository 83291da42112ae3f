# SPDX-License-Identifier: BSD-2-Clause
"""It counts for TAs alone, and goes on where it was."""

import pytest
from proto import COUNT, COUNTER, UUID

from elfhaven.client import AccessDenied, Value


def test_counting(tee):
    for expected in (1, 2, 3):
        with tee.open_session(UUID) as session:
            assert session.invoke(COUNT, Value.output())[0].a == expected


def test_not_for_clients(tee):
    with pytest.raises(AccessDenied):
        tee.open_session(COUNTER)
