# SPDX-License-Identifier: BSD-2-Clause
"""The TA's ELF: it obeys ldelf's rules, and a program packed in it runs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.unit.image import programs, standin
from tests.unit.image.ldelf import check_ldelf

from elfhaven.abi import container
from elfhaven.abi import elf as abi
from elfhaven.abi.ta_image import DEPR_ENTRY, TA_HEAD
from elfhaven.errors import ImageError
from elfhaven.image.layout import ContainerConfig, build, lay_out
from elfhaven.image.reader import Elf
from elfhaven.image.runtime_image import RuntimeImage


def test_packed_program_obeys_the_loader() -> None:
    elf = check_ldelf(standin.pack(programs.build(programs.HELLO)))
    head = elf.bytes_at(0, TA_HEAD.size)
    assert head is not None
    low, mid, high, rest, _, flags, depr = TA_HEAD.unpack(head)
    assert (low, mid, high) == standin.UUID_1.fields[:3]
    assert (rest, flags, depr) == (standin.UUID_1.bytes[8:], 0, DEPR_ENTRY)
    assert elf.entry == 40


@pytest.mark.parametrize("flags", [(), programs.STRIP], ids=["unstripped", "stripped"])
def test_packed_program_runs(flags: tuple[str, ...]) -> None:
    done = standin.run(standin.pack(programs.build(programs.HELLO, *flags)), "name", "x")
    assert done.out == b"hello 2 name\n1720\n"
    assert done.status == 4
    assert {96, 172} <= set(done.calls)


@pytest.mark.parametrize("flags", [(), programs.STRIP], ids=["unstripped", "stripped"])
def test_killing_instructions_have_stand_ins(flags: tuple[str, ...]) -> None:
    done = standin.run(standin.pack(programs.build(programs.KILLERS, *flags)))
    counter = standin.COUNTER
    assert done.out.decode() == f"84448004 62500000 {counter + 560} {counter}\n"


@pytest.mark.parametrize("flags", [(), programs.STRIP], ids=["unstripped", "stripped"])
def test_data_in_the_text_is_not_touched(flags: tuple[str, ...]) -> None:
    done = standin.run(standin.pack(programs.build(programs.LOOSE, *flags)))
    assert done.out == b"d4000001 d4000001 d53b0020\n"


def test_mapping_symbols_tell_a_table_from_a_function() -> None:
    done = standin.run(standin.pack(programs.build(programs.DISGUISED)))
    assert done.out == b"d4000001 d4000001 d53b0020\n"


@pytest.mark.parametrize("flags", [(), programs.STRIP], ids=["unstripped", "stripped"])
def test_calls_behind_a_jump_table_are_rebound(flags: tuple[str, ...]) -> None:
    done = standin.run(standin.pack(programs.build(programs.SWITCH, *flags)))
    assert done.out == b"1720 1731 5220 1743 1765 7080 890 -1 \n"


def test_same_input_gives_the_same_bytes() -> None:
    program = programs.build(programs.HELLO)
    assert standin.pack(program) == standin.pack(program)


def test_configuration_tells_where_things_lie() -> None:
    program = Elf.parse(programs.build(programs.HELLO), "dir/prog")
    config = ContainerConfig(standin.UUID_1, flags=1, stack_size=77, memory_limit=88, hwcap=99)
    made = lay_out(standin.runtime(), program, config, b"the policy")
    elf = Elf.parse(made.elf, "TA")
    raw = elf.bytes_at(standin.DATA_ADDRESS, container.CONFIG_SIZE)
    assert raw is not None
    values = dict(
        zip((n for _, n in container.CONFIG.fields), container.CONFIG.struct.unpack_from(raw), strict=False)
    )
    base = made.images[0].base
    assert base % 65536 == 0
    assert values["magic"] == container.CONFIG_MAGIC
    assert (values["flags"], values["stack_size"], values["memory_limit"], values["hwcap"]) == (1, 77, 88, 99)
    assert values["entry"] == values["program_entry"] == base + program.entry
    assert (values["interpreter_base"], values["image_count"]) == (0, 1)
    assert elf.bytes_at(values["policy"], values["policy_size"]) == b"the policy"
    headers = elf.bytes_at(values["phdr"], 56 * values["phnum"])
    assert headers is not None
    rows = list(abi.PHDR.iter_unpack(headers))
    assert {row[7] for row in rows if row[0] == abi.PT_LOAD} == {4096}
    assert all(row[6] <= 128 << 10 for row in rows if row[0] == abi.PT_GNU_STACK)
    segments = [
        container.SEGMENT.struct.unpack_from(raw, container.CONFIG.size + i * container.SEGMENT.size)
        for i in range(values["segment_count"])
    ]
    assert [s[0] for s in segments] == [base + abi.page_floor(load.address) for load in program.loads]
    assert [s[0] + s[1] for s in segments] == [base + abi.page_ceil(load.end) for load in program.loads]
    assert {(s[2], s[3]) for s in segments} == {(1, 0), (5, 0), (3, 0)}
    at = container.CONFIG.size + container.MAX_SEGMENTS * container.SEGMENT.size
    image = container.IMAGE.struct.unpack_from(raw, at)
    assert image[:3] == (base, program.span, len(program.data))
    assert image[3].rstrip(b"\0") == b"prog"
    assert made.memory == sum(abi.page_ceil(load.memory_size) for load in elf.loads)


LIBRARY = "int twice(int x) { return 2 * x; }"
USER = "int twice(int); int main(int argc, char **argv) { return twice(argc); }"
LINKER = 'asm(".global _start\\n _start: mov x8, #222\\n svc #0\\n ret\\n");'


def dynamic_set() -> list[Elf]:
    """A dynamic program with a stand-in for musl (interpreter and C library in one) and a library."""
    library = programs.build_bare(LIBRARY, "-shared", "-Wl,-soname,libtwice.so.1")
    interpreter = programs.build_bare(LINKER, "-shared", "-Wl,-soname,libc.so", "-Wl,-e,_start")
    path = programs.path_bare(LIBRARY, "-shared", "-Wl,-soname,libtwice.so.1").with_suffix(".so")
    path.write_bytes(library)  # the linker goes by the name
    program = programs.build_bare(USER, "-pie", "-Wl,-dynamic-linker,/lib/libc.so", str(path))
    return [
        Elf.parse(program, "user"),
        Elf.parse(interpreter, "/lib/libc.so"),
        Elf.parse(library, "x/libtwice.so.1"),
    ]


def test_several_images_lie_side_by_side() -> None:
    elves = dynamic_set()
    made = lay_out(standin.runtime(), elves, ContainerConfig(standin.UUID_1), b"")
    check_ldelf(made.elf)
    assert [image.elf.name for image in made.images] == ["user", "/lib/libc.so", "x/libtwice.so.1"]
    for before, after in pairwise(made.images):
        assert before.base + before.elf.span <= after.base
    done = Elf.parse(made.elf, "TA").bytes_at(standin.DATA_ADDRESS, container.CONFIG.size)
    assert done is not None
    values = container.CONFIG.struct.unpack(done)
    assert values[3] == made.images[1].base + elves[1].entry
    assert values[8] == made.images[1].base


def test_missing_interpreter_is_named() -> None:
    program = dynamic_set()[0]
    with pytest.raises(ImageError, match=r"libc\.so, libtwice\.so\.1 is not at hand"):
        build(standin.runtime(), program, ContainerConfig(standin.UUID_1), b"")


@pytest.mark.parametrize(
    "symbols", [{"eh_config": 0x10000}, {"ta_head": 4}, {"_ta_entry": 0x900}], ids=lambda s: next(iter(s))
)
def test_misplaced_runtime_symbol_is_refused(symbols: dict[str, int]) -> None:
    with pytest.raises(ImageError, match="outside its section"):
        RuntimeImage.parse(standin.runtime_elf(**symbols))
