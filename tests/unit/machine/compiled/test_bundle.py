# SPDX-License-Identifier: BSD-2-Clause
"""What is known of a text comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.machine.native.bundle import Piece, Text, pack, unpack

OFFSETS = st.integers(0, 1 << 24).map(lambda word: 4 * word)
PIECES = st.builds(
    Piece,
    OFFSETS,
    st.lists(OFFSETS, max_size=4).map(tuple),
    st.lists(st.tuples(OFFSETS, st.integers(4, 400)), max_size=4).map(tuple),
    st.binary(max_size=40),
    st.just(0),
    st.integers(0, 400),
    st.lists(OFFSETS, max_size=4).map(tuple),
)


def _counts(pieces: list[Piece], which: int) -> bool:
    later = {at for piece in pieces[which + 1 :] for at in piece.entries}
    return not later.issuperset(pieces[which].entries)


@given(st.lists(PIECES, max_size=5), st.dictionaries(OFFSETS, st.integers(0, 0xFFFF_FFFF), max_size=5))
def test_it_comes_back(pieces: list[Piece], refused: dict[int, int]) -> None:
    found = unpack(pack(Text(b"", b"", pieces, refused)))
    entered = {at: piece for piece in pieces for at in piece.entries}  # by the last of them
    assert [piece for piece in found[0] if not piece.entries] == []
    assert {at: piece for piece in found[0] for at in piece.entries} == entered
    assert list(found[0]) == [piece for i, piece in enumerate(pieces) if _counts(pieces, i)]
    assert found[1] == {at: word for at, word in refused.items() if word}, (
        "what LLVM gave up may be tried again"
    )


def test_of_two_pieces_for_one_place_the_last_counts() -> None:
    old, new, other = Piece(0, (4, 8), (), b"old"), Piece(0, (8, 4, 12), (), b"new"), Piece(0, (8,), (), b"x")
    assert list(unpack(pack(Text(b"", b"", [old, other, new])))[0]) == [new]
    assert list(unpack(pack(Text(b"", b"", [new, other, old])))[0]) == [new, old]


@given(st.lists(PIECES, min_size=1, max_size=3), st.integers(0, 1 << 30))
def test_a_part_of_it_is_nothing(pieces: list[Piece], cut: int) -> None:
    whole = pack(Text(b"", b"", pieces))
    with pytest.raises(ValueError):
        unpack(whole[: cut % len(whole)])
    with pytest.raises(ValueError):
        unpack(whole + b"x")


@pytest.mark.parametrize(
    "data", [b"", b"\2\0\0\0[]", b"\2\0\0\0{}", b'\x1c\0\0\0{"pieces":[1],"refused":[1]}']
)
def test_anything_else_is_nothing(data: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(data)


def test_what_a_piece_holds() -> None:
    piece = Piece(0, (0,), ((8, 8), (32, 4)), b"")
    assert [at for at in range(0, 48, 4) if piece.holds(at)] == [8, 12, 32]
