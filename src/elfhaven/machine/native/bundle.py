# SPDX-License-Identifier: BSD-2-Clause
"""What is known of one text (the executable pages of a program or a library): what of it was compiled, and
what cannot be. Addresses are offsets in the text, so that it holds wherever the text lies.

Of a text that was met before all this is in one file of the cache, under the digest of the text.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

_SIZE = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Piece:
    """A compiled region: the page to which its addresses are relative, where it may be entered, the (offset,
    size) of the instructions that it is made from, and the places that it leads to."""

    base: int
    entries: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    object: bytes  # its object file
    function: int = 0  # its address in the host
    checks: int = 0  # of accesses that it makes
    links: tuple[int, ...] = ()

    def holds(self, at: int) -> bool:
        """Whether an instruction is one of its own."""
        return any(start <= at < start + size for start, size in self.spans)


@dataclass(slots=True)
class Text:
    """`pieces` only grows. `refused`: places that cannot be compiled, with the word in the way; 0 where the
    compiler gave up, which the next run may find otherwise."""

    digest: bytes
    code: bytes
    pieces: list[Piece] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    changed: bool = False  # since it was loaded or saved
    flush: bool = False  # whether it is for FPCR.FZ


def pack(text: Text) -> bytes:
    """What `unpack` takes. Of pieces that may be entered at the same place the last one counts."""
    entered: set[int] = set()
    pieces: list[Piece] = []
    for piece in reversed(text.pieces):
        if not entered.issuperset(piece.entries):
            entered.update(piece.entries)
            pieces.insert(0, piece)
    head = {
        "pieces": [
            [piece.base, piece.entries, piece.spans, len(piece.object), piece.checks, piece.links]
            for piece in pieces
        ],
        "refused": [(at, word) for at, word in text.refused.items() if word],
    }
    words = json.dumps(head).encode()
    return b"".join((_SIZE.pack(len(words)), words, *(piece.object for piece in pieces)))


def unpack(data: bytes) -> tuple[Sequence[Piece], dict[int, int]]:
    """Pieces, not yet linked, and what is refused. ValueError for anything else than `pack` gives."""
    try:
        (size,) = _SIZE.unpack_from(data)
        head = json.loads(data[_SIZE.size : _SIZE.size + size])
        at, pieces = _SIZE.size + size, []
        for base, entries, spans, length, checks, links in head["pieces"]:
            made = data[at : at + length]
            found = tuple((a, n) for a, n in spans)
            pieces.append(Piece(base, tuple(entries), found, made, 0, checks, tuple(links)))
            at += length
        if at != len(data):
            raise ValueError("objects are missing")
        return pieces, dict(head["refused"])
    except (struct.error, KeyError, TypeError) as error:
        raise ValueError(f"no bundle: {error}") from None
