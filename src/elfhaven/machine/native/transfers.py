# SPDX-License-Identifier: BSD-2-Clause
"""Rows of loads and stores (Arm ARM C4.1.94): every addressing mode of single registers and pairs."""

from __future__ import annotations

from collections.abc import Iterable

from elfhaven.machine.native.decode import Fields, Row, signed
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.integer import extended

_MODE_UNSCALED, _MODE_POST, _MODE_UNPRIVILEGED, _MODE_PRE = 0, 1, 2, 3


def _scale(f: Fields) -> int:
    """log2 of the bytes moved."""
    return f["opc"] >> 1 << 2 | f["size"] if f["V"] else f["size"]


def _is_single(f: Fields) -> bool:
    """The encodings of size, V and opc that exist; prefetches are left out."""
    if f["V"]:
        return f["opc"] < 2 or f["size"] == 0
    return not (f["size"] == 3 and f["opc"] >= 2) and not (f["size"] == 2 and f["opc"] == 3)


def _apart(f: Fields, *registers: str) -> bool:
    """Writeback does not meet a register that is moved."""
    return bool(f["V"]) or f["rn"] == 31 or all(f["rn"] != f[r] for r in registers)


def aligned(e: Emitter, address: str, size: int) -> str:
    """The same address; where it is not aligned, back to the interpreter, which has it fault."""
    if size > 1:
        rest = e.op(f"and i64 {address}, {size - 1}")
        e.leave_if(e.op(f"icmp ne i64 {rest}, 0"))
    return address


def _type(f: Fields, scale: int) -> str:
    """Of what is moved; of vector registers, one that LLVM holds in them."""
    if f["V"] and scale > 1:
        return ("float", "double", VECTOR)[scale - 2]
    return f"i{8 << scale}"


def _move(e: Emitter, f: Fields, address: str) -> None:
    """One register to or from memory."""
    scale = _scale(f)
    is_load = bool(f["opc"] & 1) if f["V"] else f["opc"] != 0
    pointer = e.host(address, 1 << scale, not is_load)
    type = _type(f, scale)
    if not is_load:
        e.store(pointer, _held(e, f, type), type)
    elif f["V"]:
        _set_vector(e, f["rt"], e.load(pointer, type), type)
    else:
        _set_general(e, f, e.load(pointer, type), type)


def _held(e: Emitter, f: Fields, type: str) -> str:
    if f["V"]:
        return e.v(f["rt"]) if type == VECTOR else e.lane(f["rt"], type)
    value = e.x(f["rt"])
    return value if type == "i64" else e.op(f"trunc i64 {value} to {type}")


def _set_vector(e: Emitter, number: int, value: str, type: str) -> None:
    if type == VECTOR:
        e.set_v(number, value)
    else:
        e.set_scalar(number, value, type)


def _set_general(e: Emitter, f: Fields, value: str, type: str) -> None:
    """opc 1 zero-extends, 2 sign-extends to 64 bits, 3 to 32."""
    if type == "i64":
        e.set_x(f["rt"], value)
    elif f["opc"] == 3:
        e.set_x(f["rt"], value if type == "i32" else e.op(f"sext {type} {value} to i32"), 0)
    else:
        wide = e.op(f"{'sext' if f['opc'] == 2 else 'zext'} {type} {value} to i64")
        if f["opc"] != 2:
            e.strides.narrowed(wide, "", int(type[1:]))
        e.set_x(f["rt"], wide)


def _unsigned(e: Emitter, f: Fields) -> None:
    _move(e, f, e.offset(e.x(f["rn"], sp=True), f["imm12"] << _scale(f)))


def _indexed(e: Emitter, f: Fields) -> None:
    """Unscaled, post-indexed, pre-indexed; the unprivileged forms are unscaled ones at EL0."""
    base = e.x(f["rn"], sp=True)
    moved = e.offset(base, signed(f["imm9"], 9))
    _move(e, f, base if f["mode"] == _MODE_POST else moved)
    if f["mode"] in (_MODE_POST, _MODE_PRE):
        e.set_x(f["rn"], moved, sp=True)


def _is_indexed(f: Fields) -> bool:
    if not _is_single(f) or (f["mode"] == _MODE_UNPRIVILEGED and f["V"]):
        return False
    return f["mode"] in (_MODE_UNSCALED, _MODE_UNPRIVILEGED) or _apart(f, "rt")


