# SPDX-License-Identifier: BSD-2-Clause
"""The report of what hot code was not compiled."""

from __future__ import annotations

import struct

import pytest

from elfhaven.machine.native.classes import describe
from elfhaven.machine.native.patterns import A64, MODULES
from elfhaven.machine.native.report import Report, by_class, table, uncovered

NAMED = {
    0x00000000: "undefined (udf)",
    0xD4000001: "svc",
    0xD4207D00: "brk",
    0xD51B4424: "msr s3_3_c4_c4_1",  # msr fpsr, x4
    0xD51BD054: "msr s3_3_c13_c0_2",  # msr tpidr_el0, x20
    0xD50B7423: "cache or address operation",  # dc zva, x3
    0xB8204020: "atomic operation on memory (LSE)",  # ldsmax w0, w0, [x1]
    0x08207C40: "compare and swap of a pair (LSE)",  # casp w0, w1, w0, w1, [x2]
    0x04B13000: "SVE",  # eor z0.d, z0.d, z17.d
    0xD9600000: "memory tags (MTE)",  # ldg x0, [x0]
    0xCE016084: "SHA512, SHA3, SM3, SM4",  # eor3
    0x4E9E9C90: "dot products, complex numbers, rounding multiply and add",  # usdot
    0xF8FF060D: "load with pointer authentication",  # ldrab
    0x1EE22820: "arithmetic of half precision",  # fadd h0, h1, h2
    0xD503205F: "hint",  # wfe
}


@pytest.mark.parametrize("word", NAMED, ids=NAMED.values())
def test_what_is_not_covered_has_a_name(word: int) -> None:
    assert A64.decode(0, word) is None
    assert describe(word) == NAMED[word]


def test_words_without_a_pattern_are_counted() -> None:
    code = struct.pack("<5I", 0xD503201F, 0xD4000001, 0x8B020020, 0xD4000001, 0x00000000)
    assert uncovered(code) == {0xD4000001: 2, 0: 1}
    assert by_class(uncovered(code)) == {"svc": 2, "undefined (udf)": 1}


def test_the_most_frequent_comes_first_and_the_rest_together() -> None:
    lines = table({0xD4000001 + (i << 5): i + 1 for i in range(25)})
    assert lines[0].split() == ["25", "d4000301", "svc"]
    assert len(lines) == 21
    assert lines[-1].split() == ["15", "others"]


def test_a_report_in_lines_and_in_values() -> None:
    report = Report(3, {0xD51B4424: 8}, ("OSError: full",))
    assert report.lines() == [
        "native engine: 3 regions of hot code",
        "hot blocks that it leaves to the interpreter start with:",
        "         8  d51b4424  msr s3_3_c4_c4_1",
        "native engine: OSError: full",
    ]
    assert report.as_values() == {
        "regions": 3,
        "uncovered": [{"word": "d51b4424", "class": "msr s3_3_c4_c4_1", "count": 8}],
        "failed": ["OSError: full"],
    }


def test_a_word_that_has_a_pattern_says_so() -> None:
    assert table({0x8B020020: 1}) == ["         1  8b020020  add/sub shifted, which was not compiled"]


def test_the_table_tries_rows_in_the_order_of_the_modules() -> None:
    assert A64.rows == tuple(row for module in MODULES for row in module.ROWS)
    assert len({(row.name, row.pattern) for row in A64.rows}) == len(A64.rows)
