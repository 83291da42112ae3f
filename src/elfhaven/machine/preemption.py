# SPDX-License-Identifier: BSD-2-Clause
"""Stops Unicorn in the middle of a program so that it can go on later.

emu_stop from another host thread cannot do that: it leaves translated code in the middle of a block, with a
PC older than the registers. An abort is precise. So the door is shut: translation starts from an empty
table, and the TLB that translated code looks into is exchanged for an empty one; the next access to memory
aborts. When the door is open again the true TLB is back as it was, and the access is done anew.

A loop that touches no memory and makes no call is not stopped. Shut the door only while guest code runs and
no callback does, and open it before anything flushes the TLB.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

from unicorn.arm64_const import UC_ARM64_REG_TTBR0_EL1
from unicorn.unicorn_const import UC_PROT_READ

from elfhaven.machine import warm_up
from elfhaven.machine.cpu_state import UnknownEngine

_EMPTY_ROOT = warm_up.BASE + warm_up.SIZE  # a page of zeros of the engine's own
_MARKER = 0x00_1234_5000
_STATE = 16384  # bytes behind x0 in which the system registers lie
_BEFORE = 1024  # bytes before x0 in which the TLB's descriptors lie
_ENTRY_BITS = 6
_MODES = 12  # TLBs of an Arm CPU, one a mode; EL0's is the first
_DESCRIPTOR = struct.Struct("<QQ")  # (entries - 1) << _ENTRY_BITS, address of the entries


class Door:
    """The way to memory of one engine, whose x0 lies at `base`."""

    def __init__(self, uc: Any, base: int) -> None:
        uc.mem_map(_EMPTY_ROOT, 4096, UC_PROT_READ)
        descriptor = _find_descriptors(base)
        self._mask = ctypes.c_uint64.from_address(descriptor)
        self._entries = ctypes.c_uint64.from_address(descriptor + 8)
        self._root = ctypes.c_uint64.from_address(_find_root(uc, base))
        self._empty: Any = None
        self._kept = (0, 0)
        self.shut = False
        self.fit()

    def fit(self) -> None:
        """To be called while the door is open, after what may have changed the TLB's size."""
        size = self._mask.value + (1 << _ENTRY_BITS)
        if self._empty is None or len(self._empty) != size:
            self._empty = (ctypes.c_ubyte * size)()
            self._wipe()

    def _wipe(self) -> None:
        ctypes.memset(self._empty, 0xFF, len(self._empty))

    def close(self) -> None:
        """Shut it."""
        if not self.shut:
            self._kept = self._root.value, self._entries.value
            self.shut = True
            self._root.value = _EMPTY_ROOT
            self._entries.value = ctypes.addressof(self._empty)

    def open(self) -> None:
        """Open it again."""
        if self.shut:
            self._root.value, self._entries.value = self._kept
            self.shut = False
            self._wipe()  # entries of the true TLB's victims may have come into it


def _find_root(uc: Any, base: int) -> int:
    """Where TTBR0_EL1 lies."""
    uc.reg_write(UC_ARM64_REG_TTBR0_EL1, _MARKER)
    found = ctypes.string_at(base, _STATE).find(struct.pack("<Q", _MARKER))
    if found < 0:
        raise UnknownEngine("TTBR0_EL1 is not to be found; unicorn 2.1.4 is expected")
    return base + found


def _find_descriptors(base: int) -> int:
    """Where EL0's TLB is described: the first of the last row of descriptors before x0. Sizes may differ
    already: a flush on a busy machine shrinks those that were not used."""
    window = ctypes.string_at(base - _BEFORE, _BEFORE)
    for at in range(_BEFORE - _DESCRIPTOR.size * _MODES, -1, -_DESCRIPTOR.size):
        row = [_DESCRIPTOR.unpack_from(window, at + _DESCRIPTOR.size * i) for i in range(_MODES)]
        if all(_is_mask(mask) and _is_pointer(entries) for mask, entries in row):
            return base - _BEFORE + at
    raise UnknownEngine("the TLB is not to be found; unicorn 2.1.4 is expected")


def _is_mask(value: int) -> bool:
    entries = (value >> _ENTRY_BITS) + 1
    return 1 < entries <= 1 << 22 and entries & entries - 1 == 0 and value == (entries - 1) << _ENTRY_BITS


def _is_pointer(value: int) -> bool:
    return 0x10000 <= value < 1 << 47 and value % 16 == 0
