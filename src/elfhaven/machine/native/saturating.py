# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD that saturate, of vectors and of scalars (Arm ARM C4.1.96). They set FPSR.QC where
the result is not what arithmetic gives: the bits in which the two differ are gathered in the CPU's state."""

from __future__ import annotations

from collections.abc import Callable

from elfhaven.machine.native.decode import Emit, Fields, Row, always
from elfhaven.machine.native.emitter import VECTOR, Emitter, bits
from elfhaven.machine.native.kinds import each, element, lanes, like
from elfhaven.machine.native.shapes import by_element, call, choose, read, shape, wider, write
from elfhaven.machine.native.vectors import sized

Three = Callable[[Emitter, Fields, str, str, str], str]  # type, two values -> result


def note(e: Emitter, type: str, result: str, exact: str) -> None:
    """QC where the two differ."""
    gather(e, type, e.op(f"xor {type} {result}, {exact}"))


def gather(e: Emitter, type: str, odd: str) -> None:
    """QC where a bit is set."""
    width = lanes(type) * bits(element(type))
    if width == 128:
        wide = odd if type == VECTOR else e.op(f"bitcast {type} {odd} to {VECTOR}")
    else:
        word = e.op(f"bitcast {type} {odd} to i{width}") if type.startswith("<") else odd
        word = word if width == 64 else e.op(f"zext i{width} {word} to i64")
        wide = e.op(f"insertelement {VECTOR} zeroinitializer, i64 {word}, i32 0")
    e.set_state("saturated", e.op(f"or {VECTOR} {e.state('saturated')}, {wide}"))


def _sign(f: Fields) -> str:
    return "u" if f["U"] else "s"


def _add(e: Emitter, f: Fields, type: str, a: str, b: str) -> str:
    """SQADD, UQADD, SQSUB, UQSUB."""
    name = "sub" if f["sub"] else "add"
    value = call(e, f"{_sign(f)}{name}.sat", type, a, b)
    note(e, type, value, e.op(f"{name} {type} {a}, {b}"))
    return value


def rounded_right(e: Emitter, type: str, value: str, amount: int, unsigned: int) -> str:
    """A shift by 1 to the element's width, to the nearest, halves upward."""
    name = "lshr" if unsigned else "ashr"
    part = e.op(f"{name} {type} {value}, {each(type, amount - 1)}") if amount > 1 else value
    odd = e.op(f"and {type} {part}, {each(type, 1)}")
    return e.op(f"add {type} {e.op(f'{name} {type} {part}, {each(type, 1)}')}, {odd}")


def shifted_left(e: Emitter, type: str, value: str, by: str, unsigned: int) -> tuple[str, str]:
    """(shifted left by less than the width, whether bits that count were lost)."""
    moved = e.op(f"shl {type} {value}, {by}")
    back = e.op(f"{'lshr' if unsigned else 'ashr'} {type} {moved}, {by}")
    return moved, e.op(f"icmp ne {type} {back}, {value}")


def limit(e: Emitter, type: str, value: str, unsigned: int) -> str:
    """What a value that is too large becomes."""
    if unsigned:
        return each(type, -1)
    width = bits(element(type))
    sign = e.op(f"ashr {type} {value}, {each(type, width - 1)}")
    return e.op(f"xor {type} {sign}, {each(type, (1 << width - 1) - 1)}")


