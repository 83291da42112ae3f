# SPDX-License-Identifier: BSD-2-Clause
"""An engine whose guest can be watched: stopped between two instructions, looked at, and let go on.

Breakpoints and single steps are hooks of the translator at their addresses: the guest reads its text
unchanged, and code without one runs at full speed. A wish to stop (`ask`, from any thread) is granted at
the next access to memory, by the door of preemption.py, where all registers are exact.

Lock: `_lock` orders the closing of the door against callbacks; it is held for moments.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from enum import Enum
from threading import Lock
from typing import Any, Protocol

from unicorn.arm64_const import UC_ARM64_REG_FPCR, UC_ARM64_REG_FPSR, UC_ARM64_REG_PSTATE
from unicorn.unicorn_const import UC_HOOK_CODE
from unicorn.unicorn_py3.unicorn import uclib

from elfhaven.machine.engine import PC, Exit, Fault, OnSvc, Translation
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.preemption import Door
from elfhaven.machine.unicorn_engine import ABORTS, CpuModel, UnicornEngine

_STATE = (UC_ARM64_REG_PSTATE, UC_ARM64_REG_FPSR, UC_ARM64_REG_FPCR)
_FLAGS = 0xF000_0000  # NZCV
_CODE_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_void_p)


class Why(Enum):
    """Why the guest stands."""

    ASKED = "asked"  # by ask()
    BREAKPOINT = "breakpoint"
    STEP = "step"
    FAULT = "fault"  # what follows is its death


class Observer(Protocol):
    """Who watches. All are called in the thread that runs the guest."""

    def began(self, engine: WatchedEngine, space: Translation, pc: int) -> bool:
        """An entry at `pc`; whether it is to be watched."""
        ...

    def stopped(self, engine: WatchedEngine, space: Translation, why: Why) -> None:
        """The guest stands; it goes on when this returns, at engine.registers[PC]."""
        ...

    def left(self, engine: WatchedEngine) -> None:
        """A watched entry is over."""
        ...


class WatchedEngine(UnicornEngine):
    """See the module's docstring. `breakpoints` and `stepping` are the observer's to change while it
    stands."""

    def __init__(self, memory: PhysicalMemory, model: CpuModel, observer: Observer) -> None:
        self._door: Door | None = None
        super().__init__(memory, model)
        self._door = Door(self._uc, self._base)
        self._lock = Lock()
        self._observer = observer
        self._watched = self._in_guest = False
        self._why: Why | None = None
        self._from = 0  # the instruction to go on with: its own breakpoint has been seen
        self.breakpoints: set[int] = set()
        self.stepping = False
        self._hooks: dict[int, Any] = {}  # by address; 0: every instruction
        self._code_callback: Any = _CODE_CALLBACK(self._at_instruction)

    @property
    def interrupted(self) -> bool:
        """Whether the guest is to end."""
        return self._interrupted

    def ask(self) -> None:
        """Have the guest stop soon, if it runs and is not in a call of the core just now. From any thread."""
        with self._lock:
            if self._in_guest and self._door is not None:
                self._door.close()

    # ---- running

    def enter(
        self, space: Translation, code_epoch: int, pc: int, sp: int, arguments: Sequence[int], on_svc: OnSvc
    ) -> Exit:
        self._watched = self._observer.began(self, space, pc)
        try:
            return super().enter(space, code_epoch, pc, sp, arguments, on_svc)
        finally:
            if self._watched:
                self._watched = False
                self._observer.left(self)

    def _run(self, pc: int) -> None:
        if not self._watched:
            super()._run(pc)
            return
        while True:
            self._from = self.registers[PC]
            self._fit_hooks()
            self._into_guest()
            super()._run(self._from)
            self._out_of_guest()
            why, self._why = self._why, None
            if isinstance(self._exit, Fault):
                why = Why.FAULT
            if why is None or self._space is None:
                return
            self._observer.stopped(self, self._space, why)
            if self._exit is not None:
                return

    def _into_guest(self) -> None:
        assert self._door is not None
        with self._lock:
            self._door.fit()
            self._in_guest = True

    def _out_of_guest(self) -> bool:
        """Whether the door was shut."""
        with self._lock:
            self._in_guest = False
            shut = self._door is not None and self._door.shut
            if shut and self._door is not None:
                self._door.open()
            return shut

    def _exception(self, uc: int, number: int, data: int) -> None:
        if not self._watched:
            super()._exception(uc, number, data)
            return
        if self._out_of_guest() and number in ABORTS:  # the door's, or one that comes again
            self._halt(Why.ASKED)
            return
        super()._exception(uc, number, data)
        if self._exit is None:
            self._into_guest()

    # ---- registers beside the general ones, while it stands

    def vectors(self) -> list[bytes]:
        """v0..v31."""
        stride = self._vectors[1] // 32
        data = ctypes.string_at(*self._vectors)
        return [data[stride * i : stride * i + 16] for i in range(32)]

    def set_vector(self, index: int, value: bytes) -> None:
        """One of v0..v31, 16 bytes."""
        ctypes.memmove(self._vectors[0] + self._vectors[1] // 32 * index, value, 16)

    def state(self) -> tuple[int, int, int]:
        """PSTATE, FPSR, FPCR."""
        pstate, fpsr, fpcr = (self._uc.reg_read(register) & 0xFFFF_FFFF for register in _STATE)
        return pstate, fpsr, fpcr

    def set_state(self, index: int, value: int) -> None:
        """One of state(); of PSTATE the flags alone."""
        if index == 0:
            value = (self.state()[0] & ~_FLAGS) | (value & _FLAGS)
        self._write(_STATE[index], value)

    # ---- breakpoints and steps

    def _halt(self, why: Why) -> None:
        self._why = why
        self._out_of_guest()
        uclib.uc_emu_stop(self._handle)

    def _at_instruction(self, _uc: int, address: int, _size: int, _data: int) -> None:
        if self._why is not None or address == self._from:
            self._from = 0 if self._why is None else self._from
            return
        if address in self.breakpoints:
            self._halt(Why.BREAKPOINT)
        elif self.stepping:
            self._halt(Why.STEP)

    def _fit_hooks(self) -> None:
        """Has the translator know the breakpoints and steps as they are now."""
        wanted = {0} if self.stepping else set(self.breakpoints)
        if wanted == set(self._hooks):
            return
        for address in set(self._hooks) - wanted:
            uclib.uc_hook_del(self._handle, self._hooks.pop(address))
        for address in wanted - set(self._hooks):
            self._hooks[address] = self._hook(address)
        self.forget_code()

    def _hook(self, address: int) -> Any:
        hook = ctypes.c_size_t()
        first, last = ctypes.c_uint64(address or 1), ctypes.c_uint64(address)
        code = uclib.uc_hook_add(
            self._handle,
            ctypes.byref(hook),
            UC_HOOK_CODE,
            self._code_callback,
            ctypes.c_void_p(0),
            first,
            last,
        )
        if code:
            raise RuntimeError(f"Unicorn refuses a hook: error {code}")
        return hook
