# SPDX-License-Identifier: BSD-2-Clause
"""Rows of estimates of reciprocals and of roots (Arm ARM C4.1.96; RecipEstimate, RecipSqrtEstimate), of
zeros, and of normal numbers whose estimate is normal. The architecture gives eight bits of them exactly, by
integers.
"""

from __future__ import annotations

from elfhaven.machine.native.decode import Emit, Fields, Row
from elfhaven.machine.native.emitter import Emitter, bits
from elfhaven.machine.native.floats import STRICT, splat, suffix
from elfhaven.machine.native.kinds import each, element, like, vector
from elfhaven.machine.native.shapes import choose, read, write

_FRACTION = {32: 23, 64: 52}


def _type(f: Fields) -> str:
    """Integers of the operand's shape."""
    kind = "i64" if f["sz"] else "i32"
    return vector((128 if f["Q"] else 64) // bits(kind), kind) if "Q" in f else kind


def _op(e: Emitter, name: str, type: str, value: str, other: int) -> str:
    return e.op(f"{name} {type} {value}, {each(type, other)}")


def _largest(e: Emitter, type: str, a: str, power: int, root: bool) -> str:
    """Half of, rounded up: the largest b from 512 to 1023 for which a * b, or a * b * b, is below 2^power."""
    best = each(type, 512)
    for bit in reversed(range(9)):
        more = _op(e, "or", type, best, 1 << bit)
        product = e.op(f"mul {type} {a}, {more}")
        product = e.op(f"mul {type} {product}, {more}") if root else product
        fits = e.op(f"icmp ult {type} {product}, {each(type, 1 << power)}")
        best = choose(e, type, fits, more, best)
    return _op(e, "lshr", type, _op(e, "add", type, best, 1), 1)


def _reciprocal(e: Emitter, type: str, a: str) -> str:
    """Nine bits of 1 / a, from nine bits of a of which the first is set."""
    doubled = _op(e, "or", type, _op(e, "shl", type, a, 1), 1)  # odd: its product is never 2^19
    return _largest(e, type, doubled, 19, False)


def _root(e: Emitter, type: str, a: str) -> str:
    """Nine bits of the reciprocal of the root of a, from nine bits of which one of the first two is set."""
    small = _op(e, "or", type, _op(e, "shl", type, a, 1), 1)
    large = _op(e, "shl", type, _op(e, "or", type, a, 1), 1)
    half = e.op(f"icmp ult {type} {a}, {each(type, 256)}")
    return _largest(e, type, choose(e, type, half, small, large), 28, True)


def _parts(e: Emitter, type: str, value: str) -> tuple[int, str, str]:
    """(bits of the fraction, the exponent, the fraction's highest eight bits)."""
    width = bits(element(type))
    fraction = _FRACTION[width]
    exponent = _op(e, "and", type, _op(e, "lshr", type, value, fraction), (1 << width - 1 - fraction) - 1)
    high = _op(e, "and", type, _op(e, "lshr", type, value, fraction - 8), 255)
    return fraction, exponent, high


def _doubt_outside(e: Emitter, type: str, value: str, low: int, high: int, zero: str) -> None:
    """It must be between the two, or zero."""
    above = e.op(f"icmp ugt {type} {_op(e, 'sub', type, value, low)}, {each(type, high - low)}")
    there = _op(e, "xor", like(type, "i1"), zero, -1)
    e.doubt(e.op(f"and {like(type, 'i1')} {above}, {there}"), like(type, "i1"))


def _is_zero(e: Emitter, type: str, value: str) -> str:
    """Of either sign."""
    size = _op(e, "and", type, value, (1 << bits(element(type)) - 1) - 1)
    return e.op(f"icmp eq {type} {size}, {each(type, 0)}")


def _infinite(e: Emitter, type: str, value: str, zero: str, made: str) -> str:
    """Infinity for a zero, by dividing, which raises DZC as the guest does; else what was made."""
    width = bits(element(type))
    kind = like(type, "double" if width == 64 else "float")
    one = splat(kind, "1.0") if kind.startswith("<") else "1.0"
    by = choose(e, type, zero, value, each(type, 0x3FF << 52 if width == 64 else 0x7F << 23))
    operands = f"{kind} {one}, {kind} {e.op(f'bitcast {type} {by} to {kind}')}"
    name = f"llvm.experimental.constrained.fdiv.{suffix(kind)}"
    quotient = e.op(f"call {kind} @{name}({operands}, {STRICT}) #1")
    return choose(e, type, zero, e.op(f"bitcast {kind} {quotient} to {type}"), made)


def _put(e: Emitter, type: str, exponent: str, estimate: str, fraction: int) -> str:
    low = _op(e, "shl", type, _op(e, "and", type, estimate, 255), fraction - 8)
    return e.op(f"or {type} {_op(e, 'shl', type, exponent, fraction)}, {low}")


def _float_reciprocal(e: Emitter, f: Fields) -> None:
    """FRECPE."""
    type = _type(f)
    value = read(e, f["rn"], type)
    fraction, exponent, high = _parts(e, type, value)
    width = bits(element(type))
    top = 2045 if width == 64 else 253
    zero = _is_zero(e, type, value)
    _doubt_outside(e, type, exponent, 1, top - 1, zero)
    estimate = _reciprocal(e, type, _op(e, "or", type, high, 256))
    turned = e.op(f"sub {type} {each(type, top)}, {exponent}")
    sign = _op(e, "and", type, value, 1 << width - 1)
    made = e.op(f"or {type} {sign}, {_put(e, type, turned, estimate, fraction)}")
    write(e, f["rd"], _infinite(e, type, value, zero, made), type)


def _float_root(e: Emitter, f: Fields) -> None:
    """FRSQRTE of what is not below zero."""
    type = _type(f)
    value = read(e, f["rn"], type)
    fraction, exponent, high = _parts(e, type, value)
    width = bits(element(type))
    infinite, normal = ((1 << width - 1 - fraction) - 1) << fraction, 1 << fraction
    zero = _is_zero(e, type, value)
    _doubt_outside(e, type, value, normal, infinite, zero)
    odd = e.op(f"icmp ne {type} {_op(e, 'and', type, exponent, 1)}, {each(type, 0)}")
    scaled = _op(e, "or", type, high, 256)
    estimate = _root(e, type, choose(e, type, odd, _op(e, "lshr", type, scaled, 1), scaled))
    turned = e.op(f"sub {type} {each(type, 3068 if width == 64 else 380)}, {exponent}")
    made = _put(e, type, _op(e, "lshr", type, turned, 1), estimate, fraction)
    held = e.op(f"icmp eq {type} {value}, {each(type, infinite)}")
    made = choose(e, type, held, each(type, 0), made)
    write(e, f["rd"], _infinite(e, type, value, zero, made), type)


def _integer(e: Emitter, f: Fields) -> None:
    """URECPE, URSQRTE: of fractions from one half, or from one quarter."""
    type = _type({**f, "sz": 0})
    value = read(e, f["rn"], type)
    high = _op(e, "lshr", type, value, 23)
    least = 128 if f["root"] else 256
    small = e.op(f"icmp ult {type} {high}, {each(type, least)}")
    made = (_root if f["root"] else _reciprocal)(e, type, high)
    out = choose(e, type, small, each(type, -1), _op(e, "shl", type, made, 23))
    write(e, f["rd"], out, type)


def _exponent(e: Emitter, f: Fields) -> None:
    """FRECPX of numbers."""
    type = _type(f)
    value = read(e, f["rn"], type)
    fraction, exponent, _ = _parts(e, type, value)
    width = bits(type)
    most = (1 << width - 1 - fraction) - 1
    size = _op(e, "and", type, value, (1 << width - 1) - 1)
    e.doubt(e.op(f"icmp ugt {type} {size}, {most << fraction}"), "i1")
    none = e.op(f"icmp eq {type} {exponent}, 0")
    turned = choose(e, type, none, str(most - 1), _op(e, "xor", type, exponent, most))
    sign = _op(e, "and", type, value, 1 << width - 1)
    write(e, f["rd"], e.op(f"or {type} {sign}, {_op(e, 'shl', type, turned, fraction)}"), type)


def _both(name: str, pattern: str, emit: Emit) -> tuple[Row, Row]:
    """The form of vectors, whose pattern it is, and that of scalars."""
    other = "01 " + pattern.removeprefix("0 Q ").replace(" 011", " 111", 1)
    return (
        Row(name, pattern, emit, lambda f: f["Q"] == 1 or not f["sz"], floats=True),
        Row(f"{name} scalar", other, emit, floats=True),
    )


ROWS = (
    *_both("frecpe", "0 Q 0 01110 1 sz 10000 11101 10 rn:5 rd:5", _float_reciprocal),
    *_both("frsqrte", "0 Q 1 01110 1 sz 10000 11101 10 rn:5 rd:5", _float_root),
    Row("frecpx", "01 0 11110 1 sz 10000 11111 10 rn:5 rd:5", _exponent, floats=True),
    Row("urecpe/ursqrte", "0 Q root 01110 10 10000 11100 10 rn:5 rd:5", _integer),
)
