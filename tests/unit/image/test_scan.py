# SPDX-License-Identifier: BSD-2-Clause
"""Which words are system calls, and which are data that looks like them."""

from __future__ import annotations

import struct

import pytest
from tests.unit.image import programs

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image.reader import Elf
from elfhaven.image.scan import Action, Sites, sites
from elfhaven.image.sections import MappingSymbols, read_sections, read_symbols

SVC = 0xD4000001
RET = 0xD65F03C0
MOV_X8_93 = 0xD2800BA8
MOV_X9_93 = 0xD2800BA9
B_NEXT = 0x14000002  # over one word
BL_FAR = 0x94000020
BR_X9 = 0xD61F0120
LDR_W0_NEXT2 = 0x18000040
MRS_CNTVCT = 0xD53BE040
UDF = 0


def elf_of(*words: int) -> Elf:
    """A PIE without sections, symbols or unwind tables: the entry point is all that is known."""
    text = struct.pack(f"<{len(words)}I", *words)
    head = abi.EHDR.pack(b"\x7fELF\2\1\1", 3, 183, 1, 0x1000, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    size = 0x1000 + len(text)
    load = abi.PHDR.pack(1, 5, 0, 0, 0, size, size, 0x1000)
    return Elf.parse((head + load).ljust(0x1000, b"\0") + text, "words")


def found(*words: int) -> list[int]:
    """Indexes of the words that are taken for system calls."""
    return [(site.address - 0x1000) // 4 for site in sites(elf_of(*words)).svc]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([MOV_X8_93, SVC, RET], [1]),
        ([MOV_X8_93, B_NEXT, SVC, SVC, RET], [3]),  # a branch steps over a word
        ([MOV_X8_93, LDR_W0_NEXT2, B_NEXT, SVC, SVC, RET], [4]),  # a literal
        ([MOV_X8_93, SVC, RET, SVC], [1]),  # a word after the end
        ([MOV_X8_93, SVC, RET, UDF, SVC, UDF], [1]),  # among what cannot be code
        ([MOV_X9_93, 0xAA0903E8, SVC, RET], [2]),  # mov x8, x9
    ],
)
def test_verdicts(words: list[int], expected: list[int]) -> None:
    assert found(*words) == expected


@pytest.mark.parametrize(
    "words",
    [
        [MOV_X9_93, SVC, RET],  # runs, and nothing sets x8
        [MOV_X8_93, BL_FAR, SVC, RET],  # a call that may not return, then a word
        [MOV_X8_93, BR_X9, SVC, RET],  # a jump with a call number in x8, to who knows where
        [RET, MOV_X8_93, SVC, RET],  # complete, and nothing leads to it
    ],
)
def test_what_cannot_be_told_is_refused_with_its_place(words: list[int]) -> None:
    address = 0x1000 + 4 * words.index(SVC)
    with pytest.raises(ImageError, match=rf"address {address:#x} \(file offset {address:#x}\)(.|\n)*mapping"):
        sites(elf_of(*words))


def test_other_immediates_are_left_alone_and_named() -> None:
    made = sites(elf_of(MOV_X8_93, 0xD4000021, 0xD4000002, SVC, RET))
    assert [site.address for site in made.svc] == [0x100C]
    assert "svc with another immediate at 0x1004" in made.notes[0]
    assert "hvc at 0x1008" in made.notes[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([MRS_CNTVCT, RET], [0]),
        ([BL_FAR, MRS_CNTVCT, RET], [1]),  # the time after a call
        ([B_NEXT, MRS_CNTVCT, MRS_CNTVCT, RET], [2]),
        ([LDR_W0_NEXT2, RET, MRS_CNTVCT], []),
        ([RET, MRS_CNTVCT, MRS_CNTVCT, RET], []),  # nothing leads to it
    ],
)
def test_verdicts_on_instructions_that_kill(words: list[int], expected: list[int]) -> None:
    made = sites(elf_of(*words))
    assert [(rewrite.address - 0x1000) // 4 for rewrite in made.rewrites] == expected


def test_rewrites_have_register_and_action() -> None:
    made = sites(elf_of(0xD53B0023, 0xD53BE05F, 0xD50B7B20, 0xD50B7420, 0xD53B00E0, 0xD503207F, RET))
    assert [(r.name, r.action, r.register) for r in made.rewrites] == [
        ("mrs ctr_el0", Action.CONSTANT, 3),
        ("mrs cntvct_el0", Action.NOP, 31),
        ("dc cvau", Action.NOP, 0),
        ("wfi", Action.NOP, 31),
    ]


def scan(source: str, *flags: str) -> Sites:
    return sites(Elf.parse(programs.build(source, *flags), "prog"))


@pytest.mark.parametrize("source", [programs.HELLO, programs.SWITCH, programs.LOOSE, programs.KILLERS])
def test_stripping_changes_nothing(source: str) -> None:
    whole, stripped = scan(source), scan(source, *programs.STRIP)
    assert len(whole.svc) == len(stripped.svc) > 10
    assert whole.calls == stripped.calls
    assert [r.name for r in whole.rewrites] == [r.name for r in stripped.rewrites]


def test_calls_that_a_program_can_make() -> None:
    made = scan(programs.SWITCH)
    assert set(range(172, 179)) <= set(made.calls)
    assert {66, 94} <= set(made.calls)  # writev, exit_group
    assert scan(programs.HELLO).computed_calls >= 1  # syscall()


def mapped_sites(elf: Elf) -> set[int]:
    """What the mapping symbols alone say."""
    sections = read_sections(elf)
    marks = MappingSymbols(sections, list(read_symbols(elf, sections, abi.SHT_SYMTAB)))
    code = set()
    for load in (load for load in elf.loads if load.executable):
        raw = elf.data[load.offset : load.offset + load.file_size]
        for at in range(-load.address % 4, len(raw) - 3, 4):
            if raw[at : at + 4] == b"\x01\0\0\xd4" and marks.at(load.address + at) == "x":
                code.add(load.address + at)
    return code


@pytest.mark.parametrize("source", [programs.HELLO, programs.SWITCH, programs.LOOSE, programs.DISGUISED])
def test_flow_and_mapping_symbols_agree(source: str) -> None:
    elf = Elf.parse(programs.build(source), "prog")
    assert {site.address for site in sites(elf).svc} == mapped_sites(elf)


@pytest.mark.parametrize("source", [programs.HELLO, programs.SWITCH, programs.KILLERS, programs.LOOSE])
def test_nothing_but_the_loaded_bytes_is_needed(source: str) -> None:
    """The same without section headers, and again without unwind tables."""
    raw = bytearray(programs.build(source))
    elf = Elf.parse(bytes(raw), "prog")
    wanted = sites(elf)
    struct.pack_into("<Q", raw, 40, 0)
    struct.pack_into("<HH", raw, 60, 0, 0)
    assert sites(Elf.parse(bytes(raw), "prog")).svc == wanted.svc
    frames = elf.segment(abi.PT_GNU_EH_FRAME)
    assert frames is not None
    struct.pack_into("<I", raw, 64 + 56 * frames.index, 0)
    bare = sites(Elf.parse(bytes(raw), "prog"))
    assert (bare.svc, bare.rewrites) == (wanted.svc, wanted.rewrites)
