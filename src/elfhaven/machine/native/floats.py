# SPDX-License-Identifier: BSD-2-Clause
"""Rows of scalar floating point (Arm ARM C4.1.96), single and double.

The host rounds as the guest does while FPCR is zero, or has FZ alone (Emitter.flush), which dispatch.py
checks, as it merges the exception flags of the host into FPSR. Two things differ between the machines and are
left to the interpreter: a result that is a NaN (its sign and payload), and a result that is the least normal
number: Arm finds it tiny before rounding and the host after (UFC).
With FZ all that is denormal is.
"""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import Emitter, bits
from elfhaven.machine.native.flags import Flags

STRICT = 'metadata !"round.tonearest", metadata !"fpexcept.strict"'
_NAMES = {"half": "f16", "float": "f32", "double": "f64"}
_MAY_UNDERFLOW = ("fmul", "fdiv", "fma")
ARITHMETIC = {0: "fmul", 1: "fdiv", 2: "fadd", 3: "fsub"}


def scalar(f: Fields) -> str:
    return "double" if f["type"] else "float"


_SCALARS = "fp two sources|fp fused|fp one operand|fcmp|cvtf|fcvt to integer|frint|fmax/fmin|faddp pair"
_VECTORS = "fadd|fsub|fmul|fdiv|fmla/fmls|fsqrt|cvtf|fmax/fmin"
FLUSHED = frozenset(
    (
        *_SCALARS.split("|"),
        *(f"{name} vector" for name in _VECTORS.split("|")),
        "fmla/fmls/fmul element",
        "faddp",
    )
)  # rows that are right with FPCR.FZ too


def suffix(type: str) -> str:
    """How intrinsics spell a type: f32, v4f32."""
    if type.startswith("<"):
        count, _, element = type[1:-1].split()
        return f"v{count}{_NAMES[element]}"
    return _NAMES[type]


def strict(e: Emitter, name: str, type: str, *operands: str) -> str:
    """A rounding operation whose result must have no NaN, as it has where an operand has one."""
    e.doubt_tiny(type, *operands)
    if e.flush and name in ("fdiv", "sqrt"):
        e.resolve()  # of what is tiny they would raise more than what dispatch.py takes back
    words = ", ".join(f"{type} {operand}" for operand in operands)
    call = f"call {type} @llvm.experimental.constrained.{name}.{suffix(type)}({words}, {STRICT})"
    result = e.op(call + " #1")
    e.doubt_number(result, type, *operands)
    if name in _MAY_UNDERFLOW and e.flush:
        e.doubt_flushed(type, result, *(operands[:1] if name == "fdiv" else operands[:2]))
    elif name in _MAY_UNDERFLOW:
        e.doubt_least(type, result)
    else:
        e.doubt_tiny(type, result)
    return result


def splat(type: str, value: str) -> str:
    """A constant with one value in all lanes."""
    count, _, element = type[1:-1].split()
    return "<" + ", ".join([f"{element} {value}"] * int(count)) + ">"


def negated(e: Emitter, value: str, type: str) -> str:
    """The sign changed, of NaNs too."""
    result = e.op(f"fneg {type} {value}")
    e.same_nan(result, value)
    return result


def _arithmetic(e: Emitter, f: Fields) -> None:
    """FMUL, FDIV, FADD, FSUB, FNMUL."""
    type = scalar(f)
    a, b = e.lane(f["rn"], type), e.lane(f["rm"], type)
    value = strict(e, ARITHMETIC.get(f["opcode"], "fmul"), type, a, b)
    e.set_scalar(f["rd"], negated(e, value, type) if f["opcode"] == 8 else value, type)


def _fused(e: Emitter, f: Fields) -> None:
    """FMADD, FMSUB, FNMADD, FNMSUB: +-Ra +- Rn * Rm, rounded once."""
    type = scalar(f)
    a, n, m = (e.lane(f[r], type) for r in ("ra", "rn", "rm"))
    n = negated(e, n, type) if f["o0"] != f["o1"] else n
    a = negated(e, a, type) if f["o1"] else a
    e.set_scalar(f["rd"], strict(e, "fma", type, n, m, a), type)


