# SPDX-License-Identifier: BSD-2-Clause
"""The compact decoder, against words assembled elsewhere and against another disassembler."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.image import a64

HERE = 0x10000


@pytest.mark.parametrize(
    ("word", "target"),
    [
        (0x14000002, HERE + 8),  # b .+8
        (0x97FFFFFF, HERE - 4),  # bl .-4
        (0x54FFFFE0, HERE - 4),  # b.eq .-4
        (0xB4000048, HERE + 8),  # cbz x8, .+8
        (0x37F80040, HERE + 8),  # tbnz w0, #31, .+8
        (0xD65F03C0, None),  # ret
        (0xD63F0000, None),  # blr x0
    ],
)
def test_branch_target(word: int, target: int | None) -> None:
    assert a64.branch_target(word, HERE) == target


@pytest.mark.parametrize(
    ("word", "goes_on"),
    [
        (0xD65F03C0, False),  # ret
        (0xD61F0200, False),  # br x16
        (0x14000000, False),  # b .
        (0x94000000, True),  # bl .
        (0xD63F0100, True),  # blr x8
        (0xD4000001, True),  # svc #0
        (0x54000000, True),  # b.eq .
        (0xD4200000, True),  # brk #0: a handler may step over it
        (0x00000000, False),  # udf #0
    ],
)
def test_falls_through(word: int, goes_on: bool) -> None:
    assert a64.falls_through(word) is goes_on


@pytest.mark.parametrize(
    ("word", "writes", "constant"),
    [
        (0xD2800BA8, True, 93),  # mov x8, #93
        (0x52800808, True, 64),  # mov w8, #64
        (0x320017E8, True, 63),  # mov w8, #63 as orr
        (0xAA0103E8, True, None),  # mov x8, x1
        (0x2A0003E8, True, None),  # mov w8, w0
        (0xF94007E8, True, None),  # ldr x8, [sp, #8]
        (0xA94023E0, True, None),  # ldp x0, x8, [sp]
        (0xF90007E8, False, None),  # str x8, [sp, #8]
        (0xA90023E0, False, None),  # stp x0, x8, [sp]
        (0xD53BD048, True, None),  # mrs x8, tpidr_el0
        (0xD51BD048, False, None),  # msr tpidr_el0, x8
        (0x9E660008, True, None),  # fmov x8, d0
        (0x1E604008, False, None),  # fmov d8, d0
        (0x4E083C08, True, None),  # mov x8, v0.d[0]
        (0xB8A80008, True, None),  # ldadda w8, w8, [x0]
        (0xFA400908, False, None),  # ccmp x8, #0, #8, eq
        (0x9A880108, True, None),  # csel x8, x8, x8, eq
        (0xD2800BA9, False, None),  # mov x9, #93
    ],
)
def test_writes_to_x8(word: int, writes: bool, constant: int | None) -> None:
    assert a64.writes_x8(word) is writes
    assert a64.constant_in_x8(word) == constant


def test_literals_and_addresses() -> None:
    assert a64.literal(0x18000040, HERE) == (HERE + 8, 4)  # ldr w0, .+8
    assert a64.literal(0x58FFFFE0, HERE) == (HERE - 4, 8)  # ldr x0, .-4
    assert a64.literal(0x9C000040, HERE) == (HERE + 8, 16)  # ldr q0, .+8
    assert a64.literal(0xD8000040, HERE) is None  # prfm
    assert a64.page_address(0x10000040, HERE + 4) == HERE + 12  # adr x0, .+8
    assert a64.page_address(0xB0000000, HERE + 4) == HERE + 0x1000  # adrp x0, +1 page
    assert a64.add_immediate(0x91004020) == (0, 1, 16)  # add x0, x1, #16
    assert a64.add_immediate(0x91400421) == (1, 1, 4096)  # add x1, x1, #1, lsl #12


@given(st.integers(0, 1 << 30), st.integers(-(1 << 25), (1 << 25) - 1), st.booleans())
def test_branch_leads_where_it_says(source: int, words: int, link: bool) -> None:
    source &= -4
    word = a64.branch(source, source + 4 * words, link)
    assert a64.branch_target(word, source) == source + 4 * words
    assert a64.is_call(word) is link


@pytest.mark.parametrize("target", [1 << 27, -(1 << 27) - 4, 2])
def test_branch_out_of_reach(target: int) -> None:
    with pytest.raises(ValueError, match="no branch"):
        a64.branch(0, target)


def test_no_instruction_is_called_invalid() -> None:
    """Against capstone: 100,000 random words; op0 = 0 system words, which nothing allocates, left out."""
    capstone: Any = pytest.importorskip("capstone")
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    chance = random.Random(1)
    invalid = 0
    for _ in range(100_000):
        word = chance.getrandbits(32)
        if a64.valid(word):
            continue
        invalid += 1
        decoded = next(engine.disasm_lite(word.to_bytes(4, "little"), 0), None)
        text = " ".join(decoded[2:]) if decoded else "udf"
        assert text.startswith("udf") or "s0_" in text, f"{word:#010x} is {text}"
    assert invalid > 20_000