def _shift_by(e: Emitter, f: Fields, type: str, value: str, by: str) -> str:
    """[US][Q][R]SHL: left by the lowest byte of Rm's lane, which is signed."""
    width, right = bits(element(type)), "lshr" if f["U"] else "ashr"
    most = each(type, width - 1)
    if width > 8:
        by = e.op(f"shl {type} {by}, {each(type, width - 8)}")
        by = e.op(f"ashr {type} {by}, {each(type, width - 8)}")
    back = e.op(f"sub {type} {each(type, -1 if f['rounded'] else 0)}, {by}")
    far_back = e.op(f"icmp ugt {type} {back}, {most}")
    near_back = choose(e, type, far_back, most, back)
    small = e.op(f"{right} {type} {value}, {near_back}")
    if f["rounded"] or f["U"]:
        small = choose(e, type, far_back, each(type, 0), small)
    if f["rounded"]:
        odd = e.op(f"and {type} {small}, {each(type, 1)}")
        small = e.op(f"add {type} {e.op(f'{right} {type} {small}, {each(type, 1)}')}, {odd}")
    far = e.op(f"icmp ugt {type} {by}, {most}")
    near = choose(e, type, far, most, by)
    moved, lost = shifted_left(e, type, value, near, f["U"])
    large = choose(e, type, far, each(type, 0), moved)
    negative = e.op(f"icmp slt {type} {by}, {each(type, 0)}")
    if f["saturate"]:
        flags = like(type, "i1")
        there = e.op(f"icmp ne {type} {value}, {each(type, 0)}")
        lost = e.op(f"or {flags} {lost}, {e.op(f'and {flags} {far}, {there}')}")
        left = e.op(f"xor {flags} {negative}, {each(flags, -1)}")
        lost = e.op(f"and {flags} {lost}, {left}")
        gather(e, type, e.op(f"sext {flags} {lost} to {type}"))
        large = choose(e, type, lost, limit(e, type, value, f["U"]), large)
    return choose(e, type, negative, small, large)


def _double_high(e: Emitter, f: Fields, type: str, a: str, b: str) -> str:
    """SQDMULH, SQRDMULH: the upper half of twice the product."""
    wide, width = wider(type), bits(element(type))
    a, b = (e.op(f"sext {type} {value} to {wide}") for value in (a, b))
    product = e.op(f"mul {wide} {a}, {b}")
    if f["rounded"]:
        product = e.op(f"add {wide} {product}, {each(wide, 1 << width - 2)}")
    high = e.op(f"ashr {wide} {product}, {each(wide, width - 1)}")
    value = call(e, "smin", wide, high, each(wide, (1 << width - 1) - 1))
    value, high = (e.op(f"trunc {wide} {one} to {type}") for one in (value, high))
    note(e, type, value, high)
    return value


def _three(meaning: Three) -> Emit:
    def emit(e: Emitter, f: Fields) -> None:
        type = shape(f)
        write(e, f["rd"], meaning(e, f, type, read(e, f["rn"], type), read(e, f["rm"], type)), type)

    return emit


def _with_element(meaning: Three) -> Emit:
    def emit(e: Emitter, f: Fields) -> None:
        type = shape(f)
        write(e, f["rd"], meaning(e, f, type, read(e, f["rn"], type), by_element(e, f, type)), type)

    return emit


def _unary(meaning: Callable[[Emitter, Fields, str, str], str]) -> Emit:
    def emit(e: Emitter, f: Fields) -> None:
        type = shape(f)
        write(e, f["rd"], meaning(e, f, type, read(e, f["rn"], type)), type)

    return emit


def _absolute(e: Emitter, f: Fields, type: str, value: str) -> str:
    """SQABS, SQNEG."""
    exact = e.op(f"sub {type} {each(type, 0)}, {value}")
    out = call(e, "ssub.sat", type, each(type, 0), value)
    if not f["U"]:
        negative = e.op(f"icmp slt {type} {value}, {each(type, 0)}")
        exact, out = (choose(e, type, negative, one, value) for one in (exact, out))
    note(e, type, out, exact)
    return out


def _accumulate(e: Emitter, f: Fields, type: str, value: str) -> str:
    """SUQADD: an unsigned number is added to the signed Rd; USQADD: a signed one to the unsigned Rd."""
    old, width = read(e, f["rd"], type), bits(element(type))
    exact = e.op(f"add {type} {old}, {value}")
    if f["U"]:
        negative = e.op(f"icmp slt {type} {value}, {each(type, 0)}")
        less = call(e, "usub.sat", type, old, e.op(f"sub {type} {each(type, 0)}, {value}"))
        out = choose(e, type, negative, less, call(e, "uadd.sat", type, old, value))
    else:
        most = each(type, (1 << width - 1) - 1)
        room = e.op(f"sub {type} {most}, {old}")
        out = choose(e, type, e.op(f"icmp ugt {type} {value}, {room}"), most, exact)
    note(e, type, out, exact)
    return out


def clamped(e: Emitter, type: str, value: str, width: int, unsigned: int, to_unsigned: int) -> str:
    """Of a wide type, what fits into `width` bits; QC where it did not."""
    if unsigned:
        out = call(e, "umin", type, value, each(type, (1 << width) - 1))
    else:
        low, high = (0, (1 << width) - 1) if to_unsigned else (-1 << width - 1, (1 << width - 1) - 1)
        out = call(e, "smax", type, value, each(type, low))
        out = call(e, "smin", type, out, each(type, high))
    note(e, type, out, value)
    return out