def _one_source(e: Emitter, f: Fields) -> None:
    """FMOV, FABS, FNEG, FSQRT."""
    type = scalar(f)
    value = e.lane(f["rn"], type)
    if f["opcode"] == 1:
        value = e.op(f"call {type} @llvm.fabs.{suffix(type)}({type} {value})")
    elif f["opcode"] == 2:
        value = negated(e, value, type)
    elif f["opcode"] == 3:
        value = strict(e, "sqrt", type, value)
    e.set_scalar(f["rd"], value, type)


def _immediate(e: Emitter, f: Fields) -> None:
    """FMOV of a constant (Arm ARM VFPExpandImm)."""
    type = "i64" if f["type"] else "i32"
    e.set_scalar(f["rd"], str(expand(f["imm8"], bits(type))), type)


def expand(imm8: int, width: int) -> int:
    """The bits of a constant of FMOV."""
    exponent = 11 if width == 64 else 8
    fraction = width - exponent - 1
    sign, b, rest = imm8 >> 7, imm8 >> 6 & 1, imm8 & 0x3F
    biased = (1 - b) << exponent - 1 | ((1 << exponent - 3) - 1 if b else 0) << 2 | rest >> 4
    return sign << width - 1 | biased << fraction | (rest & 15) << fraction - 4


def _compare(e: Emitter, f: Fields) -> None:
    """FCMP, FCMPE, with a register or with zero."""
    type = scalar(f)
    e.compare_floats(type, e.lane(f["rn"], type), "0.0" if f["zero"] else e.lane(f["rm"], type), f["signal"])


def compare(e: Emitter, predicate: str, type: str, a: str, b: str, signal: int = 0) -> str:
    """A comparison that is not done where the guest does none: a signalling NaN raises IOC, or any does."""
    words = f'{type} {a}, {type} {b}, metadata !"{predicate}", metadata !"fpexcept.strict"'
    flags = f"<{type[1:-1].split()[0]} x i1>" if type.startswith("<") else "i1"
    name = "fcmps" if signal else "fcmp"
    return e.op(f"call {flags} @llvm.experimental.constrained.{name}.{suffix(type)}({words}) #1")


def _compare_if(e: Emitter, f: Fields) -> None:
    """FCCMP, FCCMPE."""
    type = scalar(f)
    a, b = e.lane(f["rn"], type), e.lane(f["rm"], type)
    held = e.test(f["cond"])
    a, b = (e.op(f"select i1 {held}, {type} {value}, {type} 0.0") for value in (a, b))
    compare(e, "uno", type, a, b, f["signal"])
    words = [e.op(f"bitcast {type} {value} to i{bits(type)}") for value in (a, b)]
    e.set_flags_if(held, Flags.FLOAT64 if f["type"] else Flags.FLOAT32, words[0], words[1], f["nzcv"])


def _select(e: Emitter, f: Fields) -> None:
    type = "i64" if f["type"] else "i32"
    held = e.test(f["cond"])
    a, b = e.lane(f["rn"], type), e.lane(f["rm"], type)
    e.set_scalar(f["rd"], e.op(f"select i1 {held}, {type} {a}, {type} {b}"), type)


_ROUNDINGS = {0: "roundeven", 1: "ceil", 2: "floor", 3: "trunc", 4: "round", 6: "rint", 7: "nearbyint"}


def _round(e: Emitter, f: Fields) -> None:
    """FRINTN, P, M, Z, A, X, I."""
    type = scalar(f)
    e.set_scalar(f["rd"], rounded(e, f["mode"], type, e.lane(f["rn"], type)), type)


def rounded(e: Emitter, mode: int, type: str, value: str) -> str:
    """To a whole number, of numbers; mode 6 (FRINTX) alone raises that it was none."""
    e.doubt_tiny(type, value)
    result = to_whole(e, mode, type, value)
    e.doubt_number(result, type, value)
    return result


def to_whole(e: Emitter, mode: int, type: str, value: str) -> str:
    """The same of NaNs too, whatever comes of them."""
    name = _ROUNDINGS[mode]
    more = STRICT if name in ("rint", "nearbyint") else 'metadata !"fpexcept.strict"'
    call = f"call {type} @llvm.experimental.constrained.{name}.{suffix(type)}({type} {value}, {more}) #1"
    return e.op(call)


