# SPDX-License-Identifier: BSD-2-Clause
"""An engine for programs of a Linux: EL0 as Linux sets it up, several threads' registers, preemption.

Unlike a TA's entry, a thread goes on from where it was: its registers are saved and put back whole. Cache
maintenance, DC ZVA, CTR_EL0 and the virtual counter are open, as Linux leaves them.

An interruption stops a thread at its next system call or access to memory (preemption.py), and it can go on
from there.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

from unicorn.arm64_const import (
    UC_ARM64_REG_FPCR,
    UC_ARM64_REG_FPSR,
    UC_ARM64_REG_PSTATE,
    UC_ARM64_REG_TTBR0_EL1,
)
from unicorn.unicorn_py3.unicorn import uclib

from elfhaven.machine import warm_up
from elfhaven.machine.cpu_state import UnknownEngine
from elfhaven.machine.engine import PC, SP, Exit, Stop, Translation
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.preemption import Door
from elfhaven.machine.unicorn_engine import ABORTS, FLUSH_TLB, CpuModel, UnicornEngine

_GENERAL = 8 * 33
_NOWHERE = 0xFFFF_FFFF_FFFF_FFFF  # exclusive address: no load-exclusive is open
_LOAD_EXCLUSIVE = struct.pack("<2I", 0xC85F7C01, 0xD4000001)  # ldxr x1, [x0]; svc #0
_PROBE = 0x0012_3458  # an address of warm_up's data page
_STATE = 16384  # bytes behind x0 in which the monitor lies

# MMU and caches on; UCI, nTWE, UCT, DZE set: cache maintenance, WFE, CTR_EL0 and DC ZVA at EL0
_SCTLR = 1 << 0 | 1 << 2 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 18 | 1 << 26
_CNTKCTL = 3  # both counters may be read at EL0


@dataclass(slots=True)
class Registers:
    """All that a thread has in the CPU. `general` is x0..x30, sp, pc."""

    general: bytes
    vectors: bytes
    pstate: int
    fpcr: int
    fpsr: int
    thread_pointer: int

    def word(self, index: int) -> int:
        """One of the general registers."""
        return int.from_bytes(self.general[8 * index : 8 * index + 8], "little")

    def with_words(self, words: dict[int, int], thread_pointer: int | None = None) -> Registers:
        """The same with some of the general registers changed."""
        general = bytearray(self.general)
        for index, value in words.items():
            struct.pack_into("<Q", general, 8 * index, value)
        pointer = self.thread_pointer if thread_pointer is None else thread_pointer
        return Registers(bytes(general), self.vectors, self.pstate, self.fpcr, self.fpsr, pointer)


class UserEngine(UnicornEngine):
    """One virtual CPU for the threads of one program. `on_svc` is that of Engine.enter."""

    _door: Door | None = None
    _in_guest = False  # guest code runs, and no callback

    def __init__(self, memory: PhysicalMemory, on_svc: Callable[[], bool]) -> None:
        self._gate = threading.RLock()  # between guest code and callbacks: there nobody shuts the door
        super().__init__(memory, CpuModel.MAX)
        door = Door(self._uc, self._base)
        self._system(3, 0, 14, 1, 0, _CNTKCTL)
        self._system(3, 0, 1, 0, 0, _SCTLR)
        self._monitor = ctypes.c_uint64.from_address(self._base + self._find_monitor())
        self._stride = self._vectors[1] // 32
        self._serve = on_svc
        self._door = door

    def _find_monitor(self) -> int:
        """Offset of the exclusive monitor's address from x0."""
        self._on_svc = lambda: False
        self._uc.mem_write(warm_up.BASE, warm_up.pages())
        self._uc.mem_write(warm_up.BASE, _LOAD_EXCLUSIVE)
        self._write(UC_ARM64_REG_TTBR0_EL1, warm_up.ROOT)
        uclib.uc_ctl(self._handle, FLUSH_TLB)
        self._epoch = -1
        self._load(warm_up.CODE, 0, (_PROBE,))
        self._start(warm_up.CODE)
        self.registers[0] = 0
        found = ctypes.string_at(self._base, _STATE).find(struct.pack("<Q", _PROBE))
        if found < 0:
            raise UnknownEngine("the exclusive monitor is not to be found; unicorn 2.1.4 is expected")
        self._exit = None
        return found

    def go(self, space: Translation, code_epoch: int) -> Exit:
        """Goes on from the registers as they are, until a fault, until on_svc returns False, or until
        interrupted (see Engine.interrupt). What on_svc raises comes out of here."""
        self._exit, self._error = None, None
        self._space, self._on_svc = space, self._serve
        self._running = True
        try:
            self._ready(space, code_epoch)
            self._enter_guest()
            self._run(self.registers[PC])
        finally:
            self._leave_guest()
            self._running = False
            self._space = None
        if self._error is not None:
            raise self._error
        return self._exit or Stop.INTERRUPTED  # a kick that was meant for the time before

    def _ready(self, space: Translation, code_epoch: int) -> None:
        if self._grown or space.mapped < 1 << 22:
            self._prepare(space, code_epoch)
            return
        kept = self.save()
        self._prepare(space, code_epoch)
        self._on_svc = self._serve
        self.restore(kept)

    def _enter_guest(self) -> None:
        assert self._door is not None
        with self._gate:
            self._door.fit()
            self._in_guest = True

    def _leave_guest(self) -> None:
        with self._gate:
            self._in_guest = False
            if self._door is not None:
                self._door.open()

    def _exception(self, uc: int, number: int, data: int) -> None:
        with self._gate:
            self._in_guest = False
            was_shut = self._door is not None and self._door.shut
            if self._door is not None:
                self._door.open()
        if was_shut and number in ABORTS:  # the door's, or one that comes again
            self._stop(Stop.INTERRUPTED)
            return
        super()._exception(uc, number, data)
        if self._exit is None and self._door is not None:
            self._enter_guest()

    def interrupt(self) -> None:
        """See machine.engine.Engine. From any thread."""
        self._interrupted = True
        with self._gate:
            if self._in_guest and self._door is not None:
                self._door.close()

    def stop(self) -> None:
        """Have `go` come back at once. The registers are of no use afterwards. From any thread."""
        super().interrupt()

    def save(self) -> Registers:
        """A copy of all registers."""
        return Registers(
            ctypes.string_at(self._base, _GENERAL),
            ctypes.string_at(*self._vectors),
            self._read(UC_ARM64_REG_PSTATE),
            self._read(UC_ARM64_REG_FPCR),
            self._read(UC_ARM64_REG_FPSR),
            self.thread_pointer,
        )

    def restore(self, saved: Registers) -> None:
        """Puts a copy back; no load-exclusive is open then, as after any switch of threads."""
        ctypes.memmove(self._base, saved.general, _GENERAL)
        ctypes.memmove(self._vectors[0], saved.vectors, self._vectors[1])
        self._write(UC_ARM64_REG_PSTATE, saved.pstate)
        self._write(UC_ARM64_REG_FPCR, saved.fpcr)
        self._write(UC_ARM64_REG_FPSR, saved.fpsr)
        self.thread_pointer = saved.thread_pointer
        self._monitor.value = _NOWHERE

    def fresh(self, pc: int, sp: int) -> Registers:
        """The registers of a program that starts."""
        zero = Registers(bytes(_GENERAL), bytes(self._vectors[1]), 0, 0, 0, 0)
        return zero.with_words({PC: pc, SP: sp})

    def pack_vectors(self, saved: Registers) -> bytes:
        """v0..v31 of a copy, 16 bytes each."""
        at, step = saved.vectors, self._stride
        return b"".join(at[step * i : step * i + 16] for i in range(32))

    def unpack_vectors(self, packed: bytes) -> bytes:
        """The `vectors` of a copy from what pack_vectors gave."""
        pad = bytes(self._stride - 16)
        return b"".join(packed[16 * i : 16 * i + 16] + pad for i in range(32))

    def _read(self, register: int) -> int:
        uclib.uc_reg_read(self._handle, register, self._word_pointer)
        return self._word.value & 0xFFFF_FFFF
