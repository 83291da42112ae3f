# SPDX-License-Identifier: BSD-2-Clause
"""Code that changes under its addresses: of two programs the one that runs is executed, and new text where it
was put. Compiled and interpreted guests end alike; what they should give is said too."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.twins import CODE, DATA, LONE, RW, RX, SVC, Guest, Twins

from elfhaven.machine.address_space import AddressSpace, Mapping
from elfhaven.machine.engine import Fault, FaultKind, Stop
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import Protection

ROUNDS = 20
COUNT, BACK = 0xF1000400, 0x54FFFFC1  # subs x0, x0, #1; b.ne two back
RWX = RX | RW


def adds(number: int) -> list[int]:
    """x2 += number, x0 times; svc."""
    return [0x91000042 | number << 10, COUNT, BACK, SVC]


@pytest.fixture
def twins() -> Iterator[Twins]:
    made = Twins()
    yield made
    made.close()


def packed(words: list[int]) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def enter(
    guest: Guest,
    space: AddressSpace | None = None,
    at: int = CODE,
    arguments: tuple[int, ...] = (ROUNDS,),
    served: Callable[[], bool] = lambda: False,
) -> Fault | Stop:
    found: Fault | Stop = guest.engine.enter(
        space or guest.space, guest.pages.code_epoch, at, LONE + PAGE, arguments, served
    )
    return found


def given(guest: Guest, space: AddressSpace | None = None) -> int:
    """What adds() at CODE makes of x2."""
    assert enter(guest, space) is Stop.LEFT
    return int(guest.engine.registers[2])


def text(guest: Guest, space: AddressSpace, words: list[int], rights: Protection = RX) -> Mapping:
    """A page of code at CODE."""
    mapping = guest.map(CODE, 1, rights, space)
    assert mapping.view is not None
    mapping.view[: 4 * len(words)] = packed(words)
    return mapping


def test_two_programs_at_the_same_addresses(twins: Twins) -> None:
    """One engine goes from one to the other and back, as it does where TAs take turns."""
    for guest in twins.both:
        spaces = [guest.new_space() for _ in range(3)]
        for number, space in enumerate(spaces):
            text(guest, space, adds(number + 1))
        guest.engine.forget_code()
        for _ in range(3):
            assert [given(guest, space) for space in spaces] == [ROUNDS, 2 * ROUNDS, 3 * ROUNDS]
    assert twins.entries


def test_another_page_is_mapped_there_between_entries(twins: Twins) -> None:
    """No page comes back to the pool: nothing but the space's epoch tells."""
    for guest in twins.both:
        space = guest.new_space()
        kept = [text(guest, space, adds(1))]
        kept[0].backing.hold()
        guest.engine.forget_code()
        for number in range(2, 5):
            assert given(guest, space) == (number - 1) * ROUNDS
            assert given(guest, space) == (number - 1) * ROUNDS
            space.unmap(CODE, PAGE)
            mapping = text(guest, space, adds(number))
            mapping.backing.hold()
    assert twins.entries


def test_another_page_is_mapped_there_in_a_call(twins: Twins) -> None:
    """The program asks for it, and goes on."""
    for guest in twins.both:
        place = CODE + 2 * PAGE
        guest.space.unmap(place, PAGE)
        numbers = iter((1, 2, 3))

        def serve(guest: Guest = guest, place: int = place, numbers: Iterator[int] = numbers) -> bool:
            number = next(numbers, None)
            if number is None:
                return False
            if guest.space.find(place) is not None:
                guest.space.unmap(place, PAGE)
            mapping = guest.map(place, 1, RX)
            mapping.backing.hold()
            assert mapping.view is not None
            words = [*adds(number)[:3], 0xD2800000 | ROUNDS << 5, 0xD65F03C0]  # movz x0; ret
            mapping.view[: 4 * len(words)] = packed(words)
            return True

        words: list[int] = []  # svc; bl; svc; bl; svc; bl; svc
        for i in range(3):
            words += [SVC, 0x94000000 | (2 * PAGE - 4 * (2 * i + 1)) >> 2]
        guest.load([*words, SVC])
        assert enter(guest, served=serve) is Stop.LEFT
        assert guest.engine.registers[2] == (1 + 2 + 3) * ROUNDS


def test_text_that_goes_away_faults(twins: Twins) -> None:
    ends = []
    for guest in twins.both:
        space = guest.new_space()
        text(guest, space, adds(1)).backing.hold()
        guest.engine.forget_code()
        assert given(guest, space) == given(guest, space) == ROUNDS
        space.unmap(CODE, PAGE)
        fault = enter(guest, space)
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.pc, fault.address) == (FaultKind.PREFETCH, CODE, CODE)
        ends.append(fault)
    assert ends[0] == ends[1]


