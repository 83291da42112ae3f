# SPDX-License-Identifier: BSD-2-Clause
"""Rows of floating point in vectors (Arm ARM C4.1.96)."""

from __future__ import annotations

from collections.abc import Callable

from elfhaven.machine.native.decode import Emit, Fields, Row
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.floats import (
    extremum,
    negated,
    rounded,
    splat,
    strict,
    suffix,
)
from elfhaven.machine.native.vectors import arrangement, clean, operands, set_vector, whole


def _float_three(e: Emitter, f: Fields, name: str) -> None:
    type = arrangement(f)
    a, b = operands(e, f, type)
    if name == "fdiv" and not f["Q"]:
        b = e.op(
            f"shufflevector {type} {b}, {type} {splat(type, '1.0')}, <4 x i32> <i32 0, i32 1, i32 4, i32 5>"
        )
    set_vector(e, f, strict(e, name, type, a, b), type)


def _float_fused(e: Emitter, f: Fields) -> None:
    """FMLA, FMLS of whole vectors."""
    type = arrangement(f)
    n, m = operands(e, f, type)
    n = negated(e, n, type) if f["sub"] else n
    set_vector(e, f, strict(e, "fma", type, n, m, clean(e, f, f["rd"], type)), type)


def _element(e: Emitter, f: Fields, type: str) -> str:
    """One lane of Rm in all lanes."""
    if f["sz"]:
        number, index = f["M"] << 4 | f["rm"], f["H"]
    else:
        number, index = f["M"] << 4 | f["rm"], f["H"] << 1 | f["L"]
    count = 2 if f["sz"] else 4
    lanes = ", ".join([f"i32 {index}"] * count)
    return e.op(f"shufflevector {type} {e.v(number, type)}, {type} poison, <{count} x i32> <{lanes}>")


def _float_by_element(e: Emitter, f: Fields) -> None:
    """FMLA, FMLS, FMUL by element."""
    type = arrangement(f)
    m, n = _element(e, f, type), clean(e, f, f["rn"], type)
    if not f["Q"]:
        m = e.op(f"shufflevector {type} {m}, {type} zeroinitializer, <4 x i32> <i32 0, i32 1, i32 4, i32 5>")
    if f["opcode"] == 9:
        set_vector(e, f, strict(e, "fmul", type, n, m), type)
        return
    n = negated(e, n, type) if f["opcode"] == 5 else n
    set_vector(e, f, strict(e, "fma", type, n, m, clean(e, f, f["rd"], type)), type)


def _float_sign(e: Emitter, f: Fields) -> None:
    """FABS, FNEG."""
    type = arrangement(f)
    a = e.v(f["rn"], type)
    value = negated(e, a, type) if f["U"] else e.op(f"call {type} @llvm.fabs.{suffix(type)}({type} {a})")
    set_vector(e, f, value, type)


def _extremum(e: Emitter, f: Fields) -> None:
    """FMAX, FMIN, FMAXNM, FMINNM of numbers."""
    type = arrangement(f)
    a, b = (clean(e, f, f[r], type) for r in ("rn", "rm"))
    set_vector(e, f, extremum(e, f["least"], type, a, b), type)


def _root(e: Emitter, f: Fields) -> None:
    """FSQRT."""
    type = arrangement(f)
    set_vector(e, f, strict(e, "sqrt", type, clean(e, f, f["rn"], type)), type)


def _round(e: Emitter, f: Fields) -> None:
    """FRINTN, M, P, Z, A, X, I."""
    type = arrangement(f)
    mode = {(0, 0, 0): 0, (0, 0, 1): 2, (0, 1, 0): 1, (0, 1, 1): 3, (1, 0, 0): 4, (1, 0, 1): 6, (1, 1, 1): 7}
    value = clean(e, f, f["rn"], type)
    set_vector(e, f, rounded(e, mode[f["U"], f["o2"], f["o1"]], type, value), type)


def _named(name: str, pattern: str, meaning: Emit, when: Callable[[Fields], bool] = whole) -> Row:
    return Row(name, pattern, meaning, when, floats=True)


def _float(name: str, pattern: str) -> Row:
    def emit(e: Emitter, f: Fields) -> None:
        _float_three(e, f, name)

    return Row(f"{name} vector", pattern, emit, whole, floats=True)


ROWS = (
    _float("fadd", "0 Q 001110 0 sz 1 rm:5 110101 rn:5 rd:5"),
    _float("fsub", "0 Q 001110 1 sz 1 rm:5 110101 rn:5 rd:5"),
    _float("fmul", "0 Q 101110 0 sz 1 rm:5 110111 rn:5 rd:5"),
    _float("fdiv", "0 Q 101110 0 sz 1 rm:5 111111 rn:5 rd:5"),
    Row("fmla/fmls vector", "0 Q 001110 sub sz 1 rm:5 110011 rn:5 rd:5", _float_fused, whole, floats=True),
    Row(
        "fmla/fmls/fmul element",
        "0 Q 0011111 sz L M rm:4 opcode:4 H 0 rn:5 rd:5",
        _float_by_element,
        lambda f: f["opcode"] in (1, 5, 9) and whole(f) and not (f["sz"] and f["L"]),
        floats=True,
    ),
    Row("fabs/fneg vector", "0 Q U 011101 sz 100000111110 rn:5 rd:5", _float_sign, whole),
    _named("fmax/fmin vector", "0 Q 0 01110 least sz 1 rm:5 111101 rn:5 rd:5", _extremum),
    _named("fmaxnm/fminnm vector", "0 Q 0 01110 least sz 1 rm:5 110001 rn:5 rd:5", _extremum),
    _named("fsqrt vector", "0 Q 1011101 sz 100001111110 rn:5 rd:5", _root),
    _named(
        "frint vector",
        "0 Q U 01110 o2 sz 10000 1100 o1 10 rn:5 rd:5",
        _round,
        lambda f: whole(f) and (f["U"], f["o2"], f["o1"]) != (1, 1, 0),
    ),
)