# ---- wider


def _double_long(e: Emitter, f: Fields, type: str, a: str, b: str) -> None:
    """SQDMULL, SQDMLAL, SQDMLSL; kind 3, 0, 1."""
    wide = wider(type)
    a, b = (e.op(f"sext {type} {value} to {wide}") for value in (a, b))
    product = e.op(f"mul {wide} {a}, {b}")
    out = call(e, "sadd.sat", wide, product, product)
    note(e, wide, out, e.op(f"shl {wide} {product}, {each(wide, 1)}"))
    if f["kind"] != 2:
        name, old = "sub" if f["kind"] else "add", read(e, f["rd"], wide)
        exact = e.op(f"{name} {wide} {old}, {out}")
        out = call(e, f"s{name}.sat", wide, old, out)
        note(e, wide, out, exact)
    write(e, f["rd"], out, wide)


def _halves(f: Fields) -> str:
    """The type of what a long form reads."""
    return shape({**f, "Q": 0} if "Q" in f else f)


def _long_three(e: Emitter, f: Fields) -> None:
    type, upper = _halves(f), f.get("Q", 0)
    _double_long(e, f, type, read(e, f["rn"], type, upper), read(e, f["rm"], type, upper))


def _long_element(e: Emitter, f: Fields) -> None:
    type = _halves(f)
    _double_long(e, f, type, read(e, f["rn"], type, f.get("Q", 0)), by_element(e, f, type))


def both(
    name: str, pattern: str, emit: Emit, vector: Callable[[Fields], bool], scalar: Callable[[Fields], bool]
) -> tuple[Row, Row]:
    """The form of vectors, whose pattern it is, and that of scalars."""
    other = "01 " + pattern.removeprefix("0 Q ").replace(" 011", " 111", 1)
    return Row(name, pattern, emit, vector), Row(f"{name} scalar", other, emit, scalar)


def with_operands(emit: Emit, **more: int) -> Emit:
    """With operands that the pattern does not tell of."""
    return lambda e, f: emit(e, {**f, **more})


def _halfword_or_word(f: Fields) -> bool:
    return f["size"] in (1, 2)


def _is_register_shift(f: Fields) -> bool:
    """Of scalars only the saturating ones have all sizes."""
    return bool(f["saturate"]) or f["size"] == 3


def _is_long(f: Fields) -> bool:
    return _halfword_or_word(f) and f["kind"] != 3


_SHIFT_BY = "0 Q U 01110 size:2 1 rm:5 010 rounded saturate 1 rn:5 rd:5"
_ELEMENT = "0 Q 0 01111 size:2 L M rm:4 {} H 0 rn:5 rd:5"
ROWS = (
    *both("qadd/qsub", "0 Q U 01110 size:2 1 rm:5 00 sub 01 1 rn:5 rd:5", _three(_add), sized, always),
    *both("shl by register", _SHIFT_BY, _three(_shift_by), sized, _is_register_shift),
    *both(
        "sqdmulh",
        "0 Q rounded 01110 size:2 1 rm:5 10110 1 rn:5 rd:5",
        _three(_double_high),
        _halfword_or_word,
        _halfword_or_word,
    ),
    *both(
        "sqdmulh element",
        _ELEMENT.format("110 rounded"),
        _with_element(_double_high),
        _halfword_or_word,
        _halfword_or_word,
    ),
    *both(
        "sqdmull/sqdmlal/sqdmlsl",
        "0 Q 0 01110 size:2 1 rm:5 1 kind:2 1 00 rn:5 rd:5",
        _long_three,
        _is_long,
        _is_long,
    ),
    *both(
        "sqdmull/sqdmlal/sqdmlsl element",
        _ELEMENT.format("kind:2 11"),
        _long_element,
        _is_long,
        _is_long,
    ),
    *both("sqabs/sqneg", "0 Q U 01110 size:2 1000000111 10 rn:5 rd:5", _unary(_absolute), sized, always),
    *both("suqadd/usqadd", "0 Q U 01110 size:2 1000000011 10 rn:5 rd:5", _unary(_accumulate), sized, always),
)
