# SPDX-License-Identifier: BSD-2-Clause
"""Rows of the integer data processing instructions (Arm ARM C4.1.92, C4.1.95)."""

from __future__ import annotations

from elfhaven.machine.native.bitmask import bitmask
from elfhaven.machine.native.decode import Fields, Row, signed
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.flags import Flags

_SHIFTS = ("shl", "lshr", "ashr")


def word(f: Fields) -> str:
    """The type of an instruction's operands."""
    return "i64" if f["sf"] else "i32"


def _width(f: Fields) -> int:
    return 64 if f["sf"] else 32


def shifted(e: Emitter, f: Fields) -> str:
    """Rm shifted by imm6: LSL, LSR, ASR, ROR."""
    value, amount, type = e.x(f["rm"], f["sf"]), f["imm6"], word(f)
    if not amount:
        return value
    if f["shift"] == 3:
        return e.op(f"call {type} @llvm.fshr.{type}({type} {value}, {type} {value}, {type} {amount})")
    if not f["shift"]:
        return e.shift(value, amount, type)
    return e.op(f"{_SHIFTS[f['shift']]} {type} {value}, {amount}")


def extended(e: Emitter, number: int, option: int, amount: int, sf: int = 1) -> str:
    """UXTB to SXTX of a register, then a left shift (Arm ARM ExtendReg)."""
    type = "i64" if sf else "i32"
    size = 8 << (option & 3)
    if size >= (64 if sf else 32):
        value = e.x(number, sf)
    else:
        source = e.x(number)
        narrow = e.op(f"trunc i64 {source} to i{size}")
        value = e.op(f"{'sext' if option & 4 else 'zext'} i{size} {narrow} to {type}")
        if not option & 4:
            e.strides.narrowed(value, source, size)
    return e.shift(value, amount, type) if amount else value


def _add_sub(e: Emitter, f: Fields, a: str, b: str, sp: bool) -> None:
    """op: subtract; S: set the flags, and then Rd is never SP."""
    if f["sf"] and b.isdecimal():
        result = e.offset(a, -int(b) if f["op"] else int(b))
    else:
        result = e.op(f"sub {word(f)} {a}, {b}") if f["op"] else e.index(a, b, word(f))
    if f["S"]:
        kind = (Flags.ADD32, Flags.ADD64, Flags.SUB32, Flags.SUB64)[2 * f["op"] + f["sf"]]
        e.set_flags(kind, a, b)
    e.set_x(f["rd"], result, f["sf"], sp and not f["S"])


def _add_immediate(e: Emitter, f: Fields) -> None:
    _add_sub(e, f, e.x(f["rn"], f["sf"], True), str(f["imm12"] << 12 * f["sh"]), True)


def _add_shifted(e: Emitter, f: Fields) -> None:
    _add_sub(e, f, e.x(f["rn"], f["sf"]), shifted(e, f), False)


def _add_extended(e: Emitter, f: Fields) -> None:
    b = extended(e, f["rm"], f["option"], f["imm3"], f["sf"])
    _add_sub(e, f, e.x(f["rn"], f["sf"], True), b, True)


def _logical(e: Emitter, f: Fields, b: str, sp: bool) -> None:
    """AND, ORR, EOR, ANDS by opc."""
    opc = f["opc"]
    result = e.op(f"{('and', 'or', 'xor', 'and')[opc]} {word(f)} {e.x(f['rn'], f['sf'])}, {b}")
    if opc == 3:
        e.set_flags(Flags.LOGIC64 if f["sf"] else Flags.LOGIC32, result)
    e.set_x(f["rd"], result, f["sf"], sp and opc != 3)


def _logical_immediate(e: Emitter, f: Fields) -> None:
    value = bitmask(f["N"], f["imms"], f["immr"], _width(f))
    assert value is not None
    _logical(e, f, str(value), True)
    if f["opc"] == 0 and f["rd"] != 31:
        e.strides.narrowed(e.x(f["rd"]), "", value.bit_length())


def _logical_shifted(e: Emitter, f: Fields) -> None:
    b = shifted(e, f)
    if f["rn"] == 31 and not f["N"] and f["opc"] == 1:  # MOV
        e.set_x(f["rd"], b, f["sf"])
        return
    _logical(e, f, e.op(f"xor {word(f)} {b}, -1") if f["N"] else b, False)


