# SPDX-License-Identifier: BSD-2-Clause
"""Where Unicorn keeps NZCV, FPCR and the exception flags of FPSR: found with markers, as in cpu_state.py."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from unicorn.arm64_const import UC_ARM64_REG_FPCR, UC_ARM64_REG_FPSR, UC_ARM64_REG_NZCV

from elfhaven.machine.cpu_state import StateLayout, UnknownEngine

_WINDOW = 16384  # bytes behind x0
_FPCR_BITS = 3 << 24  # FZ and DN


@dataclass(frozen=True, slots=True)
class NativeLayout:
    """Offsets from x0. N is the sign of n, Z is set where z is 0, C is c, V is the sign of v (u32 each);
    fpcr is a u32; raised is a byte with the host's order of flags."""

    n: int
    z: int
    c: int
    v: int
    fpcr: int
    raised: int
    vectors: int
    stride: int
    thread_pointer: int


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
        raised=_match(raised, 1, lambda s: s == [0, 1, 4, 8, 16, 32]),
        vectors=known.vectors,
        stride=known.vector_stride,
        thread_pointer=known.thread_pointer,
    )


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
    for at in range(0, _WINDOW, size):
        seen = [int.from_bytes(state[at : at + size], "little") for state in states]
        if fits(seen):
            return at
    raise UnknownEngine("flags are not to be found; unicorn 2.1.4 is expected")
