# SPDX-License-Identifier: BSD-2-Clause
"""The runtime as it is built: nothing to relocate, no FP registers in C, generated files without drift."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import capstone
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import build_runtime  # noqa: E402
import generate  # noqa: E402
import object_file  # noqa: E402

TEXT_LIMIT = 144 << 10  # bytes: what the trusted base costs every program


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("objects")
    build_runtime.build(directory / "first.elf", directory)
    return directory


def instructions(path: Path) -> list[str]:
    data = path.read_bytes()
    machine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN)
    machine.skipdata = True
    found = []
    for section in object_file.sections(data):
        if section.name.startswith(".text"):
            code = data[section.offset : section.offset + section.size]
            found += [f"{i.mnemonic} {i.op_str}" for i in machine.disasm(code, 0)]
    return found


def fp_operands(lines: list[str]) -> list[str]:
    """Lines that name a q, d, s, v or b register."""
    words = (line.replace(",", " ").replace("[", " ").replace("{", " ").split() for line in lines)
    return [
        " ".join(line)
        for line in words
        if any(word[0] in "qdsvbh" and word[1:].split(".")[0].isdigit() for word in line[1:])
    ]


def test_c_code_uses_no_fp_register(objects: Path) -> None:
    c_objects = [objects / f"{source.stem}.o" for source in (ROOT / "runtime").glob("*.c")]
    assert len(c_objects) > 15
    for path in c_objects:
        lines = instructions(path)
        assert lines
        assert fp_operands(lines) == []


def test_the_check_for_fp_registers_can_fail(objects: Path) -> None:
    assert fp_operands(instructions(objects / "entry_s.o"))


def test_an_absolute_address_is_found(tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("extern int x; int *p = &x;\n")
    build_runtime.zig("cc", *build_runtime.COMMON, "-c", tmp_path / "bad.c", "-o", tmp_path / "bad.o")
    assert list(object_file.absolute_relocations(tmp_path / "bad.o")) == ["bad.o: ABS64 at .data+0x0"]


def test_the_same_sources_give_the_same_bytes(objects: Path, tmp_path: Path) -> None:
    build_runtime.build(tmp_path / "second.elf")
    assert (tmp_path / "second.elf").read_bytes() == (objects / "first.elf").read_bytes()


def test_the_runtime_is_small(objects: Path) -> None:
    assert build_runtime.sizes(objects / "first.elf")["text"] < TEXT_LIMIT


def test_only_text_data_and_bss_are_loaded(objects: Path) -> None:
    loaded = [s.name for s in object_file.sections((objects / "first.elf").read_bytes()) if s.flags & 2]
    assert loaded == [".text", ".data", ".bss"]


def test_generated_files_are_what_the_tables_say() -> None:
    drifted = [name for name, make in generate.OUTPUTS.items() if (ROOT / name).read_text() != make()]
    assert drifted == []
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "generate.py"), "--check"])
    assert done.returncode == 0
