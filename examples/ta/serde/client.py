# SPDX-License-Identifier: BSD-2-Clause
"""Asks in both forms."""

import json
from collections.abc import Callable
from dataclasses import asdict

import cbor2
from proto import CBOR, JSON, UUID, Answer, Point, Question
from ta import Serde

from elfhaven.client import Context, MemRef, Session, ShortBuffer

FORMS: dict[int, tuple[Callable, Callable]] = {
    JSON: (lambda value: json.dumps(value).encode(), json.loads),
    CBOR: (cbor2.dumps, cbor2.loads),
}


def ask(session: Session, command: int, question: Question, room: int = 64) -> Answer:
    """Asks again with more room where the answer needs it."""
    encode, decode = FORMS[command]
    message = MemRef.input(encode(asdict(question)))
    try:
        data = session.invoke(command, message, MemRef.output(room))[1]
    except ShortBuffer as short:
        data = session.invoke(command, message, MemRef.output(short.sizes[1]))[1]
    found = decode(data)
    return Answer(found["label"], found["length"], Point(**found["middle"]))


if __name__ == "__main__":
    with Context(tas=[Serde]) as tee, tee.open_session(UUID) as session:
        for command in FORMS:
            print(ask(session, command, Question(Point(0, 0), Point(6, 8), "from here to there")))
