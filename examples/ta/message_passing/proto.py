# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of message_passing agree on: one command, whose buffer holds one message.

A message is the number of its kind (1 byte) and its fields, each with its length (4 bytes) before it.
"""

from dataclasses import astuple, dataclass

UUID = "a30b9d6c-0470-57eb-b616-5b19d7c3dcce"

PASS = 0  # a request; room for the answer


@dataclass(frozen=True)
class Put:
    """Keeps a text under a name; answered by Done."""

    name: str
    text: str


@dataclass(frozen=True)
class Get:
    """Answered by Text, or by Missing."""

    name: str


@dataclass(frozen=True)
class Names:
    """Answered by a Text with a name a line."""


@dataclass(frozen=True)
class Done:
    pass


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Missing:
    name: str


KINDS = (Put, Get, Names, Done, Text, Missing)


def encode(message: object) -> bytes:
    parts = [field.encode() for field in astuple(message)]
    head = bytes([KINDS.index(type(message))])
    return head + b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def decode(data: bytes) -> object:
    """Raises ValueError for what is no message."""
    if not data or data[0] >= len(KINDS):
        raise ValueError("a message of no known kind")
    parts, at = [], 1
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        at += 4 + size
        if at > len(data):
            raise ValueError("a field that is cut")
        parts.append(data[at - size : at].decode())
    kind = KINDS[data[0]]
    if len(parts) != len(kind.__dataclass_fields__):
        raise ValueError(f"{len(parts)} fields for {kind.__name__}")
    return kind(*parts)