def _by_register(e: Emitter, f: Fields) -> None:
    offset = extended(e, f["rm"], f["option"], _scale(f) if f["S"] else 0)
    _move(e, f, e.index(e.x(f["rn"], sp=True), offset))


def _literal(e: Emitter, f: Fields) -> None:
    """LDR (literal), LDRSW (literal)."""
    address = e.address(e.pc + 4 * signed(f["imm19"], 19))
    scale = f["opc"] + 2 if f["V"] else 2 + (f["opc"] == 1)
    type = _type(f, scale)
    value = e.load(e.host(address, 1 << scale, False), type)
    if f["V"]:
        _set_vector(e, f["rt"], value, type)
    else:
        _set_general(e, {"opc": 2 if f["opc"] == 2 else 1, "rt": f["rt"]}, value, type)


def _pair(e: Emitter, f: Fields) -> None:
    """LDP, STP, LDPSW, LDNP, STNP; one access of twice the size, so that neither half is done alone."""
    size = 4 << f["opc"] if f["V"] else 8 if f["opc"] == 2 else 4
    type = _type(f, size.bit_length() - 1)
    base = e.x(f["rn"], sp=True)
    moved = e.offset(base, signed(f["imm7"], 7) * size)
    pointer = e.host(base if f["mode"] == 1 else moved, 2 * size, not f["L"])
    second = e.op(f"getelementptr i8, ptr {pointer}, i64 {size}")
    places = (("rt", pointer), ("rt2", second))
    if f["L"]:
        values = [e.load(place, type) for _, place in places]
        for (name, _), value in zip(places, values, strict=True):
            if f["V"]:
                _set_vector(e, f[name], value, type)
            else:
                _set_general(e, {"opc": 2 if f["opc"] == 1 else 1, "rt": f[name]}, value, type)
    else:
        values = [_held(e, {"V": f["V"], "rt": f[name]}, type) for name, _ in places]
        for (_, place), value in zip(places, values, strict=True):
            e.store(place, value, type)
    if f["mode"] in (_MODE_POST, _MODE_PRE):
        e.set_x(f["rn"], moved, sp=True)


def _is_pair(f: Fields) -> bool:
    if f["opc"] == 3 or (not f["V"] and f["opc"] == 1 and (not f["L"] or f["mode"] == 0)):
        return False
    if f["L"] and f["rt"] == f["rt2"]:
        return False
    return f["mode"] in (0, 2) or _apart(f, "rt", "rt2")


_COUNTS = {0b0111: 1, 0b1010: 2, 0b0110: 3, 0b0010: 4}  # opcode -> registers


def step_on(e: Emitter, f: Fields, base: str, size: int) -> None:
    """Writeback of the base: by the bytes moved, or by a register."""
    after = e.offset(base, size) if f["rm"] == 31 else e.index(base, e.x(f["rm"]))
    e.set_x(f["rn"], after, sp=True)


def _multiple(e: Emitter, f: Fields) -> None:
    """LD1, ST1 of one to four whole registers."""
    count, size = _COUNTS[f["opcode"]], 8 << f["Q"]
    type = VECTOR if f["Q"] else "i64"
    base = e.x(f["rn"], sp=True)
    pointer = e.host(base, count * size, not f["L"])
    for i in range(count):
        place = e.op(f"getelementptr i8, ptr {pointer}, i64 {i * size}")
        number = (f["rt"] + i) % 32
        if f["L"]:
            _set_vector(e, number, e.load(place, type), type)
        else:
            e.store(place, _held(e, {"V": 1, "rt": number}, type), type)
    if "rm" in f:
        step_on(e, f, base, count * size)


_STRUCTURES = {0b1000: 2, 0b0100: 3, 0b0000: 4}  # opcode -> registers


