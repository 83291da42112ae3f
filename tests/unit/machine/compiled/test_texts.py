# SPDX-License-Identifier: BSD-2-Clause
"""What was compiled in one run is there in the next one, from the first instruction on; and only then."""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from elfhaven.machine.address_space import AddressSpace
from elfhaven.machine.engine import Stop
from elfhaven.machine.memory import PAGE, PhysicalMemory
from elfhaven.machine.native.bundle import Text
from elfhaven.machine.native.context import COLD, NEWS
from elfhaven.machine.native.engine import NativeEngine, NativeMachine
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.native.texts import Texts
from elfhaven.machine.pages import PagePool
from elfhaven.machine.pagetable import Protection, TablePool
from elfhaven.machine.unicorn_engine import CpuModel

BASE, USER = 0x8000_0000, 0x4000_0000
ROUNDS = 3000
ADD, COUNT, BACK, SVC = 0x91001442, 0xF1000400, 0x54FFFFC1, 0xD4000001  # x2 += 5, x0 times
NOP = 0xD503201F
WORDS = (NOP, ADD, COUNT, BACK, SVC)


class Run:
    """One program, in a process of its own as it were."""

    def __init__(self, directory: Path, at: int = USER, words: tuple[int, ...] = WORDS) -> None:
        self.memory = memory = PhysicalMemory([("secure", BASE, 8 << 20)])
        region = memory.region("secure")
        pages = PagePool(memory, region, BASE + (1 << 20), 7 << 20)
        self.space = AddressSpace(memory, TablePool(region, BASE, 1 << 20), USER, 2 * USER, 64)
        rights = Protection.READ | Protection.EXECUTE
        code = self.space.map(pages.allocate(2 * PAGE), 2 * PAGE, rights, at=at)
        assert code.view is not None
        code.view[: 4 * len(words)] = struct.pack(f"<{len(words)}I", *words)
        self.at = at
        self.machine = NativeMachine(memory, CpuModel.CORTEX_A57, directory, at_once=64)
        self.engine: NativeEngine = self.machine.create()

    def go(self) -> int:
        """What is in x2 at the end."""
        assert self.engine.enter(self.space, 0, self.at, 0, (ROUNDS,), lambda: False) is Stop.LEFT
        return int(self.engine.registers[2])

    @property
    def text(self) -> Text:
        """What is known of the code."""
        placed = self.engine._texts.around(self.space.root, self.at)
        assert placed is not None
        return placed.text

    def end(self) -> tuple[int, bool]:
        """How many regions there are, and whether anything was compiled."""
        tier = self.engine.tier
        out = tier.pieces, tier._compiler.compiled > 0
        self.engine.close()
        self.machine.close()
        return out


def first(directory: Path) -> None:
    """A run that fills the cache."""
    run = Run(directory)
    assert run.go() == 5 * ROUNDS
    assert run.end() == (1, True)


def test_the_next_run_starts_with_what_was_compiled(tmp_path: Path) -> None:
    first(tmp_path)
    for at in (USER, USER + 16 * PAGE, USER + (1 << 21)):
        run = Run(tmp_path, at)
        assert run.engine.entries == 0
        assert run.go() == 5 * ROUNDS
        assert run.engine.entries > 0
        assert run.engine.tier._compiler._process is None, "nothing had to be compiled"
        assert run.end() == (1, False)


def test_a_hot_place_of_what_was_compiled_starts_no_process(tmp_path: Path) -> None:
    """Though it is none where the region is entered."""
    first(tmp_path)
    run = Run(tmp_path)
    assert run.go() == 5 * ROUNDS
    tier = run.engine.tier
    piece = run.text.pieces[0]
    start, size = piece.spans[0]
    inside = next(at for at in range(start, start + size, 4) if at not in piece.entries)
    tier.offer(run.text, inside, lambda: COLD)
    while not tier._within[run.text.digest, inside]:
        time.sleep(0.001)
    with tier._compiling:
        assert tier._compiler._process is None
    assert run.end() == (1, False)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elfhaven.machine.native.tier._AT_LEAST", 60)


