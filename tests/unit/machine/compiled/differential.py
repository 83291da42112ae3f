# SPDX-License-Identifier: BSD-2-Clause
"""Compiled instructions against Unicorn: the same state before, the same state after."""

from __future__ import annotations

import ctypes
import random
import struct
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from unicorn.unicorn_py3.unicorn import uclib

from elfhaven.machine.address_space import AddressSpace, Mapping
from elfhaven.machine.engine import PC, SP, Fault
from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.native.context import RECORD_WORDS, Context
from elfhaven.machine.native.decode import Fields, Instruction, Row
from elfhaven.machine.native.engine import NativeEngine, NativeMachine
from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.lift import lift
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.native.probes import find_native
from elfhaven.machine.pages import PagePool
from elfhaven.machine.pagetable import Protection, TablePool
from elfhaven.machine.unicorn_engine import CpuModel

BASE, USER = 0x8000_0000, 0x4000_0000
HEAD = USER + 0x800  # where the code under test lies
_UNTIL = 1 << 62
_SVC = 0xD4000001
_NOWHERE = (1 << 64) - 1  # no load-exclusive is open
_FLAGS = 16  # bytes of n, z, c and v, which lie side by side

_INEXACT, _ALL_RAISED = 0x20, 0x3D  # flags as the engine keeps them
_WORDS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
_LONGS = (1 << 63, (1 << 63) - 1, (1 << 64) - 1, 0x8000_0000_0000_0001)
_SINGLES = (0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x7F80_0000, 0xFF80_0000, 1, 0x0080_0000, 0x007F_FFFF)
_NANS = (0x7FC0_0000, 0x7F80_0001, 0xFFC0_1234, 0x7F7F_FFFF)
_DOUBLES = (0x3FF0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 1, 0x0010_0000_0000_0000)

_SMALL = (0.5, 0.75, 1, 1.5, 2.5, 65504, 2.0**-14, 2.0**-15, 2.0**-32, 1 - 2.0**-24)
_LARGE = (2.0**31 - 1, 2.0**31 - 0.5, 2.0**31, 2.0**32 - 0.5, 2.0**32, 2.0**52 + 0.5, 2.0**63, 2.0**64)
_EDGES = (*_SMALL, *_LARGE)  # of conversions


@dataclass
class State:
    """All that an instruction may change: x0..x30, sp, pc; n, z, c, v; the flags raised; v0..v31; memory;
    whether something saturated; the exclusive monitor's address and what it holds."""

    general: list[int]
    flags: bytes
    raised: int
    vectors: list[bytes]
    memory: tuple[bytes, ...]
    saturated: bool = False
    monitor: tuple[int, int, int] = (_NOWHERE, 0, 0)


