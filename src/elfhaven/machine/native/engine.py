# SPDX-License-Identifier: BSD-2-Clause
"""Unicorn with the native tier.

A thread shuts the door to memory (preemption.py) a few hundred times a second; the abort that follows tells
precisely where the program is, and it goes on at once. Regions that the tier has compiled are entered through
block hooks at their heads, so the guest's text is not touched.

Lock: `_gate` is held while the door moves; the thread takes it only while no callback runs.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Sequence
from dataclasses import replace

from unicorn.unicorn_const import UC_HOOK_BLOCK
from unicorn.unicorn_py3.unicorn import uclib

from elfhaven.machine.cpu_state import StateLayout
from elfhaven.machine.engine import PC, Exit, OnSvc, Translation
from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.native.context import ENTRIES, FILL, STOP, Context
from elfhaven.machine.native.layout import find_native
from elfhaven.machine.native.tier import Native, Sample, Tier
from elfhaven.machine.native.walk import host_page, text_around, walk
from elfhaven.machine.pagetable import Protection
from elfhaven.machine.preemption import Door
from elfhaven.machine.unicorn_engine import ABORTS, CpuModel, UnicornEngine

_PERIOD = 0.002  # seconds between samples
_FILL = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)


class NativeMachine:
    """Makes engines that share one tier, as UnicornMachine makes plain ones."""

    def __init__(self, memory: PhysicalMemory, model: CpuModel = CpuModel.CORTEX_A57) -> None:
        from elfhaven.machine.native.compiler import load_binding

        load_binding()
        self._memory = memory
        self._model = model
        self._layout: StateLayout | None = None
        self.tier: Tier | None = None

    def create(self) -> NativeEngine:
        """A fresh engine."""
        engine = NativeEngine(self._memory, self._model, self._layout, self.tier)
        self._layout, self.tier = engine.layout, engine.tier
        return engine


class NativeEngine(UnicornEngine):
    """machine.engine.Engine with compiled loops."""

    _in_guest = False  # guest code runs, and no callback
    _door: Door | None = None

    def __init__(
        self,
        memory: PhysicalMemory,
        model: CpuModel,
        layout: StateLayout | None = None,
        tier: Tier | None = None,
    ) -> None:
        if layout is not None:
            layout = replace(layout, syndrome=0)  # its search runs code, without which there is no TLB yet
        super().__init__(memory, model, layout)
        self._physical = memory
        native = find_native(self._uc, self._base, self.layout)
        self.tier = tier or Tier(native)
        self._context = Context(self._base, ctypes.cast(uclib.uc_reg_write, ctypes.c_void_p).value or 0)
        self._fill: object = _FILL(self._fill_page)
        self._context.words[FILL] = ctypes.cast(self._fill, ctypes.c_void_p).value or 0
        self._hooks: list[ctypes.c_size_t] = []
        self._seen = 0
        self._gate = threading.Lock()
        self._busy = threading.Event()
        self._closed = False
        self._door = Door(self._uc, self._base)
        self._epoch = -1  # the door's search has written TTBR0
        self._sampler: threading.Thread | None = None

    @property
    def entries(self) -> int:
        """How often compiled code was entered."""
        return self._context.words[ENTRIES]

    # ---- running

    def enter(
        self, space: Translation, code_epoch: int, pc: int, sp: int, arguments: Sequence[int], on_svc: OnSvc
    ) -> Exit:
        """See machine.engine.Engine."""
        if self._sampler is None:
            self._sampler = threading.Thread(target=self._sample, name="native-sampler", daemon=True)
            self._sampler.start()
        self._busy.set()
        try:
            return super().enter(space, code_epoch, pc, sp, arguments, on_svc)
        finally:
            self._busy.clear()
            self._leave_guest()

    def _run(self, pc: int) -> None:
        self._install()
        self._enter_guest()
        super()._run(pc)

    def _start(self, pc: int) -> None:
        """A shut door may also end Unicorn's run, with no exception: the access is then done anew."""
        super()._start(pc)
        while self._ended_by_door():
            self._note(self.registers[PC])
            self._install()
            self._enter_guest()
            super()._start(self.registers[PC])

    def _ended_by_door(self) -> bool:
        was_shut = self._leave_guest()
        return was_shut and self._exit is None and self._error is None and not self._interrupted

    def _enter_guest(self) -> None:
        assert self._door is not None
        self._door.fit()
        self._in_guest = True

    def _leave_guest(self) -> bool:
        """Open the door; whether it was shut."""
        if self._door is None:
            return False
        with self._gate:
            self._in_guest = False
            was_shut = self._door.shut
            self._door.open()
        return was_shut

    def _exception(self, uc: int, number: int, data: int) -> None:
        was_shut = self._leave_guest()
        if was_shut and number in ABORTS:  # the door's, or one that comes again
            self._note(self.registers[PC])
            self._install()
        else:
            super()._exception(uc, number, data)
        if self._exit is None and self._door is not None:
            self._enter_guest()

    def interrupt(self) -> None:
        """See machine.engine.Engine."""
        self._context.words[STOP] = 1
        super().interrupt()

    def rearm(self) -> None:
        self._context.words[STOP] = 0
        super().rearm()

    def close(self) -> None:
        self._closed = True
        self._busy.set()
        if self._sampler is not None:
            self._sampler.join()
        super().close()

    # ---- what changes under the regions

    def _flush_tlb(self) -> None:
        self._context.flush()
        super()._flush_tlb()

    def _flush_code(self) -> None:
        for hook in self._hooks:
            uclib.uc_hook_del(self._handle, hook)
        self._hooks.clear()
        self._seen = 0
        super()._flush_code()

    def _fill_page(self, address: int, size: int, write: int) -> int:
        """What must be added to reach a guest address in the host, 0 where the guest may not, or where the
        interpreter had better look: into code, or over the end of a page whose neighbour lies elsewhere."""
        if (address & PAGE - 1) + size > PAGE:
            first, last = (self._fill_page(at, 1, write) for at in (address, address + size - 1))
            return first if first == last else 0
        if self._space is None:
            return 0
        found = walk(self._physical, self._space.root, address)
        if found is None:
            return 0
        physical, rights = found
        host = host_page(self._physical, physical)
        if host is None or (write and (not rights & Protection.WRITE or rights & Protection.EXECUTE)):
            return 0
        page = address & -PAGE
        self._context.remember(page, host - page, bool(write))
        return host - page & (1 << 64) - 1

    # ---- samples and regions

    def _sample(self) -> None:
        pause = threading.Event()
        while not self._closed:
            self._busy.wait()
            pause.wait(_PERIOD)
            with self._gate:
                if self._in_guest and self._door is not None:
                    self._door.close()

    def _note(self, pc: int) -> None:
        if self._space is not None:
            start, code = text_around(self._physical, self._space.root, pc)
            self.tier.offer(Sample(pc, start, code))

    def _install(self) -> None:
        """Hook what is new, if it is what stands in memory."""
        ready = self.tier.take(self._seen)
        if not ready:
            return
        self._seen += len(ready)
        fitting = [native for native in ready if self._stands(native)]
        for native in fitting:
            self._hook(native)
        if fitting:
            super()._flush_code()

    def _stands(self, native: Native) -> bool:
        if self._space is None:
            return False
        start, code = text_around(self._physical, self._space.root, native.region.head)
        return all(
            0 <= at - start <= len(code) - 4 and struct.unpack_from("<I", code, at - start)[0] == word
            for at, word in native.region.words.items()
        )

    def _hook(self, native: Native) -> None:
        hook = ctypes.c_size_t()
        place = ctypes.c_uint64(native.region.head)
        code = uclib.uc_hook_add(
            self._handle,
            ctypes.byref(hook),
            UC_HOOK_BLOCK,
            ctypes.c_void_p(native.function),
            ctypes.c_void_p(self._context.address),
            place,
            place,
        )
        if code:
            raise RuntimeError(f"Unicorn refuses a block hook: error {code}")
        self._hooks.append(hook)
