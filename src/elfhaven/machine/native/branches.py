# SPDX-License-Identifier: BSD-2-Clause
"""Rows of the branches (Arm ARM C4.1.93). Those that authenticate pointers are not covered."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Flow, Row
from elfhaven.machine.native.emitter import Emitter


def _always(_e: Emitter, _f: Fields) -> None:
    """Nothing to decide."""


def _conditional(e: Emitter, f: Fields) -> None:
    e.condition = e.test(f["cond"])


def _compare_zero(e: Emitter, f: Fields) -> None:
    """CBZ, CBNZ."""
    type = "i64" if f["sf"] else "i32"
    e.condition = e.op(f"icmp {'ne' if f['op'] else 'eq'} {type} {e.x(f['rt'], f['sf'])}, 0")


def _test_bit(e: Emitter, f: Fields) -> None:
    """TBZ, TBNZ."""
    bit = e.op(f"and i64 {e.x(f['rt'])}, {1 << (f['b5'] << 5 | f['b40'])}")
    e.condition = e.op(f"icmp {'ne' if f['op'] else 'eq'} i64 {bit}, 0")


_LINK = 30


def _call(e: Emitter, _f: Fields) -> None:
    """BL."""
    e.set_x(_LINK, e.address(e.pc + 4))


def _jump(e: Emitter, f: Fields) -> None:
    """BR, RET."""
    e.destination = e.x(f["rn"])


def _jump_and_link(e: Emitter, f: Fields) -> None:
    """BLR."""
    e.destination = e.x(f["rn"])
    e.set_x(_LINK, e.address(e.pc + 4))


def _somewhere(f: Fields) -> bool:
    """A branch to XZR faults at once, as the interpreter has it."""
    return f["rn"] != 31


ROWS = (
    Row("b", "000101 offset26:26", _always, flow=Flow.JUMP),
    Row("bl", "100101 offset26:26", _call, flow=Flow.CALL),
    Row("br", "1101011000011111000000 rn:5 00000", _jump, _somewhere, flow=Flow.INDIRECT),
    Row("blr", "1101011000111111000000 rn:5 00000", _jump_and_link, _somewhere, flow=Flow.INDIRECT_CALL),
    Row("ret", "1101011001011111000000 rn:5 00000", _jump, _somewhere, flow=Flow.INDIRECT),
    Row("b.cond", "01010100 offset19:19 0 cond:4", _conditional, flow=Flow.BRANCH),
    Row("cbz", "sf 011010 op offset19:19 rt:5", _compare_zero, flow=Flow.BRANCH),
    Row("tbz", "b5 011011 op b40:5 offset14:14 rt:5", _test_bit, flow=Flow.BRANCH),
)
