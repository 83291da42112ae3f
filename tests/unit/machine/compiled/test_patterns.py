# SPDX-License-Identifier: BSD-2-Clause
"""Every pattern of the table against Unicorn, on random instructions and random states."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.unit.machine.compiled.differential import HEAD, Bench, State
from unicorn.arm64_const import UC_ARM64_REG_FPCR

from elfhaven.machine.engine import PC
from elfhaven.machine.native import atomics
from elfhaven.machine.native.decode import Row
from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.unicorn_engine import CpuModel

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

SEED = int(os.environ.get("ELFHAVEN_SEED", "1"))
STATES = int(os.environ.get("ELFHAVEN_STATES", "240"))  # per pattern; 10000 for a thorough run
ENCODINGS = max(12, STATES // 40)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench(SEED)
    yield made
    made.close()


def differences(want: State, have: State) -> list[str]:
    """What is not the same, in words."""
    out = [
        f"{'pc' if i == PC else f'x{i}'}: {a:#x} != {b:#x}"
        for i, (a, b) in enumerate(zip(want.general, have.general, strict=True))
        if a != b
    ]
    out += [
        f"v{i}: {a[::-1].hex()} != {b[::-1].hex()}"
        for i, (a, b) in enumerate(zip(want.vectors, have.vectors, strict=True))
        if a != b
    ]
    for name in ("flags", "raised", "saturated", "monitor"):
        if getattr(want, name) != getattr(have, name):
            out.append(f"{name}: {getattr(want, name)!r} != {getattr(have, name)!r}")
    if want.memory != have.memory:
        out.append("memory")
    return out


@pytest.fixture(scope="module")
def newer() -> Iterator[Bench]:
    """A processor with all that Unicorn has."""
    made = Bench(SEED, CpuModel.MAX)
    yield made
    made.close()


@pytest.mark.parametrize("row", atomics.ROWS, ids=lambda row: row.name)
def test_atomics(newer: Bench, bench: Bench, row: Row) -> None:
    """On the default processor they are undefined."""
    agree(newer, row)
    for _ in range(20):
        instruction = bench.encode(row)
        (function,) = bench.compile([Region(HEAD, {HEAD: instruction})])
        state = bench.draw(instruction)
        assert bench.native(function, state).general[PC] == HEAD
        assert not bench.interpreted([instruction.word], state, 1)[1]


@pytest.mark.parametrize(
    "row", [row for row in A64.rows if row not in atomics.ROWS], ids=lambda row: row.name
)
def test_pattern(bench: Bench, row: Row) -> None:
    agree(bench, row)


@pytest.mark.parametrize("row", [row for row in A64.rows if "sha" in row.name], ids=lambda row: row.name)
def test_pattern_on_a_lesser_host(bench: Bench, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what rows make use of where it is there."""
    monkeypatch.setattr(bench, "features", frozenset())
    agree(bench, row)


def agree(bench: Bench, row: Row) -> None:
    """Random instructions of a pattern end in the same state compiled and interpreted."""
    bench.random.seed(f"{SEED} {row.name}")
    instructions = [bench.encode(row) for _ in range(ENCODINGS)]
    functions = bench.compile([Region(HEAD, {HEAD: i}) for i in instructions])
    done = 0
    for instruction, function in zip(instructions, functions, strict=True):
        for _ in range(STATES // ENCODINGS):
            state = bench.draw(instruction)
            want, went_well = bench.interpreted([instruction.word], state, 1)
            before = bench.native(lambda: HEAD, state)
            have = bench.native(function, state)
            left = have.general[PC] == HEAD
            if left:  # to the interpreter, with nothing changed; a flag may be raised that it raises again
                assert have.raised & ~want.raised == 0, f"seed {SEED}: {instruction.word:#010x}"
                have.raised = before.raised
            else:
                assert went_well, f"seed {SEED}: {instruction.word:#010x} faults, and does not when compiled"
            found = differences(before if left else want, have)
            assert not found, f"seed {SEED}: {instruction.word:#010x} {row.name}: {found}"
            done += not left
    assert done >= STATES // 8, f"only {done} of {STATES} states were not left to the interpreter"


def test_fpsr_has_what_was_raised_since(bench: Bench) -> None:
    """By the host too, and not what is raised later: fdiv s0, s1, s2; fcvtzs v3.4s, v4.4s; sqadd v5.4s,
    v6.4s, v7.4s; mrs x3, fpsr; fcvtas v15.2d, v1.2d; fmulx v3.2s, v21.2s, v4.s[3]."""
    words = (0x1E22_1820, 0x4EA1_B883, 0x4EA7_0CC5, 0xD53B_4423, 0x4E61_C82F, 0x2FA4_9AA3)
    code = {HEAD + 4 * i: A64.decode(HEAD + 4 * i, word) for i, word in enumerate(words)}
    (function,) = bench.compile([Region(HEAD, {at: one for at, one in code.items() if one is not None})])
    bench.random.seed(f"{SEED} fpsr")
    bench.engine._uc.reg_write(UC_ARM64_REG_FPCR, 0)  # other tests have set it
    seen = set()
    for _ in range(STATES):
        state = bench.draw()
        have = bench.native(function, state)
        done = (have.general[PC] - HEAD) // 4
        if done:
            want, _ = bench.interpreted(words, state, done)
            have.raised &= want.raised if done < len(words) else have.raised  # it may raise it again
            assert not differences(want, have)
            seen.add((done, have.general[3]))
    assert {4, 5} & {done for done, _ in seen}
    assert len(words) in {done for done, _ in seen}
    assert len(seen) > 4