def _move_wide(e: Emitter, f: Fields) -> None:
    """MOVN, MOVZ, MOVK by opc."""
    at = 16 * f["hw"]
    value = f["imm16"] << at
    if f["opc"] == 3:
        kept = e.op(f"and {word(f)} {e.x(f['rd'], f['sf'])}, {~(0xFFFF << at) & (1 << _width(f)) - 1}")
        e.set_x(f["rd"], e.op(f"or {word(f)} {kept}, {value}"), f["sf"])
    else:
        full = value if f["opc"] else ~value
        e.set_x(f["rd"], str(full & (1 << _width(f)) - 1), f["sf"])


def _bitfield(e: Emitter, f: Fields) -> None:
    """SBFM, BFM, UBFM by opc: bits immr..imms to the bottom, or bits imms..0 up to width - immr."""
    width, type = _width(f), word(f)
    source = e.x(f["rn"], f["sf"])
    if f["imms"] >= f["immr"]:
        low, size, at = f["immr"], f["imms"] - f["immr"] + 1, 0
    else:
        low, size, at = 0, f["imms"] + 1, width - f["immr"]
    top = e.op(f"shl {type} {source}, {width - low - size}")
    field = e.op(f"{'lshr' if f['opc'] else 'ashr'} {type} {top}, {width - size}")
    if f["opc"] == 2:
        e.strides.narrowed(field, source, size)
    value = e.shift(field, at, type)
    if f["opc"] == 1:
        mask = (1 << size) - 1 << at
        kept = e.op(f"and {type} {e.x(f['rd'], f['sf'])}, {~mask & (1 << width) - 1}")
        value = e.op(f"or {type} {kept}, {value}")
    e.set_x(f["rd"], value, f["sf"])


def _extract(e: Emitter, f: Fields) -> None:
    type = word(f)
    high, low = e.x(f["rn"], f["sf"]), e.x(f["rm"], f["sf"])
    e.set_x(
        f["rd"],
        e.op(f"call {type} @llvm.fshr.{type}({type} {high}, {type} {low}, {type} {f['imms']})"),
        f["sf"],
    )


def _select(e: Emitter, f: Fields) -> None:
    """CSEL, CSINC, CSINV, CSNEG."""
    type = word(f)
    other = e.x(f["rm"], f["sf"])
    if f["op"]:
        other = e.op(f"xor {type} {other}, -1")
    if f["o2"]:
        other = e.op(f"add {type} {other}, 1")
    held = e.test(f["cond"])
    e.set_x(f["rd"], e.op(f"select i1 {held}, {type} {e.x(f['rn'], f['sf'])}, {type} {other}"), f["sf"])


def _compare_if(e: Emitter, f: Fields) -> None:
    """CCMN, CCMP: compare if the condition holds, else the flags are given."""
    b = str(f["rm"]) if f["imm"] else e.x(f["rm"], f["sf"])
    a = e.x(f["rn"], f["sf"])
    held = e.test(f["cond"])
    kind = (Flags.ADD32, Flags.ADD64, Flags.SUB32, Flags.SUB64)[2 * f["op"] + f["sf"]]
    e.set_flags_if(held, kind, a, b, f["nzcv"])


def _carry(e: Emitter, f: Fields) -> None:
    """ADC, SBC, ADCS, SBCS."""
    type = word(f)
    a, b = e.x(f["rn"], f["sf"]), e.x(f["rm"], f["sf"])
    b = e.op(f"xor {type} {b}, -1") if f["op"] else b
    carry = e.op(f"zext i1 {e.test(2)} to {type}")
    total = e.op(f"add {type} {a}, {b}")
    result = e.op(f"add {type} {total}, {carry}")
    if f["S"]:
        over = e.op(f"icmp ult {type} {total}, {a}")
        again = e.op(f"icmp ult {type} {result}, {total}")
        odd = e.op(f"and {type} {e.op(f'xor {type} {a}, {result}')}, {e.op(f'xor {type} {b}, {result}')}")
        flags = (
            e.op(f"icmp slt {type} {result}, 0"),
            e.op(f"icmp eq {type} {result}, 0"),
            e.op(f"or i1 {over}, {again}"),
            e.op(f"icmp slt {type} {odd}, 0"),
        )
        e.set_flags(Flags.PLAIN, _packed(e, flags))
    e.set_x(f["rd"], result, f["sf"])


