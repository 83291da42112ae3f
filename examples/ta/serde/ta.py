# SPDX-License-Identifier: BSD-2-Clause
"""Messages from a client: decoded, checked, answered."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict

import cbor2
from proto import CBOR, JSON, UUID, Answer, Point, Question

from elfhaven.ta import BadFormat, MemrefOutput, TrustedApplication, command


def fields(value: object, **kinds: type) -> dict[str, object]:
    """The fields of a message, which has these and no others."""
    if not isinstance(value, dict) or value.keys() != kinds.keys():
        raise BadFormat(f"expected an object with {', '.join(kinds)}")
    for name, kind in kinds.items():
        if type(value[name]) is not kind:
            raise BadFormat(f"{name} is no {kind.__name__}")
    return value


def question(value: object) -> Question:
    found = fields(value, start=dict, end=dict, label=str)
    start, end = (Point(**fields(found[name], x=int, y=int)) for name in ("start", "end"))
    return Question(start, end, found["label"])


def answer(asked: Question) -> Answer:
    start, end = asked.start, asked.end
    middle = Point((start.x + end.x) // 2, (start.y + end.y) // 2)
    return Answer(asked.label, math.hypot(end.x - start.x, end.y - start.y), middle)


def decoded(decode: Callable[[bytes], object], message: bytes) -> Question:
    """What a decoder says of junk is the client's mistake, and not a bug of the TA."""
    try:
        value = decode(message)
    except (ValueError, RecursionError, cbor2.CBORDecodeError) as error:
        raise BadFormat(f"{error}") from None
    return question(value)


class Serde(TrustedApplication):
    uuid = UUID

    @command(JSON)
    def json(self, message: bytes, out: MemrefOutput) -> None:
        out.write(json.dumps(asdict(answer(decoded(json.loads, message)))).encode())

    @command(CBOR)
    def cbor(self, message: bytes, out: MemrefOutput) -> None:
        out.write(cbor2.dumps(asdict(answer(decoded(cbor2.loads, message)))))
