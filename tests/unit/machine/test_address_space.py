# SPDX-License-Identifier: BSD-2-Clause
"""Page tables and the door to guest memory, against a dictionary of pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.machine.address_space import PARAMETER, AddressSpace, GuestFault, NoRoom
from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.pages import Backing, PagePool
from elfhaven.machine.pagetable import SPAN, OutOfTables, PageTable, Protection, TablePool, decode, leaf

BASE, TABLES, PAGES = 0x8000_0000, 64 * PAGE, 4096 * PAGE
READ, WRITE, EXECUTE = Protection.READ, Protection.WRITE, Protection.EXECUTE
USER, END = 0x4000_0000, 0x8000_0000


class Machine:
    def __init__(self, limit: int = 8) -> None:
        self.memory = PhysicalMemory([("secure", BASE, TABLES + PAGES)])
        region = self.memory.region("secure")
        self.tables = TablePool(region, BASE, TABLES)
        self.pages = PagePool(self.memory, region, BASE + TABLES, PAGES)
        self.space = AddressSpace(self.memory, self.tables, USER, END, limit)

    def map(self, size: int, rights: Protection = READ | WRITE, **options: int) -> int:
        backing = self.pages.allocate(size)
        backing.hold()
        try:
            return self.space.map(backing, size, rights, **options).start  # type: ignore[arg-type]
        finally:
            backing.release()


@given(
    st.integers(0, 1 << 27).map(lambda page: page * PAGE),
    st.sampled_from([READ, READ | WRITE, READ | EXECUTE, READ | WRITE | EXECUTE]),
)
def test_descriptor_round_trip(address: int, rights: Protection) -> None:
    assert decode(leaf(address, rights)) == (address, rights)
    assert leaf(address, Protection.NONE) == 0


@given(st.lists(st.tuples(st.integers(0, 1023), st.integers(1, 700)), max_size=12))
def test_table_agrees_with_a_dictionary(ranges: list[tuple[int, int]]) -> None:
    machine = Machine()
    table = PageTable(machine.tables, 8)
    used = machine.tables.used
    wanted: dict[int, int] = {}
    mapped = []
    for start, count in ranges:
        pages = range(start, start + count)
        if any(page in wanted for page in pages):
            continue
        address, physical = USER + start * PAGE, 0x1_0000_0000 + start * 2 * PAGE
        table.map(address, physical, count * PAGE, READ)
        mapped.append((address, count * PAGE))
        wanted |= {page: physical + (page - start) * PAGE for page in pages}
    for page in range(0, 1800, 7):
        found = table.walk(USER + page * PAGE + 5)
        assert (found and found[0]) == (wanted[page] + 5 if page in wanted else None)
    for address, size in mapped:
        table.unmap(address, size)
    assert table.walk(USER) is None
    table.close()
    assert machine.tables.used == used - 1


def test_tables_are_limited_and_nothing_changes_when_they_run_out() -> None:
    machine = Machine(limit=2)
    machine.map(PAGE)
    used = machine.tables.used, machine.pages.used
    with pytest.raises(OutOfTables):
        machine.map(2 * SPAN)
    assert (machine.tables.used, machine.pages.used) == used
    machine.map(SPAN)


def test_first_gap_is_taken_and_wanted_addresses_are_kept() -> None:
    machine = Machine()
    first = machine.map(PAGE)
    assert first == USER
    third = machine.map(PAGE, at=USER + 4 * PAGE)
    assert third == USER + 4 * PAGE
    assert machine.map(3 * PAGE) == USER + PAGE
    assert machine.map(PAGE, pad_begin=PAGE) == USER + 6 * PAGE
    for taken in (USER, USER + 3 * PAGE, USER - PAGE, END, USER + 1):
        with pytest.raises(NoRoom):
            machine.map(PAGE, at=taken)


def test_parameters_keep_a_page_free_beside_them() -> None:
    machine = Machine()
    machine.map(PAGE)
    shared = machine.space.map(Backing([(BASE + TABLES, PAGE)]), PAGE, READ, kind=PARAMETER)
    assert shared.start == USER + PAGE
    assert machine.map(PAGE) == USER + 3 * PAGE
    with pytest.raises(NoRoom):
        machine.map(PAGE, at=USER + 2 * PAGE)
    more = machine.space.map(Backing([(BASE + TABLES, PAGE)]), PAGE, READ, kind=PARAMETER)
    assert more.start == USER + 2 * PAGE


def test_door_holds_the_guest_to_its_rights() -> None:
    machine = Machine()
    writable, readable = machine.map(PAGE), machine.map(PAGE, READ)
    machine.space.write(writable + PAGE - 2, b"ab")
    assert machine.space.read(writable + PAGE - 2, 4) == b"ab\0\0"
    with pytest.raises(GuestFault):
        machine.space.write(writable + PAGE - 2, b"abcd")
    assert machine.space.read(writable + PAGE - 2, 2) == b"ab"
    for address, size in ((readable + PAGE - 1, 2), (0, 1), (1 << 63, 1), (writable, 1 << 64)):
        with pytest.raises(GuestFault):
            machine.space.read(address, size)
    machine.space.check(writable, 2 * PAGE, READ)
    with pytest.raises(GuestFault):
        machine.space.check(writable, 2 * PAGE, WRITE)


def test_scattered_pages_read_as_one() -> None:
    machine = Machine()
    extents = [(BASE + TABLES + n * PAGE, PAGE) for n in (5, 2, 9)]
    mapping = machine.space.map(Backing(extents), 3 * PAGE, READ | WRITE)
    machine.space.write(mapping.start + PAGE - 4, b"0123456789")
    assert machine.space.read(mapping.start + PAGE - 4, 10) == b"0123456789"
    assert bytes(machine.memory.slice(BASE + TABLES + 2 * PAGE, 6)) == b"456789"


def test_unmap_splits_and_frees_with_the_last_piece() -> None:
    machine = Machine()
    start = machine.map(8 * PAGE)
    machine.space.write(start + 7 * PAGE, b"end")
    epoch = machine.space.epoch
    machine.space.unmap(start + 2 * PAGE, 2 * PAGE)
    assert machine.space.epoch != epoch
    assert machine.pages.used == 8 * PAGE
    assert machine.space.read(start + 7 * PAGE, 3) == b"end"
    for hole in (start + 2 * PAGE, start + 4 * PAGE - 1):
        with pytest.raises(GuestFault):
            machine.space.read(hole, 1)
    with pytest.raises(GuestFault):
        machine.space.unmap(start, 8 * PAGE)
    machine.space.unmap(start, 2 * PAGE)
    machine.space.unmap(start + 4 * PAGE, 4 * PAGE)
    assert machine.pages.used == 0


def test_epoch_changes_only_when_a_parameter_moves() -> None:
    machine = Machine()
    machine.map(PAGE)
    pages = [Backing([(BASE + TABLES + n * PAGE, PAGE)]) for n in (1, 2)]

    def call(*backings: Backing) -> int:
        for backing in backings:
            machine.space.map(backing, PAGE, READ, kind=PARAMETER)
        machine.space.settle()
        epoch = machine.space.epoch
        machine.space.drop_parameters()
        return epoch

    first = call(pages[0])
    assert call(pages[0]) == first
    assert call(pages[0], pages[1]) == first
    second = call(pages[0])
    assert second != first
    third = call(pages[1])
    assert third not in (first, second)
    assert call() != third


def test_no_two_spaces_have_the_same_epoch() -> None:
    machine = Machine()
    root, epoch = machine.space.root, machine.space.epoch
    machine.space.close()
    again = AddressSpace(machine.memory, machine.tables, USER, END, 8)
    assert again.root == root
    assert again.epoch != epoch
    again.close()
    assert machine.tables.used == 0
