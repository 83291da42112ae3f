# SPDX-License-Identifier: BSD-2-Clause
"""Rows of scalar floating point (Arm ARM C4.1.96), single and double.

The host rounds as the guest does while FPCR is zero, which a region's entry checks; the exception flags of
the host are merged into FPSR at its end. Three things differ between the machines and are left to the
interpreter: a result that is a NaN (its sign and payload), a conversion that does not fit, and a result that
is the least normal number, since Arm finds it tiny before rounding and the host after (UFC).
"""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import Emitter, Flags, bits

STRICT = 'metadata !"round.tonearest", metadata !"fpexcept.strict"'
_NAMES = {"float": "f32", "double": "f64"}
_MAY_UNDERFLOW = ("fmul", "fdiv", "fma")
_LEAST = {"float": "0x3810000000000000", "double": "0x0010000000000000"}  # as LLVM writes them
ARITHMETIC = {0: "fmul", 1: "fdiv", 2: "fadd", 3: "fsub"}


def scalar(f: Fields) -> str:
    return "double" if f["type"] else "float"


def suffix(type: str) -> str:
    """How intrinsics spell a type: f32, v4f32."""
    if type.startswith("<"):
        count, _, element = type[1:-1].split()
        return f"v{count}{_NAMES[element]}"
    return _NAMES[type]


def strict(e: Emitter, name: str, type: str, *operands: str) -> str:
    """A rounding operation; leaves where the result has a NaN."""
    words = ", ".join(f"{type} {operand}" for operand in operands)
    call = f"call {type} @llvm.experimental.constrained.{name}.{suffix(type)}({words}, {STRICT})"
    result = e.op(call + " #1")
    leave_if_odd(e, result, type, name in _MAY_UNDERFLOW)
    return result


def leave_if_odd(e: Emitter, value: str, type: str, tiny: bool) -> None:
    """Where a lane is a NaN or, with `tiny`, the least normal number."""
    vector = type.startswith("<")
    flags = f"<{type[1:-1].split()[0]} x i1>" if vector else "i1"
    odd = e.op(f"fcmp uno {type} {value}, {value}")
    if tiny:
        size = e.op(f"call {type} @llvm.fabs.{suffix(type)}({type} {value})")
        element = type[1:-1].split()[2] if vector else type
        least = splat(type, _LEAST[element]) if vector else _LEAST[element]
        odd = e.op(f"or {flags} {odd}, {e.op(f'fcmp oeq {type} {size}, {least}')}")
    if vector:
        word = f"i{flags[1:].split()[0]}"
        odd = e.op(f"icmp ne {word} {e.op(f'bitcast {flags} {odd} to {word}')}, 0")
    e.leave_if(odd)


def splat(type: str, value: str) -> str:
    """A constant with one value in all lanes."""
    count, _, element = type[1:-1].split()
    return "<" + ", ".join([f"{element} {value}"] * int(count)) + ">"


def negated(e: Emitter, value: str, type: str) -> str:
    """The sign changed, of NaNs too."""
    return e.op(f"fneg {type} {value}")


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


def _convert(e: Emitter, f: Fields) -> None:
    """FCVT between single and double."""
    here = scalar(f)
    value = e.lane(f["rn"], here)
    if here == "float":
        words = f'float {value}, metadata !"fpexcept.strict"'
        there, name = "double", "fpext.f64.f32"
    else:
        words = f"double {value}, {STRICT}"
        there, name = "float", "fptrunc.f32.f64"
    result = e.op(f"call {there} @llvm.experimental.constrained.{name}({words}) #1")
    leave_if_odd(e, result, there, there == "float")
    e.set_scalar(f["rd"], result, there)


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
    a = e.lane(f["rn"], type)
    b = "0.0" if f["zero"] else e.lane(f["rm"], type)
    e.leave_if(compare(e, "uno", type, a, b))
    e.set_flags(Flags.PLAIN, _ordered(e, type, a, b))


def compare(e: Emitter, predicate: str, type: str, a: str, b: str) -> str:
    """A quiet comparison that is not done where the guest does none: a signalling NaN raises IOC."""
    words = f'{type} {a}, {type} {b}, metadata !"{predicate}", metadata !"fpexcept.strict"'
    return e.op(f"call i1 @llvm.experimental.constrained.fcmp.{suffix(type)}({words}) #1")


def _ordered(e: Emitter, type: str, a: str, b: str) -> str:
    """NZCV of a comparison without NaNs."""
    less, equal = (compare(e, name, type, a, b) for name in ("olt", "oeq"))
    other = e.op(f"select i1 {equal}, i64 6, i64 2")
    return e.op(f"select i1 {less}, i64 8, i64 {other}")


