# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

import pytest

from elfhaven.machine.free_ranges import FreeRanges
from elfhaven.machine.memory import LARGE_PAGE, PAGE, Region
from elfhaven.world.shared_memory import NormalMemory, NormalMemoryError

BASE = 0x4000_0000


def test_an_aligned_range_is_taken_where_there_is_one() -> None:
    ranges = FreeRanges(0x1000, 0x8000)
    assert ranges.take(0x1000, 0x4000) == 0x4000
    assert ranges.total == 0x7000
    assert ranges.take(0x4000, 0x4000) == 0x5000  # the only room
    assert ranges.take(0x4000, 0x4000) is None
    assert ranges.take(0x3000) == 0x1000
    assert ranges.take(1) is None
    for address, span in ((0x4000, 0x1000), (0x1000, 0x3000), (0x5000, 0x4000)):
        ranges.give(address, span)
    assert ranges.take(0x8000) == 0x1000


def test_much_memory_is_that_of_large_pages() -> None:
    memory = NormalMemory(Region("normal", BASE, 4 * LARGE_PAGE))
    small = memory.allocate(PAGE)
    much = memory.allocate(2 * LARGE_PAGE)
    assert (small.physical_address, much.physical_address) == (BASE, BASE + LARGE_PAGE)
    with pytest.raises(NormalMemoryError):
        memory.allocate(2 * LARGE_PAGE)
    memory.free(small)
    memory.free(much)
    assert memory.free_bytes == 4 * LARGE_PAGE
    assert memory.allocate(4 * LARGE_PAGE).physical_address == BASE
