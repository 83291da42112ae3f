# SPDX-License-Identifier: BSD-2-Clause
"""Rows of what is neither arithmetic nor a plain access: hints, registers of the system, ordered accesses
(Arm ARM C4.1.93, C4.1.94).

Hints that a processor without their extension passes over do nothing: the engine's default has neither
pointer authentication nor branch targets, and at EL0 they are not enabled. There is one processor, so an
access is as ordered as it can be.
"""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.dispatch import RAISED
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.flags import Flags
from elfhaven.machine.native.layout import FPCR_MODES
from elfhaven.machine.native.transfers import aligned

_WAITS = ((0, 2), (0, 3))  # CRm and op2 of WFE, WFI


def _nothing(_e: Emitter, _f: Fields) -> None:
    """Passed over."""


def _hint(e: Emitter, f: Fields) -> None:
    """XPACLRI is no hint on a newer processor."""
    if e.layout.atomics and (f["crm"], f["op2"]) == (0, 7):
        e.leave_if("true")


def _read_thread_pointer(e: Emitter, f: Fields) -> None:
    """MRS of TPIDR_EL0."""
    e.set_x(f["rt"], e.thread_pointer())


def _ordered(e: Emitter, f: Fields) -> None:
    """LDAR, STLR; they fault where they are not aligned."""
    size = 1 << f["size"]
    address = aligned(e, e.x(f["rn"], sp=True), size)
    pointer, type = e.host(address, size, not f["L"]), f"i{8 * size}"
    if f["L"]:
        value = e.load(pointer, type)
        e.set_x(f["rt"], value if size == 8 else e.op(f"zext {type} {value} to i64"))
    else:
        value = e.x(f["rt"])
        e.store(pointer, value if size == 8 else e.op(f"trunc i64 {value} to {type}"), type)


def _modes(e: Emitter) -> str:
    """FPCR as an i32."""
    value = e.held(e.layout.fpcr, "i32")
    for offset, shift in ((0, 16), (4, 20)):
        part = e.op(f"shl i32 {e.held(e.layout.fpcr_length + offset, 'i32')}, {shift}")
        value = e.op(f"or i32 {value}, {part}")
    return e.op(f"and i32 {value}, {FPCR_MODES}")


def _read_modes(e: Emitter, f: Fields) -> None:
    """MRS of FPCR."""
    e.set_x(f["rt"], _modes(e), 0)


def _write_modes(e: Emitter, f: Fields) -> None:
    """MSR of FPCR, by what it holds already."""
    wanted = e.op(f"and i32 {e.x(f['rt'], 0)}, {FPCR_MODES}")
    e.leave_if(e.op(f"icmp ne i32 {_modes(e)}, {wanted}"))


_QC, _CONDITIONS = 27, 0xF << 28  # of FPSR; the latter are NZCV of AArch32
_MOVED = (("lshr", 0, 1), ("lshr", 1, 0x1E), ("lshr", 4, 8), ("shl", 1, 0x80))  # to their places in FPSR


def _status(e: Emitter) -> str:
    """FPSR as an i32: what the CPU holds, and what the host has raised since."""
    raised = e.op(f"zext i8 {e.held(e.layout.raised, 'i8')} to i32")
    host = e.op(f"and i32 {e.op('call i32 @host_flags()')}, {RAISED}")
    raised = e.op(f"or i32 {raised}, {host}")
    parts = [e.op(f"and i32 {e.held(e.layout.fpcr, 'i32')}, {_CONDITIONS}")]
    for name, amount, kept in _MOVED:
        parts.append(e.op(f"and i32 {e.op(f'{name} i32 {raised}, {amount}')}, {kept}"))
    lost = e.op(f"bitcast {VECTOR} {e.state('saturated')} to i128")
    some = e.op(f"zext i1 {e.op(f'icmp ne i128 {lost}, 0')} to i32")
    out = e.op(f"shl i32 {some}, {_QC}")
    for part in parts:
        out = e.op(f"or i32 {out}, {part}")
    return out


def _read_status(e: Emitter, f: Fields) -> None:
    """MRS of FPSR. A newer processor keeps flags of half precision apart. Should the interpreter do it again,
    it would find what the host raises after it."""
    if e.layout.atomics:
        e.leave_if("true")
    else:
        e.resolve()
        e.set_x(f["rt"], _status(e), 0)
        e.settle()


def _read_flags(e: Emitter, f: Fields) -> None:
    """MRS of NZCV."""
    e.set_x(f["rt"], e.op(f"shl i64 {e.nzcv()}, 28"))


def _write_flags(e: Emitter, f: Fields) -> None:
    """MSR of NZCV."""
    value = e.op(f"lshr i64 {e.x(f['rt'])}, 28")
    e.set_flags(Flags.PLAIN, e.op(f"and i64 {value}, 15"))


def _read_zero_block(e: Emitter, f: Fields) -> None:
    """MRS of DCZID_EL0."""
    e.set_x(f["rt"], str(e.layout.zero_block))


ROWS = (
    Row(
        "hint",
        "11010101000000110010 crm:4 op2:3 11111",
        _hint,
        lambda f: (f["crm"], f["op2"]) not in _WAITS,
    ),
    Row("dmb/dsb", "11010101000000110011 crm:4 1 opc:2 11111", _nothing, lambda f: f["opc"] in (0, 1)),
    Row("isb", "11010101000000110011 crm:4 11011111", _nothing),
    Row("mrs nzcv", "110101010011101101000010000 rt:5", _read_flags),
    Row("msr nzcv", "110101010001101101000010000 rt:5", _write_flags),
    Row("mrs fpcr", "110101010011101101000100000 rt:5", _read_modes),
    Row("msr fpcr", "110101010001101101000100000 rt:5", _write_modes),
    Row("mrs fpsr", "110101010011101101000100001 rt:5", _read_status, floats=True),
    Row("mrs dczid_el0", "110101010011101100000000111 rt:5", _read_zero_block),
    Row("mrs tpidr_el0", "110101010011101111010000010 rt:5", _read_thread_pointer),
    Row("ldar/stlr", "size:2 0010001 L 0 11111 1 11111 rn:5 rt:5", _ordered),
)
