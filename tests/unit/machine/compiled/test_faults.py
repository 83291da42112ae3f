# SPDX-License-Identifier: BSD-2-Clause
"""Faults in hot code, and addresses that are meant to lead astray: the interpreter's outcome to the last
register, and nothing is touched that the guest may not touch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.twins import (
    CODE,
    DATA,
    FIXED,
    LONE,
    RW,
    RX,
    SVC,
    USER,
    End,
    Guest,
    Start,
    Twins,
    draw,
)

from elfhaven.machine.engine import PC, FaultKind, Stop
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import Protection

COUNT = 0xF1000400  # subs x0, x0, #1
ROUNDS = 12
WX, GUARD = LONE + 4 * PAGE, LONE + 8 * PAGE  # a page that may be written and executed; one that may nothing
OTHER = LONE + 12 * PAGE  # one that lies in memory which this machine has not
_TOP = 1 << 64


def b_ne(words: int) -> int:
    """Back over so many instructions."""
    return 0x54000001 | (-words & 0x7FFFF) << 5


def loop(*words: int) -> list[int]:
    """The words x0 times."""
    return [*words, COUNT, b_ne(len(words) + 1), SVC]


def function(*words: int) -> list[int]:
    """A function of the words that is called x0 times."""
    called = 0x94000004  # bl four ahead: over subs, b.ne and svc
    return [called, COUNT, b_ne(2), SVC, *words, 0xD65F03C0]


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    made = Twins()
    for guest in made.both:
        guest.map(WX, 1, RX | RW)
        guest.map(GUARD, 1, Protection.NONE)
        guest.space._table.map(OTHER, 0x1_0000_0000, PAGE, RW)
    yield made
    made.close()


def start(**registers: int) -> Start:
    """A random state with registers set."""
    state = draw(random.Random(5), plain_modes=True)
    general = list(state.general)
    for name, value in registers.items():
        general[31 if name == "sp" else int(name[1:])] = value % _TOP
    return replace(state, general=general)


def both(twins: Twins, words: list[int], state: Start) -> End:
    """The same end, with code that was met before; at least one entry into compiled code."""
    twins.load(words)
    warm = replace(state, general=[3, *([DATA + 64] * 30), DATA + 64])
    for guest in twins.both:
        guest.run(CODE, warm)
        guest.run(CODE, warm)
    before = twins.entries
    native, plain = (guest.run(CODE, state) for guest in twins.both)
    assert not native.differences(plain)
    assert twins.entries > before
    return native


LDR_POST, STR_POST = 0xF8408423, 0xF8008423  # x3, [x1], #8
LDR_Q, STR_Q = 0x3CC10420, 0x3C810420  # q0, [x1], #16
LDP, STP = 0xA8C10C22, 0xA8810C22  # x2, x3, [x1], #16
LDP_Q, STP_Q = 0xACC10420, 0xAC810420  # q0, q1, [x1], #32
LD4 = 0x4CDF0820  # ld4 {v0.4s-v3.4s}, [x1], #64
ST4 = 0x4C9F0820
LDRB, STRB = 0x38401423, 0x38001423
ADD = 0x8B030042

ACCESSES = {
    "ldr": (LDR_POST, 8, False),
    "str": (STR_POST, 8, True),
    "ldr q": (LDR_Q, 16, False),
    "str q": (STR_Q, 16, True),
    "ldp": (LDP, 16, False),
    "stp": (STP, 16, True),
    "ldp q": (LDP_Q, 32, False),
    "stp q": (STP_Q, 32, True),
    "ld4": (LD4, 64, False),
    "st4": (ST4, 64, True),
    "ldrb": (LDRB, 1, False),
    "strb": (STRB, 1, True),
}
EDGES = {  # where a range that may be read ends, where one that may be written does
    "hole": (FIXED + PAGE, LONE + PAGE),
    "read only": (LONE + PAGE, FIXED),
    "from a page to the next": (DATA + 2 * PAGE, DATA + 2 * PAGE),
}


@pytest.mark.parametrize("skew", [0, 1, 4, 7])
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("name", ACCESSES)
def test_a_loop_that_walks_over_an_edge(twins: Twins, name: str, edge: str, skew: int) -> None:
    word, size, write = ACCESSES[name]
    place = EDGES[edge][write]
    state = start(x0=ROUNDS, x1=place - 5 * size - skew % size)
    end = both(twins, loop(ADD, word, ADD), state)
    if edge == "from a page to the next":
        assert end.how == (Stop.LEFT,)
    else:
        assert end.how[0] is FaultKind.DATA
        assert place - size < end.how[2] <= place
        assert end.general[0] == ROUNDS - 5
        assert end.general[PC] == CODE + 4


def addresses(guest: Guest) -> list[int]:
    """Places that are no guest memory: the host's, physical ones, wrapped, tagged, near the ends."""
    region = guest.memory.regions[0]
    out = [region.host_address, region.host_address + (1 << 20), region.base, 0, 8, PAGE, USER - 8]
    out += [1 << k for k in (31, 32, 38, 39, 40, 47, 48, 55, 56, 62, 63)]
    out += [_TOP - k for k in (1, 7, 8, 9, 15, 16, 17, 31, 64, 4096, 4097)]
    out += [tag << 56 | LONE for tag in (1, 0x55, 0x80, 0xFF)]
    out += [bit | LONE for bit in (1 << 39, 1 << 47, 1 << 48, 0xFFFF << 48)]
    out += [WX - 8, GUARD, GUARD + 8, GUARD - 4]
    return out