@pytest.mark.usefixtures("patient")
def test_what_is_hot_in_a_short_program_is_compiled_before_it_ends(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.engine.tier.offer(run.text, 4, lambda: COLD)
    run.machine.finish()
    assert run.end() == (1, True)
    run = Run(tmp_path)
    assert run.go() == 5 * ROUNDS
    assert run.end() == (1, False)


@pytest.mark.usefixtures("patient")
def test_a_place_that_is_offered_is_not_offered_again(tmp_path: Path) -> None:
    run = Run(tmp_path)
    tier = run.engine.tier
    with tier._compiling:  # so that it waits
        tier.offer(run.text, 4, lambda: COLD)
        assert tier.has_waiting(run.text, 4)
        assert not tier.has_waiting(run.text, 8)
    run.machine.finish()
    assert not tier.has_waiting(run.text, 4)
    assert run.end() == (1, True)


def test_what_was_begun_when_a_program_ends_is_all_that_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elfhaven.machine.native.tier._AT_LEAST", 0.5)
    monkeypatch.setattr("elfhaven.machine.native.tier._AT_MOST", 60)
    run = Run(tmp_path, words=(*WORDS, *WORDS))
    tier = run.engine.tier
    tier._compiling.acquire()
    tier.offer(run.text, 4, lambda: COLD)
    while tier._samples:
        time.sleep(0.001)
    tier.offer(run.text, 24, lambda: COLD)
    release = threading.Timer(1.0, tier._compiling.release)
    release.start()
    run.machine.finish()
    release.join()
    assert tier.has_waiting(run.text, 24)
    assert run.end() == (1, True)


def test_who_learns_that_something_is_compiled_is_not_hot_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any block may be the next one then."""
    run = Run(tmp_path)
    engine, considered = run.engine, []
    monkeypatch.setattr(engine.tier, "consider", lambda text, at, apart: considered.append(at))

    def served() -> bool:
        engine._words[NEWS] = 1
        engine._hot(USER)
        assert not considered
        engine._hot(USER)
        return False

    assert engine.enter(run.space, 0, USER, 0, (1,), served) is Stop.LEFT
    assert considered == [0]
    assert run.end() == (0, True)


def test_other_code_is_another_text(tmp_path: Path) -> None:
    """One word differs, which the region does not even have."""
    first(tmp_path)
    run = Run(tmp_path, words=(*WORDS, NOP))
    assert run.go() == 5 * ROUNDS
    assert run.end() == (1, True)


def test_what_was_damaged_is_compiled_anew(tmp_path: Path) -> None:
    first(tmp_path)
    for path in tmp_path.iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
    run = Run(tmp_path)
    assert run.go() == 5 * ROUNDS
    assert run.end() == (1, True)


def test_what_cannot_be_compiled_is_not_tried_again(tmp_path: Path) -> None:
    odd = (0xD51B4422, 0x4EA1C800, 0x2E616800)  # msr fpsr, x2; urecpe; fcvtxn
    word = next(word for word in odd if A64.decode(USER, word) is None)
    words = (word, COUNT, 0x54FFFFC1, SVC)
    for asked in (True, False):
        run = Run(tmp_path, words=words)
        run.engine.tier._compiler.close()  # which has compiled the dispatcher
        assert run.engine.enter(run.space, 0, USER, 0, (ROUNDS,), lambda: False) is Stop.LEFT
        tier = run.engine.tier
        assert tier.uncovered[word] > 0
        assert (tier._compiler._process is not None) == asked
        run.end()


@pytest.mark.parametrize("sparing", [True, False])
def test_code_that_is_always_new_is_not_always_read(tmp_path: Path, sparing: bool) -> None:
    run = Run(tmp_path)
    texts = Texts(run.memory, run.engine.tier, sparing)
    assert texts.around(run.space.root, USER) is not None
    texts._spent = 1000.0  # seconds, which are not over yet
    assert texts.around(run.space.root, USER + PAGE) is not None, "what is known is not read again"
    texts.forget()
    assert (texts.around(run.space.root, USER) is None) == sparing
    run.end()
