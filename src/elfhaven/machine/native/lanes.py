# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD that move lanes about, or look at each alone (Arm ARM C4.1.96)."""

from __future__ import annotations

from collections.abc import Callable

from elfhaven.machine.native.decode import Emit, Fields, Row
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.floats import splat
from elfhaven.machine.native.vectors import arrangement, lanes_of, set_vector, sized

BYTES = "<16 x i8>"


def _shuffle(e: Emitter, type: str, a: str, b: str, order: list[int]) -> str:
    """Lanes of `a`, then of `b`, in another order."""
    indices = ", ".join(f"i32 {i}" for i in order)
    return e.op(f"shufflevector {type} {a}, {type} {b}, <{len(order)} x i32> <{indices}>")


def _extract(e: Emitter, f: Fields) -> None:
    """EXT."""
    a, b = e.v(f["rn"], BYTES), e.v(f["rm"], BYTES)
    start = f["imm4"]
    order = [i if i < 8 else i + 8 for i in range(start, start + 8)] + [0] * 8
    set_vector(e, f, _shuffle(e, BYTES, a, b, list(range(start, start + 16)) if f["Q"] else order), BYTES)


def _interleave(e: Emitter, f: Fields) -> None:
    """ZIP, UZP, TRN."""
    type = arrangement(f)
    count, second = lanes_of(f), f["opcode"] >> 2
    both = [*range(count), *(i + 16 // (1 << f["size"]) for i in range(count))]  # of a, then of b
    kind = f["opcode"] & 3
    if kind == 1:
        order = both[second::2]
    elif kind == 2:
        order = [at for i in range(0, count, 2) for at in (both[i + second], both[count + i + second])]
    else:
        half = count // 2 * second
        order = [at for i in range(count // 2) for at in (both[half + i], both[count + half + i])]
    order += [0] * (16 // (1 << f["size"]) - count)
    set_vector(e, f, _shuffle(e, type, e.v(f["rn"], type), e.v(f["rm"], type), order), type)


def _reverse(e: Emitter, f: Fields) -> None:
    """REV16, REV32, REV64."""
    type, block = arrangement(f), _block(f) >> f["size"]
    order = [i // block * block + block - 1 - i % block for i in range(16 >> f["size"])]
    value = e.v(f["rn"], type)
    set_vector(e, f, _shuffle(e, type, value, value, order), type)


def _block(f: Fields) -> int:
    """Bytes that are turned round."""
    return 2 if f["opcode"] else 4 if f["U"] else 8


def _is_reverse(f: Fields) -> bool:
    return f["opcode"] < 2 and not (f["U"] and f["opcode"]) and 1 << f["size"] < _block(f)


def _table(e: Emitter, f: Fields) -> None:
    """TBL, TBX: a lane of one to four registers for each index; one that is too large gives 0, or leaves."""
    index = e.v(f["rm"], BYTES)
    out = e.v(f["rd"], BYTES) if f["op"] else "zeroinitializer"
    for k in range(f["len"] + 1):
        part = e.v((f["rn"] + k) % 32, BYTES)
        here = e.op(f"sub {BYTES} {index}, {splat(BYTES, str(16 * k))}")
        within = e.op(f"icmp ult {BYTES} {here}, {splat(BYTES, '16')}")
        looked = e.op(f"call {BYTES} @llvm.x86.ssse3.pshuf.b.128({BYTES} {part}, {BYTES} {here})")
        out = e.op(f"select <16 x i1> {within}, {BYTES} {looked}, {BYTES} {out}")
    set_vector(e, f, out, BYTES)


def each_lane(meaning: Callable[[Emitter, str, str], str]) -> Emit:
    """Each lane alone."""

    def emit(e: Emitter, f: Fields) -> None:
        type = arrangement(f)
        set_vector(e, f, meaning(e, type, e.v(f["rn"], type)), type)

    return emit


def _called(name: str, *more: str) -> Callable[[Emitter, str, str], str]:
    """An intrinsic of LLVM."""

    def apply(e: Emitter, type: str, value: str) -> str:
        count, _, element = type[1:-1].split()
        words = ", ".join((f"{type} {value}", *more))
        return e.op(f"call {type} @llvm.{name}.v{count}{element}({words})")

    return apply


def against_zero(predicate: str) -> Callable[[Emitter, str, str], str]:
    def apply(e: Emitter, type: str, value: str) -> str:
        count = type[1:-1].split()[0]
        held = e.op(f"icmp {predicate} {type} {value}, zeroinitializer")
        return e.op(f"sext <{count} x i1> {held} to {type}")

    return apply


def negate(e: Emitter, type: str, value: str) -> str:
    return e.op(f"sub {type} zeroinitializer, {value}")


def absolute(e: Emitter, type: str, value: str) -> str:
    """The least number stays."""
    return _called("abs", "i1 false")(e, type, value)


def _invert(e: Emitter, type: str, value: str) -> str:
    return e.op(f"xor {type} {value}, {splat(type, '-1')}")


def _leading_signs(e: Emitter, type: str, value: str) -> str:
    """CLS: bits behind the first that are the same."""
    width = int(type[1:-1].split()[2][1:])
    signs = e.op(f"ashr {type} {value}, {splat(type, str(width - 1))}")
    zeros = _called("ctlz", "i1 false")(e, type, e.op(f"xor {type} {value}, {signs}"))
    return e.op(f"sub {type} {zeros}, {splat(type, '1')}")


def _bytes(f: Fields) -> bool:
    return f["size"] == 0


def _not_doubles(f: Fields) -> bool:
    return f["size"] != 3


def _misc(
    name: str,
    U: int,
    opcode: str,
    meaning: Callable[[Emitter, str, str], str],
    when: Callable[[Fields], bool] = sized,
) -> Row:
    return Row(name, f"0 Q {U} 01110 size:2 10000 {opcode} 10 rn:5 rd:5", each_lane(meaning), when)


def _reverse_bits(e: Emitter, f: Fields) -> None:
    value = _called("bitreverse")(e, BYTES, e.v(f["rn"], BYTES))
    set_vector(e, f, value, BYTES)


def _change_bits(e: Emitter, f: Fields) -> None:
    """ORR, BIC of an immediate."""
    half = f["high"] << 5 | f["low"]
    if f["cmode"] < 8:
        word = half << 8 * (f["cmode"] >> 1)
        mask = word << 32 | word
    else:
        mask = (half << 8 * (f["cmode"] >> 1 & 1)) * 0x0001_0001_0001_0001
    name = "and" if f["op"] else "or"
    mask = mask ^ (1 << 64) - 1 if f["op"] else mask
    set_vector(e, f, e.op(f"{name} {VECTOR} {e.v(f['rd'])}, <i64 {mask}, i64 {mask}>"), VECTOR)


ROWS = (
    Row("ext", "0 Q 101110000 rm:5 0 imm4:4 0 rn:5 rd:5", _extract, lambda f: f["imm4"] < 8 or f["Q"] == 1),
    Row(
        "zip/uzp/trn",
        "0 Q 001110 size:2 0 rm:5 0 opcode:3 10 rn:5 rd:5",
        _interleave,
        lambda f: sized(f) and f["opcode"] & 3 != 0,
    ),
    Row("rev vector", "0 Q U 01110 size:2 10000 opcode:5 10 rn:5 rd:5", _reverse, _is_reverse),
    Row("tbl/tbx", "0 Q 001110000 rm:5 0 len:2 op 00 rn:5 rd:5", _table),
    _misc("cmgt zero", 0, "01000", against_zero("sgt")),
    _misc("cmge zero", 1, "01000", against_zero("sge")),
    _misc("cmeq zero", 0, "01001", against_zero("eq")),
    _misc("cmle zero", 1, "01001", against_zero("sle")),
    _misc("cmlt zero", 0, "01010", against_zero("slt")),
    _misc("abs vector", 0, "01011", absolute),
    _misc("neg vector", 1, "01011", negate),
    _misc("cls vector", 0, "00100", _leading_signs, _not_doubles),
    _misc("clz vector", 1, "00100", _called("ctlz", "i1 false"), _not_doubles),
    _misc("cnt", 0, "00101", _called("ctpop"), _bytes),
    _misc("not", 1, "00101", _invert, _bytes),
    Row("rbit vector", "0 Q 1 01110 01 10000 00101 10 rn:5 rd:5", _reverse_bits),
    Row(
        "orr/bic immediate",
        "0 Q op 0111100000 high:3 cmode:4 01 low:5 rd:5",
        _change_bits,
        lambda f: f["cmode"] < 12 and f["cmode"] & 1 == 1,
    ),
)
