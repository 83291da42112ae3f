# SPDX-License-Identifier: BSD-2-Clause
"""The engine on Unicorn 2.1.4.

The guest MMU is on and walks the page tables in secure memory; page size is 4 KiB; there is no memory
hook. One raw callback takes every exception: svc is handled without leaving the engine, anything else
stops it. SCTLR_EL1 and CNTKCTL_EL1 are left as stock OP-TEE has them, so that cache maintenance,
counters, CTR_EL0, DC ZVA and WFI trap from EL0.

Differences from metal that remain, since this emulator does not check and a hook would cost too much: WFE
does not trap; a misaligned SP, and a branch to a misaligned address, go unnoticed.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from enum import IntEnum
from time import sleep
from typing import Any, cast

import unicorn
from unicorn.arm64_const import (
    UC_ARM64_REG_CP_REG,
    UC_ARM64_REG_CPACR_EL1,
    UC_ARM64_REG_FPCR,
    UC_ARM64_REG_FPSR,
    UC_ARM64_REG_MAIR_EL1,
    UC_ARM64_REG_PSTATE,
    UC_ARM64_REG_TTBR0_EL1,
    UC_CPU_ARM64_A53,
    UC_CPU_ARM64_A57,
    UC_CPU_ARM64_A72,
    UC_CPU_ARM64_MAX,
)
from unicorn.unicorn_const import (
    UC_ARCH_ARM64,
    UC_CTL_IO_WRITE,
    UC_CTL_TB_FLUSH,
    UC_CTL_TLB_FLUSH,
    UC_HOOK_INTR,
    UC_MODE_ARM,
    UC_PROT_ALL,
)
from unicorn.unicorn_py3.unicorn import uclib

from elfhaven.machine import warm_up
from elfhaven.machine.cpu_state import MARKER_IMMEDIATE, StateLayout, find_layout, find_syndrome, locate
from elfhaven.machine.engine import PC, SP, Exit, Fault, FaultKind, OnSvc, Stop, Translation
from elfhaven.machine.memory import PhysicalMemory

FLUSH_TLB = UC_CTL_TLB_FLUSH | UC_CTL_IO_WRITE << 30
FLUSH_CODE = UC_CTL_TB_FLUSH | UC_CTL_IO_WRITE << 30
_UNTIL = 1 << 62  # no translation reaches this address
_SVC = 2
ABORTS = {3: FaultKind.PREFETCH, 4: FaultKind.DATA}
_ABORT = struct.Struct("<IIQ")
_SYNDROME_IL = 1 << 25
_PC_ALIGNMENT = 0x22 << 26 | _SYNDROME_IL
_FETCH_TRANSLATION = 0x20 << 26 | _SYNDROME_IL | 4
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)

# MMU on, data and instruction caches on; UCI, UCT, DZE, nTWI, nTWE, UMA and SA0 clear
_SCTLR = 1 << 0 | 1 << 2 | 1 << 12
# 39-bit addresses through TTBR0, 4 KiB granule, write-back inner shareable walks, 40-bit physical
_TCR = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32
_SCR_NS_RW = 1 << 0 | 1 << 4 | 1 << 5 | 1 << 10
_HCR_RW = 1 << 31

_GROW_FROM = 4 << 20  # bytes mapped from which a larger TLB pays


class CpuModel(IntEnum):
    """Which CPU the guest sees. The first three are v8.0 (no LSE), as on OP-TEE's small boards."""

    CORTEX_A57 = UC_CPU_ARM64_A57
    CORTEX_A53 = UC_CPU_ARM64_A53
    CORTEX_A72 = UC_CPU_ARM64_A72
    MAX = UC_CPU_ARM64_MAX


class UnicornMachine:
    """Makes engines over one physical memory; the layout of the CPU's state is found once."""

    def __init__(self, memory: PhysicalMemory, model: CpuModel = CpuModel.CORTEX_A57) -> None:
        self._memory = memory
        self._model = model
        self._layout: StateLayout | None = None

    def create(self) -> UnicornEngine:
        """A fresh engine (about 5 ms, 3 MB)."""
        engine = UnicornEngine(self._memory, self._model, self._layout)
        self._layout = engine.layout
        return engine

    def finish(self) -> None:
        """There is nothing that would come to an end."""

    def close(self) -> None:
        """There is nothing to end."""