@pytest.mark.parametrize("name", ACCESSES)
def test_hostile_addresses(twins: Twins, name: str) -> None:
    """Every access, at each of them, in code that is hot: a fault, and no byte of the host changes."""
    word, _, write = ACCESSES[name]
    twins.load(loop(ADD, word, ADD))
    for guest in twins.both:
        guest.run(CODE, start(x0=4, x1=LONE))
        guest.run(CODE, start(x0=4, x1=LONE))
    before = twins.entries
    places = addresses(twins.native)
    for address in places:
        state = start(x0=4, x1=address)
        native, plain = (guest.run(CODE, state) for guest in twins.both)
        assert not native.differences(plain), hex(address)
        assert native.how[0] is FaultKind.DATA, hex(address)
        assert not write or native.memory == state.memory, hex(address)
    assert twins.entries >= before + len(places)


def test_offsets_that_wrap(twins: Twins) -> None:
    """ldr and str x3, [x1, x2] and [x1, w2, sxtw #3]: sums over 2^64 come out where they do by the book."""
    for word in (0xF8626823, 0xF8226823, 0xF862D823, 0xF822D823, 0xF8627823, 0xF8225823):
        twins.load(loop(ADD, word, ADD))
        for base, offset in (
            (LONE, -LONE),
            (LONE, 8),
            (_TOP - 16, LONE + 24),
            (1 << 63, (1 << 63) + LONE),
            (LONE, _TOP - 1),
            (LONE + 0x800, 0xFFFF_FFFF),
            (LONE + 0x800, 0x8000_0000),
            (LONE - (8 << 31) & _TOP - 1, 1 << 31),
            (0x7F00_0000_0000, LONE - 0x7F00_0000_0000),
        ):
            for _ in range(2):
                found = twins.compare(CODE, start(x0=4, x1=base, x2=offset, x3=0x1122334455667788))
                assert not found, (hex(word), hex(base), hex(offset), found)
    assert twins.entries


@pytest.mark.parametrize("name", [name for name in ACCESSES if ACCESSES[name][2]])
def test_writes_to_text_and_to_pages_for_both(twins: Twins, name: str) -> None:
    """To pages that may be executed, and to one that may be written too: the interpreter's."""
    word, size, _ = ACCESSES[name]
    end = both(twins, loop(ADD, word, ADD), start(x0=4, x1=CODE + PAGE))
    assert end.how[0] is FaultKind.DATA
    end = both(twins, loop(ADD, word, ADD), start(x0=4, x1=WX))
    assert end.how == (Stop.LEFT,)
    native, plain = (guest.space.read(WX, 4 * size) for guest in twins.both)
    assert native == plain


@pytest.mark.parametrize("name", ["ldr", "str", "ldp q", "ld4", "strb"])
def test_a_page_of_the_other_world(twins: Twins, name: str) -> None:
    """Mapped to where this machine has no memory: the end of the run, as without the tier."""
    word, _, _ = ACCESSES[name]
    end = both(twins, loop(ADD, word, ADD), start(x0=4, x1=OTHER))
    assert isinstance(end.how[0], FaultKind)


LDAR, STLR, LDAXR = 0xC8DFFC23, 0xC89FFC23, 0xC85FFC23  # x3, [x1]


@pytest.mark.parametrize("word", [LDAR, STLR, LDAXR])
@pytest.mark.parametrize("skew", [1, 2, 4])
def test_ordered_accesses_that_are_not_aligned(twins: Twins, word: int, skew: int) -> None:
    state = start(x0=ROUNDS, x1=LONE + skew)
    end = both(twins, loop(ADD, word, ADD, 0x91000421), state)  # add x1, x1, #1
    if word == LDAXR:
        assert end.how[0] is FaultKind.DATA
        assert end.general[PC] == CODE + 4
    else:  # the interpreter lets them be
        assert end.how == (Stop.LEFT,)


@pytest.mark.parametrize("word", [0x00000000, 0xD4200000, 0xD5380000, 0xD5033F7F, 0xD503207F])
def test_an_instruction_that_is_none_in_a_hot_function(twins: Twins, word: int) -> None:
    """UDF, BRK, MRS of an ID register, SB, WFI, behind a branch that is taken once x0 is 2."""
    skip = 0x54000041  # b.ne two ahead
    words = function(ADD, 0xF100081F, skip, word, ADD)  # cmp x0, #2
    end = both(twins, words, start(x0=ROUNDS))
    assert end.general[0] == 2 or end.how == (Stop.LEFT,)


@pytest.mark.parametrize(
    "target", [0, 3, CODE + 2, DATA, 1 << 40, _TOP - 4, _TOP - 1, USER, 0x7F12_3456_7000]
)
@pytest.mark.parametrize("word", [0xD61F0020, 0xD63F0020])
def test_jumps_to_nowhere(twins: Twins, word: int, target: int) -> None:
    """br and blr x1 behind a branch that is taken once x0 is 2."""
    words = loop(ADD, 0xF100081F, 0x54000041, word)
    end = both(twins, words, start(x0=ROUNDS, x1=target))
    assert isinstance(end.how[0], FaultKind)
    assert end.general[0] == 2


def test_a_fault_between_two_that_are_undone(twins: Twins) -> None:
    """add x2; ldr; add x2; str to a page that may only be read: what came before the store has happened,
    once."""
    # add x2, x2, #1; ldr x4, [x5]; add x4, x4, x2; str x4, [x5]; str x4, [x1]
    words = loop(0x91000442, 0xF94000A4, 0x8B020084, 0xF90000A4, 0xF9000024)
    state = start(x0=ROUNDS, x1=FIXED, x2=0, x5=LONE)
    end = both(twins, words, state)
    assert end.how[0] is FaultKind.DATA
    assert end.general[2] == 1
    before = int.from_bytes(state.memory[2][:8], "little")
    assert int.from_bytes(end.memory[2][:8], "little") == (before + 1) % _TOP