def _extremum(e: Emitter, f: Fields) -> None:
    """FMAX, FMIN, FMAXNM, FMINNM of numbers."""
    type = scalar(f)
    a, b = e.lane(f["rn"], type), e.lane(f["rm"], type)
    e.set_scalar(f["rd"], extremum(e, f["opcode"] & 1, type, a, b), type)


def extremum(e: Emitter, least: int, type: str, a: str, b: str) -> str:
    """The larger, or the smaller; zero is larger than minus zero."""
    e.doubt_tiny(type, a, b)
    for operand in (a, b):
        e.doubt_number(operand, type)
    e.astray = True
    vector = type.startswith("<")
    flags = f"<{type[1:-1].split()[0]} x i1>" if vector else "i1"
    bits_type = type.replace("float", "i32").replace("double", "i64")
    better = compare(e, "olt" if least else "ogt", type, a, b)
    equal = e.op(f"fcmp oeq {type} {a}, {b}")
    one, other = (e.op(f"bitcast {type} {value} to {bits_type}") for value in (a, b))
    joined = e.op(f"{'or' if least else 'and'} {bits_type} {one}, {other}")  # of equal numbers zeros differ
    chosen = e.op(f"select {flags} {better}, {bits_type} {one}, {bits_type} {other}")
    chosen = e.op(f"select {flags} {equal}, {bits_type} {joined}, {bits_type} {chosen}")
    return e.op(f"bitcast {bits_type} {chosen} to {type}")


def _transfer(e: Emitter, f: Fields) -> None:
    """FMOV between the register files."""
    type = "i64" if f["sf"] else "i32"
    if f["U"]:
        e.set_scalar(f["rd"], e.x(f["rn"], f["sf"]), type)
    else:
        e.set_x(f["rd"], e.lane(f["rn"], type), f["sf"])


def _transfer_upper(e: Emitter, f: Fields) -> None:
    """FMOV of the upper doubleword of a register."""
    if f["U"]:
        old = e.v(f["rd"])
        e.set_v(f["rd"], e.op(f"insertelement <2 x i64> {old}, i64 {e.x(f['rn'])}, i32 1"))
    else:
        e.set_x(f["rd"], e.lane(f["rn"], "i64", 1))


def known_type(f: Fields) -> bool:
    return f["type"] < 2


ROWS = (
    Row(
        "fp two sources",
        "00011110 type:2 1 rm:5 opcode:4 10 rn:5 rd:5",
        _arithmetic,
        lambda f: known_type(f) and f["opcode"] in (0, 1, 2, 3, 8),
        floats=True,
    ),
    Row(
        "fmax/fmin",
        "00011110 type:2 1 rm:5 opcode:4 10 rn:5 rd:5",
        _extremum,
        lambda f: known_type(f) and f["opcode"] in (4, 5, 6, 7),
        floats=True,
    ),
    Row(
        "frint",
        "00011110 type:2 1001 mode:3 10000 rn:5 rd:5",
        _round,
        lambda f: known_type(f) and f["mode"] in _ROUNDINGS,
        floats=True,
    ),
    Row("fp fused", "00011111 type:2 o1 rm:5 o0 ra:5 rn:5 rd:5", _fused, known_type, floats=True),
    Row(
        "fp one operand",
        "00011110 type:2 1 0000 opcode:2 10000 rn:5 rd:5",
        _one_source,
        known_type,
        floats=True,
    ),
    Row("fmov immediate", "00011110 type:2 1 imm8:8 10000000 rd:5", _immediate, known_type),
    Row("fcmp", "00011110 type:2 1 rm:5 001000 rn:5 signal zero 000", _compare, known_type, floats=True),
    Row("fccmp", "00011110 type:2 1 rm:5 cond:4 01 rn:5 signal nzcv:4", _compare_if, known_type, floats=True),
    Row("fcsel", "00011110 type:2 1 rm:5 cond:4 11 rn:5 rd:5", _select, known_type),
    Row("fmov upper", "100111101010111 U 000000 rn:5 rd:5", _transfer_upper),
    Row(
        "fmov general",
        "sf 0011110 type:2 10011 U 000000 rn:5 rd:5",
        _transfer,
        lambda f: f["type"] == f["sf"],
    ),
)