class UnicornEngine:
    """machine.engine.Engine on Unicorn."""

    def __init__(self, memory: PhysicalMemory, model: CpuModel, layout: StateLayout | None = None) -> None:
        self._uc: Any = cast(Any, unicorn).Uc(UC_ARCH_ARM64, UC_MODE_ARM, int(model))
        self._handle: Any = self._uc._uch
        self._uc.ctl_set_page_size(4096)
        for region in memory.regions:
            self._uc.mem_map_ptr(region.base, region.size, UC_PROT_ALL, region.host_address)
        self._uc.mem_map(warm_up.BASE, warm_up.SIZE, UC_PROT_ALL)
        self._on_svc: OnSvc = lambda: False
        self._exit: Exit | None = None
        self._error: BaseException | None = None
        self._running = False
        self._interrupted = False
        self._code_epoch = 0
        self._epoch = -1
        self._grown = False
        self._space: Translation | None = None
        self._word = ctypes.c_uint64()
        self._word_pointer = ctypes.byref(self._word)
        self._locate(layout)
        self._configure()

    def _locate(self, layout: StateLayout | None) -> None:
        base = locate(self._uc, layout) if layout is not None else None
        known = layout if layout is not None and base is not None else find_layout(self._uc)
        base = base or locate(self._uc, known)
        assert base is not None
        self._base = base
        self.registers: Any = (ctypes.c_uint64 * 33).from_address(self._base)
        if not known.syndrome:
            known = replace(known, syndrome=self._probe_syndrome())
        self.layout = known
        self._abort = (ctypes.c_ubyte * _ABORT.size).from_address(self._base + known.syndrome)
        self._vectors = (self._base + known.vectors, 32 * known.vector_stride)
        self._tpidr = ctypes.c_uint64.from_address(self._base + known.thread_pointer)

    def _probe_syndrome(self) -> int:
        found: list[int] = []

        def seen(_uc: Any, _number: int, _data: object) -> None:
            with suppress(RuntimeError):
                found.append(find_syndrome(self._base))
            self._uc.emu_stop()

        self._uc.mem_write(warm_up.BASE, struct.pack("<I", 0xD4000001 | MARKER_IMMEDIATE << 5))
        hook = self._uc.hook_add(UC_HOOK_INTR, seen)
        self._uc.emu_start(warm_up.BASE, warm_up.BASE + 4)
        self._uc.hook_del(hook)
        if not found:
            raise RuntimeError("the syndrome is not to be found; unicorn 2.1.4 is expected")
        return found[0]

    def _configure(self) -> None:
        uc = self._uc
        self._system(3, 6, 1, 1, 0, _SCR_NS_RW)
        self._system(3, 4, 1, 1, 0, _HCR_RW)
        uc.reg_write(UC_ARM64_REG_CPACR_EL1, 3 << 20)
        uc.reg_write(UC_ARM64_REG_MAIR_EL1, 0xFF)
        self._system(3, 0, 2, 0, 2, _TCR)
        self._system(3, 0, 14, 1, 0, 0)  # CNTKCTL_EL1: no counter, no timer at EL0
        uc.reg_write(UC_ARM64_REG_PSTATE, 0)
        self._system(3, 0, 1, 0, 0, _SCTLR)
        self._callback: Any = _CALLBACK(self._exception)
        hook = ctypes.c_size_t()
        none, first, last = ctypes.c_void_p(0), ctypes.c_uint64(1), ctypes.c_uint64(0)
        code = uclib.uc_hook_add(
            self._handle, ctypes.byref(hook), UC_HOOK_INTR, self._callback, none, first, last
        )
        if code:
            raise RuntimeError(f"Unicorn refuses its interrupt hook: error {code}")

    def _system(self, op0: int, op1: int, crn: int, crm: int, op2: int, value: int) -> None:
        self._uc.reg_write(UC_ARM64_REG_CP_REG, (crn, crm, op0, op1, op2, value))

    # ---- running

    def enter(
        self, space: Translation, code_epoch: int, pc: int, sp: int, arguments: Sequence[int], on_svc: OnSvc
    ) -> Exit:
        """See machine.engine.Engine."""
        self._exit, self._error = None, None
        self._space, self._on_svc = space, on_svc
        self._running = True
        try:
            self._prepare(space, code_epoch)
            self._load(pc, sp, arguments)
            self._run(pc)
        finally:
            self._running = False
            self._space = None
        if self._error is not None:
            raise self._error
        return self._exit or Fault(
            FaultKind.PREFETCH, _FETCH_TRANSLATION, self.registers[PC], self.registers[PC]
        )

    def _run(self, pc: int) -> None:
        if self._interrupted:
            self._exit = Stop.INTERRUPTED
            return
        self._start(pc)
        if self._exit is None and self._interrupted:
            self._exit = Stop.INTERRUPTED

    def _start(self, pc: int) -> None:
        until, unlimited = ctypes.c_uint64(_UNTIL), ctypes.c_uint64(0)
        uclib.uc_emu_start(self._handle, ctypes.c_uint64(pc), until, unlimited, ctypes.c_size_t(0))

    def _prepare(self, space: Translation, code_epoch: int) -> None:
        if code_epoch != self._code_epoch:
            self._flush_code()
            self._code_epoch = code_epoch
        if space.mapped >= _GROW_FROM and not self._grown:
            self._grow()
        if space.epoch != self._epoch:
            self._write(UC_ARM64_REG_TTBR0_EL1, space.root)
            self._epoch = space.epoch
            self._flush_tlb()

    def _load(self, pc: int, sp: int, arguments: Sequence[int]) -> None:
        registers = self.registers
        ctypes.memset(self._base, 0, 8 * 31)
        for index, value in enumerate(arguments):
            registers[index] = value
        registers[SP], registers[PC] = sp, pc
        ctypes.memset(self._vectors[0], 0, self._vectors[1])
        for register in (UC_ARM64_REG_PSTATE, UC_ARM64_REG_FPCR, UC_ARM64_REG_FPSR):
            self._write(register, 0)

    def _write(self, register: int, value: int) -> None:
        self._word.value = value
        uclib.uc_reg_write(self._handle, register, self._word_pointer)

    def _exception(self, _uc: int, number: int, _data: int) -> None:
        if number != _SVC:
            self._stop(self._fault(number))
            return
        try:
            go = self._on_svc()
        except BaseException as error:
            self._error = error
            go = False
        if not go:
            self._stop(Stop.LEFT)
        elif self._interrupted:
            self._stop(Stop.INTERRUPTED)
        elif self._space is not None and self._space.epoch != self._epoch:
            self._epoch = self._space.epoch
            self._flush_tlb()

    def _stop(self, why: Exit) -> None:
        self._exit = why
        uclib.uc_emu_stop(self._handle)

    def _fault(self, number: int) -> Fault:
        syndrome, _, address = _ABORT.unpack(self._abort)
        pc = self.registers[PC]
        kind = ABORTS.get(number, FaultKind.UNDEFINED)
        if kind is FaultKind.UNDEFINED and pc % 4:
            syndrome = _PC_ALIGNMENT
        return Fault(kind, syndrome, address, pc, self._uc.reg_read(UC_ARM64_REG_PSTATE))

    def interrupt(self) -> None:
        """See machine.engine.Engine. Repeats itself for the moment in which Unicorn is just starting."""
        self._interrupted = True
        for _ in range(20):
            if not self._running:
                return
            uclib.uc_emu_stop(self._handle)
            sleep(0.0005)

    def forget_code(self) -> None:
        """See machine.engine.Engine."""
        self._flush_code()

    def _flush_code(self) -> None:
        uclib.uc_ctl(self._handle, FLUSH_CODE)

    def _flush_tlb(self) -> None:
        uclib.uc_ctl(self._handle, FLUSH_TLB)

    def rearm(self) -> None:
        self._interrupted = False

    @property
    def thread_pointer(self) -> int:
        return self._tpidr.value

    @thread_pointer.setter
    def thread_pointer(self, value: int) -> None:
        self._tpidr.value = value

    def close(self) -> None:
        """Drop the virtual CPU."""
        self._callback = None
        self._uc = None

    # ---- the TLB

    def _grow(self) -> None:
        """Have Unicorn enlarge its TLB: it doubles it at a flush that finds it nearly full (about 1.3 ms
        in all)."""
        wanted, self._on_svc = self._on_svc, lambda: False
        self._uc.mem_write(warm_up.BASE, warm_up.pages())
        self._write(UC_ARM64_REG_TTBR0_EL1, warm_up.ROOT)
        for pages in warm_up.ROUNDS:
            uclib.uc_ctl(self._handle, FLUSH_TLB)
            self._load(warm_up.CODE, 0, (0, 0, pages))
            self._start(warm_up.CODE)
        self._on_svc, self._exit = wanted, None
        self._grown, self._epoch = True, -1
