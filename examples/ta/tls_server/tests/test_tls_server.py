# SPDX-License-Identifier: BSD-2-Clause
"""Ordinary TLS clients of a server in the TA."""

import ssl

import pytest
from client import certificate, say, served
from identity import make, public
from proto import NAME, PASS
from ta import TlsServer

from elfhaven.client import Context, MemRef, SecurityViolation, Value


def test_lines(tee):
    with served(tee, 2) as port:
        trusted = certificate(tee)
        assert say(port, trusted, b"one", b"two") == [b"you said: one", b"you said: two"]
        long = b"x" * 50_000
        assert say(port, trusted, long) == [b"you said: " + long]


def test_the_identity_lasts(tmp_path):
    found = set()
    for _ in range(2):
        with Context(tas=[TlsServer], state=tmp_path) as tee:
            found.add(certificate(tee))
    with Context(tas=[TlsServer], state=tmp_path / "another") as tee:
        found.add(certificate(tee))
    assert len(found) == 2


def test_records_hide_the_text(session):
    """What the carrier sees: a TLS client on one side of it in memory, the TA on the other."""
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls, seen, done = context.wrap_bio(arrived, leaving), b"", False
    while not done:
        try:
            tls.do_handshake()
            tls.write(b"a secret\n")
            done = True
        except ssl.SSLWantReadError:
            pass
        records = leaving.read()
        answer = session.invoke(PASS, MemRef.input(records), MemRef.output(1 << 14), Value.output())[1]
        arrived.write(answer)
        seen += records + answer
    assert tls.read() == b"you said: a secret\n"
    assert b"secret" not in seen


def test_junk(session):
    with pytest.raises(SecurityViolation):
        session.invoke(PASS, MemRef.input(b"GET / HTTP/1.0\r\n\r\n"), MemRef.output(4096), Value.output())


def test_a_client_that_trusts_others(tee, console):
    other = public(make(NAME)).decode()
    with served(tee) as port, pytest.raises(ssl.SSLCertVerificationError):
        say(port, other, b"hello")
    assert any("UNKNOWN_CA" in line.upper().replace(" ", "_") for line in console)
