# SPDX-License-Identifier: BSD-2-Clause
"""optee_msg structures, parsed from and built as bytes. Pure functions: callers copy first, then parse."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from elfhaven.abi.optee_msg import (
    ATTR_TYPE_MASK,
    HEADER,
    MAX_PARAMS,
    PAGE_SIZE,
    PAGES_PER_LIST,
    PARAM,
)


class MessageError(ValueError):
    """A message that breaks the layout (too short, too many parameters, a page list without end)."""


@dataclass(slots=True)
class Param:
    """One parameter; `a`, `b`, `c` are value a/b/c, rmem offset/size/cookie or tmem address/size/cookie."""

    attr: int = 0
    a: int = 0
    b: int = 0
    c: int = 0

    @property
    def kind(self) -> int:
        return self.attr & ATTR_TYPE_MASK


@dataclass(slots=True)
class Message:
    """struct optee_msg_arg."""

    command: int
    function: int = 0
    session: int = 0
    cancel_id: int = 0
    result: int = 0
    origin: int = 0
    params: list[Param] = field(default_factory=list)


def message_size(count: int) -> int:
    """Bytes of a message with `count` parameters."""
    return HEADER.size + count * PARAM.size


def param_count(header: bytes) -> int:
    """num_params from the first HEADER.size bytes; MessageError if out of bounds."""
    if len(header) < HEADER.size:
        raise MessageError("message shorter than its header")
    count: int = HEADER.unpack_from(header)[7]
    if count > MAX_PARAMS:
        raise MessageError(f"{count} parameters, at most {MAX_PARAMS} fit")
    return count


def parse(data: bytes) -> Message:
    """A message from a copy of its bytes."""
    count = param_count(data)
    if len(data) < message_size(count):
        raise MessageError("message shorter than its parameters")
    command, function, session, cancel_id, _, result, origin, _ = HEADER.unpack_from(data)
    params = [Param(*PARAM.unpack_from(data, HEADER.size + PARAM.size * i)) for i in range(count)]
    return Message(command, function, session, cancel_id, result, origin, params)


def build(message: Message) -> bytes:
    """The bytes of a message."""
    m = message
    head = HEADER.pack(m.command, m.function, m.session, m.cancel_id, 0, m.result, m.origin, len(m.params))
    return head + b"".join(PARAM.pack(p.attr, p.a, p.b, p.c) for p in m.params)


def page_lists(pages: Sequence[int], list_address: int) -> bytes:
    """The page lists of NONCONTIG memory, to lie at `list_address` (page aligned): PAGES_PER_LIST addresses,
    then the address of the next list."""
    out = bytearray()
    for at in range(0, max(len(pages), 1), PAGES_PER_LIST):
        chunk = list(pages[at : at + PAGES_PER_LIST])
        chunk += [0] * (PAGES_PER_LIST - len(chunk))
        more = at + PAGES_PER_LIST < len(pages)
        chunk.append(list_address + len(out) + PAGE_SIZE if more else 0)
        out += struct.pack(f"<{PAGES_PER_LIST + 1}Q", *chunk)
    return bytes(out)


def pages_of(offset: int, size: int) -> int:
    """Pages that `size` bytes span when they begin `offset` bytes into the first."""
    return (offset + size + PAGE_SIZE - 1) // PAGE_SIZE
