# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD (Arm ARM C4.1.96): what compilers emit for arithmetic on arrays."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.floats import expand, splat

_ALL = (1 << 64) - 1


def arrangement(f: Fields) -> str:
    """The type of whole registers as the instruction sees them: size of integers, sz of floats."""
    if "size" in f:
        return f"<{128 // (8 << f['size'])} x i{8 << f['size']}>"
    return "<2 x double>" if f["sz"] else "<4 x float>"


def set_vector(e: Emitter, f: Fields, value: str, type: str) -> None:
    """Q clear: the upper half becomes zero."""
    if not f["Q"]:
        whole = value if type == VECTOR else e.op(f"bitcast {type} {value} to {VECTOR}")
        low = e.op(f"extractelement {VECTOR} {whole}, i32 0")
        value, type = e.op(f"insertelement {VECTOR} zeroinitializer, i64 {low}, i32 0"), VECTOR
    e.set_v(f["rd"], value, type)


def lanes_of(f: Fields) -> int:
    """How many lanes count: those of half a register where Q is clear."""
    return (16 if f["Q"] else 8) >> f["size"]


def wide_of(f: Fields) -> str:
    """The type of a whole register with lanes of twice the size."""
    width = 16 << f["size"]
    return f"<{128 // width} x i{width}>"


def chosen(e: Emitter, type: str, a: str, b: str, predicate: str) -> str:
    """Of each pair of lanes the first where the predicate holds."""
    count = type[1:-1].split()[0]
    held = e.op(f"icmp {predicate} {type} {a}, {b}")
    return e.op(f"select <{count} x i1> {held}, {type} {a}, {type} {b}")


def operands(e: Emitter, f: Fields, type: str) -> tuple[str, str]:
    """Rn and Rm; of 64-bit forms, the upper halves as zero, so that they raise nothing."""
    return clean(e, f, f["rn"], type), clean(e, f, f["rm"], type)


def clean(e: Emitter, f: Fields, number: int, type: str) -> str:
    if f["Q"]:
        return e.v(number, type)
    low = e.lane(number, "i64")
    cut = e.op(f"insertelement {VECTOR} zeroinitializer, i64 {low}, i32 0")
    return e.op(f"bitcast {VECTOR} {cut} to {type}")


def _logic(e: Emitter, f: Fields) -> None:
    """AND, BIC, ORR, ORN, EOR, BSL, BIT, BIF by U and size."""
    n, m, d = e.v(f["rn"]), e.v(f["rm"]), e.v(f["rd"])

    def do(name: str, a: str, b: str) -> str:
        return e.op(f"{name} {VECTOR} {a}, {b}")

    ones = f"<i64 {_ALL}, i64 {_ALL}>"
    if f["U"] and f["size"]:  # choose between two by a third
        base, other, mask = ((m, n, d), (d, n, m), (d, n, do("xor", m, ones)))[f["size"] - 1]
        value = do("xor", base, do("and", do("xor", base, other), mask))
    elif f["U"]:
        value = do("xor", n, m)
    else:
        m = do("xor", m, ones) if f["size"] & 1 else m
        value = do("or" if f["size"] & 2 else "and", n, m)
    set_vector(e, f, value, VECTOR)


def _integer_three(name: str, e: Emitter, f: Fields) -> None:
    type = arrangement(f)
    set_vector(e, f, e.op(f"{name} {type} {e.v(f['rn'], type)}, {e.v(f['rm'], type)}"), type)


def add(e: Emitter, f: Fields) -> None:
    _integer_three("sub" if f["U"] else "add", e, f)


def _multiply(e: Emitter, f: Fields) -> None:
    _integer_three("mul", e, f)


def _compare(predicate: str, e: Emitter, f: Fields) -> None:
    type = arrangement(f)
    held = e.op(f"icmp {predicate} {type} {e.v(f['rn'], type)}, {e.v(f['rm'], type)}")
    mask = type.replace(f"i{8 << f['size']}", "i1")
    set_vector(e, f, e.op(f"sext {mask} {held} to {type}"), type)


def compare_equal(e: Emitter, f: Fields) -> None:
    """CMEQ."""
    _compare("eq", e, f)


def compare_order(e: Emitter, f: Fields) -> None:
    """CMGT, CMGE, CMHI, CMHS."""
    _compare(("u" if f["U"] else "s") + ("ge" if f["equal"] else "gt"), e, f)


