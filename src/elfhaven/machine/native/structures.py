# SPDX-License-Identifier: BSD-2-Clause
"""Rows of loads and stores of structures of one element (Arm ARM C4.1.94): LD1 to LD4 and ST1 to ST4 of one
lane of each register, LD1R to LD4R of all."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.kinds import lanes, vector
from elfhaven.machine.native.shapes import order, write
from elfhaven.machine.native.transfers import step_on


def _registers(f: Fields) -> list[int]:
    count = 1 + (f["odd"] << 1 | f["R"])
    return [(f["rt"] + i) % 32 for i in range(count)]


def _lane(f: Fields) -> tuple[int, int] | None:
    """(log2 of the bytes of an element, which); None where the encoding is reserved."""
    index = f["Q"] << 3 | f["S"] << 2 | f["size"]
    if f["scale"] == 2 and f["size"] == 1:
        return None if f["S"] else (3, f["Q"])
    if f["scale"] == 3 or index & (1 << f["scale"]) - 1:
        return None
    return f["scale"], index >> f["scale"]


def _single(e: Emitter, f: Fields) -> None:
    """One lane of each register; one access, so that none is moved alone."""
    found = _lane(f)
    assert found is not None
    scale, index = found
    element, whole = f"i{8 << scale}", vector(16 >> scale, f"i{8 << scale}")
    registers, base = _registers(f), e.x(f["rn"], sp=True)
    size = len(registers) << scale
    pointer = e.host(base, size, not f["L"])
    places = [pointer] + [
        e.op(f"getelementptr i8, ptr {pointer}, i64 {k << scale}") for k in range(1, len(registers))
    ]
    if f["L"]:
        values = [e.load(place, element) for place in places]
        for number, value in zip(registers, values, strict=True):
            held = e.v(number, whole)
            e.set_v(number, e.op(f"insertelement {whole} {held}, {element} {value}, i32 {index}"), whole)
    else:
        values = [e.lane(number, element, index) for number in registers]
        for place, value in zip(places, values, strict=True):
            e.store(place, value, element)
    if "rm" in f:
        step_on(e, f, base, size)


def _replicate(e: Emitter, f: Fields) -> None:
    element = f"i{8 << f['size']}"
    registers, base = _registers(f), e.x(f["rn"], sp=True)
    size = len(registers) << f["size"]
    pointer = e.host(base, size, False)
    type = vector((16 if f["Q"] else 8) >> f["size"], element)
    for k, number in enumerate(registers):
        place = e.op(f"getelementptr i8, ptr {pointer}, i64 {k << f['size']}") if k else pointer
        first = e.op(f"insertelement {type} poison, {element} {e.load(place, element)}, i32 0")
        value = e.op(f"shufflevector {type} {first}, {type} poison, {order([0] * lanes(type))}")
        write(e, number, value, type)
    if "rm" in f:
        step_on(e, f, base, size)


def _is_single(f: Fields) -> bool:
    return _lane(f) is not None


ROWS = (
    Row("one lane", "0 Q 0011010 L R 00000 scale:2 odd S size:2 rn:5 rt:5", _single, _is_single),
    Row("one lane post", "0 Q 0011011 L R rm:5 scale:2 odd S size:2 rn:5 rt:5", _single, _is_single),
    Row("ld1r to ld4r", "0 Q 00110101 R 00000 11 odd 0 size:2 rn:5 rt:5", _replicate),
    Row("ld1r to ld4r post", "0 Q 00110111 R rm:5 11 odd 0 size:2 rn:5 rt:5", _replicate),
)