def test_text_that_is_data_now_faults(twins: Twins) -> None:
    ends = []
    for guest in twins.both:
        space = guest.new_space()
        mapping = text(guest, space, adds(1))
        mapping.backing.hold()
        guest.engine.forget_code()
        assert given(guest, space) == given(guest, space) == ROUNDS
        space.unmap(CODE, PAGE)
        space.map(mapping.backing, PAGE, RW, at=CODE)
        fault = enter(guest, space)
        assert isinstance(fault, Fault)
        assert fault.kind is FaultKind.PREFETCH
        ends.append(fault)
    assert ends[0] == ends[1]


def test_the_host_writes_new_text(twins: Twins) -> None:
    """And says so, as a loader does."""
    for guest in twins.both:
        for number in range(1, 5):
            guest.load(adds(number))
            assert given(guest) == given(guest) == number * ROUNDS
    assert twins.entries


def test_the_guest_writes_its_own_text(twins: Twins) -> None:
    """A page that may be written and executed: a program that makes code, and changes it in its loop."""
    for guest in twins.both:
        space = guest.new_space()
        # loop: add x2, x2, #1; ldr w3, [x1]; add w3, w3, #1 << 10; str w3, [x1]; subs x0, x0, #1; b.ne loop
        words = [0x91000442, 0xB9400023, 0x11100063, 0xB9000023, COUNT, 0x54FFFF61, SVC]
        text(guest, space, words, RWX)
        guest.engine.forget_code()
        assert enter(guest, space, arguments=(ROUNDS, CODE)) is Stop.LEFT
        assert guest.engine.registers[2] == sum(range(1, ROUNDS + 1))


def test_code_at_an_alias_that_may_be_written(twins: Twins) -> None:
    """One page, executable at CODE and writable elsewhere. What the program changes there is in force once it
    has made a call: IC is not for EL0 here."""
    for guest in twins.both:
        space = guest.new_space()
        mapping = text(guest, space, adds(1))
        space.map(mapping.backing, PAGE, RW, at=DATA)
        guest.engine.forget_code()
        assert given(guest, space) == given(guest, space) == ROUNDS
        space.write_u32(DATA, adds(2)[0])
        guest.engine.forget_code()
        assert given(guest, space) == given(guest, space) == 2 * ROUNDS


def test_the_guest_reads_its_own_text(twins: Twins) -> None:
    """Word by word, hot loop and all: what was put there."""
    # ldr w3, [x1], #4; eor x2, x2, x3; ror x2, x2, #63; subs x0, x0, #1; b.ne loop
    words = [0xB8404423, 0xCA030042, 0x93C2FC42, COUNT, 0x54FFFF81, SVC]
    total = 0
    for word in words:
        total ^= word
        total = (total << 1 | total >> 63) & (1 << 64) - 1
    for guest in twins.both:
        guest.load(words)
        for _ in range(3):
            assert enter(guest, arguments=(len(words), CODE)) is Stop.LEFT
            assert guest.engine.registers[2] == total
    assert twins.entries


def test_permissions_that_change_in_a_hot_loop(twins: Twins) -> None:
    """A loop of stores with a call in it; at the fifth the page may be read only, is gone, or is another."""
    # loop: str x0, [x1]; svc; subs x0, x0, #1; b.ne loop
    words = [0xF9000020, SVC, COUNT, 0x54FFFFA1, SVC]
    for change in ("read only", "gone", "another"):
        ends = []
        for guest in twins.both:
            guest.load(words)
            space, calls = guest.space, iter(range(100))
            mapping = space.find(LONE)
            assert mapping is not None
            mapping.backing.hold()

            def serve(
                guest: Guest = guest,
                calls: Iterator[int] = calls,
                mapping: Mapping = mapping,
                change: str = change,
            ) -> bool:
                number = next(calls)
                if number == 5:
                    guest.space.unmap(LONE, PAGE)
                    if change == "read only":
                        guest.space.map(mapping.backing, PAGE, Protection.READ, at=LONE)
                    elif change == "another":
                        guest.map(LONE, 1, RW)
                return number < 2 * ROUNDS

            how = enter(guest, arguments=(ROUNDS, LONE), served=serve)
            old = bytes(guest.memory.slice(mapping.backing.extents[0][0], 8))
            now = guest.space.find(LONE)
            ends.append((how, list(guest.engine.registers), old, now and bytes(now.view or b"")[:8]))
            if now is not None:
                guest.space.unmap(LONE, PAGE)
            guest.space.map(mapping.backing, PAGE, RW, at=LONE)
        assert ends[0] == ends[1]
        if change == "another":
            assert ends[0][0] is not Stop.INTERRUPTED
        else:
            assert isinstance(ends[0][0], Fault)
            assert ends[0][0].address == LONE
            assert int.from_bytes(ends[0][2], "little") == ROUNDS - 5
