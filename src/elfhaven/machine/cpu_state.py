# SPDX-License-Identifier: BSD-2-Clause
"""Where Unicorn keeps the CPU's state, found with markers.

Unicorn's own register access costs 2 us and more; the general registers are an array inside its CPU
state, which Python can use in place. No header tells where, so markers are written through the public
interface and looked for in memory, read through /proc/self/mem so that a wrong guess cannot crash the
process.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unicorn.arm64_const import (
    UC_ARM64_REG_PC,
    UC_ARM64_REG_SP,
    UC_ARM64_REG_TPIDR_EL0,
    UC_ARM64_REG_V0,
    UC_ARM64_REG_V1,
    UC_ARM64_REG_X0,
)

_WINDOW = 1 << 16
_MARKER = 0x5EED_0001_0000_0000
_PROBE = 0x5EED_0006_1122_3344
MARKER_IMMEDIATE = 0x1234  # of the svc whose syndrome is looked for
MARKER_SYNDROME = 0x56000000 | MARKER_IMMEDIATE


class UnknownEngine(RuntimeError):
    """This build of Unicorn keeps its state where we do not find it."""


@dataclass(frozen=True, slots=True)
class StateLayout:
    """Offsets in bytes: of the pointer to the CPU in the uc structure, then from the CPU, then from x0."""

    pointer: int
    registers: int
    thread_pointer: int
    vectors: int
    vector_stride: int
    syndrome: int = 0  # u32 syndrome, u32 fsr, u64 address; 0 until found


def find_layout(uc: Any) -> StateLayout:
    """All offsets but the syndrome's; UnknownEngine if one is not there."""
    markers = [_MARKER + i * 0x0101_0101 for i in range(6)]
    for i, value in enumerate(markers):
        uc.reg_write(UC_ARM64_REG_X0 + i, value)
    pointer, registers, base = _find_registers(uc, struct.pack("<6Q", *markers))
    _expect_in_array(uc, base)
    v0 = _find(uc, base, UC_ARM64_REG_V0, 0x5EED_0002_1122_3344)
    v1 = _find(uc, base, UC_ARM64_REG_V1, 0x5EED_0003_1122_3344)
    tpidr = _find(uc, base, UC_ARM64_REG_TPIDR_EL0, 0x5EED_0004_1122_3344)
    return StateLayout(pointer, registers, tpidr, v0, v1 - v0)


def _find_registers(uc: Any, pattern: bytes) -> tuple[int, int, int]:
    """(offset of the pointer, offset in what it points to, address) of x0."""
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        handle = os.pread(memory, 8192, uc._uch.value)
        for at in range(0, len(handle) - 7, 8):
            (candidate,) = struct.unpack_from("<Q", handle, at)
            for found in _places(memory, candidate, pattern):
                if _is_live(uc, memory, candidate + found):
                    return at, found, candidate + found
    finally:
        os.close(memory)
    raise UnknownEngine("the general registers are not to be found; unicorn 2.1.4 is expected")


def _places(memory: int, address: int, pattern: bytes) -> Iterator[int]:
    """Where `pattern` lies behind a pointer, if it is one."""
    if address < 0x10000 or address >> 47 or address % 8:
        return
    try:
        window = os.pread(memory, _WINDOW, address)
    except OSError:
        return
    found = window.find(pattern)
    while found >= 0:
        yield found
        found = window.find(pattern, found + 1)


def _is_live(uc: Any, memory: int, address: int) -> bool:
    """Whether x0 is there: other memory may hold an old copy of the markers."""
    old = uc.reg_read(UC_ARM64_REG_X0)
    uc.reg_write(UC_ARM64_REG_X0, _PROBE)
    try:
        return os.pread(memory, 8, address) == struct.pack("<Q", _PROBE)
    except OSError:
        return False
    finally:
        uc.reg_write(UC_ARM64_REG_X0, old)


def locate(uc: Any, layout: StateLayout) -> int | None:
    """The address of x0 by a known layout; None if it does not hold for this engine."""
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        (cpu,) = struct.unpack("<Q", os.pread(memory, 8, uc._uch.value + layout.pointer))
        address: int = cpu + layout.registers
        plausible = 0x10000 <= address < 1 << 47
        return address if plausible and _is_live(uc, memory, address) else None
    finally:
        os.close(memory)


def _find(uc: Any, base: int, register: int, value: int) -> int:
    old = uc.reg_read(register)
    uc.reg_write(register, value)
    found = ctypes.string_at(base, 16384).find(struct.pack("<Q", value))
    uc.reg_write(register, old)
    if found < 0:
        raise UnknownEngine(f"register {register} is not to be found; unicorn 2.1.4 is expected")
    return found


def _expect_in_array(uc: Any, base: int) -> None:
    """sp and pc follow x30 directly."""
    for register, index in ((UC_ARM64_REG_SP, 31), (UC_ARM64_REG_PC, 32)):
        if _find(uc, base, register, 0x5EED_0005_1122_3344) != 8 * index:
            raise UnknownEngine("sp and pc do not follow x30; unicorn 2.1.4 is expected")


def find_syndrome(base: int) -> int:
    """Offset of the syndrome from x0, while an `svc #MARKER_IMMEDIATE` is being handled."""
    found = ctypes.string_at(base, 16384).find(struct.pack("<I", MARKER_SYNDROME))
    if found < 0:
        raise UnknownEngine("the syndrome is not to be found; unicorn 2.1.4 is expected")
    return found
