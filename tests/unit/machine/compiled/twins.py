# SPDX-License-Identifier: BSD-2-Clause
"""Two guests that are alike, one with the native tier and one without: the same code from the same state must
end the same way. Only what an engine promises is used: code in memory, `enter`, and svc."""

from __future__ import annotations

import ctypes
import random
import struct
import threading
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from unicorn.arm64_const import UC_ARM64_REG_FPCR, UC_ARM64_REG_FPSR, UC_ARM64_REG_NZCV

from elfhaven.machine.address_space import AddressSpace, Mapping
from elfhaven.machine.engine import PC, SP, Fault, FaultKind, Stop
from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.native.engine import NativeMachine
from elfhaven.machine.pages import PagePool
from elfhaven.machine.pagetable import Protection, TablePool
from elfhaven.machine.unicorn_engine import CpuModel, UnicornEngine, UnicornMachine

BASE, USER = 0x8000_0000, 0x4000_0000
SVC = 0xD4000001
RX = Protection.READ | Protection.EXECUTE
RW = Protection.READ | Protection.WRITE
CODE_PAGES = 3
CODE = USER + 5 * PAGE
DATA = USER + 16 * PAGE  # four pages, neighbours here and not in physical memory, and behind them
FIXED = DATA + 4 * PAGE  # one that may only be read, then a hole
LONE = FIXED + 2 * PAGE  # one more, holes on both sides
_STUB = (SVC, 0xD51B4200, 0xD51B4401, 0xD51B4422, SVC)  # msr nzcv, x0; fpcr, x1; fpsr, x2
_STUB_AT = USER + PAGE
_BTYPE = 3 << 10  # of PSTATE: compiled branches do not set it, and no page is guarded
_ENDLESS = 5.0  # seconds


@dataclass
class Start:
    """All that a program finds: x0..x30 and sp, v0..v31, flags and modes, what lies in DATA, FIXED, LONE."""

    general: list[int]
    vectors: bytes
    nzcv: int
    fpcr: int
    fpsr: int
    memory: tuple[bytes, ...]


@dataclass
class End:
    """All that it leaves."""

    how: tuple[Any, ...]
    general: list[int]
    vectors: bytes
    nzcv: int
    fpcr: int
    fpsr: int
    memory: tuple[bytes, ...] = field(repr=False)

    def differences(self, other: End) -> list[str]:
        """What is not the same there, in words."""
        out = []
        for name in ("how", "nzcv", "fpcr", "fpsr"):
            if getattr(self, name) != getattr(other, name):
                out.append(f"{name}: {_shown(getattr(self, name))} != {_shown(getattr(other, name))}")
        for i, (a, b) in enumerate(zip(self.general, other.general, strict=True)):
            if a != b:
                out.append(f"{('sp', 'pc')[i - SP] if i >= SP else f'x{i}'}: {a:#x} != {b:#x}")
        for i in range(32):
            a, b = (end.vectors[16 * i : 16 * i + 16][::-1].hex() for end in (self, other))
            if a != b:
                out.append(f"v{i}: {a} != {b}")
        for place, mine, theirs in zip(("data", "fixed", "lone"), self.memory, other.memory, strict=True):
            if mine != theirs:
                at = next(i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b)
                out.append(f"{place}+{at:#x}: {mine[at : at + 8].hex()} != {theirs[at : at + 8].hex()}")
        return out


def _told(fault: Fault) -> tuple[Any, ...]:
    """What is of meaning: the address is an abort's."""
    address = 0 if fault.kind is FaultKind.UNDEFINED else fault.address
    return fault.kind, fault.syndrome, address, fault.pc, fault.pstate & ~_BTYPE


def _shown(value: Any) -> str:
    return f"{value:#x}" if isinstance(value, int) else str(value)


