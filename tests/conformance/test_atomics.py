# SPDX-License-Identifier: BSD-2-Clause
"""Atomic extrema of memory (LDSMAX, LDSMIN, LDUMAX, LDUMIN) are as on qemu-aarch64, compiled and interpreted.
Those that atomics.py leaves out are those in which the interpreter is wrong."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.patterns import A64
from elfhaven.machine.unicorn_engine import CpuModel
from tests.support import outside, zig
from tests.unit.machine.compiled.differential import HEAD, Bench, State

pytestmark = pytest.mark.slow

VALUES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8001, 0xFFFF_FFFE, 0x7FFF_FFFF, 1 << 63, (1 << 63) - 1, 2**64 - 2)
PAIRS = [(old, operand) for old in VALUES for operand in VALUES]
NAMES = {4: "smax", 5: "smin", 6: "umax", 7: "umin"}
FLAGS = ("-static", "-fPIE", "-pie", "-O1", "-w", "-fno-sanitize=all")
PROGRAM = """
#include <stdio.h>
#define U unsigned long
static const U pairs[][2] = {{ {pairs} }};
#define OF(word) do {{ \\
    for (U i = 0; i < sizeof pairs / sizeof *pairs; i++) {{ \\
        U cell = pairs[i][0]; \\
        register U *at __asm__("x0") = &cell; \\
        register U operand __asm__("x1") = pairs[i][1]; \\
        register U old __asm__("x2"); \\
        __asm__ volatile(".inst " #word : "=r"(old) : "r"(at), "r"(operand) : "memory"); \\
        printf("%lx %lx\\n", old, cell); \\
    }} \\
}} while (0)
int main(void) {{ {uses} return 0; }}
"""
Results = list[tuple[int, int]]  # what was read, and what the cell holds then, of each pair


def encoded(size: int, opc: int) -> int:
    """LD<op> x1, x2, [x0] of 1 << size bytes."""
    return size << 30 | 0x3820_0000 | 1 << 16 | opc << 12 | 2


WORDS = {(size, opc): encoded(size, opc) for size in range(4) for opc in NAMES}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], Results]:
    room = tmp_path_factory.mktemp("atomics")
    (room / "nothing").touch()
    pairs = ", ".join(f"{{{old}UL, {operand}UL}}" for old, operand in PAIRS)
    uses = " ".join(f"OF({word:#x});" for word in WORDS.values())
    program = zig.compile_program(PROGRAM.format(pairs=pairs, uses=uses), flags=FLAGS)
    lines = outside.run([outside.qemu(), "-cpu", "max", program], room, room / "nothing").stdout.split(b"\n")
    found = [(int(a, 16), int(b, 16)) for a, b in (line.split() for line in lines if line)]
    assert len(found) == len(PAIRS) * len(WORDS)
    return {which: found[i * len(PAIRS) :][: len(PAIRS)] for i, which in enumerate(WORDS)}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench(1, CpuModel.MAX)
    yield made
    made.close()


def started(bench: Bench, old: int, operand: int) -> State:
    state = bench.draw()
    state.general[0], state.general[1] = bench.data.start, operand
    data, fixed = state.memory
    state.memory = (struct.pack("<Q", old) + data[8:], fixed)
    return state


def ended(state: State) -> tuple[int, int]:
    return state.general[2], int.from_bytes(state.memory[0][:8], "little")


@pytest.mark.parametrize(("size", "opc"), WORDS, ids=[f"{NAMES[opc]} of {1 << size}" for size, opc in WORDS])
def test_extrema(bench: Bench, wanted: dict[tuple[int, int], Results], size: int, opc: int) -> None:
    word, states = WORDS[size, opc], [started(bench, *pair) for pair in PAIRS]
    interpreted = [ended(bench.interpreted([word], state, 1)[0]) for state in states]
    instruction = A64.decode(HEAD, word)
    if instruction is None:
        assert NAMES[opc].startswith("s")
        assert size < 3
        assert interpreted != wanted[size, opc], "the interpreter is right: it can be compiled"
        return
    (function,) = bench.compile([Region(HEAD, {HEAD: instruction})])
    assert [ended(bench.native(function, state)) for state in states] == wanted[size, opc]
    assert interpreted == wanted[size, opc]
