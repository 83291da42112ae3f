# SPDX-License-Identifier: BSD-2-Clause
"""Rows of atomic operations on memory (Arm ARM C4.1.94; FEAT_LSE), for a processor that has them: on another
they go back to the interpreter, which has them undefined. There is one processor, and nothing else
runs between load and store. Signed extrema of less than a doubleword are left out: Unicorn 2.1.4 compares
them as unsigned (a test against qemu-aarch64 tells when it no longer does)."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.shapes import call
from elfhaven.machine.native.transfers import aligned

_NAMES = {0: "add", 1: "and", 2: "xor", 3: "or", 4: "smax", 5: "smin", 6: "umax", 7: "umin"}


def _narrow(e: Emitter, number: int, type: str) -> str:
    value = e.x(number)
    return value if type == "i64" else e.op(f"trunc i64 {value} to {type}")


def _wide(e: Emitter, number: int, value: str, type: str) -> None:
    e.set_x(number, value if type == "i64" else e.op(f"zext {type} {value} to i64"))


def _cell(e: Emitter, f: Fields) -> tuple[str, str]:
    """Where the memory lies that is read and written, and its type."""
    size = 1 << f["size"]
    return e.host(aligned(e, e.x(f["rn"], sp=True), size), size, True), f"i{8 * size}"


def _operation(e: Emitter, f: Fields) -> None:
    """LDADD, LDCLR, LDEOR, LDSET, LDSMAX, LDSMIN, LDUMAX, LDUMIN, SWP, with any order."""
    if not e.layout.atomics:
        e.leave_if("true")
        return
    pointer, type = _cell(e, f)
    old, operand, name = e.load(pointer, type), _narrow(e, f["rs"], type), _NAMES[f["opc"]]
    if f["swap"]:
        new = operand
    elif f["opc"] >= 4:
        new = call(e, name, type, old, operand)
    else:
        operand = e.op(f"xor {type} {operand}, -1") if f["opc"] == 1 else operand
        new = e.op(f"{name} {type} {old}, {operand}")
    e.store(pointer, new, type)
    _wide(e, f["rt"], old, type)


def _compare_and_swap(e: Emitter, f: Fields) -> None:
    """CAS, with any order."""
    if not e.layout.atomics:
        e.leave_if("true")
        return
    pointer, type = _cell(e, f)
    old, new = e.load(pointer, type), _narrow(e, f["rt"], type)
    same = e.op(f"icmp eq {type} {old}, {_narrow(e, f['rs'], type)}")
    e.store(pointer, e.op(f"select i1 {same}, {type} {new}, {type} {old}"), type)
    _wide(e, f["rs"], old, type)


def _is_operation(f: Fields) -> bool:
    if f["swap"]:
        return f["opc"] == 0
    return f["opc"] not in (4, 5) or f["size"] == 3


ROWS = (
    Row(
        "ldadd and its like, swp",
        "size:2 111000 acquire release 1 rs:5 swap opc:3 00 rn:5 rt:5",
        _operation,
        _is_operation,
    ),
    Row("cas", "size:2 0010001 acquire 1 rs:5 release 11111 rn:5 rt:5", _compare_and_swap),
)