class Guest:
    """One engine with memory of its own."""

    def __init__(self, native: bool, model: CpuModel = CpuModel.CORTEX_A57, at_once: int = 1) -> None:
        self.memory = PhysicalMemory([("secure", BASE, 8 << 20)])
        region = self.memory.region("secure")
        self.pages = PagePool(self.memory, region, BASE + (1 << 20), 7 << 20)
        self.tables = TablePool(region, BASE, 1 << 20)
        self.machine: NativeMachine | UnicornMachine = (
            NativeMachine(self.memory, model, at_once=at_once)
            if native
            else UnicornMachine(self.memory, model)
        )
        self.engine: Any = self.machine.create()
        self._lay_out()

    def lodger(self, engine: UnicornEngine) -> Guest:
        """Another program on the same machine, with an engine of its own."""
        made = copy(self)
        made.engine = engine
        made._lay_out()
        return made

    def _lay_out(self) -> None:
        self.space = self.new_space()
        self.code = self.map(CODE, CODE_PAGES, RX)
        stub = self.map(_STUB_AT, 1, RX)
        assert stub.view is not None
        stub.view[: 4 * len(_STUB)] = struct.pack(f"<{len(_STUB)}I", *_STUB)
        self.data = [self.map(DATA + at * PAGE, 1, RW) for at in (0, 1, 3, 2)]
        self.data.sort(key=lambda mapping: mapping.start)
        self.fixed = self.map(FIXED, 1, Protection.READ)
        self.lone = self.map(LONE, 1, RW)

    def new_space(self) -> AddressSpace:
        return AddressSpace(self.memory, self.tables, USER, 2 * USER, 64)

    def map(self, at: int, pages: int, rights: Protection, space: AddressSpace | None = None) -> Mapping:
        backing = self.pages.allocate(pages * PAGE)
        return (space or self.space).map(backing, pages * PAGE, rights, at=at)

    def close(self) -> None:
        self.engine.close()
        self.machine.close()

    # ---- code

    def load(self, words: Sequence[int], at: int = CODE) -> None:
        """Put code there, as a loader does."""
        assert self.code.view is not None
        place = at - CODE
        self.code.view[place : place + 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
        self.engine.forget_code()

    # ---- runs

    def run(self, at: int, start: Start, engine: UnicornEngine | None = None) -> End:
        """The code at `at` from a state to its end: svc, or a fault."""
        engine = engine or self.engine
        registers = engine.registers
        self._put_memory(start.memory)
        steps = iter((lambda: self._modes(registers, start), lambda: self._registers(engine, start, at)))

        def served() -> bool:
            step = next(steps, None)
            if step is not None:
                step()
            return step is not None

        how = engine.enter(self.space, self.pages.code_epoch, _STUB_AT, 0, (), served)
        return self.end(how, engine)

    def end(self, how: Fault | Stop, engine: UnicornEngine | None = None) -> End:
        """What `enter` has left."""
        engine = engine or self.engine
        read = engine._uc.reg_read
        first, size = engine._vectors
        stride = size // 32
        vectors = ctypes.string_at(first, size)
        return End(
            _told(how) if isinstance(how, Fault) else (how,),
            list(engine.registers[:33]),
            b"".join(vectors[stride * i : stride * i + 16] for i in range(32)),
            read(UC_ARM64_REG_NZCV) & 0xF000_0000,
            read(UC_ARM64_REG_FPCR),
            read(UC_ARM64_REG_FPSR),
            self.contents(),
        )

    def contents(self) -> tuple[bytes, ...]:
        data = b"".join(bytes(page.view or b"") for page in self.data)
        return data, bytes(self.fixed.view or b""), bytes(self.lone.view or b"")

    def _put_memory(self, memory: tuple[bytes, ...]) -> None:
        parts = [memory[0][at : at + PAGE] for at in range(0, 4 * PAGE, PAGE)]
        for mapping, part in zip((*self.data, self.fixed, self.lone), (*parts, *memory[1:]), strict=True):
            assert mapping.view is not None
            mapping.view[:] = part

    @staticmethod
    def _modes(registers: Any, start: Start) -> None:
        registers[0], registers[1], registers[2] = start.nzcv, start.fpcr, start.fpsr

    @staticmethod
    def _registers(engine: UnicornEngine, start: Start, at: int) -> None:
        engine.registers[PC] = at
        for i, value in enumerate(start.general):
            engine.registers[i] = value
        first, size = engine._vectors
        stride = size // 32
        pad = bytes(stride - 16)
        packed = b"".join(start.vectors[16 * i : 16 * i + 16] + pad for i in range(32))
        ctypes.memmove(first, packed, size)


class Twins:
    """The two of them, and a watch for programs that do not end."""

    def __init__(self, model: CpuModel = CpuModel.CORTEX_A57, at_once: int = 1) -> None:
        self.native, self.plain = Guest(True, model, at_once), Guest(False, model)
        self.both = (self.native, self.plain)
        self._running: tuple[Guest, float] | None = None  # who, and since when
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._end_endless, daemon=True)
        self._watch.start()

    def close(self) -> None:
        self._closed.set()
        self._watch.join()
        for guest in self.both:
            guest.close()

    def _end_endless(self) -> None:
        while not self._closed.wait(1.0):
            running = self._running
            if running is not None and time.monotonic() - running[1] > _ENDLESS:
                running[0].engine.interrupt()

    def load(self, words: Sequence[int], at: int = CODE) -> None:
        for guest in self.both:
            guest.load(words, at)

    def compare(self, at: int, start: Start) -> list[str]:
        """What native code did differently; empty where it did nothing so."""
        native, plain = (self.run(guest, at, start) for guest in self.both)
        if native.how == plain.how == (Stop.INTERRUPTED,):
            return []  # endless for both: nothing to compare
        return native.differences(plain)

    def run(self, guest: Guest, at: int, start: Start) -> End:
        """What is endless is interrupted."""
        self._running = guest, time.monotonic()
        end = guest.run(at, start)
        self._running = None
        guest.engine.rearm()
        return end

    @property
    def entries(self) -> int:
        """How often compiled code was entered."""
        return int(self.native.engine.entries)


