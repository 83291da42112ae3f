# SPDX-License-Identifier: BSD-2-Clause
"""Extents of the guest's pages, against a walk from page to page."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.native.walk import Extent, extent, host_page, walk
from elfhaven.machine.pagetable import SPAN, PageTable, Protection, TablePool

BASE, TABLES, SIZE = 0x8000_0000, 64 * PAGE, 8 * SPAN
BEHIND = BASE + TABLES + SIZE  # another region, somewhere else in the host
READ, WRITE = Protection.READ, Protection.WRITE


class Machine:
    def __init__(self, size: int = SIZE) -> None:
        regions = (("first", BASE, TABLES + size), ("second", BASE + TABLES + size, SPAN))
        self.memory = PhysicalMemory(regions)
        self.pool = TablePool(self.memory.region("first"), BASE, TABLES)
        self.table = PageTable(self.pool, 48)
        self.root = self.table.root

    def extent(self, address: int, most: int = 64 << 20) -> Extent | None:
        return extent(self.memory, self.root, address, most)


def follows(machine: Machine, page: int, other: int) -> bool:
    """Whether the pages are as far apart in the host as they are in the guest, with equal rights."""
    one, two = walk(machine.memory, machine.root, page), walk(machine.memory, machine.root, other)
    if one is None or two is None or other < 0:
        return False
    hosts = host_page(machine.memory, one[0]), host_page(machine.memory, two[0])
    if hosts[0] is None or hosts[1] is None:
        return False
    same_region = (one[0] < BEHIND) == (two[0] < BEHIND)
    return same_region and hosts[1] - hosts[0] == other - page and one[1] == two[1]


def by_pages(machine: Machine, address: int, most: int) -> tuple[int, int]:
    page = address & -PAGE
    first, end = page, page + PAGE
    while page - first < most and follows(machine, page, first - PAGE):
        first -= PAGE
    while end - page - PAGE < most and follows(machine, page, end):
        end += PAGE
    return first, end - first


RUNS = st.lists(
    st.tuples(
        st.integers(1, 700),  # pages
        st.sampled_from([0, 0, 0, 1, 512, 1537]),  # pages left out before it
        st.sampled_from([READ, READ | WRITE]),
        st.sampled_from([0, 0, 0, -1, 3, 900]),  # where it lies against where it would follow
    ),
    min_size=1,
    max_size=6,
)


@given(
    st.sampled_from([0, 0x4000_0000, 0x7FF0_0000]),
    RUNS,
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.sampled_from([64 << 20, 16 * PAGE, 513 * PAGE, 0]),
)
def test_extent_is_what_the_pages_say(
    start: int, runs: list[tuple[int, int, Protection, int]], places: list[float], most: int
) -> None:
    machine = Machine()
    at, physical = start, BASE + TABLES + 2 * SPAN
    for pages, hole, rights, shift in runs:
        at += hole * PAGE
        physical += (hole + shift) * PAGE
        machine.table.map(at, physical, pages * PAGE, rights)
        at, physical = at + pages * PAGE, physical + pages * PAGE
    for place in places:
        address = start + int((at - 1 - start) * place)
        found = machine.extent(address, most)
        known = walk(machine.memory, machine.root, address)
        host = None if known is None else host_page(machine.memory, known[0])
        if known is None or host is None:
            assert found is None
            continue
        assert found is not None
        assert (found.first, found.size) == by_pages(machine, address, most)
        assert found.rights == known[1]
        assert found.host + (address & -PAGE) - found.first == host


def test_end_of_a_region_is_the_end_of_an_extent() -> None:
    """Though the physical addresses go on, in the host they do not."""
    machine = Machine()
    machine.table.map(0x4000_0000, BEHIND - SPAN, 2 * SPAN, READ)
    first, second = machine.extent(0x4000_0000 + PAGE), machine.extent(0x4000_0000 + SPAN)
    assert first is not None
    assert second is not None
    assert (first.first, first.size) == (0x4000_0000, SPAN)
    assert (second.first, second.size) == (0x4000_0000 + SPAN, SPAN)
    assert second.host == machine.memory.region("second").host_address


def test_nothing_is_no_extent() -> None:
    machine = Machine()
    machine.table.map(0x4000_0000, BASE + TABLES, PAGE, READ)
    machine.table.map(0x4000_2000, BEHIND + SPAN, PAGE, READ)  # no memory of ours
    assert machine.extent(0x3FFF_FFFF) is None
    assert machine.extent(0x4000_1000) is None
    assert machine.extent(0x4000_2000) is None
    assert machine.extent(1 << 39) is None
    found = machine.extent(0x4000_0FFF)
    assert found is not None
    assert (found.first, found.size, found.rights) == (0x4000_0000, PAGE, READ)


def test_a_large_extent_is_found_at_once() -> None:
    machine = Machine(64 << 20)
    machine.table.map(0x4000_0000, BASE + TABLES, 64 << 20, READ | WRITE)
    took = []
    for _ in range(20):
        start = time.perf_counter()
        found = machine.extent(0x4000_0000)
        took.append(time.perf_counter() - start)
        assert found is not None
        assert found.size == 64 << 20
    assert min(took) < 0.002, "ten times what it takes on a quiet machine"
