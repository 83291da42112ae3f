# SPDX-License-Identifier: BSD-2-Clause
"""Unicorn with the native tier.

One block hook, over all addresses, is the dispatcher (dispatch.py): it goes on in compiled code where there
is some, and counts elsewhere. The guest's text is not touched.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from unicorn.unicorn_const import UC_HOOK_BLOCK
from unicorn.unicorn_py3.unicorn import uclib

from elfhaven.machine.cpu_state import StateLayout
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.native.context import (
    ENTRIES,
    EXTENT,
    HOT,
    LEAVES,
    MODE,
    NEWS,
    RENEWED,
    STOP,
    WANTED,
    Context,
)
from elfhaven.machine.native.dispatch import OFTEN
from elfhaven.machine.native.host import check
from elfhaven.machine.native.layout import FPCR_FLUSH, FPCR_MODES
from elfhaven.machine.native.probes import find_native
from elfhaven.machine.native.survey import survey
from elfhaven.machine.native.texts import Native, Texts
from elfhaven.machine.native.tier import Tier
from elfhaven.machine.native.walk import Extent, extent
from elfhaven.machine.unicorn_engine import CpuModel, UnicornEngine

_TELLINGS = 8  # times that a place is offered before it is taken for one that cannot be compiled
_EXTENT = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)
_REGISTERS = (*(f"x{i}" for i in range(31)), "sp")
_HOT = ctypes.CFUNCTYPE(None, ctypes.c_uint64)


class NativeMachine:
    """Makes engines that share one tier, as UnicornMachine makes plain ones. `directory` keeps what is
    compiled from one run to the next. `at_once`, a power of two: a block that was met so often is compiled
    before it goes on, so that a test knows what runs how."""

    def __init__(
        self,
        memory: PhysicalMemory,
        model: CpuModel = CpuModel.CORTEX_A57,
        directory: Path | None = None,
        at_once: int = 0,
    ) -> None:
        check()
        self._memory = memory
        self._model = model
        self._layout: StateLayout | None = None
        self._directory = directory
        self._at_once = at_once
        self.tier: Tier | None = None

    def create(self) -> NativeEngine:
        """A fresh engine."""
        engine = NativeEngine(
            self._memory, self._model, self._layout, self.tier, self._directory, self._at_once
        )
        self._layout, self.tier = engine.layout, engine.tier
        return engine

    def finish(self) -> None:
        """Let what is being compiled for the next run come to its end, if that is soon."""
        if self.tier is not None:
            self.tier.finish()

    def close(self) -> None:
        """Compile nothing any more."""
        if self.tier is not None:
            self.tier.close()


class NativeEngine(UnicornEngine):
    """machine.engine.Engine with compiled code."""

    _context: Context | None = None

    def __init__(
        self,
        memory: PhysicalMemory,
        model: CpuModel,
        layout: StateLayout | None = None,
        tier: Tier | None = None,
        directory: Path | None = None,
        at_once: int = 0,
    ) -> None:
        if layout is not None:
            layout = replace(layout, syndrome=0)  # its search runs code, without which there is no TLB yet
        super().__init__(memory, model, layout)
        self._physical = memory
        self.tier = tier or Tier(find_native(self._uc, self._base, self.layout), directory, at_once or OFTEN)
        self._at_once = bool(at_once)
        write = ctypes.cast(uclib.uc_reg_write, ctypes.c_void_p).value or 0
        context = Context(self._base, write, self.tier.absent)
        self._kept = (_EXTENT(self._extent), _HOT(self._hot))
        for word, function in zip((EXTENT, HOT), self._kept, strict=True):
            context.words[word] = ctypes.cast(function, ctypes.c_void_p).value or 0
        self._context = context
        self._texts = Texts(memory, self.tier, sparing=not at_once)
        self._told: Counter[int] = Counter()  # how often each hot place was offered
        self._hook()
        self.tier.serve(context)

    def _hook(self) -> None:
        assert self._context is not None
        hook, first, last = ctypes.c_size_t(), ctypes.c_uint64(1), ctypes.c_uint64(0)
        code = uclib.uc_hook_add(
            self._handle,
            ctypes.byref(hook),
            UC_HOOK_BLOCK,
            ctypes.c_void_p(self.tier.dispatcher),
            ctypes.c_void_p(self._context.address),
            first,
            last,
        )
        if code:
            raise RuntimeError(f"Unicorn refuses a block hook: error {code}")

    @property
    def entries(self) -> int:
        """How often compiled code was entered."""
        return self._words[ENTRIES]

    @property
    def leaves(self) -> int:
        """How often the interpreter had to go on elsewhere than where compiled code was entered."""
        return self._words[LEAVES]

    @property
    def _words(self) -> ctypes.Array[ctypes.c_uint64]:
        assert self._context is not None
        return self._context.words

    def _run(self, pc: int) -> None:
        assert self._space is not None
        self._texts.around(self._space.root, pc)
        self._install()
        super()._run(pc)

    def interrupt(self) -> None:
        """See machine.engine.Engine."""
        self._words[STOP] = WANTED
        super().interrupt()

    def rearm(self) -> None:
        self._words[STOP] = 0
        super().rearm()

    def close(self) -> None:
        if self._context is not None:
            self.tier.dismiss(self._context)
        super().close()

    # ---- what changes under the regions

    def _grow(self) -> None:
        """Where the interpreter has much to do: compiled code has no use for its TLB."""
        if self._told:
            super()._grow()

    def _flush_tlb(self) -> None:
        if self._context is not None:
            self._context.flush()
            if self._space is not None and not self._texts.stand(self._space.root):
                self._forget()
        super()._flush_tlb()

    def _flush_code(self) -> None:
        if self._context is not None:
            self._forget()
        super()._flush_code()

    def _forget(self) -> None:
        """No code is known any more to be where it was."""
        assert self._context is not None
        self._context.clear()
        self._told.clear()
        self._texts.forget()

    def _extent(self, address: int, size: int, write: int) -> int:
        """Where the words of the extent of an access lie, 0 where the guest may not, or where the interpreter
        had better look: into code, or over the end of a page whose neighbour lies elsewhere."""
        if self._space is None:
            return 0
        found = extent(self._physical, self._space.root, address)
        if found is None or found.first + found.size - address < size:
            return 0
        if write and not found.is_data:
            return 0
        return self._remember(found, bool(write))

    def _remember(self, found: Extent, write: bool) -> int:
        """Have compiled code find an extent; where its words lie."""
        assert self._context is not None
        return self._context.remember(found.first, found.size, found.host - found.first, write, found.is_data)

    # ---- hot places and regions

    def _hot(self, pc: int) -> None:
        """A block has been met often, or something has been compiled, and then it may be any block. Called
        from within guest code."""
        if self._words[NEWS]:
            self._install()
            return
        assert self._context is not None
        if not self._is_in_mode():
            return
        if self._space is None or self._context.knows(pc) or self._told[pc] >= _TELLINGS:
            return
        placed = self._texts.around(self._space.root, pc)
        if placed is not None and self.tier.has_waiting(placed.text, placed.offset(pc)):
            return
        self._told[pc] += 1
        self._install()  # of a text that was not met before
        if placed is None or self._context.knows(pc):
            return
        again = self._texts.latest_at(placed, pc)
        if again is not None:  # its record made room for another
            self.add(again)
        elif self._at_once:
            self.tier.consider(placed.text, placed.offset(pc), apart=self._apart())
            self._install()
        else:
            heat = partial(self._context.heat, placed.extent.first)
            self.tier.offer(placed.text, placed.offset(pc), heat, self._apart())

    def _apart(self) -> tuple[str, ...]:
        """The registers that do not point into the main extent, which is found anew before."""
        assert self._context is not None
        assert self._space is not None
        held = dict(zip(_REGISTERS, self.registers, strict=False))
        found = survey(held, self._context.main, partial(extent, self._physical, self._space.root))
        if found.main is not None:
            self._remember(found.main, write=False)
            self._words[RENEWED] = 0  # no compiled code runs
        return found.apart

    def _is_in_mode(self) -> bool:
        """Whether there is code for the modes of FPCR; it is from now on the code that is entered."""
        fpcr = ctypes.c_uint32.from_address(self._base + self.tier.layout.fpcr).value & FPCR_MODES
        if fpcr not in (0, FPCR_FLUSH):
            return False
        if fpcr != self._words[MODE]:
            self._forget()
            self._words[MODE], self._texts.flush = fpcr, bool(fpcr)
        return True

    def _install(self) -> None:
        """Take what is new."""
        self._words[NEWS] = 0
        for native in self._texts.new():
            self.add(native)

    def add(self, native: Native) -> None:
        """Use a region from now on."""
        assert self._context is not None
        slots = self._context.slots(native.checks, native.links)
        for i, place in enumerate(native.entries):
            self._context.add(place, native.function, i, native.base, slots)
