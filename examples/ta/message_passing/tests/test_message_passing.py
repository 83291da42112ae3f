# SPDX-License-Identifier: BSD-2-Clause
"""Requests, answers, and what is neither."""

import pytest
from client import passed
from proto import PASS, UUID, Done, Get, Missing, Names, Put, Text, encode

from elfhaven.client import BadFormat, MemRef, NotSupported


def test_messages(session):
    assert passed(session, Get("one")) == Missing("one")
    assert passed(session, Put("one", "1")) == Done()
    assert passed(session, Put("two", "é" * 300)) == Done()
    assert passed(session, Get("two")) == Text("é" * 300)
    assert passed(session, Names()) == Text("one\ntwo")


def test_every_session_has_a_register_of_its_own(tee, session):
    passed(session, Put("one", "1"))
    with tee.open_session(UUID) as other:
        assert passed(other, Names()) == Text("")


@pytest.mark.parametrize(
    "request_", [b"", b"\x63", b"\0", b"\1\xff\xff\xff\xff", b"\1\5\0\0\0name", b"\1\1\0\0\0\xff"]
)
def test_no_message(session, request_):
    with pytest.raises(BadFormat):
        session.invoke(PASS, MemRef.input(request_), MemRef.output(64))


def test_an_answer_is_no_request(session, console):
    with pytest.raises(NotSupported):
        session.invoke(PASS, MemRef.input(encode(Done())), MemRef.output(64))
    assert any("Done is no request" in line for line in console)
