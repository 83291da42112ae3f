# SPDX-License-Identifier: BSD-2-Clause
"""Against Python's own."""

import pytest
from proto import DIVIDE, IS_PRIME, POWER

from elfhaven.client import BadParameters, MemRef, Value

BIG, SMALL = 3**300 + 5, 7**50


def octets(number):
    return MemRef.input(number.to_bytes(100, "big"))


def test_dividing(session):
    answer = session.invoke(DIVIDE, octets(BIG), octets(SMALL), MemRef.output(100), MemRef.output(100))
    assert [int.from_bytes(each, "big") for each in answer[2:]] == list(divmod(BIG, SMALL))
    with pytest.raises(BadParameters):
        session.invoke(DIVIDE, octets(BIG), octets(0), MemRef.output(100), MemRef.output(100))


def test_powers(session):
    answer = session.invoke(POWER, octets(BIG), octets(12345), octets(SMALL), MemRef.output(100))
    assert int.from_bytes(answer[3], "big") == pow(BIG, 12345, SMALL)


@pytest.mark.parametrize("number, prime", [(2**127 - 1, 1), (2**127 - 3, 0), (561, 0), (2, 1), (1, 0)])
def test_primes(session, number, prime):
    assert session.invoke(IS_PRIME, octets(number), Value.output())[1].a == prime
