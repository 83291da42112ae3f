# SPDX-License-Identifier: BSD-2-Clause
"""What is compiled together."""

from __future__ import annotations

import struct

from elfhaven.machine.native.codegen import Text
from elfhaven.machine.native.context import Heat
from elfhaven.machine.native.decode import Instruction
from elfhaven.machine.native.flow import LARGEST, Region, find_region, function_starts
from elfhaven.machine.native.patterns import A64

BASE = 0x4000_0000
RET, NOP, SVC, BR_X1 = 0xD65F03C0, 0xD503201F, 0xD4000001, 0xD61F0020


def bl(words: int) -> int:
    return 0x9400_0000 | words & 0x3FF_FFFF


def b(words: int) -> int:
    return 0x1400_0000 | words & 0x3FF_FFFF


def cbnz(words: int) -> int:
    return 0xB500_0000 | (words & 0x7_FFFF) << 5


def region(words: list[int], hot: int) -> Region | None:
    """Of the code `words` at BASE, around its instruction number `hot`."""
    code = struct.pack(f"<{len(words)}I", *words)

    def fetch(address: int) -> Instruction | None:
        at = (address - BASE) // 4
        return A64.decode(address, words[at]) if 0 <= at < len(words) else None

    return find_region(fetch, BASE + 4 * hot, function_starts(BASE, code))


def indices(found: Region | None) -> list[int]:
    assert found is not None
    return sorted((at - BASE) // 4 for at in found.code)


def test_a_function_is_found_from_its_middle() -> None:
    words = [bl(3), NOP, RET, NOP, NOP, cbnz(-1), RET, NOP]
    found = region(words, 5)
    assert indices(found) == [3, 4, 5, 6]
    assert found is not None
    assert [(at - BASE) // 4 for at in found.entries] == [3, 4, 5]


def test_small_functions_come_with_their_caller() -> None:
    words = [NOP, bl(3), cbnz(-2), RET, NOP, RET]
    found = region(words, 0)
    assert indices(found) == [0, 1, 2, 3, 4, 5]
    assert found is not None
    assert found.returns == (BASE + 8,)


def test_a_jump_to_another_function_leads_out() -> None:
    words = [bl(3), bl(4), RET, NOP, b(1), NOP, RET]
    assert indices(region(words, 3)) == [3, 4]


def test_a_function_that_calls_is_not_taken_in() -> None:
    words = [bl(2), RET, NOP, bl(2), RET, RET]
    assert indices(region(words, 0)) == [0, 1]


def test_what_is_not_covered_ends_it() -> None:
    assert indices(region([NOP, SVC, NOP], 0)) == [0]
    assert region([NOP, SVC, NOP], 1) is None


def test_of_a_large_function_its_loop_is_taken() -> None:
    words = [bl(1), *[NOP] * (LARGEST - 1), *[NOP] * 6, cbnz(-5), *[NOP] * 10, RET]
    assert indices(region(words, LARGEST + 3)) == list(range(LARGEST + 1, LARGEST + 7))


def test_of_a_large_loop_the_one_within_is_taken() -> None:
    words = [bl(1), *[NOP] * (LARGEST - 1), *[NOP] * 6, cbnz(-5), *[NOP] * 10, cbnz(-LARGEST), RET]
    assert indices(region(words, LARGEST + 3)) == list(range(LARGEST + 1, LARGEST + 7))


def test_a_region_says_what_it_is_made_from() -> None:
    found = region([bl(3), RET, NOP, NOP, cbnz(-1), bl(2), RET, NOP, RET], 3)
    assert found is not None
    words = [struct.pack("<3I", NOP, cbnz(-1), bl(2)), struct.pack("<I", RET), struct.pack("<2I", NOP, RET)]
    assert b"".join(held for _, held in found.spans) == b"".join(words[:1] + words[1:])
    assert sum(len(held) for _, held in found.spans) == 4 * len(found.code)


def test_a_region_is_the_same_wherever_it_lies() -> None:
    words = [NOP, NOP, cbnz(-1), RET]
    found = region(words, 1)
    assert found is not None
    assert sorted(found.rebased().code) == [0, 4, 8, 12][min(indices(found)) :]


def test_what_was_rarely_met_is_left_out() -> None:
    words = [cbnz(2), NOP, cbnz(2), NOP, cbnz(-4), RET]
    for met, wanted in ((63, [0, 2, 4, 5]), (64, [0, 2, 3, 4, 5])):
        found = warmed(words, dict.fromkeys(range(6), 1024) | {1: 3, 3: met})
        assert [(at - found.head) // 4 for at in sorted(found.code)] == wanted


def test_what_was_met_and_is_not_reached_is_jumped_to() -> None:
    found = warmed([cbnz(2), BR_X1, NOP, NOP, RET, NOP, RET], {0: 1024, 1: 1024, 2: 1, 3: 80, 5: 63})
    assert [(at - found.head) // 4 for at in sorted(found.code)] == [0, 1, 3, 4]
    assert {(at - found.head) // 4 for at in found.jumped} == {0, 3}


def warmed(words: list[int], figures: dict[int, int]) -> Region:
    """As the process that compiles finds it, around the first word; `figures`: how often each was met."""
    code = Text(struct.pack(f"<{len(words)}I", *words), flush=False)
    heat = struct.pack("<32Q", *(figures.get(i, 0) for i in range(32)))
    found = code.region(0, Heat(heat, 0))
    assert found is not None
    return found
