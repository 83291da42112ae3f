# SPDX-License-Identifier: BSD-2-Clause
"""The engine on Unicorn: entry, svc, faults, and what it must notice when memory changes."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator, MutableSequence

import pytest

from elfhaven.machine.address_space import AddressSpace
from elfhaven.machine.engine import PC, SP, FakeEngine, Fault, FaultKind, OnSvc, Stop
from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.pages import PagePool
from elfhaven.machine.pagetable import Protection, TablePool
from elfhaven.machine.unicorn_engine import CpuModel, UnicornEngine, UnicornMachine

BASE = 0x8000_0000
USER = 0x4000_0000
SVC, RET, LOOP = 0xD4000001, 0xD65F03C0, 0x14000000
MOV_X0_7 = 0xD28000E0
LDR_X1_X0, STR_X1_X0, BR_X0 = 0xF9400001, 0xF9000001, 0xD61F0000


class Guest:
    """Code at USER, data behind it."""

    def __init__(self, model: CpuModel = CpuModel.CORTEX_A57) -> None:
        self.memory = PhysicalMemory([("secure", BASE, 64 << 20)])
        region = self.memory.region("secure")
        self.tables = TablePool(region, BASE, 1 << 20)
        self.pages = PagePool(self.memory, region, BASE + (1 << 20), 63 << 20)
        self.machine = UnicornMachine(self.memory, model)
        self.engine: UnicornEngine = self.machine.create()
        self.space = AddressSpace(self.memory, self.tables, USER, 2 * USER, 64)
        self.code = self.space.map(self.pages.allocate(PAGE), PAGE, Protection.READ | Protection.EXECUTE)
        self.data = self.space.map(self.pages.allocate(PAGE), PAGE, Protection.READ | Protection.WRITE)
        self.epoch = 0

    def write(self, *words: int) -> None:
        """New code, as if in recycled pages."""
        assert self.code.view is not None
        self.code.view[: 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
        self.epoch += 1

    def run(self, *arguments: int, on_svc: Callable[[], bool] = lambda: False) -> Fault | Stop:
        return self.engine.enter(self.space, self.epoch, USER, self.data.end, arguments, on_svc)


@pytest.fixture
def guest() -> Iterator[Guest]:
    made = Guest()
    yield made
    made.engine.close()


def test_entry_state(guest: Guest) -> None:
    guest.write(SVC)
    guest.engine.registers[:31] = [0x55] * 31
    assert guest.run(1, 2, 3) is Stop.LEFT
    assert list(guest.engine.registers[:31]) == [1, 2, 3, *[0] * 28]
    assert guest.engine.registers[SP] == guest.data.end
    assert guest.engine.registers[PC] == USER + 4


def test_svc_returns_into_the_guest(guest: Guest) -> None:
    guest.write(SVC, SVC, SVC)
    seen = []

    def on_svc() -> bool:
        seen.append(guest.engine.registers[0])
        guest.engine.registers[0] += 5
        return len(seen) < 3

    assert guest.run(1, on_svc=on_svc) is Stop.LEFT
    assert seen == [1, 6, 11]


def test_error_of_the_handler_comes_out(guest: Guest) -> None:
    guest.write(SVC)

    def on_svc() -> bool:
        raise KeyError("x")

    with pytest.raises(KeyError):
        guest.run(on_svc=on_svc)
    assert guest.run() is Stop.LEFT


@pytest.mark.parametrize(
    "word,x0,kind,syndrome,address",
    [
        (LDR_X1_X0, 0x123456, FaultKind.DATA, 0x92000004, 0x123456),
        (STR_X1_X0, USER, FaultKind.DATA, 0x9200004C, USER),
        (BR_X0, 0x50000000, FaultKind.PREFETCH, 0x82000004, 0x50000000),
        (BR_X0, USER + PAGE, FaultKind.PREFETCH, 0x8200000C, USER + PAGE),
        (BR_X0, 1 << 62, FaultKind.PREFETCH, 0x82000004, 1 << 62),
        (0, 0, FaultKind.UNDEFINED, 0x02000000, None),
        (0xD4200020, 0, FaultKind.UNDEFINED, 0xF2000001, None),
    ],
)
def test_faults(
    guest: Guest, word: int, x0: int, kind: FaultKind, syndrome: int, address: int | None
) -> None:
    guest.write(word)
    fault = guest.run(x0)
    assert isinstance(fault, Fault)
    assert fault.kind is kind
    level = 3 if kind is not FaultKind.UNDEFINED else 0
    assert fault.syndrome & ~level == syndrome & ~level
    assert address is None or fault.address == address
    assert fault.pc == (x0 if word == BR_X0 else USER)
    guest.write(SVC)
    assert guest.run() is Stop.LEFT


def test_new_code_in_old_pages_is_seen(guest: Guest) -> None:
    for value in (7, 9):
        guest.write(0xD2800000 | value << 5, SVC)
        guest.run()
        assert guest.engine.registers[0] == value


def test_unmapping_inside_a_call_is_seen_at_once(guest: Guest) -> None:
    guest.write(LDR_X1_X0, SVC, LDR_X1_X0, SVC)

    def on_svc() -> bool:
        guest.space.unmap(guest.data.start, PAGE)
        return True

    fault = guest.run(guest.data.start, on_svc=on_svc)
    assert isinstance(fault, Fault)
    assert fault.pc == USER + 8


def test_two_spaces_on_one_engine(guest: Guest) -> None:
    other = AddressSpace(guest.memory, guest.tables, USER, 2 * USER, 64)
    code = other.map(guest.pages.allocate(PAGE), PAGE, Protection.READ | Protection.EXECUTE)
    assert code.view is not None
    code.view[:8] = struct.pack("<2I", MOV_X0_7, SVC)
    guest.write(SVC)
    for _ in range(2):
        assert guest.run(1) is Stop.LEFT
        assert guest.engine.registers[0] == 1
        guest.engine.enter(other, guest.epoch, USER, 0, (1,), lambda: False)
        assert guest.engine.registers[0] == 7


def test_interrupt_from_another_thread(guest: Guest) -> None:
    guest.write(LOOP)
    timer = threading.Timer(0.05, guest.engine.interrupt)
    timer.start()
    begin = time.monotonic()
    assert guest.run() is Stop.INTERRUPTED
    assert time.monotonic() - begin < 5
    timer.join()
    guest.write(SVC)
    assert guest.run() is Stop.INTERRUPTED  # until it is rearmed: a call may enter several times
    guest.engine.rearm()
    assert guest.run() is Stop.LEFT


def test_interrupt_during_a_call_takes_effect_after_it(guest: Guest) -> None:
    guest.write(SVC, LOOP)

    def on_svc() -> bool:
        guest.engine.interrupt()
        return True

    assert guest.run(on_svc=on_svc) is Stop.INTERRUPTED


def test_thread_pointer_survives_entries(guest: Guest) -> None:
    guest.write(0xD53BD040, SVC)  # mrs x0, tpidr_el0
    guest.engine.thread_pointer = 0x1234
    guest.run()
    assert guest.engine.registers[0] == 0x1234


def test_large_space_grows_the_tlb_and_changes_nothing_else(guest: Guest) -> None:
    big = guest.space.map(guest.pages.allocate(8 << 20), 8 << 20, Protection.READ | Protection.WRITE)
    guest.write(LDR_X1_X0, SVC)
    assert big.view is not None
    big.view[:8] = (99).to_bytes(8, "little")
    assert guest.run(big.start) is Stop.LEFT
    assert guest.engine.registers[1] == 99
    fault = guest.run(0x1000)  # mapped only while the TLB grew
    assert isinstance(fault, Fault)


@pytest.mark.parametrize("model,runs", [(CpuModel.CORTEX_A72, False), (CpuModel.MAX, True)])
def test_large_system_extensions_belong_to_the_model(model: CpuModel, runs: bool) -> None:
    guest = Guest(model)
    guest.write(0xF8210002, SVC)  # ldadd x1, x2, [x0]
    assert (guest.run(guest.data.start) is Stop.LEFT) is runs


def test_engines_side_by_side_share_memory(guest: Guest) -> None:
    other = guest.machine.create()
    guest.write(STR_X1_X0, SVC)
    guest.run(guest.data.start, 0xABCD)
    guest.write(LDR_X1_X0, SVC)
    other.enter(guest.space, guest.epoch, USER, 0, (guest.data.start,), lambda: False)
    assert other.registers[1] == 0xABCD
    other.close()


def test_fake_runs_a_function(guest: Guest) -> None:
    calls = []

    def program(registers: MutableSequence[int], svc: OnSvc) -> None:
        registers[0] += 1
        svc()

    def on_svc() -> bool:
        calls.append(1)
        return False

    engine = FakeEngine(program)
    assert engine.enter(guest.space, 0, 4, 8, (1,), on_svc) is Stop.LEFT
    assert (engine.registers[0], len(calls)) == (2, 1)
