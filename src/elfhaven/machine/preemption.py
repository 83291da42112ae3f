# SPDX-License-Identifier: BSD-2-Clause
"""Stops Unicorn in the middle of a program so that it can go on later.

emu_stop from another host thread cannot do that: it leaves translated code in the middle of a block, with a
PC older than the registers. An abort is precise. So the door is shut: translation starts from an empty
table, and what the TLB has for data is marked as invalid; the next access to memory aborts. When the door is
open again, the access is done anew.

Unicorn may be within an access meanwhile, and hold a pointer to an entry. So entries stay where they are and
keep what leads to memory; only the addresses they are compared with change, to what Unicorn takes for
invalid and, behind a lookup, passes over. What is fetched as code stays: Unicorn checks that a second time.

A page that is entered while the door is shut stays reachable until the door is shut once more. A loop that
touches no memory and makes no call is not stopped. Shut the door only while guest code runs and no callback
does: then nothing flushes the TLB.
"""

from __future__ import annotations

import ctypes
import struct
from array import array
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
_WORDS = 8  # of an entry: compared with what is read, what is written, what is fetched; the way to memory
_INVALID = 1 << 9  # TLB_INVALID_MASK of an Arm target, whose least page has ten bits
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
        self._known = (0, 0)
        self._compared: tuple[memoryview, ...] = ()
        self._invalid = memoryview(b"")
        self._kept = 0
        self.shut = False
        self.fit()

    def fit(self) -> None:
        """To be called while the door is open, after what may have changed the TLB's size or place."""
        known = self._mask.value, self._entries.value
        if known == self._known:
            return
        count = (known[0] >> _ENTRY_BITS) + 1
        words = (ctypes.c_uint64 * (_WORDS * count)).from_address(known[1])
        view = memoryview(words).cast("B").cast("Q")
        self._compared = view[0::_WORDS], view[1::_WORDS]
        if len(self._invalid) != count:
            self._invalid = memoryview(array("Q", [_INVALID]) * count)
        self._known = known

    def close(self) -> None:
        """Shut it, or shut it once more."""
        if not self.shut:
            self._kept = self._root.value
            self.shut = True
            self._root.value = _EMPTY_ROOT
        for words in self._compared:
            words[:] = self._invalid

    def open(self) -> None:
        """Open it again."""
        if self.shut:
            self._root.value = self._kept
            self.shut = False


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