class Bench:
    """A machine with a page of code, two of data, one that may only be read, and holes between them."""

    def __init__(self, seed: int, model: CpuModel = CpuModel.CORTEX_A57) -> None:
        self.random = random.Random(seed)
        memory = PhysicalMemory([("secure", BASE, 16 << 20)])
        region = memory.region("secure")
        pages = PagePool(memory, region, BASE + (1 << 20), 15 << 20)
        self.space = AddressSpace(memory, TablePool(region, BASE, 1 << 20), USER, 2 * USER, 64)
        machine = NativeMachine(memory, model)
        self.engine: NativeEngine = machine.create()
        self.records: list[Any] = []  # of what was compiled
        self.places = Context(0, 0, self.engine.tier.absent)  # of which nothing is forgotten
        self.features: Set[str] = self.engine.tier._compiler.features  # of the host
        self.layout: NativeLayout = find_native(self.engine._uc, self.engine._base, self.engine.layout)
        self.code = self._map(pages, USER, 1, Protection.READ | Protection.EXECUTE)
        self.data = self._map(pages, USER + 16 * PAGE, 2, Protection.READ | Protection.WRITE)
        self.fixed = self._map(pages, USER + 32 * PAGE, 1, Protection.READ)
        self.engine._prepare(self.space, 0)
        self.engine._epoch = -1
        assert isinstance(self.engine.enter(self.space, 0, USER, 0, (), lambda: False), Fault)

    def _map(self, pages: PagePool, at: int, count: int, rights: Protection) -> Mapping:
        return self.space.map(pages.allocate(count * PAGE), count * PAGE, rights, at=at)

    def close(self) -> None:
        self.engine.close()
        self.engine.tier.close()

    # ---- instructions

    def encode(self, row: Row) -> Instruction:
        """A random instruction of a pattern."""
        while True:
            word = self.random.getrandbits(32) & ~row.mask | row.value
            for name, low, width in row.slots:
                if name == "imm19" or name.startswith("offset"):
                    near = self.random.randrange(-100, 100) or 1
                    word = word & ~((1 << width) - 1 << low) | (near & (1 << width) - 1) << low
            found = A64.decode(HEAD, word)
            if found is not None and found.row is row:
                return found

    def compile(self, regions: Sequence[Region]) -> list[Any]:
        """Their functions, as callables of no argument."""
        lifted = [lift(region, f"f{i}", self.layout, self.features) for i, region in enumerate(regions)]
        addresses = self.engine.tier._compiler.compile({f"f{i}": one.text for i, one in enumerate(lifted)})
        enter = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p)(self.engine.tier.enter)
        context = self.engine._context
        assert context is not None
        slots = [self.places.slots(one.checks, [USER + at for at in one.links]) for one in lifted]
        records = [
            (ctypes.c_uint64 * RECORD_WORDS)(0, addresses[f"f{i}"], 0, USER, at) for i, at in enumerate(slots)
        ]
        self.records += records
        return [partial(enter, context.address, ctypes.addressof(record)) for record in records]

    # ---- states

    def draw(self, instruction: Instruction | None = None) -> State:
        """A random state; the instruction's base register points into mapped memory more often than not."""
        some = [self._integer() for _ in range(3)]  # so that some are equal
        drawn = [self.random.choice(some) if i % 2 else self._integer() for i in range(31)]
        general = [*self.random.sample(drawn, 31), self._place(), HEAD]
        fields = instruction.fields if instruction is not None else {}
        if instruction is not None and "indirect" in instruction.row.flow.value:
            general[fields["rn"] % 31] = USER + 4 * self.random.randrange((HEAD - USER) // 4)
        elif "rn" in fields and self.random.random() < 0.9:
            general[SP if fields["rn"] == 31 else fields["rn"]] = self._place()
            if fields.get("option") and fields["rm"] not in (31, fields["rn"]):
                general[fields["rm"]] = self.random.randrange(64)
        n, z, c, v = (self.random.randrange(2) for _ in range(4))
        flags = {self.layout.n: n << 31, self.layout.z: 1 - z, self.layout.c: c, self.layout.v: v << 31}
        packed = b"".join(struct.pack("<I", flags[at]) for at in sorted(flags))
        vectors = [self._vector() for _ in range(32)]
        saturated = self.random.random() < 0.2
        raised = self.random.choice((0, 0, 0, _INEXACT, _ALL_RAISED))
        return self._watched(State(general, packed, raised, vectors, self._contents(), saturated), fields)

    def _watched(self, state: State, fields: Fields) -> State:
        """With an exclusive monitor that lies where the base register points to, more often than not."""
        if "rn" in fields and self.random.random() < 0.8:
            place = state.general[SP if fields["rn"] == 31 else fields["rn"]]
            size = 1 << fields.get("size", 3)
            at = place - self.data.start
            if 0 <= at <= self.data.size - 16 and self.random.random() < 0.9:
                held = state.memory[0][at : at + 16]
                low = int.from_bytes(held[:size], "little")
                high = int.from_bytes(held[size : 2 * size], "little")
                if self.random.random() < 0.1:
                    low, high = self.random.choice(((low ^ 1, high), (low, high ^ 1)))
                state.monitor = (place, low, high)
            else:
                state.monitor = (place, 0, 0)
        return state

    def _contents(self) -> tuple[bytes, ...]:
        return tuple(self.random.randbytes(m.size) for m in (self.data, self.fixed))

    def _place(self) -> int:
        near = self.random.choice((self.data.start, self.data.start + PAGE, self.data.end, self.fixed.start))
        place = near + self.random.randrange(-64, 1200)
        return place & -16 if self.random.random() < 0.5 else place

    def _integer(self) -> int:
        choice = self.random.random()
        if choice < 0.3:
            return self.random.choice(_WORDS)
        if choice < 0.4:
            return self.random.choice(_LONGS)
        if choice < 0.5:
            return -self.random.choice(_WORDS) & (1 << 64) - 1
        return self.random.getrandbits(self.random.choice((8, 32, 64)))

    def _vector(self) -> bytes:
        choice = self.random.random()
        if choice < 0.2:
            return self.random.randbytes(16)
        if choice < 0.5:
            numbers = [self.random.uniform(-100, 100) for _ in range(4)]
            return struct.pack("<4f", *numbers) if choice < 0.35 else struct.pack("<2d", *numbers[:2])
        if choice < 0.6:
            return struct.pack("<2Q", *self.random.choices(_DOUBLES, k=2))
        if choice < 0.68:
            edges = [self.random.choice(_EDGES) * self.random.choice((1, -1)) for _ in range(4)]
            return struct.pack("<2d", *edges[:2]) if choice < 0.64 else struct.pack("<4f", *edges)
        pool = _SINGLES + _NANS if choice < 0.78 else _SINGLES
        return struct.pack("<4I", *self.random.choices(pool, k=4))

    def put(self, state: State) -> None:
        base, layout = self.engine._base, self.layout
        ctypes.memmove(base, struct.pack("<33Q", *state.general), 33 * 8)
        ctypes.memmove(base + min(layout.n, layout.c), state.flags, _FLAGS)
        ctypes.memset(base + layout.raised, state.raised, 1)
        ctypes.memmove(base + layout.saturated, bytes((state.saturated,)).ljust(16, b"\0"), 16)
        ctypes.memmove(base + layout.exclusive, struct.pack("<3Q", *state.monitor), 24)
        for i, vector in enumerate(state.vectors):
            ctypes.memmove(base + layout.vectors + i * layout.stride, vector, 16)
        for mapping, content in zip((self.data, self.fixed), state.memory, strict=True):
            assert mapping.view is not None
            mapping.view[:] = content

    def get(self) -> State:
        base, layout = self.engine._base, self.layout
        general = list(struct.unpack("<33Q", ctypes.string_at(base, 33 * 8)))
        flags = struct.unpack("<4I", ctypes.string_at(base + min(layout.n, layout.c), _FLAGS))
        held = dict(zip(sorted((layout.n, layout.z, layout.c, layout.v)), flags, strict=True))
        told = (held[layout.n] >> 31, held[layout.z] == 0, held[layout.c] != 0, held[layout.v] >> 31)
        raised = ctypes.string_at(base + layout.raised, 1)[0]
        vectors = [ctypes.string_at(base + layout.vectors + i * layout.stride, 16) for i in range(32)]
        memory = tuple(bytes(m.view or b"") for m in (self.data, self.fixed))
        saturated = any(ctypes.string_at(base + layout.saturated, 16))
        monitor = struct.unpack("<3Q", ctypes.string_at(base + layout.exclusive, 24))
        return State(general, bytes(map(int, told)), raised, vectors, memory, saturated, monitor)

    # ---- runs

    def native(self, function: Any, state: State) -> State:
        self.put(state)
        self.engine._space = self.space
        self.engine.registers[PC] = function()
        self.engine._space = None
        return self.get()

    def interpreted(self, words: Sequence[int], state: State, count: int) -> tuple[State, bool]:
        """`count` instructions from HEAD on; whether all went well."""
        self.put(state)
        assert self.code.view is not None
        at = HEAD - USER
        code = struct.pack(f"<{len(words)}I", *words)
        if bytes(self.code.view[at : at + len(code)]) != code:
            self.code.view[at : at + len(code)] = code
            self.engine._flush_code()
        self.engine._exit = None  # and no space: nothing is compiled meanwhile
        self.engine._on_svc = lambda: False
        uclib.uc_emu_start(
            self.engine._handle,
            ctypes.c_uint64(HEAD),
            ctypes.c_uint64(_UNTIL),
            ctypes.c_uint64(0),
            ctypes.c_size_t(count),
        )
        return self.get(), not isinstance(self.engine._exit, Fault)

    @property
    def pc(self) -> int:
        value: int = self.engine.registers[PC]
        return value