def _extremum(e: Emitter, f: Fields) -> None:
    """SMAX, SMIN, UMAX, UMIN."""
    type = arrangement(f)
    name = ("u" if f["U"] else "s") + ("min" if f["least"] else "max")
    count = 16 >> f["size"]
    call = f"call {type} @llvm.{name}.v{count}i{8 << f['size']}"
    set_vector(e, f, e.op(f"{call}({type} {e.v(f['rn'], type)}, {type} {e.v(f['rm'], type)})"), type)


def _lane_type(imm5: int) -> tuple[str, int]:
    """Element type and index of the copy instructions: the lowest set bit tells the size."""
    size = (imm5 & -imm5).bit_length() - 1
    return f"i{8 << size}", imm5 >> size + 1


def _splatted(e: Emitter, value: str, type: str) -> tuple[str, str]:
    count = 128 // int(type[1:])
    whole = f"<{count} x {type}>"
    first = e.op(f"insertelement {whole} poison, {type} {value}, i32 0")
    return e.op(f"shufflevector {whole} {first}, {whole} poison, <{count} x i32> zeroinitializer"), whole


def _duplicate_element(e: Emitter, f: Fields) -> None:
    type, index = _lane_type(f["imm5"])
    value, whole = _splatted(e, e.lane(f["rn"], type, index), type)
    set_vector(e, f, value, whole)


def _duplicate_scalar(e: Emitter, f: Fields) -> None:
    type, index = _lane_type(f["imm5"])
    e.set_scalar(f["rd"], e.lane(f["rn"], type, index), type)


def _general(e: Emitter, number: int, type: str) -> str:
    value = e.x(number)
    return value if type == "i64" else e.op(f"trunc i64 {value} to {type}")


def _duplicate_general(e: Emitter, f: Fields) -> None:
    type, _ = _lane_type(f["imm5"])
    value, whole = _splatted(e, _general(e, f["rn"], type), type)
    set_vector(e, f, value, whole)


def _insert(e: Emitter, f: Fields, value: str) -> None:
    type, index = _lane_type(f["imm5"])
    whole = f"<{128 // int(type[1:])} x {type}>"
    changed = e.op(f"insertelement {whole} {e.v(f['rd'], whole)}, {type} {value}, i32 {index}")
    e.set_v(f["rd"], changed, whole)


def _insert_general(e: Emitter, f: Fields) -> None:
    _insert(e, f, _general(e, f["rn"], _lane_type(f["imm5"])[0]))


