# SPDX-License-Identifier: BSD-2-Clause
"""Rows of what is neither arithmetic nor a plain access: hints, the thread pointer, ordered accesses, CRC32C
(Arm ARM C4.1.93 to C4.1.95) and AES (C4.1.96).

Hints that a processor without their extension passes over do nothing: the engine's has neither pointer
authentication nor branch targets. There is one processor, so an access is as ordered as it can be.
"""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import VECTOR, Emitter

_PASSED_OVER = {(0, 7), *((1, op) for op in (0, 2, 4, 6)), *((3, op) for op in range(8))} | {
    (4, op) for op in (0, 2, 4, 6)
}  # CRm and op2 of XPACLRI, PACI.1716 and AUTI.1716, PACI.Z, PACI.SP and AUTI.., BTI


def _nothing(_e: Emitter, _f: Fields) -> None:
    """Passed over."""


def _read_thread_pointer(e: Emitter, f: Fields) -> None:
    """MRS of TPIDR_EL0."""
    e.set_x(f["rt"], e.thread_pointer())


def _ordered(e: Emitter, f: Fields) -> None:
    """LDAR, STLR; they fault where they are not aligned."""
    size = 1 << f["size"]
    address = e.x(f["rn"], sp=True)
    if size > 1:
        rest = e.op(f"and i64 {address}, {size - 1}")
        e.leave_if(e.op(f"icmp ne i64 {rest}, 0"))
    pointer, type = e.host(address, size, not f["L"]), f"i{8 * size}"
    if f["L"]:
        value = e.load(pointer, type)
        e.set_x(f["rt"], value if size == 8 else e.op(f"zext {type} {value} to i64"))
    else:
        value = e.x(f["rt"])
        e.store(pointer, value if size == 8 else e.op(f"trunc i64 {value} to {type}"), type)


def _checksum(e: Emitter, f: Fields) -> None:
    """CRC32CB to CRC32CX."""
    type = f"i{8 << f['size']}"
    value = e.x(f["rm"]) if f["sf"] else e.op(f"trunc i64 {e.x(f['rm'])} to {type}")
    start = e.x(f["rn"], 0)
    if f["sf"]:
        wide = e.op(f"zext i32 {start} to i64")
        made = e.op(f"call i64 @llvm.x86.sse42.crc32.64.64(i64 {wide}, i64 {value})")
        e.set_x(f["rd"], e.op(f"trunc i64 {made} to i32"), 0)
    else:
        e.set_x(
            f["rd"], e.op(f"call i32 @llvm.x86.sse42.crc32.32.{type[1:]}(i32 {start}, {type} {value})"), 0
        )


def _cipher(e: Emitter, f: Fields) -> None:
    """AESE, AESD, AESMC, AESIMC by the host's rounds, which do the same steps in another order."""

    def do(name: str, *operands: str) -> str:
        words = ", ".join(f"{VECTOR} {operand}" for operand in operands)
        return e.op(f"call {VECTOR} @llvm.x86.aesni.{name}({words})")

    value = e.v(f["rn"])
    if f["mix"]:
        mixed = do("aesimc", value) if f["D"] else do("aesenc", do("aesdeclast", value, _ZERO), _ZERO)
        e.set_v(f["rd"], mixed)
        return
    value = e.op(f"xor {VECTOR} {value}, {e.v(f['rd'])}")
    e.set_v(f["rd"], do("aesdeclast" if f["D"] else "aesenclast", value, _ZERO))


_ZERO = "zeroinitializer"

ROWS = (
    Row(
        "hint",
        "11010101000000110010 crm:4 op2:3 11111",
        _nothing,
        lambda f: (f["crm"], f["op2"]) in _PASSED_OVER,
    ),
    Row("dmb/dsb", "11010101000000110011 crm:4 1 opc:2 11111", _nothing, lambda f: f["opc"] in (0, 1)),
    Row("mrs tpidr_el0", "110101010011101111010000010 rt:5", _read_thread_pointer),
    Row("ldar/stlr", "size:2 0010001 L 0 11111 1 11111 rn:5 rt:5", _ordered),
    Row(
        "crc32c",
        "sf 0011010110 rm:5 0101 size:2 rn:5 rd:5",
        _checksum,
        lambda f: f["sf"] == (f["size"] == 3),
    ),
    Row("aes", "010011100010100001 mix D 10 rn:5 rd:5", _cipher),
)
