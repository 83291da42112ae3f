# SPDX-License-Identifier: BSD-2-Clause
"""Finds where Unicorn keeps NZCV, FPCR, the flags of FPSR and the exclusive monitor: with markers, as in
cpu_state.py."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

import unicorn
from unicorn.arm64_const import (
    UC_ARM64_REG_CP_REG,
    UC_ARM64_REG_FPCR,
    UC_ARM64_REG_FPSR,
    UC_ARM64_REG_NZCV,
    UC_ARM64_REG_X0,
)
from unicorn.unicorn_const import UC_ARCH_ARM64, UC_MODE_ARM

from elfhaven.machine.cpu_state import StateLayout, UnknownEngine, find_layout, locate
from elfhaven.machine.native.layout import NativeLayout

_WINDOW = 16384  # bytes behind x0
_FPCR_BITS = 3 << 24  # FZ and DN
_LENGTHS = (0, 1 << 16, 5 << 16)
_QC = 1 << 27
_DCZID = (0, 0, 3, 3, 7)  # crn, crm, op0, op1, op2
_ID_AA64ISAR0 = (0, 6, 3, 0, 0)
_LOAD_EXCLUSIVE = struct.pack("<I", 0xC87F1003)  # ldxp x3, x4, [x0]
_CODE_SIZE, _DATA = 0x2000, 0x1230
_MARKERS = (0x5EED_0007_1122_3344, 0x5EED_0008_1122_3344)


def find_native(uc: Any, base: int, known: StateLayout) -> NativeLayout:
    """UnknownEngine where one of them is not found."""
    flags = _probe(uc, base, UC_ARM64_REG_NZCV, [0, 1 << 31, 1 << 30, 1 << 29, 1 << 28])
    sign = 1 << 31
    raised = _probe(uc, base, UC_ARM64_REG_FPSR, [0, 1, 2, 4, 8, 16])
    fpcr = _probe(uc, base, UC_ARM64_REG_FPCR, [0, _FPCR_BITS])
    return NativeLayout(
        n=_match(flags, 4, lambda s: s == [0, 1 << 31, 1 << 30, 1 << 29, 1 << 28]),
        z=_match(flags, 4, lambda s: s[2] == 0 and all(s[i] for i in (0, 1, 3, 4))),
        c=_match(flags, 4, lambda s: s == [0, 0, 0, 1, 0]),
        v=_match(flags, 4, lambda s: [value & sign for value in s] == [0, 0, 0, 0, sign] and s[1] == 0),
        fpcr=_match(fpcr, 4, lambda s: s == [0, _FPCR_BITS]),
        fpcr_length=_match(_probe(uc, base, UC_ARM64_REG_FPCR, _LENGTHS), 4, lambda s: s == [0, 1, 5]),
        raised=_match(raised, 1, lambda s: s == [0, 1, 4, 8, 16, 32]),
        vectors=known.vectors,
        stride=known.vector_stride,
        thread_pointer=known.thread_pointer,
        saturated=_match(_probe(uc, base, UC_ARM64_REG_FPSR, [0, _QC]), 4, lambda s: s == [0, _QC]),
        exclusive=_find_monitor(uc, known),
        zero_block=uc.reg_read(UC_ARM64_REG_CP_REG, _DCZID),
        atomics=uc.reg_read(UC_ARM64_REG_CP_REG, _ID_AA64ISAR0) >> 20 & 15 >= 2,
    )


def _find_monitor(uc: Any, known: StateLayout) -> int:
    """By a load-exclusive pair, in an engine of its own that has no translation tables yet."""
    other = cast(Any, unicorn).Uc(UC_ARCH_ARM64, UC_MODE_ARM, uc.ctl_get_cpu_model())
    other.mem_map(0, _CODE_SIZE)
    other.mem_write(0, _LOAD_EXCLUSIVE)
    other.mem_write(_DATA, struct.pack("<2Q", *_MARKERS))
    other.reg_write(UC_ARM64_REG_X0, _DATA)
    other.emu_start(0, len(_LOAD_EXCLUSIVE))
    # The way to the first engine's state may hold for it alone: a pointer that happens to lie shortly before.
    base = locate(other, known) or locate(other, find_layout(other))
    found = ctypes.string_at(base, _WINDOW).find(struct.pack("<3Q", _DATA, *_MARKERS)) if base else -1
    if found < 0:
        raise UnknownEngine("the exclusive monitor is not to be found; unicorn 2.1.4 is expected")
    return found


def _probe(uc: Any, base: int, register: int, values: Sequence[int]) -> list[bytes]:
    """The state with each value in a register, which is put back."""
    old = uc.reg_read(register)
    out = []
    for value in values:
        uc.reg_write(register, value)
        out.append(ctypes.string_at(base, _WINDOW))
    uc.reg_write(register, old)
    return out


def _match(states: list[bytes], size: int, fits: Callable[[list[int]], bool]) -> int:
    columns = [memoryview(state).cast("I" if size == 4 else "B") for state in states]
    for at, seen in enumerate(zip(*columns, strict=True)):
        if fits([*seen]):
            return at * size
    raise UnknownEngine("flags are not to be found; unicorn 2.1.4 is expected")
