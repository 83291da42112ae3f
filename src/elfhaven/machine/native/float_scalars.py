# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD floating point that exist for vectors and for scalars, and what joins the lanes of
one register (Arm ARM C4.1.96)."""

from __future__ import annotations

import struct
from collections.abc import Callable

from elfhaven.machine.native.decode import Emit, Fields, Row
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.floats import compare, extremum, negated, splat, strict, suffix
from elfhaven.machine.native.kinds import each, element, like, vector
from elfhaven.machine.native.shapes import by_element, call, choose, order, read
from elfhaven.machine.native.vectors import arrangement, clean, set_vector, whole

Meaning = Callable[[Emitter, Fields, str, str, str], str]  # type, two values -> result, of the same shape


def _constant(type: str, value: str) -> str:
    return splat(type, value) if type.startswith("<") else value


def _source(e: Emitter, f: Fields, name: str) -> tuple[str, str]:
    """(type, value) of an operand."""
    if "Q" in f:
        return arrangement(f), clean(e, f, f[name], arrangement(f))
    type = "double" if f["sz"] else "float"
    return type, e.lane(f[name], type)


def _put(e: Emitter, f: Fields, value: str, type: str) -> None:
    if "Q" in f:
        set_vector(e, f, value, type)
    else:
        e.set_scalar(f["rd"], value, type)


def _three(meaning: Meaning) -> Emit:
    def emit(e: Emitter, f: Fields) -> None:
        (type, a), (_, b) = _source(e, f, "rn"), _source(e, f, "rm")
        _put(e, f, meaning(e, f, type, a, b), type)

    return emit


def _absolute(e: Emitter, type: str, value: str) -> str:
    result = e.op(f"call {type} @llvm.fabs.{suffix(type)}({type} {value})")
    e.same_nan(result, value)
    return result


def _distance(e: Emitter, _f: Fields, type: str, a: str, b: str) -> str:
    """FABD."""
    return _absolute(e, type, strict(e, "fsub", type, a, b))


def _factors(e: Emitter, type: str, a: str, b: str, *instead: float) -> tuple[str, str]:
    """The same, or `instead` with their signs where they are zero and infinity, which have no product."""
    width = 64 if element(type) == "double" else 32
    words = like(type, f"i{width}")
    both = [e.op(f"bitcast {type} {value} to {words}") for value in (a, b)]
    sizes = [e.op(f"and {words} {value}, {each(words, (1 << width - 1) - 1)}") for value in both]
    low, high = (call(e, name, words, *sizes) for name in ("umin", "umax"))
    infinite = 0x7FF << 52 if width == 64 else 0xFF << 23
    zero = e.op(f"icmp eq {words} {low}, {each(words, 0)}")
    held = e.op(f"icmp eq {words} {high}, {each(words, infinite)}")
    odd = e.op(f"and {like(type, 'i1')} {zero}, {held}")
    out = []
    for value, number in zip(both, instead, strict=True):
        other = e.op(f"and {words} {value}, {each(words, 1 << width - 1)}")
        other = e.op(f"or {words} {other}, {each(words, _bits(number, width))}")
        out.append(e.op(f"bitcast {words} {choose(e, words, odd, other, value)} to {type}"))
    return out[0], out[1]


def _bits(number: float, width: int) -> int:
    return int.from_bytes(struct.pack("<d" if width == 64 else "<f", number), "little")


def _multiply(e: Emitter, _f: Fields, type: str, a: str, b: str) -> str:
    """FMULX: as FMUL, but 2 of zero and infinity."""
    return strict(e, "fmul", type, *_factors(e, type, a, b, 2.0, 1.0))


def _step(e: Emitter, _f: Fields, type: str, a: str, b: str) -> str:
    """FRECPS: 2 - a * b, where zero times infinity is zero."""
    a, b = _factors(e, type, a, b, 0.0, 0.0)
    return strict(e, "fma", type, negated(e, a, type), b, _constant(type, "2.0"))


def _root_step(e: Emitter, _f: Fields, type: str, a: str, b: str) -> str:
    """FRSQRTS: (3 - a * b) / 2, rounded once; of factors whose product cannot be too large."""
    limit, flags = _constant(type, f"{2.0**60:.1f}"), like(type, "i1")
    for value in (a, b):
        size = e.op(f"call {type} @llvm.fabs.{suffix(type)}({type} {value})")
        near = compare(e, "olt", type, size, limit)
        e.doubt(e.op(f"xor {flags} {near}, {_constant(flags, 'true')}"), flags)
    e.resolve()
    total = strict(e, "fma", type, negated(e, a, type), b, _constant(type, "3.0"))
    return strict(e, "fmul", type, total, _constant(type, "0.5"))


def _mask(e: Emitter, f: Fields, type: str, held: str) -> None:
    """All ones where it holds."""
    out = like(type, "i64" if element(type) == "double" else "i32")
    value = e.op(f"sext {like(type, 'i1')} {held} to {out}")
    _put(e, f, value, out)


def _compare(e: Emitter, f: Fields) -> None:
    """FCMEQ, which raises IOC for signalling NaNs alone; FCMGE, FCMGT."""
    (type, a), (_, b) = _source(e, f, "rn"), _source(e, f, "rm")
    predicate = "oeq" if not f["U"] else "ogt" if f["E"] else "oge"
    _mask(e, f, type, compare(e, predicate, type, a, b, f["U"]))


def _compare_sizes(e: Emitter, f: Fields) -> None:
    """FACGE, FACGT."""
    (type, a), (_, b) = _source(e, f, "rn"), _source(e, f, "rm")
    a, b = (e.op(f"call {type} @llvm.fabs.{suffix(type)}({type} {value})") for value in (a, b))
    _mask(e, f, type, compare(e, "ogt" if f["E"] else "oge", type, a, b, 1))


_ZERO = {(0, 0): "ogt", (0, 1): "oge", (1, 0): "oeq", (1, 1): "ole", (2, 0): "olt"}  # op, U


def _compare_zero(e: Emitter, f: Fields) -> None:
    """FCMGT, FCMGE, FCMEQ, FCMLE, FCMLT with zero."""
    type, a = _source(e, f, "rn")
    predicate = _ZERO[f["op"], f["U"]]
    _mask(e, f, type, compare(e, predicate, type, a, _constant(type, "0.0"), int(predicate != "oeq")))


# ---- by element


def _by_element(e: Emitter, f: Fields) -> None:
    """FMUL, FMULX, FMLA, FMLS; of vectors FMULX alone."""
    type, n = _source(e, f, "rn")
    m = by_element(e, f, type)
    if "Q" in f and not f["Q"]:
        m = e.op(f"shufflevector {type} {m}, {type} zeroinitializer, {order((0, 1, 4, 5))}")
    if f["opcode"] == 9:
        value = _multiply(e, f, type, n, m) if f.get("extended") else strict(e, "fmul", type, n, m)
        _put(e, f, value, type)
        return
    n = negated(e, n, type) if f["opcode"] == 5 else n
    _put(e, f, strict(e, "fma", type, n, m, _source(e, f, "rd")[1]), type)


# ---- pairs and all lanes


def _joined(e: Emitter, f: Fields, type: str, a: str, b: str) -> str:
    """FADDP; FMAXP, FMINP, FMAXNMP, FMINNMP of numbers."""
    if f.get("add"):
        return strict(e, "fadd", type, a, b)
    return extremum(e, f["least"], type, a, b)


def _pairwise(e: Emitter, f: Fields) -> None:
    kind = "double" if f["sz"] else "float"
    count = (2 if f["sz"] else 4) if f["Q"] else 2
    type = vector(count, kind)
    a, b = (read(e, f[name], type) for name in ("rn", "rm"))
    more = [0] * (2 if type == "<2 x float>" else 0)  # the other half of the register
    even, odd = (
        e.op(f"shufflevector {type} {a}, {type} {b}, {order([*range(start, 2 * count, 2), *more])}")
        for start in (0, 1)
    )
    full = vector(count + len(more), kind)
    if more:
        even, odd = (
            e.op(f"shufflevector {full} {value}, {full} zeroinitializer, {order((0, 1, 4, 5))}")
            for value in (even, odd)
        )
    set_vector(e, f, _joined(e, f, full, even, odd), full)


def _pair(e: Emitter, f: Fields) -> None:
    """Of one pair to a scalar."""
    type = "double" if f["sz"] else "float"
    value = _joined(e, f, type, e.lane(f["rn"], type), e.lane(f["rn"], type, 1))
    e.set_scalar(f["rd"], value, type)


def _across(e: Emitter, f: Fields) -> None:
    """FMAXV, FMINV, FMAXNMV, FMINNMV of numbers."""
    two = "<2 x float>"
    low, high = read(e, f["rn"], two), read(e, f["rn"], two, 1)
    value = extremum(e, f["least"], two, low, high)
    a, b = (e.op(f"extractelement {two} {value}, i32 {i}") for i in (0, 1))
    e.set_scalar(f["rd"], extremum(e, f["least"], "float", a, b), "float")


# ---- rows


def _both(name: str, pattern: str, emit: Emit, when: Callable[[Fields], bool] = whole) -> tuple[Row, Row]:
    """The form of vectors, whose pattern it is, and that of scalars."""
    other = "01 " + pattern.removeprefix("0 Q ").replace(" 011", " 111", 1)

    def alone(f: Fields) -> bool:
        return when({**f, "Q": 1})

    return Row(name, pattern, emit, when, floats=True), Row(f"{name} scalar", other, emit, alone, floats=True)


def _with(emit: Emit, **more: int) -> Emit:
    """With operands that the pattern does not tell of."""
    return lambda e, f: emit(e, {**f, **more})


def _is_compare(f: Fields) -> bool:
    return whole(f) and (f["U"], f["E"]) != (0, 1)


def _is_zero(f: Fields) -> bool:
    return whole(f) and (f["op"], f["U"]) in _ZERO


def _is_element(f: Fields) -> bool:
    return f["opcode"] in (1, 5, 9) and not (f["sz"] and f["L"])


_SAME = "0 Q {} 01110 {} sz 1 rm:5 {} 1 rn:5 rd:5"
_ELEMENT = "01 {} 11111 1 sz L M rm:4 {} H 0 rn:5 rd:5"
ROWS = (
    *_both("fabd", _SAME.format(1, 1, "11010"), _three(_distance)),
    *_both("fmulx", _SAME.format(0, 0, "11011"), _three(_multiply)),
    *_both("frecps", _SAME.format(0, 0, "11111"), _three(_step)),
    *_both("frsqrts", _SAME.format(0, 1, "11111"), _three(_root_step)),
    *_both("fcmeq/fcmge/fcmgt", _SAME.format("U", "E", "11100"), _compare, _is_compare),
    *_both("facge/facgt", _SAME.format(1, "E", "11101"), _compare_sizes),
    *_both("fcm zero", "0 Q U 01110 1 sz 10000 011 op:2 10 rn:5 rd:5", _compare_zero, _is_zero),
    Row(
        "fmla/fmls/fmul element scalar", _ELEMENT.format(0, "opcode:4"), _by_element, _is_element, floats=True
    ),
    Row(
        "fmulx element scalar",
        _ELEMENT.format(1, "1001"),
        _with(_by_element, opcode=9, extended=1),
        lambda f: not (f["sz"] and f["L"]),
        floats=True,
    ),
    Row(
        "fmulx element",
        "0 Q 1 01111 1 sz L M rm:4 1001 H 0 rn:5 rd:5",
        _with(_by_element, opcode=9, extended=1),
        lambda f: whole(f) and not (f["sz"] and f["L"]),
        floats=True,
    ),
    Row("faddp", _SAME.format(1, 0, "11010"), _with(_pairwise, add=1), whole, floats=True),
    Row("fmaxp/fminp", _SAME.format(1, "least", "11110"), _pairwise, whole, floats=True),
    Row("fmaxnmp/fminnmp", _SAME.format(1, "least", "11000"), _pairwise, whole, floats=True),
    Row("faddp pair", "01 1 11110 0 sz 11000 01101 10 rn:5 rd:5", _with(_pair, add=1), floats=True),
    Row("fmaxp/fminp pair", "01 1 11110 least sz 11000 01111 10 rn:5 rd:5", _pair, floats=True),
    Row("fmaxnmp/fminnmp pair", "01 1 11110 least sz 11000 01100 10 rn:5 rd:5", _pair, floats=True),
    Row("fmaxv/fminv", "01101110 least 0 11000 01111 10 rn:5 rd:5", _across, floats=True),
    Row("fmaxnmv/fminnmv", "01101110 least 0 11000 01100 10 rn:5 rd:5", _across, floats=True),
)
