# SPDX-License-Identifier: BSD-2-Clause
"""Every call is made once, and no session more is opened than may be."""

import pytest
from client import calls


@pytest.mark.parametrize("threads, sessions", [(1, 1), (4, 2), (2, 4)])
def test_calls(tee, threads, sessions):
    made = calls(tee, threads, sessions, 12)
    assert len(made) == 12
    assert made.count(1) <= min(threads, sessions)
    assert sum(made.count(n) for n in set(made)) == 12
