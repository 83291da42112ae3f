# SPDX-License-Identifier: BSD-2-Clause
"""Rows of conversions between floating point and integers, and between formats (Arm ARM C4.1.96), of scalars
and of vectors. What does not fit saturates.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from elfhaven.machine.native.decode import Emit, Fields, Row, always
from elfhaven.machine.native.emitter import Emitter, bits
from elfhaven.machine.native.floats import (
    STRICT,
    compare,
    known_type,
    scalar,
    splat,
    suffix,
    to_whole,
)
from elfhaven.machine.native.kinds import each, element, lanes, like, mangled
from elfhaven.machine.native.shapes import choose, read, write_half
from elfhaven.machine.native.vectors import arrangement, clean, set_vector, whole
from elfhaven.machine.native.writer import UNLIKELY

_EXACT = 'metadata !"fpexcept.strict"'
_ZERO, _AWAY = 3, 4  # of floats.rounded
_PRECISION = {"float": 24, "double": 53}


def _number(type: str, value: float) -> str:
    """A constant in all lanes, as LLVM writes what is exact."""
    text = f"0x{struct.pack('>d', value).hex().upper()}"
    return splat(type, text) if type.startswith("<") else text


def _strict(e: Emitter, result: str, name: str, operands: str, modes: str) -> str:
    return e.op(f"call {result} @llvm.experimental.constrained.{name}({operands}, {modes}) #1")


def _scaled(e: Emitter, type: str, value: str, power: int) -> str:
    """Times a power of two, where that is exact."""
    if not power:
        return value
    operands = f"{type} {value}, {type} {_number(type, 2.0**power)}"
    return _strict(e, type, f"fmul.{suffix(type)}", operands, STRICT)


# ---- to integers


def _fits(e: Emitter, type: str, value: str, width: int, unsigned: int, fraction: int) -> str:
    """Whether what is left of the fraction fits into an integer, as i1."""
    top = 1 << (width if unsigned else width - 1)
    low, predicate = -1 if unsigned else -top - 1, "ogt"
    if low.bit_length() > _PRECISION[element(type)]:
        low, predicate = -top, "oge"
    flags = like(type, "i1")
    above = compare(e, predicate, type, value, _number(type, low / 2**fraction))
    below = compare(e, "olt", type, value, _number(type, top / 2**fraction))
    return e.op(f"and {flags} {above}, {below}")


def _cut(e: Emitter, type: str, value: str, target: str, unsigned: int) -> str:
    """Toward zero, of what fits."""
    if unsigned and target == "i32":
        made = _strict(e, "i64", f"fptosi.i64.{suffix(type)}", f"{type} {value}", _EXACT)
        return e.op(f"trunc i64 {made} to i32")
    name = "fptoui" if unsigned and not type.startswith("<") else "fptosi"
    return _strict(e, target, f"{name}.{mangled(target)}.{suffix(type)}", f"{type} {value}", _EXACT)


def to_integer(
    e: Emitter, type: str, value: str, target: str, unsigned: int, mode: int, fraction: int = 0
) -> str:
    """A number as an integer, rounded by `mode`; it says so where that was not exact."""
    e.doubt_tiny(type, value)
    whole_number = value if mode == _ZERO else to_whole(e, mode, type, value)
    fits = _fits(e, type, whole_number, bits(target), unsigned, fraction)
    fine, odd, done = (e.fresh(stem) for stem in ("fine", "odd", "made"))
    e.do(f"br i1 {fits}, label %{fine}, label %{odd}, !prof !1")
    e.label(fine)
    if mode != _ZERO:
        _strict(e, type, f"rint.{suffix(type)}", f"{type} {value}", STRICT)  # it raises IXC
    inside = _cut(e, type, _scaled(e, type, whole_number, fraction), target, unsigned)
    e.do(f"br label %{done}")
    e.label(odd)
    limit = _limit(e, type, value, bits(target), unsigned)
    e.do(f"br label %{done}")
    e.label(done)
    return e.op(f"phi {target} [ {inside}, %{fine} ], [ {limit}, %{odd} ]")


def _raise_invalid(e: Emitter) -> None:
    """IOC."""
    _strict(e, "float", "fmul.f32", "float 0.0, float 0x7FF0000000000000", STRICT)


def _limit(e: Emitter, type: str, value: str, width: int, unsigned: int) -> str:
    """What a value that does not fit becomes; it raises IOC."""
    _raise_invalid(e)
    top = (1 << (width if unsigned else width - 1)) - 1
    low = 0 if unsigned else -top - 1
    large = compare(e, "ogt", type, value, "0.0")
    small = compare(e, "olt", type, value, "0.0")
    out = e.op(f"select i1 {small}, i{width} {low}, i{width} 0")
    return e.op(f"select i1 {large}, i{width} {top}, i{width} {out}")


def _to_integers(e: Emitter, f: Fields, type: str, value: str, mode: int, fraction: int) -> str:
    """Lanes of a vector: what does not fit becomes a limit, a NaN zero; either raises IOC, and no more."""
    target, flags = like(type, "i64" if element(type) == "double" else "i32"), like(type, "i1")
    moved = value if mode == _ZERO else to_whole(e, mode, type, value)
    fits = _fits(e, type, moved, bits(element(target)), f["U"], fraction)
    _raise_unless(e, fits, flags)
    if mode != _ZERO:
        _strict(e, type, f"rint.{suffix(type)}", f"{type} {_where(e, type, fits, value)}", STRICT)
    inside = _scaled(e, type, _where(e, type, fits, moved), fraction)
    made = _cut_halves(e, type, inside, target) if f["U"] else _cut(e, type, inside, target, 0)
    return choose(e, target, fits, made, _limits(e, type, value, target, f["U"]))


def _where(e: Emitter, type: str, held: str, value: str) -> str:
    """The value, or zero."""
    return e.op(f"select {like(type, 'i1')} {held}, {type} {value}, {type} zeroinitializer")


def _raise_unless(e: Emitter, held: str, flags: str) -> None:
    """IOC, but where all the flags are set."""
    word = f"i{lanes(flags)}"
    odd = e.op(f"icmp ne {word} {e.op(f'bitcast {flags} {held} to {word}')}, -1")
    some, go_on = e.fresh("odd"), e.fresh("on")
    e.do(f"br i1 {odd}, label %{some}, label %{go_on}{UNLIKELY}")
    e.label(some)
    _raise_invalid(e)
    e.do(f"br label %{go_on}")
    e.label(go_on)


def _cut_halves(e: Emitter, type: str, value: str, target: str) -> str:
    """Toward zero, of what fits into unsigned integers: the host converts less than half of that."""
    half = 1 << bits(element(target)) - 1
    large = compare(e, "oge", type, value, _number(type, float(half)))
    less = _where(e, type, large, _number(type, float(half)))
    rest = _strict(e, type, f"fsub.{suffix(type)}", f"{type} {value}, {type} {less}", STRICT)
    made = _cut(e, type, rest, target, 0)
    return e.op(f"xor {target} {made}, {choose(e, target, large, each(target, half), each(target, 0))}")


def _limits(e: Emitter, type: str, value: str, target: str, unsigned: int) -> str:
    width = bits(element(target))
    top, low = ((1 << width) - 1, 0) if unsigned else ((1 << width - 1) - 1, 1 << width - 1)
    large = compare(e, "ogt", type, value, "zeroinitializer")
    small = compare(e, "olt", type, value, "zeroinitializer")
    out = choose(e, target, small, each(target, low), each(target, 0))
    return choose(e, target, large, each(target, top), out)


_ALONE = {"float": "i32", "double": "i64"}


def _simd_to_integers(e: Emitter, f: Fields, mode: int, fraction: int = 0) -> None:
    if "Q" in f:
        type = arrangement(f)
        value = _to_integers(e, f, type, clean(e, f, f["rn"], type), mode, fraction)
        set_vector(e, f, value, like(type, _ALONE[element(type)]))
    else:
        type = "double" if f["sz"] else "float"
        target = _ALONE[type]
        value = to_integer(e, type, e.lane(f["rn"], type), target, f["U"], mode, fraction)
        e.set_scalar(f["rd"], value, target)


def _by_mode(e: Emitter, f: Fields) -> None:
    """FCVT[NPMZ][SU]."""
    _simd_to_integers(e, f, f["o1"] << 1 | f["o2"])


def _away(e: Emitter, f: Fields) -> None:
    """FCVTAS, FCVTAU."""
    _simd_to_integers(e, f, _AWAY)


def _fixed(f: Fields) -> tuple[dict[str, int], int]:
    """The fields with `sz`, and the bits of the fraction."""
    double = f["immh"] >> 3
    return {**f, "sz": double}, (128 if double else 64) - (f["immh"] << 3 | f["immb"])


def _fixed_to_integers(e: Emitter, f: Fields) -> None:
    """FCVTZS, FCVTZU to fixed point."""
    g, fraction = _fixed(f)
    _simd_to_integers(e, g, _ZERO, fraction)


def _to_general(e: Emitter, f: Fields) -> None:
    """FCVT[NPMZA][SU] to a general register."""
    type, target = scalar(f), "i64" if f["sf"] else "i32"
    mode = _AWAY if f["opcode"] >> 1 == 2 else f["mode"]
    value = to_integer(e, type, e.lane(f["rn"], type), target, f["opcode"] & 1, mode)
    e.set_x(f["rd"], value, f["sf"])


def _fixed_to_general(e: Emitter, f: Fields) -> None:
    type, target = scalar(f), "i64" if f["sf"] else "i32"
    value = to_integer(e, type, e.lane(f["rn"], type), target, f["U"], _ZERO, 64 - f["scale"])
    e.set_x(f["rd"], value, f["sf"])


# ---- from integers


def _made(e: Emitter, type: str, source: str, value: str, unsigned: int, fraction: int = 0) -> str:
    name = f"{'ui' if unsigned else 'si'}tofp.{suffix(type)}.{mangled(source)}"
    made = _strict(e, type, name, f"{source} {value}", STRICT)
    return _scaled(e, type, made, -fraction)


def _from_general(e: Emitter, f: Fields) -> None:
    """SCVTF, UCVTF."""
    type, source = scalar(f), "i64" if f["sf"] else "i32"
    fraction = 64 - f.get("scale", 64)
    e.set_scalar(f["rd"], _made(e, type, source, e.x(f["rn"], f["sf"]), f["U"], fraction), type)


def _simd_from_integers(e: Emitter, f: Fields, fraction: int = 0) -> None:
    if "Q" in f:
        type = arrangement(f)
        source = like(type, _ALONE[element(type)])
        set_vector(e, f, _made(e, type, source, clean(e, f, f["rn"], source), f["U"], fraction), type)
    else:
        type = "double" if f["sz"] else "float"
        source = _ALONE[type]
        e.set_scalar(f["rd"], _made(e, type, source, e.lane(f["rn"], source), f["U"], fraction), type)


def _fixed_from_integers(e: Emitter, f: Fields) -> None:
    _simd_from_integers(e, *_fixed(f))


# ---- between formats

_FORMATS = {0: "float", 1: "double", 3: "half"}
_LEAST_HALF = 0x0400


def _convert(e: Emitter, f: Fields) -> None:
    """FCVT between half, single and double."""
    here, there = _FORMATS[f["type"]], _FORMATS[f["opc"]]
    e.set_scalar(f["rd"], _reformed(e, here, there, e.lane(f["rn"], here)), there)


def _reformed(e: Emitter, here: str, there: str, value: str) -> str:
    longer = bits(element(here)) < bits(element(there))
    name = f"{'fpext' if longer else 'fptrunc'}.{suffix(there)}.{suffix(here)}"
    made = _strict(e, there, name, f"{here} {value}", _EXACT if longer else STRICT)
    e.doubt_number(made, there, value)
    if element(there) == "half":
        words = like(there, "i16")
        size = e.op(f"bitcast {there} {made} to {words}")
        size = e.op(f"and {words} {size}, {_integers(words, 0x7FFF)}")
        e.doubt(e.op(f"icmp eq {words} {size}, {_integers(words, _LEAST_HALF)}"), like(there, "i1"))
    elif not longer:
        e.doubt_least(there, made)
    return made


def _integers(type: str, value: int) -> str:
    return splat(type, str(value)) if type.startswith("<") else str(value)


def _lengthen(e: Emitter, f: Fields) -> None:
    """FCVTL, FCVTL2."""
    here, there = ("<2 x float>", "<2 x double>") if f["sz"] else ("<4 x half>", "<4 x float>")
    value = _reformed(e, here, there, read(e, f["rn"], here, f["Q"]))
    e.set_v(f["rd"], value, there)


def _shorten(e: Emitter, f: Fields) -> None:
    """FCVTN, FCVTN2."""
    here, there = ("<2 x double>", "<2 x float>") if f["sz"] else ("<4 x float>", "<4 x half>")
    write_half(e, f["rd"], _reformed(e, here, there, e.v(f["rn"], here)), there, f["Q"])


# ---- rows


def _both(name: str, pattern: str, emit: Emit, when: Callable[[Fields], bool] = whole) -> tuple[Row, Row]:
    """The form of vectors, whose pattern it is, and that of scalars."""
    other = "01 " + pattern.removeprefix("0 Q ").replace(" 011", " 111", 1)

    def alone(f: Fields) -> bool:
        return when({**f, "Q": 1})

    return Row(name, pattern, emit, when, floats=True), Row(f"{name} scalar", other, emit, alone, floats=True)


def _is_fixed(f: Fields) -> bool:
    """Of single and double, the latter not alone."""
    return f["immh"] >= 4 and (f["immh"] < 8 or f["Q"] == 1)


def _is_general(f: Fields) -> bool:
    """FCVTA has no other mode; others are transfers, or from integers."""
    return known_type(f) and (f["opcode"] < 2 or (f["opcode"] >> 1 == 2 and not f["mode"]))


def _is_scale(f: Fields) -> bool:
    return known_type(f) and (f["sf"] == 1 or f["scale"] >= 32)


def _is_format(f: Fields) -> bool:
    """From double to half in one step is left out."""
    return f["type"] != f["opc"] and 2 not in (f["type"], f["opc"]) and (f["type"], f["opc"]) != (1, 3)


_GENERAL = "sf 0011110 type:2 1 {} 000000 rn:5 rd:5"
ROWS = (
    Row("cvtf", _GENERAL.format("0001 U"), _from_general, known_type, floats=True),
    Row("fcvt to integer", _GENERAL.format("mode:2 opcode:3"), _to_general, _is_general, floats=True),
    Row("cvtf fixed", "sf 0011110 type:2 00001 U scale:6 rn:5 rd:5", _from_general, _is_scale, floats=True),
    Row(
        "fcvtz fixed",
        "sf 0011110 type:2 01100 U scale:6 rn:5 rd:5",
        _fixed_to_general,
        _is_scale,
        floats=True,
    ),
    Row("fcvt", "00011110 type:2 1 0001 opc:2 10000 rn:5 rd:5", _convert, _is_format, floats=True),
    *_both("cvtf vector", "0 Q U 01110 0 sz 10000 11101 10 rn:5 rd:5", _simd_from_integers),
    *_both("fcvt vector", "0 Q U 01110 o2 sz 10000 1101 o1 10 rn:5 rd:5", _by_mode),
    *_both("fcvta vector", "0 Q U 01110 0 sz 10000 11100 10 rn:5 rd:5", _away),
    *_both(
        "cvtf fixed vector", "0 Q U 011110 immh:4 immb:3 11100 1 rn:5 rd:5", _fixed_from_integers, _is_fixed
    ),
    *_both(
        "fcvtz fixed vector", "0 Q U 011110 immh:4 immb:3 11111 1 rn:5 rd:5", _fixed_to_integers, _is_fixed
    ),
    Row("fcvtl", "0 Q 001110 0 sz 10000 10111 10 rn:5 rd:5", _lengthen, always, floats=True),
    Row("fcvtn", "0 Q 001110 0 sz 10000 10110 10 rn:5 rd:5", _shorten, always, floats=True),
)