def _packed(e: Emitter, flags: tuple[str, ...]) -> str:
    """N, Z, C, V as an i64."""
    out = "0"
    for i, flag in enumerate(flags):
        bit = e.op(f"select i1 {flag}, i64 {8 >> i}, i64 0")
        out = e.op(f"or i64 {out}, {bit}") if i else bit
    return out


def _two_source(e: Emitter, f: Fields) -> None:
    """UDIV, SDIV, LSLV, LSRV, ASRV, RORV by opcode."""
    type, opcode = word(f), f["opcode"]
    a, b = e.x(f["rn"], f["sf"]), e.x(f["rm"], f["sf"])
    if opcode in (2, 3):
        e.set_x(f["rd"], _divide(e, f, a, b), f["sf"])
        return
    amount = e.op(f"and {type} {b}, {_width(f) - 1}")
    if opcode == 11:
        value = e.op(f"call {type} @llvm.fshr.{type}({type} {a}, {type} {a}, {type} {amount})")
    else:
        value = e.op(f"{_SHIFTS[opcode - 8]} {type} {a}, {amount}")
    e.set_x(f["rd"], value, f["sf"])


def _divide(e: Emitter, f: Fields, a: str, b: str) -> str:
    """By zero gives zero; the least number by -1 gives itself."""
    type, is_signed = word(f), f["opcode"] == 3
    zero = e.op(f"icmp eq {type} {b}, 0")
    odd = zero
    if is_signed:
        minus = e.op(f"icmp eq {type} {b}, -1")
        odd = e.op(f"or i1 {zero}, {minus}")
    safe = e.op(f"select i1 {odd}, {type} 1, {type} {b}")
    quotient = e.op(f"{'sdiv' if is_signed else 'udiv'} {type} {a}, {safe}")
    if is_signed:
        negated = e.op(f"sub {type} 0, {a}")
        quotient = e.op(f"select i1 {minus}, {type} {negated}, {type} {quotient}")
    return e.op(f"select i1 {zero}, {type} 0, {type} {quotient}")


def _one_source(e: Emitter, f: Fields) -> None:
    """RBIT, REV16, REV (REV32), REV64, CLZ, CLS by opcode."""
    type, opcode, width = word(f), f["opcode"], _width(f)
    a = e.x(f["rn"], f["sf"])
    if opcode == 0:
        value = e.op(f"call {type} @llvm.bitreverse.{type}({type} {a})")
    elif opcode == 4:
        value = e.op(f"call {type} @llvm.ctlz.{type}({type} {a}, i1 false)")
    elif opcode == 5:
        sign = e.op(f"ashr {type} {a}, {width - 1}")
        same = e.op(f"xor {type} {a}, {sign}")
        count = e.op(f"call {type} @llvm.ctlz.{type}({type} {same}, i1 false)")
        value = e.op(f"sub {type} {count}, 1")
    else:
        size = 8 << opcode
        vector = f"<{width // size} x i{size}>"
        parts = e.op(f"bitcast {type} {a} to {vector}")
        swapped = e.op(f"call {vector} @llvm.bswap.v{width // size}i{size}({vector} {parts})")
        value = e.op(f"bitcast {vector} {swapped} to {type}")
    e.set_x(f["rd"], value, f["sf"])


def _multiply_add(e: Emitter, f: Fields) -> None:
    type = word(f)
    product = e.op(f"mul {type} {e.x(f['rn'], f['sf'])}, {e.x(f['rm'], f['sf'])}")
    value = e.op(f"{'sub' if f['o0'] else 'add'} {type} {e.x(f['ra'], f['sf'])}, {product}")
    e.set_x(f["rd"], value, f["sf"])


def _multiply_long(e: Emitter, f: Fields) -> None:
    extend = "zext" if f["U"] else "sext"
    a, b = (e.op(f"{extend} i32 {e.x(f[r], 0)} to i64") for r in ("rn", "rm"))
    product = e.op(f"mul i64 {a}, {b}")
    e.set_x(f["rd"], e.op(f"{'sub' if f['o0'] else 'add'} i64 {e.x(f['ra'])}, {product}"))


