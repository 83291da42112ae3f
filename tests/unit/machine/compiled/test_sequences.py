# SPDX-License-Identifier: BSD-2-Clause
"""Random programs, compiled at the first meeting, against the interpreter alone: registers, flags, modes,
memory and faults at their end are the same.

ELFHAVEN_SEED and ELFHAVEN_SEQUENCES choose which and how many; `make differential` takes 100,000.
"""

from __future__ import annotations

import os
import random
import struct
from collections import Counter
from collections.abc import Iterable

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from tests.unit.machine.compiled.generator import Generator, Sequence_
from tests.unit.machine.compiled.twins import CODE, SVC, Start, Twins, draw

from elfhaven.machine.engine import FaultKind, Stop
from elfhaven.machine.unicorn_engine import CpuModel

SEED = os.environ.get("ELFHAVEN_SEED", "1")
SEQUENCES = int(os.environ.get("ELFHAVEN_SEQUENCES", "400"))
CHUNK = 100  # that one machine runs, one test a machine
ADDITIONS = (0x0B00_0000, 0x1100_0000)  # bits 28..24 of ADD and SUB
STATES = 4  # of each: the first meets the blocks, the others run them compiled


def drawn(number: int) -> tuple[Sequence_, list[Start]]:
    """A program and its states, by number."""
    choose = random.Random(f"{SEED} {number}")
    sequence = Generator(choose).draw()
    return sequence, [draw(choose) for _ in range(STATES)]


def first_difference(twins: Twins, sequence: Sequence_, states: Iterable[Start]) -> list[str]:
    """What the first state shows that shows something."""
    twins.load(sequence.words())
    return next(filter(None, (twins.compare(CODE, state) for state in states)), [])


def model_of(number: int) -> CpuModel:
    """One chunk in four runs on a processor that has all extensions."""
    return CpuModel.MAX if number // CHUNK % 4 == 3 else CpuModel.CORTEX_A57


def differs_alone(
    sequence: Sequence_, states: Iterable[Start], model: CpuModel = CpuModel.CORTEX_A57
) -> list[str]:
    """The same on machines that have run nothing else."""
    twins = Twins(model)
    try:
        return first_difference(twins, sequence, states)
    finally:
        twins.close()


def reduced(
    sequence: Sequence_, states: list[Start], model: CpuModel = CpuModel.CORTEX_A57
) -> tuple[Sequence_, list[str]]:
    """The same with no-operations in place of all that is not needed for a difference."""
    found = differs_alone(sequence, states, model)
    for place in sequence.places():
        smaller = sequence.without(*place)
        if differences := differs_alone(smaller, states, model):
            sequence, found = smaller, differences
    return sequence, found


def listing(words: list[int]) -> str:
    capstone = pytest.importorskip("capstone")
    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN)
    engine.skipdata = True
    code = struct.pack(f"<{len(words)}I", *words)
    return "\n".join(
        f"  {i.address:#x}  {words[i.address - CODE >> 2]:08x}  {i.mnemonic} {i.op_str}"
        for i in engine.disasm(code, CODE)
    )


def explained(number: int, differences: list[str]) -> str:
    """What to tell of a failure."""
    sequence, states = drawn(number)
    head = f"ELFHAVEN_SEED={SEED}, sequence {number} of chunk {number // CHUNK}, {model_of(number).name}:"
    model = model_of(number)
    head = f"{head} {differences}"
    if not differs_alone(sequence, states, model):
        return f"{head}\nonly after the sequences before it in its chunk:\n{listing(sequence.words())}"
    smaller, left = reduced(sequence, states, model)
    return f"{head}\nreduced, native != interpreter: {left}\n{listing(smaller.words())}"


@pytest.mark.parametrize("chunk", range((SEQUENCES + CHUNK - 1) // CHUNK))
def test_sequences(chunk: int) -> None:
    print(f"ELFHAVEN_SEED={SEED}")
    twins = Twins(model_of(CHUNK * chunk))
    try:
        for number in range(CHUNK * chunk, min(CHUNK * (chunk + 1), SEQUENCES)):
            if differences := first_difference(twins, *drawn(number)):
                pytest.fail(explained(number, differences))
        assert twins.entries > 3 * CHUNK  # it was compiled code that ran
        assert not twins.native.engine.tier.failed
    finally:
        twins.close()


def test_the_programs_are_of_use() -> None:
    """Most reach their end, some fault in each way."""
    twins = Twins()
    seen: Counter[object] = Counter()
    for number in range(300):
        sequence, states = drawn(number)
        twins.plain.load(sequence.words())
        for state in states:
            seen[twins.run(twins.plain, CODE, state).how[0]] += 1
    twins.close()
    assert seen[Stop.LEFT] > 600, seen
    assert all(seen[kind] > 0 for kind in FaultKind), seen
    assert seen[Stop.INTERRUPTED] == 0, seen


def test_a_difference_is_found_and_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a native guest that takes additions for subtractions."""
    real = Twins.load

    def load(twins: Twins, words: list[int], at: int = CODE) -> None:
        real(twins, words, at)
        twins.native.load([word ^ 1 << 30 if word & 0x1F00_0000 in ADDITIONS else word for word in words])

    monkeypatch.setattr(Twins, "load", load)
    for number in range(40):
        sequence, states = drawn(number)
        if differs_alone(sequence, states):
            smaller, differences = reduced(sequence, states)
            assert differences
            assert len(smaller.places()) < 10
            return
    pytest.fail("wrong additions were not noticed")


@pytest.mark.parametrize("model", [CpuModel.CORTEX_A57, CpuModel.MAX])
@pytest.mark.parametrize(
    "words",
    [
        (0x1E3A2208, 0xD51B4402, 0x7A0D02C9),  # fcmp s16, #0.0; msr fpcr, x2; sbcs w9, w22, w13
        (0x4E20C74D, 0x0EA0E9B5),  # fmaxnm v13.4s, v26.4s, v0.4s; fcmlt v21.2s, v13.2s, #0.0
        (0x7EA1D86A, 0x0EA1B950),  # frsqrte s10, s3; fcvtzs v16.2s, v10.2s
    ],
)
def test_flags_are_raised_by_what_counts(words: tuple[int, ...], model: CpuModel) -> None:
    """Not by what is done again, and not less than by what is not."""
    choose = random.Random(SEED)
    twins = Twins(model)
    twins.load([*words, SVC])
    for _ in range(400):
        assert not twins.compare(CODE, draw(choose))
    twins.close()


def test_fz16_is_one_of_the_modes() -> None:
    """msr fpcr, x2; mrs x3, fpcr; msr fpcr, xzr; mrs x4, fpcr."""
    choose = random.Random(SEED)
    twins = Twins(CpuModel.MAX)
    twins.load([0xD51B4402, 0xD53B4403, 0xD51B441F, 0xD53B4404, SVC])
    for fpcr in (0, 1 << 19) * 4:
        start = draw(choose)
        start.general[2], start.fpcr = 1 << 19, fpcr
        assert not twins.compare(CODE, start)
    twins.close()
