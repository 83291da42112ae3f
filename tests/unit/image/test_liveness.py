# SPDX-License-Identifier: BSD-2-Clause
"""Which registers an instruction reads and writes, by running it; and what follows for a place.

A register that an instruction is said not to read gets another value: nothing else may change, and the
register keeps that value or, where it is said to be written, gets the same as before.
"""

from __future__ import annotations

import random
import struct

import pytest
import unicorn
from tests.unit.image import programs
from unicorn import arm64_const as arm

from elfhaven.abi import elf as abi
from elfhaven.image import liveness
from elfhaven.image.flow import Text
from elfhaven.image.reader import Elf

RANDOM_WORDS = 10_000
_MEMORY, _WORD = 1 << 28, (1 << 64) - 1
_CONTENT = bytes(range(256)) * 256
_GENERAL = (*range(arm.UC_ARM64_REG_X0, arm.UC_ARM64_REG_X28 + 1), arm.UC_ARM64_REG_X29, arm.UC_ARM64_REG_X30)


class Machine:
    """Runs one instruction, from registers that point into 64 KiB of memory."""

    def __init__(self) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        self._uc.reg_write(arm.UC_ARM64_REG_CPACR_EL1, 3 << 20)
        self._uc.mem_map(0, 4096)
        self._uc.mem_map(_MEMORY, len(_CONTENT))

    def run(self, word: int, registers: list[int]) -> tuple[bool, list[int], tuple[object, ...]]:
        """(it ran, x0 to x30 after it, everything else after it)."""
        uc = self._uc
        uc.mem_write(0, struct.pack("<I", word))
        uc.mem_write(_MEMORY, _CONTENT)
        uc.reg_write(arm.UC_ARM64_REG_SP, _MEMORY + 32768)
        uc.reg_write(arm.UC_ARM64_REG_NZCV, 0)
        for name, value in zip(_GENERAL, registers, strict=True):
            uc.reg_write(name, value)
        for number in range(32):
            uc.reg_write(arm.UC_ARM64_REG_V0 + number, number << 64 | 3)
        try:
            uc.emu_start(0, 4, count=1)
        except unicorn.UcError:
            return False, [], ()
        rest = [
            uc.reg_read(name) for name in (arm.UC_ARM64_REG_SP, arm.UC_ARM64_REG_NZCV, arm.UC_ARM64_REG_PC)
        ]
        vectors = [uc.reg_read(arm.UC_ARM64_REG_V0 + number) for number in range(32)]
        return (
            True,
            list(map(uc.reg_read, _GENERAL)),
            (*rest, *vectors, bytes(uc.mem_read(_MEMORY, len(_CONTENT)))),
        )


def _check(machine: Machine, word: int) -> bool:
    """Whether the word ran; AssertionError where a register that it is said not to read matters."""
    effect = liveness._effect(word)
    if effect is None:
        return False
    reads, writes = effect
    first = [_MEMORY + 16384 + 16 * number for number in range(31)]
    second = [value if reads >> number & 1 else ~value & _WORD for number, value in enumerate(first)]
    (ran, here, rest), other = machine.run(word, first), machine.run(word, second)
    if not ran or word & 0xFFF00000 == 0xD5300000:
        return ran
    assert other[0], f"{word:#010x} {effect}: faults"
    assert other[2] == rest, f"{word:#010x} {effect}: something else changes"
    for number in range(31):
        kept = not (reads | writes) >> number & 1
        wanted = second[number] if kept else here[number]
        assert other[1][number] == wanted, f"{word:#010x} {effect}: x{number}"
    return True


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine()


def test_every_instruction_of_a_program(machine: Machine) -> None:
    elf = Elf.parse(programs.build(programs.SWITCH), "prog")
    load = next(load for load in elf.loads if load.flags & abi.PF_X)
    words = {word for (word,) in struct.iter_unpack("<I", elf.data[load.offset :][: load.file_size & ~3])}
    assert sum(_check(machine, word) for word in words) > 1000


def test_random_words(machine: Machine) -> None:
    source = random.Random(20261)
    assert sum(_check(machine, source.getrandbits(32)) for _ in range(RANDOM_WORDS)) > 700


def _free(*words: int) -> int | None:
    return liveness.free_register(Text(0, struct.pack(f"<{len(words)}I", *words)), 0)


RET, BL = 0xD65F03C0, 0x94000001


def _mov(register: int) -> int:
    return 0xD2800000 | register  # mov xN, #0


def _reads(register: int) -> int:
    return 0xF100001F | register << 5  # cmp xN, #0


def test_written_before_it_is_read() -> None:
    assert _free(_mov(9), RET) == 9
    assert _free(_reads(9), _mov(9), RET) is None
    assert _free(RET) is None
    assert _free(BL, _mov(9)) is None


def test_every_way_counts() -> None:
    skip = 0x54000040  # b.eq +8
    assert _free(skip, _mov(9), _mov(9), RET) == 9
    assert _free(skip, _mov(9), _reads(9), _mov(9), RET) is None


def test_a_loop_that_never_ends_uses_nothing() -> None:
    assert _free(0x14000000) == 17


def test_a_part_of_a_register_is_not_all_of_it() -> None:
    movk, bfi = 0xF2800009, 0xB3400009
    assert _free(movk, _mov(9), RET) is None
    assert _free(bfi, _mov(9), RET) is None
