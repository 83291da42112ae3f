# SPDX-License-Identifier: BSD-2-Clause
"""Which bytes of shared memory cross."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.abi import bridge as wire
from elfhaven.normal.bridge_memory import Memories, Remote, changes

SIZE = 3 * 4096 + 100


@given(st.sets(st.integers(0, SIZE - 1), max_size=8), st.integers(0, 700), st.integers(1, SIZE))
def test_every_change_crosses_and_little_else(changed: set[int], offset: int, size: int) -> None:
    agreed = bytearray(SIZE)
    data = bytearray(min(size, SIZE - offset))
    wanted = {at - offset for at in changed if offset <= at < offset + len(data)}
    for at in wanted:
        data[at] = 1
    ranges = list(changes(memoryview(data), agreed, offset))
    covered = {at for start, end in ranges for at in range(start, end)}
    assert wanted <= covered
    assert len(covered) <= len(wanted) * wire.BLOCK
    assert ranges == sorted(ranges)


def test_a_piece_fits_a_frame() -> None:
    size = 3 * wire.FRAME_MAX
    ranges = list(changes(memoryview(b"\1" * size), bytearray(size), 0))
    assert ranges[0][0] == 0
    assert ranges[-1][1] == size
    assert all(end - start + wire.PIECE.size <= wire.FRAME_MAX for start, end in ranges)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ranges))


def test_what_crossed_does_not_cross_again() -> None:
    remote = Remote(1, bytearray(8192))
    data = memoryview(bytearray(b"x" * 8192))
    assert len(b"".join(remote.writes(data, 0))) > 8192
    assert list(remote.writes(data, 0)) == []
    remote.heard(4096, memoryview(b"y" * 10))
    assert len(b"".join(remote.writes(data, 0))) < 2 * wire.BLOCK


def test_what_is_heard_must_lie_in_the_memory() -> None:
    with pytest.raises(ValueError, match="do not lie"):
        Remote(1, bytearray(10)).heard(5, memoryview(b"123456"))


def test_small_memory_is_kept_for_reuse_and_large_is_not() -> None:
    asked: list[int] = []
    released: list[int] = []

    def allocate(size: int) -> int:
        asked.append(size)
        return len(asked)

    memories = Memories(allocate, released.append)
    small = memories.borrow(5000)
    memories.give_back(small)
    assert memories.borrow(8192) is small
    large = memories.borrow((1 << 20) + 1)
    memories.give_back(large)
    assert (asked, released) == ([8192, (1 << 20) + 1], [large.handle])
    assert memories.get(large.handle) is None
