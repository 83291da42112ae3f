# SPDX-License-Identifier: BSD-2-Clause
"""Of arithmetic the table has what the default processor has: a random word without a row is undefined."""

from __future__ import annotations

import os
import random

import pytest
from tests.unit.machine.compiled.differential import HEAD, Bench

from elfhaven.machine.native.decode import Row, Table
from elfhaven.machine.native.patterns import A64

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

SEED = int(os.environ.get("ELFHAVEN_SEED", "1"))
WORDS = int(os.environ.get("ELFHAVEN_WORDS", "4000"))  # without a row
_ARITHMETIC = (0b0101, 0b1101, 0b0111, 0b1111, 0b1000, 0b1001)  # bits 28 to 25


def _left_out(name: str, pattern: str) -> Row:
    return Row(name, pattern, lambda _e, _f: None)


LEFT_OUT = Table(
    (
        _left_out("fcvtxn", "0 Q 101110 01 100001011010 rn:5 rd:5"),
        _left_out("fcvtxn scalar", "01111110 01 100001011010 rn:5 rd:5"),
        _left_out("fcvt from double to half", "00011110 01 1000111 10000 rn:5 rd:5"),
        _left_out("mulh with bits that should be one", "10011011 U 10 rm:5 0 ra:5 rn:5 rd:5"),
    )
)


def test_what_has_no_row_is_undefined() -> None:
    chosen = random.Random(f"{SEED} complete")
    bench = Bench(SEED)
    undefined = 0
    while undefined < WORDS:
        top = chosen.choice(_ARITHMETIC)
        word = chosen.getrandbits(32) & ~(15 << 25) | top << 25
        if A64.decode(HEAD, word) is not None or LEFT_OUT.decode(HEAD, word) is not None:
            continue
        assert not bench.interpreted([word], bench.draw(), 1)[1], f"seed {SEED}: {word:#010x}"
        undefined += 1
    bench.close()


def test_what_is_left_out_is_not_covered() -> None:
    for row in LEFT_OUT.rows:
        assert A64.decode(HEAD, row.value) is None, row.name