def _insert_element(e: Emitter, f: Fields) -> None:
    type, _ = _lane_type(f["imm5"])
    size = (int(type[1:]) // 8).bit_length() - 1
    _insert(e, f, e.lane(f["rn"], type, f["imm4"] >> size))


def _to_general(e: Emitter, f: Fields) -> None:
    """UMOV, SMOV."""
    type, index = _lane_type(f["imm5"])
    value, wide = e.lane(f["rn"], type, index), "i64" if f["Q"] else "i32"
    if type != wide:
        value = e.op(f"{'zext' if f['U'] else 'sext'} {type} {value} to {wide}")
    e.set_x(f["rd"], value, f["Q"])


def constant(op: int, cmode: int, imm8: int) -> int | None:
    """The 64 bits that MOVI, MVNI and FMOV put in each half (Arm ARM AdvSIMDExpandImm); None if reserved."""
    if cmode < 8:
        half = imm8 << 8 * (cmode >> 1)
        value = half << 32 | half
    elif cmode < 12:
        value = (imm8 << 8 * (cmode >> 1 & 1)) * 0x0001_0001_0001_0001
    elif cmode < 14:
        low = imm8 << 8 * (cmode - 11) | (1 << 8 * (cmode - 11)) - 1
        value = low << 32 | low
    elif cmode == 14:
        return sum(0xFF << 8 * i for i in range(8) if imm8 >> i & 1) if op else imm8 * 0x0101_0101_0101_0101
    else:
        return expand(imm8, 64) if op else expand(imm8, 32) * 0x1_0000_0001
    return value ^ _ALL if op else value


def _move_immediate(e: Emitter, f: Fields) -> None:
    value = constant(f["op"], f["cmode"], f["high"] << 5 | f["low"])
    set_vector(e, f, f"<i64 {value}, i64 {value}>", VECTOR)


def _is_move(f: Fields) -> bool:
    """ORR and BIC of immediates are left out; FMOV of doubles needs Q."""
    if f["cmode"] == 15:
        return not (f["op"] and not f["Q"])
    return f["cmode"] >= 12 or not f["cmode"] & 1


def whole(f: Fields) -> bool:
    """Doubles only as pairs."""
    return not (f["sz"] and not f["Q"])


def sized(f: Fields) -> bool:
    """One doubleword alone is no vector."""
    return not (f["size"] == 3 and not f["Q"])


def _is_copy(f: Fields) -> bool:
    return f["imm5"] & 15 != 0 and (f["Q"] == 1 or f["imm5"] & 7 != 0)


def _is_to_general(f: Fields) -> bool:
    lowest = f["imm5"] & -f["imm5"]
    if f["U"]:
        return lowest in ((8,) if f["Q"] else (1, 2, 4))
    return lowest in ((1, 2, 4) if f["Q"] else (1, 2))


def shift_amount(f: Fields) -> tuple[int, int]:
    """Element width and the field's value above it."""
    width = 8 << f["immh"].bit_length() - 1
    return width, (f["immh"] << 3 | f["immb"])


def shift(e: Emitter, f: Fields) -> None:
    """SHL, SSHR, USHR."""
    width, field = shift_amount(f)
    type = f"<{128 // width} x i{width}>"
    if f["opcode"]:
        name, amount = "shl", field - width
    else:
        name, amount = ("lshr" if f["U"] else "ashr"), 2 * width - field
    if amount >= width:
        name, amount = ("ashr", width - 1) if name == "ashr" else ("and", 0)
    set_vector(e, f, e.op(f"{name} {type} {e.v(f['rn'], type)}, {splat(type, str(amount))}"), type)


def _is_shift(f: Fields) -> bool:
    if f["immh"] == 0 or f["opcode"] not in (0, 10) or (f["opcode"] and f["U"]):
        return False
    return bool(f["Q"]) or f["immh"] < 8


ROWS = (
    Row("logic vector", "0 Q U 01110 size:2 1 rm:5 000111 rn:5 rd:5", _logic),
    Row("add/sub vector", "0 Q U 01110 size:2 1 rm:5 100001 rn:5 rd:5", add, sized),
    Row("mul vector", "0 Q 001110 size:2 1 rm:5 100111 rn:5 rd:5", _multiply, lambda f: f["size"] != 3),
    Row("cmeq vector", "0 Q 101110 size:2 1 rm:5 100011 rn:5 rd:5", compare_equal, sized),
    Row("cmgt/cmge vector", "0 Q U 01110 size:2 1 rm:5 0011 equal 1 rn:5 rd:5", compare_order, sized),
    Row(
        "max/min vector",
        "0 Q U 01110 size:2 1 rm:5 0110 least 1 rn:5 rd:5",
        _extremum,
        lambda f: f["size"] != 3,
    ),
    Row("dup element", "0 Q 001110000 imm5:5 000001 rn:5 rd:5", _duplicate_element, _is_copy),
    Row(
        "dup scalar", "01011110000 imm5:5 000001 rn:5 rd:5", _duplicate_scalar, lambda f: f["imm5"] & 15 != 0
    ),
    Row("dup general", "0 Q 001110000 imm5:5 000011 rn:5 rd:5", _duplicate_general, _is_copy),
    Row("ins general", "01001110000 imm5:5 000111 rn:5 rd:5", _insert_general, lambda f: f["imm5"] & 15 != 0),
    Row(
        "ins element",
        "01101110000 imm5:5 0 imm4:4 1 rn:5 rd:5",
        _insert_element,
        lambda f: f["imm5"] & 15 != 0,
    ),
    Row("umov/smov", "0 Q 001110000 imm5:5 001 U 11 rn:5 rd:5", _to_general, _is_to_general),
    Row("movi", "0 Q op 0111100000 high:3 cmode:4 01 low:5 rd:5", _move_immediate, _is_move),
    Row("shl/shr vector", "0 Q U 011110 immh:4 immb:3 opcode:5 1 rn:5 rd:5", shift, _is_shift),
)
