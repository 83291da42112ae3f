# SPDX-License-Identifier: BSD-2-Clause
"""Types of Advanced SIMD operands. A scalar form has the type of its element; a vector form, a vector of just
the lanes that count, so that lanes which do not count raise and saturate nothing."""

from __future__ import annotations

from collections.abc import Iterable

from elfhaven.machine.native.decode import Fields
from elfhaven.machine.native.emitter import VECTOR, Emitter, bits
from elfhaven.machine.native.kinds import element, lanes, like, mangled, vector


def wider(type: str) -> str:
    """The same number of integers, each twice as wide."""
    return like(type, f"i{2 * bits(element(type))}")


def order(indices: Iterable[int]) -> str:
    """The third operand of shufflevector."""
    words = [f"i32 {i}" for i in indices]
    return f"<{len(words)} x i32> <{', '.join(words)}>"


def shape(f: Fields) -> str:
    """Of the operands that `size` tells of."""
    kind = f"i{8 << f['size']}"
    return vector((16 if f["Q"] else 8) >> f["size"], kind) if "Q" in f else kind


def read(e: Emitter, number: int, type: str, upper: int = 0) -> str:
    """The lowest lanes of a register, or where `upper` is set those of its upper half."""
    if not type.startswith("<"):
        return e.lane(number, type)
    count, all_of_it = lanes(type), 128 // bits(element(type))
    whole = vector(all_of_it, element(type))
    value = e.v(number, whole)
    if count == all_of_it:
        return value
    indices = range(upper * count, (upper + 1) * count)
    return e.op(f"shufflevector {whole} {value}, {whole} poison, {order(indices)}")


def write(e: Emitter, number: int, value: str, type: str) -> None:
    """All of a register; zero above what is given."""
    if not type.startswith("<"):
        e.set_scalar(number, value, type)
    elif lanes(type) * bits(element(type)) == 128:
        e.set_v(number, value, type)
    else:
        count = lanes(type)
        whole = vector(2 * count, element(type))
        wide = e.op(f"shufflevector {type} {value}, {type} zeroinitializer, {order(range(2 * count))}")
        e.set_v(number, wide, whole)


def write_half(e: Emitter, number: int, value: str, type: str, upper: int) -> None:
    """The lower half, and zero above; or the upper half alone. `type` has 64 bits."""
    if upper:
        low = e.op(f"bitcast {type} {value} to i64")
        e.set_v(number, e.op(f"insertelement {VECTOR} {e.v(number)}, i64 {low}, i32 1"))
    else:
        write(e, number, value, type)


def call(e: Emitter, name: str, type: str, *operands: str) -> str:
    """An intrinsic of one type of integers."""
    words = ", ".join(f"{type} {operand}" for operand in operands)
    return e.op(f"call {type} @llvm.{name}.{mangled(type)}({words})")


def choose(e: Emitter, type: str, held: str, one: str, other: str) -> str:
    return e.op(f"select {like(type, 'i1')} {held}, {type} {one}, {type} {other}")


def by_element(e: Emitter, f: Fields, type: str) -> str:
    """The lane of Rm that L, M and H tell, in all lanes of `type` (Arm ARM C4.1.96)."""
    width = bits(element(type))
    if width == 16:
        number, index = f["rm"], f["H"] << 2 | f["L"] << 1 | f["M"]
    elif width == 32:
        number, index = f["M"] << 4 | f["rm"], f["H"] << 1 | f["L"]
    else:
        number, index = f["M"] << 4 | f["rm"], f["H"]
    if not type.startswith("<"):
        return e.lane(number, type, index)
    whole = vector(128 // width, element(type))
    return e.op(f"shufflevector {whole} {e.v(number, whole)}, {whole} poison, {order([index] * lanes(type))}")
