# SPDX-License-Identifier: BSD-2-Clause
"""What goes over the pipes to the process that compiles, and back: a few words, and bytes."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_SIZES = struct.Struct("<II")
Words = dict[str, Any]


def send(stream: IO[bytes], words: Words, data: bytes = b"") -> None:
    head = json.dumps(words).encode()
    stream.write(_SIZES.pack(len(head), len(data)) + head + data)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[Words, bytes] | None:
    """None at the end of the stream."""
    sizes = stream.read(_SIZES.size)
    if len(sizes) < _SIZES.size:
        return None
    head, data = (stream.read(size) for size in _SIZES.unpack(sizes))
    if (len(head), len(data)) != _SIZES.unpack(sizes):
        return None
    return json.loads(head), data