# ---- states

_WORDS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
_LONGS = (1 << 63, (1 << 63) - 1, (1 << 64) - 1, 0x8000_0000_0000_0001)
_HALVES = (0, 0x8000, 1, 0x03FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x7C01)
_SINGLES = (0, 1 << 31, 0x3F80_0000, 0xBF80_0000, 0x7F80_0000, 0xFF80_0000, 1, 0x0080_0000, 0x007F_FFFF)
_ODD_SINGLES = (*_SINGLES, 0x7FC0_0000, 0x7F80_0001, 0xFFC0_1234, 0x7F7F_FFFF, 0x0080_0001, 0x8080_0000)
_DOUBLES = (0, 1 << 63, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x7FF0_0000_0000_0000, 1)
_ODD_DOUBLES = (*_DOUBLES, 0x0010_0000_0000_0000, 0x7FF8_0000_0000_0000, 0x7FF0_0000_0000_0001)
_OTHER_DOUBLES = (0x7FEF_FFFF_FFFF_FFFF, 0x000F_FFFF_FFFF_FFFF, 0xFFF8_0000_0000_1234, 0x43E0_0000_0000_0000)
POINTERS = range(19, 30)  # registers that mostly point into memory
INDEXES = range(9, 16)  # those that are mostly small
_MODES = (1 << 24, 1 << 22, 2 << 22, 3 << 22, 1 << 24, 1 << 25, 3 << 24 | 1 << 22)  # RMode, FZ, DN
_TOP = 1 << 64


def hostile(choose: random.Random) -> int:
    """An address that leads nowhere: as the host has them, tagged, at the ends of the address space."""
    near = choose.randrange(-40, 40)
    places = (
        0x7F12_3456_7000,
        0,
        _TOP,
        1 << 63,
        1 << 39,
        1 << 47,
        BASE,
        0x5A << 56 | DATA + PAGE,
        1 << 32 | DATA,
        USER,
    )
    return (choose.choice(places) + near) % _TOP


def place(choose: random.Random) -> int:
    """An address that is mostly of use."""
    kind = choose.random()
    if kind < 0.8:
        at = choose.choice((DATA + 0x400, DATA + 0xC00, DATA + 0x1800, DATA + 0x2C00, LONE + 0x600))
        return at + (16 * choose.randrange(-24, 24) if choose.random() < 0.7 else choose.randrange(-400, 400))
    if kind < 0.95:
        edge = choose.choice((DATA + PAGE, DATA + 2 * PAGE, DATA + 3 * PAGE))
        return edge + choose.randrange(-160, 32)
    if kind < 0.99:
        edge = choose.choice((DATA, FIXED, FIXED + PAGE, LONE, LONE + PAGE))
        return edge + choose.randrange(-160, 160)
    return hostile(choose)


def _integer(choose: random.Random) -> int:
    kind = choose.random()
    if kind < 0.3:
        return choose.choice(_WORDS)
    if kind < 0.4:
        return choose.choice(_LONGS)
    if kind < 0.5:
        return -choose.choice(_WORDS) % _TOP
    return choose.getrandbits(choose.choice((8, 32, 64)))


def _vector(choose: random.Random) -> bytes:
    kind = choose.random()
    if kind < 0.2:
        return choose.randbytes(16)
    if kind < 0.5:
        numbers = [choose.uniform(-100, 100) for _ in range(4)]
        return struct.pack("<4f", *numbers) if kind < 0.35 else struct.pack("<2d", *numbers[:2])
    if kind < 0.6:
        return struct.pack("<2Q", *choose.choices((*_ODD_DOUBLES, *_OTHER_DOUBLES), k=2))
    if kind < 0.7:
        return struct.pack("<2Q", *choose.choices(_DOUBLES[:4], k=2))
    if kind < 0.75:
        return struct.pack("<8H", *choose.choices(_HALVES, k=8))
    return struct.pack("<4I", *choose.choices(_ODD_SINGLES if kind < 0.85 else _SINGLES[:4], k=4))


def draw(choose: random.Random, plain_modes: bool = False) -> Start:
    """A random state."""
    some = [_integer(choose) for _ in range(3)]  # so that some are equal
    general = [choose.choice(some) if choose.random() < 0.3 else _integer(choose) for _ in range(31)]
    for i in POINTERS:
        general[i] = place(choose)
    for i in INDEXES:
        general[i] = choose.randrange(-16, 64) % _TOP
    modes = 0 if plain_modes or choose.random() < 0.8 else choose.choice(_MODES)
    return Start(
        [*general, place(choose)],
        b"".join(_vector(choose) for _ in range(32)),
        choose.getrandbits(4) << 28,
        modes,
        0 if choose.random() < 0.5 else choose.choice((1 << 27, 0x9F, 0x10, 1)),
        (choose.randbytes(4 * PAGE), choose.randbytes(PAGE), choose.randbytes(PAGE)),
    )
