# SPDX-License-Identifier: BSD-2-Clause
"""Against a vector of NIST SP 800-38A, F.5.1."""

import pytest
from client import cipher
from proto import CIPHER, PREPARE, UUID

from elfhaven.client import BadState, MemRef, NotSupported, Value

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
IV = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
CIPHERED = bytes.fromhex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff")


def test_vector(tee):
    for encrypting, given, expected in ((True, PLAIN, CIPHERED), (False, CIPHERED, PLAIN)):
        with tee.open_session(UUID) as session:
            assert cipher(session, KEY, IV, given, encrypting) == expected


def test_before_there_is_a_key(session):
    with pytest.raises(BadState):
        session.invoke(CIPHER, MemRef.input(PLAIN), MemRef.output(32))


def test_a_key_of_a_wrong_length(session):
    with pytest.raises(NotSupported):
        session.invoke(PREPARE, MemRef.input(KEY[:5]), Value(1))
