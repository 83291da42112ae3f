# SPDX-License-Identifier: BSD-2-Clause
"""The ELF reader: what it reads is what readelf reads, and what is wrong is refused by name."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.image import programs

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image import accept
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections, read_symbols


@pytest.fixture(scope="module")
def hello() -> bytes:
    return programs.build(programs.HELLO)


def changed(data: bytes, at: int, form: str, *values: int) -> bytes:
    out = bytearray(data)
    struct.pack_into(form, out, at, *values)
    return bytes(out)


def header_of(data: bytes, kind: int, nth: int = 0) -> int:
    """File offset of the nth program header of a type."""
    segments = [s for s in Elf.parse(data, "x").segments if s.type == kind]
    return 64 + 56 * segments[nth].index


def whole_check(data: bytes) -> None:
    elf = Elf.parse(data, "prog")
    accept.check(elf)
    accept.check_entry(elf)


@pytest.mark.skipif(shutil.which("readelf") is None, reason="no readelf on this host")
def test_reads_what_readelf_reads(hello: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hello"
    path.write_bytes(hello)
    text = subprocess.run(
        ["readelf", "-hlSsW", str(path)], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    ).stdout
    elf = Elf.parse(hello, "hello")
    sections = read_sections(elf)
    assert f"Entry point address:               {elf.entry:#x}\n" in text
    loads = re.findall(r"^  LOAD +(\w+) (\w+) \w+ (\w+) (\w+) (...) (\w+)$", text, re.MULTILINE)
    flags = {"R": 4, "W": 2, "E": 1, " ": 0}
    read = [(*(int(v, 16) for v in row[:4]), sum(flags[c] for c in row[4]), int(row[5], 16)) for row in loads]
    assert read == [(s.offset, s.address, s.file_size, s.memory_size, s.flags, s.align) for s in elf.loads]
    rows = re.findall(r"^  \[ *\d+\] (\.\S+) +\w+ +(\w{16}) (\w+) (\w+) ", text, re.MULTILINE)
    assert [(n, int(a, 16), int(o, 16), int(z, 16)) for n, a, o, z in rows] == [
        (s.name, s.address, s.offset, s.size) for s in sections[1:]
    ]
    named = {(s.name, s.value) for s in read_symbols(elf, sections, abi.SHT_SYMTAB)}
    for value, name in re.findall(r"^ +\d+: (\w{16}) +\d+ FUNC +\w+ +\w+ +\d+ (\S+)$", text, re.MULTILINE):
        assert (name, int(value, 16)) in named
    assert len(named) > 100


def test_other_architectures_are_refused_by_name(hello: bytes) -> None:
    arm = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHI", 2, 40, 1) + bytes(100)
    with pytest.raises(ImageError, match="32-bit ELF for 32-bit Arm"):
        Elf.parse(arm, "prog")
    with pytest.raises(ImageError, match="32-bit ELF for 32-bit x86"):
        Elf.parse(arm.replace(b"\x28\0\1", b"\x03\0\1"), "prog")
    with pytest.raises(ImageError, match="for x86-64; only AArch64"):
        Elf.parse(changed(hello, 18, "<H", 62), "prog")
    with pytest.raises(ImageError, match="for RISC-V"):
        Elf.parse(changed(hello, 18, "<H", 243), "prog")
    with pytest.raises(ImageError, match="machine 999"):
        Elf.parse(changed(hello, 18, "<H", 999), "prog")
    with pytest.raises(ImageError, match="big-endian ELF for AArch64"):
        Elf.parse(changed(changed(hello, 5, "B", 2), 18, ">H", 183), "prog")


@pytest.mark.skipif(sys.platform != "linux", reason="the interpreter is no ELF here")
def test_this_interpreter_is_refused() -> None:
    data = Path(sys.executable).read_bytes()
    if data[18:20] == b"\xb7\0":
        pytest.skip("this host is AArch64")
    with pytest.raises(ImageError, match="only AArch64"):
        Elf.parse(data, "python")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an ELF"),
        (b"#!/bin/sh\n", "a script"),
        (b"!<arch>\n" + bytes(100), "not an ELF"),
        (b"\x7fELF", "truncated: 4 bytes"),
        (b"\x7fELF\2\1\1" + bytes(30), "truncated: 37 bytes"),
    ],
)
def test_what_is_no_elf_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        Elf.parse(data, "prog")


def test_fixed_address_is_refused_with_the_way_to_relink(hello: bytes) -> None:
    with pytest.raises(ImageError, match=r"ET_EXEC(.|\n)*-static-pie"):
        whole_check(changed(hello, 16, "<H", 2))


def test_object_file_is_refused(hello: bytes) -> None:
    with pytest.raises(ImageError, match=r"relocatable object"):
        whole_check(changed(hello, 16, "<H", 1))


@pytest.mark.parametrize(
    ("offset", "form", "values", "message"),
    [
        (6, "B", (3,), "ELF version 3"),
        (24, "<Q", (2,), "entry point 0x2"),
        (24, "<Q", (0x7FFFFFFF0000,), "entry point"),
        (32, "<Q", (1 << 63,), "beyond the file's end"),
        (32, "<Q", (0xFFFFFFFFFFFFFFFF,), "beyond the file's end"),
        (52, "<H", (63,), "header size 63"),
        (54, "<H", (32,), "program headers of 32 bytes"),
        (56, "<H", (0,), "0 program headers"),
        (56, "<H", (0xFFFF,), "65535 program headers"),
    ],
)
def test_malformed_header_is_refused(
    hello: bytes, offset: int, form: str, values: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        whole_check(changed(hello, offset, form, *values))


@pytest.mark.parametrize(
    ("nth", "field", "form", "value", "message"),
    [
        (0, 4, "<I", 7, "writable and executable"),
        (0, 8, "<Q", 1 << 62, "truncated"),
        (0, 8, "<Q", 4, "differ within a page"),
        (0, 16, "<Q", 1 << 41, "beyond any address"),
        (0, 32, "<Q", 1 << 50, "truncated"),
        (0, 40, "<Q", 1, "exceeds its memory size"),
        (0, 48, "<Q", 3, "no power of two"),
        (0, 40, "<Q", 1 << 20, "overlap"),
        (-1, 40, "<Q", 1 << 35, "MiB of addresses"),
        (1, 16, "<Q", 0x1000, "overlap|out of order|differ"),
    ],
)
def test_malformed_segment_is_refused(
    hello: bytes, nth: int, field: int, form: str, value: int, message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        whole_check(changed(hello, header_of(hello, abi.PT_LOAD, nth) + field, form, value))


def test_segments_on_one_page_are_refused(hello: bytes) -> None:
    first = header_of(hello, abi.PT_LOAD, 0)
    size = Elf.parse(hello, "x").loads[1].address - 8
    with pytest.raises(ImageError, match=r"share the page(.|\n)*max-page-size"):
        whole_check(changed(hello, first + 40, "<Q", size))


def test_no_loaded_segment_is_refused(hello: bytes) -> None:
    data = hello
    for load in Elf.parse(hello, "x").loads:
        data = changed(data, 64 + 56 * load.index, "<I", 0)
    with pytest.raises(ImageError, match="no PT_LOAD"):
        whole_check(data)


def test_unloaded_program_headers_are_refused(hello: bytes) -> None:
    count = len(Elf.parse(hello, "x").segments)
    moved = hello + hello[64 : 64 + 56 * count]
    with pytest.raises(ImageError, match="in no loaded segment"):
        whole_check(changed(moved, 32, "<Q", len(hello)))


def test_text_relocations_are_refused(hello: bytes) -> None:
    elf = Elf.parse(hello, "x")
    dynamic = elf.segment(abi.PT_DYNAMIC)
    assert dynamic is not None
    with pytest.raises(ImageError, match="DT_TEXTREL"):
        whole_check(changed(hello, dynamic.offset, "<qQ", abi.DT_TEXTREL, 0))


def test_endless_dynamic_section_is_refused(hello: bytes) -> None:
    at = header_of(hello, abi.PT_DYNAMIC)
    with pytest.raises(ImageError, match="malformed dynamic section"):
        whole_check(changed(hello, at + 32, "<QQ", 32, 32))


def test_truncation_at_any_point_of_the_headers_is_refused(hello: bytes) -> None:
    for size in range(64 + 56 * 12):
        with pytest.raises(ImageError):
            Elf.parse(hello[:size], "prog")


@pytest.mark.parametrize(
    ("offset", "form", "value"),
    [(40, "<Q", 1 << 63), (58, "<H", 1), (60, "<H", 0xFFFF), (62, "<H", 0xFFFF), (40, "<Q", 5)],
)
def test_broken_section_table_is_left_out(hello: bytes, offset: int, form: str, value: int) -> None:
    elf = Elf.parse(changed(hello, offset, form, value), "prog")
    accept.check(elf)
    assert all(section.name == "" for section in read_sections(elf))
