# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD that put lanes of one register together (Arm ARM C4.1.96)."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.floats import splat
from elfhaven.machine.native.vectors import arrangement, chosen, lanes_of, set_vector, sized, wide_of


def _lanes(e: Emitter, f: Fields) -> tuple[str, str]:
    """The lanes that count, as a vector of just so many."""
    type, count = arrangement(f), lanes_of(f)
    if f["Q"]:
        return type, e.v(f["rn"], type)
    width = 8 << f["size"]
    order = ", ".join(f"i32 {i}" for i in range(count))
    part = e.op(
        f"shufflevector {type} {e.v(f['rn'], type)}, {type} zeroinitializer, <{count} x i32> <{order}>"
    )
    return f"<{count} x i{width}>", part


def _reduced(e: Emitter, name: str, type: str, value: str) -> str:
    count, _, element = type[1:-1].split()
    return e.op(f"call {element} @llvm.vector.reduce.{name}.v{count}{element}({type} {value})")


def _across(e: Emitter, f: Fields) -> None:
    """ADDV, SMAXV, SMINV, UMAXV, UMINV, SADDLV, UADDLV."""
    type, value = _lanes(e, f)
    width, opcode = 8 << f["size"], f["opcode"]
    if opcode == 3:
        width *= 2
        wide = f"<{lanes_of(f)} x i{width}>"
        value, type = e.op(f"{'zext' if f['U'] else 'sext'} {type} {value} to {wide}"), wide
    name = {3: "add", 27: "add", 10: "max", 26: "min"}[opcode]
    if name != "add":
        name = ("u" if f["U"] else "s") + name
    e.set_scalar(f["rd"], _reduced(e, name, type, value), f"i{width}")


def _is_across(f: Fields) -> bool:
    if f["size"] == 3 or (f["size"] == 2 and not f["Q"]):
        return False
    return f["opcode"] in (3, 10, 26) or (f["opcode"] == 27 and not f["U"])


def _pairs(e: Emitter, f: Fields) -> tuple[str, str, str]:
    """(type, even lanes, odd lanes) of Rn, then of Rm."""
    type, count = arrangement(f), lanes_of(f)
    total = 16 >> f["size"]
    both = [*range(count), *(total + i for i in range(count))]
    a, b = e.v(f["rn"], type), e.v(f["rm"], type)
    halves = []
    for start in (0, 1):
        order = both[start::2] + [0] * (total - count)
        indices = ", ".join(f"i32 {i}" for i in order)
        halves.append(e.op(f"shufflevector {type} {a}, {type} {b}, <{total} x i32> <{indices}>"))
    return type, halves[0], halves[1]


def _pairwise(e: Emitter, f: Fields) -> None:
    """ADDP, SMAXP, SMINP, UMAXP, UMINP."""
    type, even, odd = _pairs(e, f)
    if f["opcode"] == 23:
        value = e.op(f"add {type} {even}, {odd}")
    else:
        value = chosen(e, type, even, odd, ("u" if f["U"] else "s") + ("lt" if f["opcode"] & 1 else "gt"))
    set_vector(e, f, value, type)


def _is_pairwise(f: Fields) -> bool:
    if f["opcode"] == 23:
        return not f["U"] and sized(f)
    return f["opcode"] in (20, 21) and f["size"] != 3


def _pair_scalar(e: Emitter, f: Fields) -> None:
    """ADDP of the two doublewords of a register."""
    low, high = e.lane(f["rn"], "i64"), e.lane(f["rn"], "i64", 1)
    e.set_scalar(f["rd"], e.op(f"add i64 {low}, {high}"), "i64")


def _long_pairs(e: Emitter, f: Fields) -> None:
    """SADDLP, UADDLP, SADALP, UADALP."""
    narrow, wide, width = arrangement(f), wide_of(f), 8 << f["size"]
    value = e.op(f"bitcast {narrow} {e.v(f['rn'], narrow)} to {wide}")
    name = "lshr" if f["U"] else "ashr"
    high = e.op(f"{name} {wide} {value}, {splat(wide, str(width))}")
    low = e.op(f"shl {wide} {value}, {splat(wide, str(width))}")
    low = e.op(f"{name} {wide} {low}, {splat(wide, str(width))}")
    total = e.op(f"add {wide} {low}, {high}")
    if f["more"]:
        total = e.op(f"add {wide} {total}, {e.v(f['rd'], wide)}")
    set_vector(e, f, total, wide)


def _not_doubles(f: Fields) -> bool:
    return f["size"] != 3


ROWS = (
    Row("across lanes", "0 Q U 01110 size:2 11000 opcode:5 10 rn:5 rd:5", _across, _is_across),
    Row("pairwise", "0 Q U 01110 size:2 1 rm:5 opcode:5 1 rn:5 rd:5", _pairwise, _is_pairwise),
    Row("addp scalar", "0101111011110001101110 rn:5 rd:5", _pair_scalar),
    Row("addlp/adalp", "0 Q U 01110 size:2 1000000 more 1010 rn:5 rd:5", _long_pairs, _not_doubles),
)
