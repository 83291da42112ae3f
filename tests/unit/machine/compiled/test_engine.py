# SPDX-License-Identifier: BSD-2-Clause
"""The engine with the native tier: loops run compiled, and end as without it."""

from __future__ import annotations

import random
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import astuple

import pytest
from tests.unit.machine.compiled.differential import HEAD, Bench

from elfhaven.machine.engine import PC, Fault, FaultKind, Stop
from elfhaven.machine.memory import PAGE
from elfhaven.machine.native.decode import Flow
from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.lift import lift
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.native.texts import Native
from elfhaven.machine.pagetable import Protection

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

SVC = 0xD4000001
LOAD, STORE = 0xF8408423, 0xF8008423  # ldr/str x3, [x1], #8
ADD, COUNT, BACK = 0x8B030042, 0xF1000400, 0x54FFFFA1  # add x2, x2, x3; subs x0, x0, #1; b.ne three back
DIVERSE = 12  # instructions of a random sequence


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(1)
    yield made
    made.close()


def install(bench: Bench, *words: int) -> None:
    """The code at HEAD, its loop (all but the last word) compiled and hooked."""
    assert bench.code.view is not None
    bench.code.view[HEAD - bench.code.start :][: 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
    code = {}
    for i, word in enumerate(words[:-1]):
        found = A64.decode(HEAD + 4 * i, word)
        assert found is not None
        code[HEAD + 4 * i] = found
    region = Region(HEAD, code)
    bench.engine.forget_code()
    name = "loop"
    lifted = lift(region, name, bench.layout)
    function = bench.engine.tier._compiler.compile({name: lifted.text})[name]
    links = tuple(region.base + at for at in lifted.links)
    bench.engine.add(Native(function, region.base, region.entries, lifted.checks, links))


def run(bench: Bench, *arguments: int) -> Fault | Stop:
    return bench.engine.enter(bench.space, 0, HEAD, bench.data.end, arguments, lambda: False)


def test_loop_runs_compiled_with_equal_result(bench: Bench) -> None:
    assert bench.data.view is not None
    numbers = [bench.random.getrandbits(64) for _ in range(1024)]
    bench.data.view[:] = struct.pack("<1024Q", *numbers)
    install(bench, LOAD, ADD, COUNT, BACK, SVC)
    assert run(bench, 1024, bench.data.start) is Stop.LEFT
    assert bench.engine.registers[2] == sum(numbers) & (1 << 64) - 1
    assert bench.engine.registers[1] == bench.data.end
    assert bench.engine.entries <= 2  # once more with the main extent


@pytest.mark.parametrize("word,place", [(LOAD, "hole"), (STORE, "hole"), (STORE, "fixed"), (STORE, "code")])
def test_fault_is_the_same_fault(bench: Bench, word: int, place: str) -> None:
    """A loop that runs into a page that it may not use so, compiled and interpreted."""
    start = {"hole": bench.data.end - 64, "fixed": bench.fixed.start - 64, "code": bench.code.start}[place]
    if place == "fixed":
        pages = bench.data.backing.pool
        assert pages is not None
        before = bench.fixed.start - PAGE
        bench.space.map(pages.allocate(PAGE), PAGE, Protection.READ | Protection.WRITE, at=before)
    ends = []
    for compiled in (False, True):
        install(bench, word, ADD, COUNT, BACK, SVC)
        if not compiled:
            bench.engine.forget_code()
        fault = run(bench, 1000, start)
        assert isinstance(fault, Fault)
        ends.append((astuple(fault), list(bench.engine.registers[:33])))
    assert bench.engine.entries <= 2  # once more with the main extent
    assert ends[0] == ends[1]
    assert ends[1][0][0] is FaultKind.DATA
    assert ends[1][1][PC] == HEAD
    assert ends[1][1][0] == (1000 if place == "code" else 1000 - 8)  # eight rounds went well


def test_access_over_the_end_of_a_page(bench: Bench) -> None:
    """Both pages are looked at; into a hole it is the interpreter's, which faults."""
    assert bench.data.view is not None
    bench.data.view[:] = bench.random.randbytes(2 * PAGE)
    install(bench, LOAD, ADD, COUNT, BACK, SVC)
    assert run(bench, 64, bench.data.start + PAGE - 252) is Stop.LEFT
    want = struct.unpack_from("<64Q", bench.data.view, PAGE - 252)
    assert bench.engine.registers[2] == sum(want) & (1 << 64) - 1
    assert bench.engine.entries <= 2  # once more with the main extent
    fault = run(bench, 64, bench.data.end - 252)
    assert isinstance(fault, Fault)
    assert fault.address in (bench.data.end - 4, bench.data.end)
    assert bench.engine.registers[1] == bench.data.end - 4


def test_unmapped_page_is_noticed(bench: Bench) -> None:
    install(bench, LOAD, ADD, COUNT, BACK, SVC)
    assert run(bench, 8, bench.data.start) is Stop.LEFT
    bench.space.unmap(bench.data.start, PAGE)
    fault = run(bench, 8, bench.data.start)
    assert isinstance(fault, Fault)
    assert fault.address == bench.data.start


def test_text_reads_as_it_was_written(bench: Bench) -> None:
    install(bench, LOAD, ADD, COUNT, BACK, SVC)
    assert run(bench, 1, HEAD) is Stop.LEFT
    assert bench.engine.entries <= 2  # once more with the main extent
    assert bench.engine.registers[2] == ADD << 32 | LOAD


def test_forgotten_code_is_not_run(bench: Bench) -> None:
    install(bench, LOAD, ADD, COUNT, BACK, SVC)
    assert bench.code.view is not None
    bench.engine.forget_code()
    bench.code.view[HEAD - bench.code.start :][:4] = struct.pack("<I", SVC)
    assert run(bench, 5, bench.data.start) is Stop.LEFT
    assert bench.engine.registers[0] == 5
    assert bench.engine.entries == 0


def test_interruption_of_an_endless_loop(bench: Bench) -> None:
    """add x2, x2, x3; b back: no memory, no call, no end."""
    install(bench, ADD, 0x17FFFFFF, SVC)
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        bench.engine.interrupt()

    timer = threading.Timer(0.2, ask)
    timer.start()
    assert run(bench) is Stop.INTERRUPTED
    took = time.monotonic() - asked[0]
    timer.join()
    assert bench.engine.entries <= 2  # once more with the main extent
    assert took < 1  # on a busy machine; else some milliseconds
    bench.engine.rearm()


def test_rounding_modes_are_left_alone(bench: Bench) -> None:
    """msr fpcr, x4 before a loop of fadd s0, s0, s1: with a mode set, compiled code does nothing."""
    from unicorn.arm64_const import UC_ARM64_REG_FPCR

    install(bench, 0x1E212800, COUNT, 0x54FFFFC1, SVC)
    assert bench.code.view is not None
    at = HEAD - bench.code.start - 4
    bench.code.view[at : at + 4] = struct.pack("<I", 0xD51B4404)
    for mode, entries in ((1 << 22, 0), (0, 1)):
        arguments = (5, 0, 0, 0, mode)
        end = bench.engine.enter(bench.space, 0, HEAD - 4, bench.data.end, arguments, lambda: False)
        assert end is Stop.LEFT
        assert bench.engine._uc.reg_read(UC_ARM64_REG_FPCR) == mode
        assert bench.engine.entries == entries


def test_hot_loop_is_found_by_itself(bench: Bench) -> None:
    install(bench, 0xF9400023, ADD, COUNT, BACK, SVC)  # ldr x3, [x1]
    bench.engine.forget_code()
    deadline = time.monotonic() + 60
    while not bench.engine.entries:
        assert time.monotonic() < deadline, bench.engine.tier.failed
        assert run(bench, 20_000_000, bench.data.start) is Stop.LEFT
    assert not bench.engine.tier.failed


def test_hot_calls_are_followed(bench: Bench) -> None:
    """bl to a function behind the loop, which comes back: all of it in compiled code, entered once."""
    words = (0x94000004, COUNT, 0x54FFFFC1, SVC, ADD, 0xD65F03C0)
    assert bench.code.view is not None
    bench.code.view[HEAD - bench.code.start :][: 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
    bench.engine.forget_code()
    deadline = time.monotonic() + 60
    while not bench.engine.entries:
        assert time.monotonic() < deadline, bench.engine.tier.failed
        assert run(bench, 20_000) is Stop.LEFT
    before = bench.engine.entries
    assert bench.engine.enter(bench.space, 0, HEAD, bench.data.end, (50_000, 0, 0, 7), lambda: False)
    assert bench.engine.registers[2] == 350_000
    assert bench.engine.entries == before + 1


def test_a_jump_to_nowhere_is_the_same_fault(bench: Bench) -> None:
    """br x1 of an address that is not mapped, in a loop that is compiled."""
    install(bench, COUNT, 0x54000041, 0xD61F0020, 0x17FFFFFD, SVC)
    fault = run(bench, 100, 0x7777_0000)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.address, fault.pc) == (FaultKind.PREFETCH, 0x7777_0000, 0x7777_0000)
    assert bench.engine.registers[0] == 0
    assert bench.engine.entries <= 2  # once more with the main extent


def test_random_sequences(bench: Bench) -> None:
    """Straight runs of random instructions against the interpreter, up to where compiled code leaves."""
    seed = 7
    bench.random = random.Random(seed)
    rows = [row for row in A64.rows if row.flow is Flow.NEXT and "load" not in row.name]
    done = 0
    for _ in range(6):
        regions, sequences = [], []
        for _ in range(5):
            words = [bench.encode(bench.random.choice(rows)).word for _ in range(DIVERSE)]
            code = {HEAD + 4 * i: A64.decode(HEAD + 4 * i, word) for i, word in enumerate(words)}
            regions.append(Region(HEAD, {at: found for at, found in code.items() if found is not None}))
            sequences.append(words)
        for words, function in zip(sequences, bench.compile(regions), strict=True):
            for _ in range(10):
                state = bench.draw()
                have = bench.native(function, state)
                count = (have.general[PC] - HEAD) // 4
                before = bench.native(lambda: HEAD, state)
                want = bench.interpreted(words, state, count)[0] if count else before
                assert have.raised & want.raised == want.raised
                have.raised = want.raised if count < DIVERSE else have.raised
                assert have == want, f"seed {seed}: {[hex(word) for word in words]}"
                done += count
    assert done > 500
