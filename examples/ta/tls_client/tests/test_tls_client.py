# SPDX-License-Identifier: BSD-2-Clause
"""A server that is trusted, one that is not, and one with another name."""

import pytest
from client import ask
from proto import TRUST
from server import certificate, server

from elfhaven.client import AccessConflict, BadFormat, ItemNotFound, MemRef, SecurityViolation

HERE = certificate("localhost")


def trust(session, authority):
    session.invoke(TRUST, MemRef.input(authority))


def test_a_trusted_server(session):
    trust(session, HERE[0])
    for request in (b"abc", b"x" * 4000):
        with server(*HERE) as port:
            assert ask(session, port, request) == request[::-1]


@pytest.mark.parametrize("shown", [certificate("localhost"), certificate("elsewhere")])
def test_another_certificate(session, console, shown):
    trust(session, HERE[0])
    with server(*shown) as port, pytest.raises(SecurityViolation):
        ask(session, port, b"abc")
    assert any("CERTIFICATE_VERIFY_FAILED" in line for line in console)


def test_a_certificate_for_another_name(session, console):
    shown = certificate("elsewhere")
    trust(session, shown[0])
    with server(*shown) as port, pytest.raises(SecurityViolation):
        ask(session, port, b"abc")
    assert any("Hostname mismatch" in line for line in console)


def test_whom_to_trust_is_said_once(session):
    with pytest.raises(ItemNotFound):
        ask(session, 1, b"")
    with pytest.raises(BadFormat):
        trust(session, b"junk")
    trust(session, HERE[0])
    with pytest.raises(AccessConflict):
        trust(session, certificate("localhost")[0])
