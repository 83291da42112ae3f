# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of serde agree on: two points, and the line between them."""

from dataclasses import dataclass

UUID = "64bf7c78-1365-5d7f-8e14-b38dc60cb7a8"

JSON = 0  # a Question as a JSON object; room for an Answer
CBOR = 1  # the same in CBOR (RFC 8949)


@dataclass
class Point:
    x: int
    y: int


@dataclass
class Question:
    start: Point
    end: Point
    label: str


@dataclass
class Answer:
    label: str
    length: float
    middle: Point