def _multiply_high(e: Emitter, f: Fields) -> None:
    extend = "zext" if f["U"] else "sext"
    a, b = (e.op(f"{extend} i64 {e.x(f[r])} to i128") for r in ("rn", "rm"))
    high = e.op(f"lshr i128 {e.op(f'mul i128 {a}, {b}')}, 64")
    e.set_x(f["rd"], e.op(f"trunc i128 {high} to i64"))


def _address(e: Emitter, f: Fields) -> None:
    """ADR, ADRP."""
    offset = signed(f["immhi"] << 2 | f["immlo"], 21)
    place = (e.pc & PAGE) + (offset << 12) if f["op"] else e.pc + offset
    e.set_x(f["rd"], e.address(place))


PAGE = ~0xFFF


def _nothing(_e: Emitter, _f: Fields) -> None:
    """NOP, and branch targets: no BTI here."""


def _is_bitmask(f: Fields) -> bool:
    return bool(f["sf"] or not f["N"]) and bitmask(f["N"], f["imms"], f["immr"], _width(f)) is not None


def _fits(f: Fields) -> bool:
    """Shift amounts of 32-bit forms."""
    return bool(f["sf"]) or f["imm6"] < 32


def _is_bitfield(f: Fields) -> bool:
    return f["opc"] != 3 and f["N"] == f["sf"] and (bool(f["sf"]) or (f["immr"] < 32 and f["imms"] < 32))


ROWS = (
    Row("add/sub immediate", "sf op S 100010 sh imm12:12 rn:5 rd:5", _add_immediate),
    Row("logical immediate", "sf opc:2 100100 N immr:6 imms:6 rn:5 rd:5", _logical_immediate, _is_bitmask),
    Row(
        "move wide",
        "sf opc:2 100101 hw:2 imm16:16 rd:5",
        _move_wide,
        lambda f: f["opc"] != 1 and (bool(f["sf"]) or f["hw"] < 2),
    ),
    Row("bitfield", "sf opc:2 100110 N immr:6 imms:6 rn:5 rd:5", _bitfield, _is_bitfield),
    Row(
        "extract",
        "sf 00100111 N 0 rm:5 imms:6 rn:5 rd:5",
        _extract,
        lambda f: f["N"] == f["sf"] and (bool(f["sf"]) or f["imms"] < 32),
    ),
    Row("logical shifted", "sf opc:2 01010 shift:2 N rm:5 imm6:6 rn:5 rd:5", _logical_shifted, _fits),
    Row(
        "add/sub shifted",
        "sf op S 01011 shift:2 0 rm:5 imm6:6 rn:5 rd:5",
        _add_shifted,
        lambda f: f["shift"] != 3 and _fits(f),
    ),
    Row(
        "add/sub extended",
        "sf op S 01011001 rm:5 option:3 imm3:3 rn:5 rd:5",
        _add_extended,
        lambda f: f["imm3"] <= 4,
    ),
    Row("adc/sbc", "sf op S 11010000 rm:5 000000 rn:5 rd:5", _carry),
    Row("ccmn/ccmp", "sf op 111010010 rm:5 cond:4 imm 0 rn:5 0 nzcv:4", _compare_if),
    Row("csel", "sf op 011010100 rm:5 cond:4 0 o2 rn:5 rd:5", _select),
    Row(
        "two sources",
        "sf 0011010110 rm:5 opcode:6 rn:5 rd:5",
        _two_source,
        lambda f: f["opcode"] in (2, 3, 8, 9, 10, 11),
    ),
    Row(
        "one source",
        "sf 101101011000000 opcode:6 rn:5 rd:5",
        _one_source,
        lambda f: f["opcode"] in (0, 1, 2, 4, 5) or (f["opcode"] == 3 and f["sf"] == 1),
    ),
    Row("madd/msub", "sf 0011011000 rm:5 o0 ra:5 rn:5 rd:5", _multiply_add),
    Row("maddl/msubl", "10011011 U 01 rm:5 o0 ra:5 rn:5 rd:5", _multiply_long),
    Row("mulh", "10011011 U 10 rm:5 011111 rn:5 rd:5", _multiply_high),
    Row("adr", "op immlo:2 10000 immhi:19 rd:5", _address),
    Row("nop", "11010101000000110010000000011111", _nothing),
)
