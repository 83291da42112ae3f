# SPDX-License-Identifier: BSD-2-Clause
"""Both forms, and messages that are none."""

import cbor2
import pytest
from client import ask
from proto import CBOR, JSON, Answer, Point, Question

from elfhaven.client import BadFormat, MemRef


@pytest.mark.parametrize("command", [JSON, CBOR])
@pytest.mark.parametrize("room", [0, 500])
def test_an_answer(session, command, room):
    asked = Question(Point(-3, 0), Point(0, 4), "ζ")
    assert ask(session, command, asked, room) == Answer("ζ", 5.0, Point(-2, 2))


@pytest.mark.parametrize(
    "command, message, why",
    [
        (JSON, b"", "Expecting value"),
        (JSON, b"\xff", "invalid start byte"),
        (JSON, b"[]", "expected an object with start, end, label"),
        (JSON, b'{"start": {"x": 1, "y": 2}, "end": {"x": 1}, "label": ""}', "expected an object with x, y"),
        (JSON, b'{"start": {"x": 1, "y": 2}, "end": {"x": 1, "y": true}, "label": ""}', "y is no int"),
        (JSON, b"[" * 100_000, "recursion"),
        (CBOR, b"", "premature end"),
        (CBOR, b"\xa1", "premature end"),
        (CBOR, b"\x81" * 100_000, "nesting"),
        (CBOR, cbor2.dumps({"start": 1, "end": {}, "label": ""}), "start is no dict"),
    ],
)
def test_what_does_not_fit(session, console, command, message, why):
    with pytest.raises(BadFormat):
        session.invoke(command, MemRef.input(message), MemRef.output(100))
    assert why in "\n".join(console)
