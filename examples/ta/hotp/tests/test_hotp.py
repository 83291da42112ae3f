# SPDX-License-Identifier: BSD-2-Clause
"""The values of RFC 4226, appendix D."""

import pytest
from proto import PASSWORD, REGISTER

from elfhaven.client import BadState, MemRef, Value

PASSWORDS = [755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489]


def test_appendix_d(session):
    session.invoke(REGISTER, MemRef.input(b"12345678901234567890"))
    assert [session.invoke(PASSWORD, Value.output())[0].a for _ in PASSWORDS] == PASSWORDS


def test_no_key(session):
    with pytest.raises(BadState):
        session.invoke(PASSWORD, Value.output())
