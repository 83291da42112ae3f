# SPDX-License-Identifier: BSD-2-Clause
"""A program without a library: it is not asked for any more, and what came from it may be missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.image.test_libraries import make_elf

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections
from elfhaven.image.without import without

PROGRAM = "int one(void), two(void);\nint main(void) { return one() + two(); }\n"


def linked(directory: Path, name: str, source: str, *flags: str) -> Path:
    (directory / f"{name}.c").write_text(source)
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl", *flags, f"{name}.c"]
    subprocess.run([*command, "-o", name], cwd=directory, check=True, capture_output=True)
    return directory / name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Elf, Elf, Elf]:
    """A program and the two libraries that it calls."""
    place = tmp_path_factory.mktemp("linked")
    libraries = [
        linked(
            place,
            f"lib{name}.so",
            f"int {name}(void) {{ return 1; }}\n",
            "-shared",
            f"-Wl,-soname,lib{name}.so",
        )
        for name in ("one", "two")
    ]
    program = linked(place, "program", PROGRAM, "-dynamic", "-fPIE", "-pie", *map(str, libraries))
    first, second = (Elf.parse(path.read_bytes(), path.name) for path in libraries)
    return Elf.parse(program.read_bytes(), "program"), first, second


def bindings(elf: Elf) -> dict[str, int]:
    """STB_* of the undefined symbols."""
    sections = read_sections(elf)
    table = next(section for section in sections if section.type == abi.SHT_DYNSYM)
    strings = elf.data[sections[table.link].offset :]
    rows = abi.SYM.iter_unpack(elf.data[table.offset : table.offset + table.size])
    return {
        strings[name : strings.index(b"\0", name)].decode(): info >> 4
        for name, info, _, section, *_ in rows
        if section == abi.SHN_UNDEF and name
    }


def test_one_library_less(built: tuple[Elf, Elf, Elf]) -> None:
    program, first, _ = built
    made = without(program, [first])
    assert set(Dynamic(program).needed) - set(Dynamic(made).needed) == {"libone.so"}
    assert "libtwo.so" in Dynamic(made).needed
    before, after = bindings(program), bindings(made)
    assert (before["one"], before["two"]) == (1, 1)
    assert (after["one"], after["two"]) == (abi.STB_WEAK, 1)
    assert len(made.data) == len(program.data)


def test_none_less_changes_nothing(built: tuple[Elf, Elf, Elf]) -> None:
    program = built[0]
    assert without(program, []).data == program.data


def test_a_program_without_symbols() -> None:
    bare = Elf.parse(make_elf(None, ("libone.so",), None, ""), "bare")
    with pytest.raises(ImageError, match="no table of dynamic symbols"):
        without(bare, [])
