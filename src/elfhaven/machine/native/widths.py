# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD whose result is wider, narrower or one number, and more arithmetic of three registers
(Arm ARM C4.1.96)."""

from __future__ import annotations

from collections.abc import Callable

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.floats import splat
from elfhaven.machine.native.vectors import (
    arrangement,
    chosen,
    set_vector,
    shift_amount,
    sized,
    wide_of,
)

Meaning = Callable[[Emitter, str, str, str, Fields], str]  # type, two values


def _half(e: Emitter, f: Fields, number: int) -> tuple[str, str]:
    """(type, value) of the lanes that a long form reads: the upper half where Q is set."""
    width = 8 << f["size"]
    count = 64 // width
    whole = f"<{2 * count} x i{width}>"
    order = ", ".join(f"i32 {i + count * f['Q']}" for i in range(count))
    value = e.v(number, whole)
    return (
        f"<{count} x i{width}>",
        e.op(f"shufflevector {whole} {value}, {whole} {value}, <{count} x i32> <{order}>"),
    )


def _widened(e: Emitter, f: Fields, number: int, signed: bool) -> str:
    """The same, twice as wide."""
    type, value = _half(e, f, number)
    return e.op(f"{'sext' if signed else 'zext'} {type} {value} to {wide_of(f)}")


def _long(e: Emitter, f: Fields) -> None:
    """ADDL, ADDW, SUBL, SUBW, ABDL, ABAL, MULL, MLAL, MLSL, signed and unsigned."""
    type, opcode, signed = wide_of(f), f["opcode"], not f["U"]
    a = e.v(f["rn"], type) if opcode in (1, 3) else _widened(e, f, f["rn"], signed)
    b = _widened(e, f, f["rm"], signed)
    if opcode < 4:
        value = e.op(f"{'sub' if opcode & 2 else 'add'} {type} {a}, {b}")
    elif opcode in (5, 7):
        value = _distance(e, type, a, b, f)
    else:
        value = e.op(f"mul {type} {a}, {b}")
    if opcode in (5, 8, 10):
        value = e.op(f"{'sub' if opcode == 10 else 'add'} {type} {e.v(f['rd'], type)}, {value}")
    e.set_v(f["rd"], value, type)


def _narrow_to(e: Emitter, f: Fields, value: str, wide: str) -> None:
    """Into the lower half, and zero above; into the upper half alone, where Q is set."""
    width = 8 << f["size"]
    narrow = e.op(f"trunc {wide} {value} to <{64 // width} x i{width}>")
    low = e.op(f"bitcast <{64 // width} x i{width}> {narrow} to i64")
    before = e.v(f["rd"]) if f["Q"] else "zeroinitializer"
    e.set_v(f["rd"], e.op(f"insertelement {VECTOR} {before}, i64 {low}, i32 {f['Q']}"))


def _high_narrow(e: Emitter, f: Fields) -> None:
    """ADDHN, SUBHN; rounded where U is set."""
    type, width = wide_of(f), 8 << f["size"]
    name = "sub" if f["opcode"] & 2 else "add"
    value = e.op(f"{name} {type} {e.v(f['rn'], type)}, {e.v(f['rm'], type)}")
    if f["U"]:
        value = e.op(f"add {type} {value}, {splat(type, str(1 << width - 1))}")
    _narrow_to(e, f, e.op(f"lshr {type} {value}, {splat(type, str(width))}"), type)


def _narrow(e: Emitter, f: Fields) -> None:
    """XTN."""
    _narrow_to(e, f, e.v(f["rn"], wide_of(f)), wide_of(f))


def _shift_narrow(e: Emitter, f: Fields) -> None:
    """SHRN, RSHRN."""
    width, field = shift_amount(f)
    wide, amount = f"<{64 // width} x i{2 * width}>", 2 * width - field
    value = e.v(f["rn"], wide)
    if f["rounded"]:
        value = e.op(f"add {wide} {value}, {splat(wide, str(1 << amount - 1))}")
    value = e.op(f"lshr {wide} {value}, {splat(wide, str(amount))}")
    _narrow_to(e, {**f, "size": width.bit_length() - 4}, value, wide)


def _shift_long(e: Emitter, f: Fields) -> None:
    """SSHLL, USHLL."""
    width, field = shift_amount(f)
    sizes = {**f, "size": width.bit_length() - 4}
    wide = wide_of(sizes)
    value = _widened(e, sizes, f["rn"], not f["U"])
    e.set_v(f["rd"], e.op(f"shl {wide} {value}, {splat(wide, str(field - width))}"), wide)


def _shift_whole(e: Emitter, f: Fields) -> None:
    """SHLL: by the width of the narrower elements."""
    wide = wide_of(f)
    value = _widened(e, f, f["rn"], False)
    e.set_v(f["rd"], e.op(f"shl {wide} {value}, {splat(wide, str(8 << f['size']))}"), wide)


def shift_and_add(e: Emitter, f: Fields) -> None:
    """SSRA, USRA."""
    width, field = shift_amount(f)
    type, amount = f"<{128 // width} x i{width}>", 2 * width - field
    value, name = e.v(f["rn"], type), "lshr" if f["U"] else "ashr"
    if amount < width:
        value = e.op(f"{name} {type} {value}, {splat(type, str(amount))}")
    else:
        value = "zeroinitializer" if f["U"] else e.op(f"ashr {type} {value}, {splat(type, str(width - 1))}")
    set_vector(e, f, e.op(f"add {type} {e.v(f['rd'], type)}, {value}"), type)


def insert_shifted(e: Emitter, f: Fields) -> None:
    """SRI, SLI: the bits that the shift leaves free stay as they are."""
    width, field = shift_amount(f)
    type, ones = f"<{128 // width} x i{width}>", (1 << width) - 1
    left = f["left"]
    amount = field - width if left else 2 * width - field
    kept = (1 << amount) - 1 if left else ones ^ ones >> amount
    old = e.op(f"and {type} {e.v(f['rd'], type)}, {splat(type, str(kept))}")
    value = e.v(f["rn"], type)
    if amount < width:
        moved = e.op(f"{'shl' if left else 'lshr'} {type} {value}, {splat(type, str(amount))}")
    else:
        moved = "zeroinitializer"
    set_vector(e, f, e.op(f"or {type} {old}, {moved}"), type)


def _is_narrow_shift(f: Fields) -> bool:
    return 0 < f["immh"] < 8


def _is_whole_shift(f: Fields) -> bool:
    return f["immh"] != 0 and (bool(f["Q"]) or f["immh"] < 8)


# ---- three registers


def _distance(e: Emitter, type: str, a: str, b: str, f: Fields) -> str:
    sign = "u" if f["U"] else "s"
    large, small = (chosen(e, type, a, b, sign + order) for order in ("gt", "lt"))
    return e.op(f"sub {type} {large}, {small}")


def _absolute_distance(e: Emitter, f: Fields) -> None:
    """SABD, UABD; SABA, UABA add it to Rd."""
    type = arrangement(f)
    value = _distance(e, type, e.v(f["rn"], type), e.v(f["rm"], type), f)
    if f["more"]:
        value = e.op(f"add {type} {e.v(f['rd'], type)}, {value}")
    set_vector(e, f, value, type)


def _multiply_add(e: Emitter, f: Fields) -> None:
    """MLA, MLS."""
    type = arrangement(f)
    product = e.op(f"mul {type} {e.v(f['rn'], type)}, {e.v(f['rm'], type)}")
    set_vector(e, f, e.op(f"{'sub' if f['U'] else 'add'} {type} {e.v(f['rd'], type)}, {product}"), type)


def test(e: Emitter, f: Fields) -> None:
    """CMTST."""
    type = arrangement(f)
    both = e.op(f"and {type} {e.v(f['rn'], type)}, {e.v(f['rm'], type)}")
    held = e.op(f"icmp ne {type} {both}, zeroinitializer")
    set_vector(e, f, e.op(f"sext <{type[1:-1].split()[0]} x i1> {held} to {type}"), type)


def _halved(e: Emitter, f: Fields) -> None:
    """SHADD, UHADD, SRHADD, URHADD, SHSUB, UHSUB: one bit more within."""
    type, width = arrangement(f), 8 << f["size"]
    wide = type.replace(f"i{width}", f"i{2 * width}")
    extend = "zext" if f["U"] else "sext"
    a, b = (e.op(f"{extend} {type} {e.v(f[r], type)} to {wide}") for r in ("rn", "rm"))
    total = e.op(f"{'sub' if f['opcode'] == 4 else 'add'} {wide} {a}, {b}")
    if f["opcode"] == 2:
        total = e.op(f"add {wide} {total}, {splat(wide, '1')}")
    half = e.op(f"lshr {wide} {total}, {splat(wide, '1')}")
    set_vector(e, f, e.op(f"trunc {wide} {half} to {type}"), type)


# ---- by element


def _element(e: Emitter, f: Fields, type: str, count: int) -> str:
    """One lane of Rm, `count` times."""
    if f["size"] == 1:
        number, index = f["rm"], f["H"] << 2 | f["L"] << 1 | f["M"]
    else:
        number, index = f["M"] << 4 | f["rm"], f["H"] << 1 | f["L"]
    whole = f"<{128 // (8 << f['size'])} x {type}>"
    indices = ", ".join([f"i32 {index}"] * count)
    return e.op(f"shufflevector {whole} {e.v(number, whole)}, {whole} poison, <{count} x i32> <{indices}>")


def _by_element(e: Emitter, f: Fields) -> None:
    """MUL, MLA, MLS; MULL, MLAL, MLSL signed and unsigned."""
    opcode, element = f["opcode"], f"i{8 << f['size']}"
    if opcode in (0, 4, 8):
        type = arrangement(f)
        other = _element(e, f, element, 16 >> f["size"])
        value = e.op(f"mul {type} {e.v(f['rn'], type)}, {other}")
        if opcode != 8:
            value = e.op(f"{'sub' if opcode else 'add'} {type} {e.v(f['rd'], type)}, {value}")
        set_vector(e, f, value, type)
        return
    type, extend = wide_of(f), "zext" if f["U"] else "sext"
    narrow = f"<{8 >> f['size']} x {element}>"
    other = e.op(f"{extend} {narrow} {_element(e, f, element, 8 >> f['size'])} to {type}")
    value = e.op(f"mul {type} {_widened(e, f, f['rn'], not f['U'])}, {other}")
    if opcode != 10:
        value = e.op(f"{'sub' if opcode == 6 else 'add'} {type} {e.v(f['rd'], type)}, {value}")
    e.set_v(f["rd"], value, type)


def _is_by_element(f: Fields) -> bool:
    if f["size"] not in (1, 2):
        return False
    return f["opcode"] in (2, 6, 10) or f["opcode"] == 8 - 8 * f["U"] or (f["U"] == 1 and f["opcode"] == 4)


def _not_doubles(f: Fields) -> bool:
    return f["size"] != 3


def _doubles_fixed(name: str, opcode: str, meaning: Callable[[Emitter, Fields], None], U: str = "U") -> Row:
    pattern = f"0 Q {U} 011110 immh:4 immb:3 {opcode} 1 rn:5 rd:5"
    return Row(name, pattern, meaning, _is_whole_shift)


ROWS = (
    Row(
        "long three",
        "0 Q U 01110 size:2 1 rm:5 opcode:4 00 rn:5 rd:5",
        _long,
        lambda f: f["size"] != 3 and f["opcode"] in (0, 1, 2, 3, 5, 7, 8, 10, 12),
    ),
    Row(
        "addhn/subhn",
        "0 Q U 01110 size:2 1 rm:5 opcode:4 00 rn:5 rd:5",
        _high_narrow,
        lambda f: f["size"] != 3 and f["opcode"] in (4, 6),
    ),
    Row("xtn", "0 Q 001110 size:2 100001001010 rn:5 rd:5", _narrow, _not_doubles),
    Row("shrn", "0 Q 0011110 immh:4 immb:3 1000 rounded 1 rn:5 rd:5", _shift_narrow, _is_narrow_shift),
    Row("shll", "0 Q U 011110 immh:4 immb:3 101001 rn:5 rd:5", _shift_long, _is_narrow_shift),
    Row("shll whole", "0 Q 101110 size:2 100001001110 rn:5 rd:5", _shift_whole, _not_doubles),
    _doubles_fixed("ssra/usra", "00010", shift_and_add),
    _doubles_fixed("sri/sli", "010 left 0", insert_shifted, "1"),
    Row("abd/aba", "0 Q U 01110 size:2 1 rm:5 0111 more 1 rn:5 rd:5", _absolute_distance, _not_doubles),
    Row("mla/mls", "0 Q U 01110 size:2 1 rm:5 100101 rn:5 rd:5", _multiply_add, _not_doubles),
    Row("cmtst", "0 Q 001110 size:2 1 rm:5 100011 rn:5 rd:5", test, sized),
    Row(
        "hadd/rhadd/hsub",
        "0 Q U 01110 size:2 1 rm:5 opcode:5 1 rn:5 rd:5",
        _halved,
        lambda f: f["size"] != 3 and f["opcode"] in (0, 2, 4),
    ),
    Row(
        "mul/mla/mls element",
        "0 Q U 01111 size:2 L M rm:4 opcode:4 H 0 rn:5 rd:5",
        _by_element,
        _is_by_element,
    ),
)