def _compare_if(e: Emitter, f: Fields) -> None:
    """FCCMP, FCCMPE."""
    type = scalar(f)
    a, b = e.lane(f["rn"], type), e.lane(f["rm"], type)
    held = e.test(f["cond"])
    a, b = (e.op(f"select i1 {held}, {type} {value}, {type} 0.0") for value in (a, b))
    e.leave_if(compare(e, "uno", type, a, b))
    flags = _ordered(e, type, a, b)
    e.set_flags(Flags.PLAIN, e.op(f"select i1 {held}, i64 {flags}, i64 {f['nzcv']}"))


def _select(e: Emitter, f: Fields) -> None:
    type = "i64" if f["type"] else "i32"
    held = e.test(f["cond"])
    a, b = e.lane(f["rn"], type), e.lane(f["rm"], type)
    e.set_scalar(f["rd"], e.op(f"select i1 {held}, {type} {a}, {type} {b}"), type)


def _from_integer(e: Emitter, f: Fields) -> None:
    """SCVTF, UCVTF."""
    type, source = scalar(f), "i64" if f["sf"] else "i32"
    name = f"{'ui' if f['U'] else 'si'}tofp.{suffix(type)}.{source}"
    value = e.x(f["rn"], f["sf"])
    made = f"call {type} @llvm.experimental.constrained.{name}({source} {value}, {STRICT}) #1"
    e.set_scalar(f["rd"], e.op(made), type)


def _to_integer(e: Emitter, f: Fields) -> None:
    """FCVTZS, FCVTZU of what fits well within."""
    type, target = scalar(f), "i64" if f["sf"] else "i32"
    value = e.lane(f["rn"], type)
    top = float(1 << bits(target) - 1)
    low, high = ("0.0" if f["U"] else f"{-top:.1f}"), f"{top:.1f}"
    above = compare(e, "oge", type, value, low)
    below = compare(e, "olt", type, value, high)
    fits = e.op(f"and i1 {above}, {below}")
    e.leave_if(e.op(f"xor i1 {fits}, true"))
    name = f"fptosi.{target}.{suffix(type)}"
    made = (
        f'call {target} @llvm.experimental.constrained.{name}({type} {value}, metadata !"fpexcept.strict") #1'
    )
    e.set_x(f["rd"], e.op(made), f["sf"])


def _transfer(e: Emitter, f: Fields) -> None:
    """FMOV between the register files."""
    type = "i64" if f["sf"] else "i32"
    if f["U"]:
        e.set_scalar(f["rd"], e.x(f["rn"], f["sf"]), type)
    else:
        e.set_x(f["rd"], e.lane(f["rn"], type), f["sf"])


def _known(f: Fields) -> bool:
    return f["type"] < 2


def _is_convert(f: Fields) -> bool:
    return (f["type"], f["opc"]) in ((0, 1), (1, 0))


ROWS = (
    Row(
        "fp two sources",
        "00011110 type:2 1 rm:5 opcode:4 10 rn:5 rd:5",
        _arithmetic,
        lambda f: _known(f) and f["opcode"] in (0, 1, 2, 3, 8),
        floats=True,
    ),
    Row("fp fused", "00011111 type:2 o1 rm:5 o0 ra:5 rn:5 rd:5", _fused, _known, floats=True),
    Row(
        "fp one operand", "00011110 type:2 1 0000 opcode:2 10000 rn:5 rd:5", _one_source, _known, floats=True
    ),
    Row("fcvt", "00011110 type:2 1 0001 opc:2 10000 rn:5 rd:5", _convert, _is_convert, floats=True),
    Row("fmov immediate", "00011110 type:2 1 imm8:8 10000000 rd:5", _immediate, _known),
    Row("fcmp", "00011110 type:2 1 rm:5 001000 rn:5 signal zero 000", _compare, _known, floats=True),
    Row("fccmp", "00011110 type:2 1 rm:5 cond:4 01 rn:5 signal nzcv:4", _compare_if, _known, floats=True),
    Row("fcsel", "00011110 type:2 1 rm:5 cond:4 11 rn:5 rd:5", _select, _known),
    Row("cvtf", "sf 0011110 type:2 10001 U 000000 rn:5 rd:5", _from_integer, _known, floats=True),
    Row("fcvtz", "sf 0011110 type:2 11100 U 000000 rn:5 rd:5", _to_integer, _known, floats=True),
    Row(
        "fmov general",
        "sf 0011110 type:2 10011 U 000000 rn:5 rd:5",
        _transfer,
        lambda f: f["type"] == f["sf"],
    ),
)