def _structures(e: Emitter, f: Fields) -> None:
    """LD2, LD3, LD4, ST2, ST3, ST4 of whole registers: their lanes take turns in memory."""
    count, lanes = _STRUCTURES[f["opcode"]], (16 if f["Q"] else 8) >> f["size"]
    element, whole = f"i{8 << f['size']}", f"<{16 >> f['size']} x i{8 << f['size']}>"
    base = e.x(f["rn"], sp=True)
    pointer = e.host(base, count * (16 if f["Q"] else 8), not f["L"])
    many = f"<{count * lanes} x {element}>"
    if f["L"]:
        read = e.load(pointer, many)
        for k in range(count):
            order = [k + count * i for i in range(lanes)]
            value = e.op(
                f"shufflevector {many} {read}, {many} zeroinitializer, <{16 >> f['size']} x i32> "
                + _indices(order + [count * lanes] * ((16 >> f["size"]) - lanes))
            )
            e.set_v((f["rt"] + k) % 32, value, whole)
    else:
        _store_structures(e, f, pointer, count, lanes)
    if "rm" in f:
        step_on(e, f, base, count * (16 if f["Q"] else 8))


def _store_structures(e: Emitter, f: Fields, pointer: str, count: int, lanes: int) -> None:
    total = 16 >> f["size"]
    whole = f"<{total} x i{8 << f['size']}>"
    held = [e.v((f["rt"] + k) % 32, whole) for k in range(count)]
    held += held[: count % 2]  # so that they are pairs
    pairs = [
        e.op(f"shufflevector {whole} {a}, {whole} {b}, <{2 * total} x i32> {_indices(range(2 * total))}")
        for a, b in zip(held[::2], held[1::2], strict=True)
    ]
    double = whole.replace(f"<{total} ", f"<{2 * total} ")
    order = [k * total + i for i in range(lanes) for k in range(count)]
    many = f"<{len(order)} x i{8 << f['size']}>"
    other = pairs[1] if len(pairs) > 1 else pairs[0]
    value = e.op(
        f"shufflevector {double} {pairs[0]}, {double} {other}, <{len(order)} x i32> {_indices(order)}"
    )
    e.store(pointer, value, many)


def _indices(order: Iterable[int]) -> str:
    return "<" + ", ".join(f"i32 {i}" for i in order) + ">"


def _is_structure(f: Fields) -> bool:
    return f["opcode"] in _STRUCTURES and not (f["size"] == 3 and not f["Q"])


def _nothing(_e: Emitter, _f: Fields) -> None:
    """A prefetch."""


def _is_multiple(f: Fields) -> bool:
    return f["opcode"] in _COUNTS


ROWS = (
    Row("load/store unsigned", "size:2 111 V 01 opc:2 imm12:12 rn:5 rt:5", _unsigned, _is_single),
    Row(
        "load/store indexed",
        "size:2 111 V 00 opc:2 0 imm9:9 mode:2 rn:5 rt:5",
        _indexed,
        _is_indexed,
    ),
    Row(
        "load/store register",
        "size:2 111 V 00 opc:2 1 rm:5 option:3 S 10 rn:5 rt:5",
        _by_register,
        lambda f: _is_single(f) and bool(f["option"] & 2),
    ),
    Row("prfm unsigned", "1111100110 imm12:12 rn:5 rt:5", _nothing),
    Row("prfum", "11111000100 imm9:9 00 rn:5 rt:5", _nothing),
    Row(
        "prfm register", "11111000101 rm:5 option:3 S 10 rn:5 rt:5", _nothing, lambda f: bool(f["option"] & 2)
    ),
    Row("prfm literal", "11011000 imm19:19 rt:5", _nothing),
    Row("load literal", "opc:2 011 V 00 imm19:19 rt:5", _literal, lambda f: f["opc"] != 3),
    Row("load/store pair", "opc:2 101 V 0 mode:2 L imm7:7 rt2:5 rn:5 rt:5", _pair, _is_pair),
    Row("ld2-4/st2-4", "0 Q 0011000 L 000000 opcode:4 size:2 rn:5 rt:5", _structures, _is_structure),
    Row("ld2-4/st2-4 post", "0 Q 0011001 L 0 rm:5 opcode:4 size:2 rn:5 rt:5", _structures, _is_structure),
    Row("ld1/st1", "0 Q 0011000 L 000000 opcode:4 size:2 rn:5 rt:5", _multiple, _is_multiple),
    Row("ld1/st1 post", "0 Q 0011001 L 0 rm:5 opcode:4 size:2 rn:5 rt:5", _multiple, _is_multiple),
)
