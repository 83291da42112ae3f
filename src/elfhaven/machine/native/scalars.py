# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD of one doubleword (Arm ARM C4.1.96, "scalar"): what the vector of one would be."""

from __future__ import annotations

from elfhaven.machine.native.decode import Emit, Fields, Row
from elfhaven.machine.native.lanes import absolute, against_zero, each_lane, negate
from elfhaven.machine.native.vectors import add, compare_equal, compare_order, shift
from elfhaven.machine.native.widths import insert_shifted, shift_and_add, test


def _one(emit: Emit) -> Emit:
    """The lower half of a vector form; the rest becomes zero."""
    return lambda e, f: emit(e, {**f, "Q": 0, "size": 3})


def _is_shift(f: Fields) -> bool:
    return f["immh"] >= 8


_THREE = "01 {} 11110 11 1 rm:5 {} 1 rn:5 rd:5"
_TWO = "01 {} 11110 11 10000 {} 10 rn:5 rd:5"
_SHIFT = "01 {} 111110 immh:4 immb:3 {} 1 rn:5 rd:5"

ROWS = (
    Row("add/sub scalar", _THREE.format("U", "10000"), _one(add)),
    Row("cmeq scalar", _THREE.format("1", "10001"), _one(compare_equal)),
    Row("cmtst scalar", _THREE.format("0", "10001"), _one(test)),
    Row("cmgt/cmge scalar", _THREE.format("U", "0011 equal"), _one(compare_order)),
    Row("abs scalar", _TWO.format("0", "01011"), _one(each_lane(absolute))),
    Row("neg scalar", _TWO.format("1", "01011"), _one(each_lane(negate))),
    Row("cmgt zero scalar", _TWO.format("0", "01000"), _one(each_lane(against_zero("sgt")))),
    Row("cmge zero scalar", _TWO.format("1", "01000"), _one(each_lane(against_zero("sge")))),
    Row("cmeq zero scalar", _TWO.format("0", "01001"), _one(each_lane(against_zero("eq")))),
    Row("cmle zero scalar", _TWO.format("1", "01001"), _one(each_lane(against_zero("sle")))),
    Row("cmlt zero scalar", _TWO.format("0", "01010"), _one(each_lane(against_zero("slt")))),
    Row(
        "shr scalar", _SHIFT.format("U", "00000"), lambda e, f: _one(shift)(e, {**f, "opcode": 0}), _is_shift
    ),
    Row(
        "shl scalar", _SHIFT.format("0", "01010"), lambda e, f: _one(shift)(e, {**f, "opcode": 10}), _is_shift
    ),
    Row("ssra/usra scalar", _SHIFT.format("U", "00010"), _one(shift_and_add), _is_shift),
    Row("sri/sli scalar", _SHIFT.format("1", "010 left 0"), _one(insert_shifted), _is_shift),
)
