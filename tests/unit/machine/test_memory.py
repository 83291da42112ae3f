# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.machine.memory import PAGE, PhysicalMemory, Region
from elfhaven.machine.pages import OutOfPages, PagePool

BASE = 0x8000_0000


def pool(pages: int = 16) -> PagePool:
    memory = PhysicalMemory([("secure", BASE, pages * PAGE)])
    return PagePool(memory, memory.region("secure"), BASE, pages * PAGE)


def test_regions_may_not_overlap() -> None:
    with pytest.raises(ValueError, match="overlap"):
        PhysicalMemory([("a", 0, 2 * PAGE), ("b", PAGE, PAGE)])


def test_slices_stay_in_their_region() -> None:
    memory = PhysicalMemory([("a", 0, PAGE), ("b", PAGE, PAGE)])
    memory.slice(PAGE - 1, 1)[0] = 7
    assert memory.region("a").view[PAGE - 1] == 7
    for address, size in ((PAGE - 1, 2), (2 * PAGE, 1), (PAGE, -1)):
        with pytest.raises(ValueError, match=r"outside|no memory"):
            memory.slice(address, size)


@pytest.mark.parametrize("size", [PAGE, 64 * PAGE])
def test_discarded_pages_are_zero(size: int) -> None:
    region = Region("r", BASE, 2 * size)
    region.view[:] = b"x" * len(region.view)
    region.discard(BASE, size)
    assert bytes(region.view[:size]) == bytes(size)
    assert region.view[size] == ord("x")


def test_pages_come_back_zeroed() -> None:
    pages = pool()
    first = pages.allocate(3 * PAGE)
    first.hold()
    pages.memory.slice(*first.extents[0])[:] = b"s" * (3 * PAGE)
    first.release()
    assert pages.used == 0
    assert bytes(pages.memory.slice(BASE, 3 * PAGE)) == bytes(3 * PAGE)


def test_code_epoch_counts_code_alone() -> None:
    pages = pool()
    for executable, epoch in ((False, 0), (True, 1)):
        backing = pages.allocate(PAGE)
        backing.executable = executable
        backing.hold()
        backing.release()
        assert pages.code_epoch == epoch


def test_backing_in_pieces() -> None:
    pages = pool()
    backing = pages.allocate(PAGE)
    backing.extents = [(BASE, PAGE), (BASE + 4 * PAGE, 2 * PAGE)]
    assert backing.pieces(PAGE - 1, 2) == [(BASE + PAGE - 1, 1), (BASE + 4 * PAGE, 1)]
    assert backing.pieces(2 * PAGE, PAGE) == [(BASE + 5 * PAGE, PAGE)]
    with pytest.raises(ValueError, match="past the end"):
        backing.pieces(2 * PAGE, PAGE + 1)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5)), max_size=60))
def test_pool_never_gives_a_page_twice_and_joins_what_is_free(steps: list[tuple[bool, int]]) -> None:
    pages = pool()
    held = []
    for take, size in steps:
        if take:
            try:
                backing = pages.allocate(size * PAGE)
            except OutOfPages:
                continue
            backing.hold()
            held.append(backing)
        elif held:
            held.pop(size % len(held)).release()
        taken = [page for b in held for a, n in b.extents for page in range(a, a + n, PAGE)]
        assert len(set(taken)) == len(taken)
        assert pages.used == len(taken) * PAGE
    for backing in held:
        backing.release()
    assert pages.allocate(16 * PAGE).extents == ((BASE, 16 * PAGE),)
