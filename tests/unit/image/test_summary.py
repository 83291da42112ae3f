# SPDX-License-Identifier: BSD-2-Clause
"""What `inspect` can say of a file."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from tests.unit.image import programs

from elfhaven.abi import elf as abi
from elfhaven.image.frames import Frames
from elfhaven.image.reader import Elf
from elfhaven.image.summary import summarise


def test_static_program() -> None:
    elf = Elf.parse(programs.build(programs.HELLO, "-Wl,--build-id=sha1"), "hello")
    made = summarise(elf)
    assert (made.type, made.machine) == ("static program (static-PIE)", "AArch64")
    assert (made.interpreter, made.needed, made.soname) == (None, (), None)
    assert made.build_id is None or re.fullmatch("[0-9a-f]{40}", made.build_id)
    assert not made.stripped
    assert made.memory >= sum(load.memory_size for load in elf.loads)
    assert made.refusal is None
    assert 66 in made.calls


def test_stripped_library() -> None:
    raw = programs.build_bare(
        "int f(void) { return 1; }", "-shared", "-Wl,-soname,libf.so.3", *programs.STRIP
    )
    made = summarise(Elf.parse(raw, "f"))
    assert (made.type, made.soname, made.stripped, made.calls) == ("shared library", "libf.so.3", True, ())


def test_refusal_is_part_of_the_summary() -> None:
    raw = bytearray(programs.build(programs.HELLO))
    struct.pack_into("<H", raw, 16, abi.ET_EXEC)
    made = summarise(Elf.parse(bytes(raw), "hello"))
    assert made.type.startswith("fixed-address")
    assert made.sites is None
    assert "static-pie" in str(made.refusal)


def test_build_id_is_read_from_the_notes() -> None:
    raw = bytearray(programs.build(programs.HELLO))
    elf = Elf.parse(bytes(raw), "hello")
    stack = elf.segment(abi.PT_GNU_STACK)
    assert stack is not None
    note = struct.pack("<III4s4s", 4, 4, abi.NT_GNU_BUILD_ID, b"GNU\0", b"\1\2\3\4")
    struct.pack_into("<IIQQQQ", raw, 64 + 56 * stack.index, abi.PT_NOTE, 4, len(raw), 0, 0, len(note))
    assert summarise(Elf.parse(bytes(raw + note), "hello")).build_id == "01020304"


@pytest.mark.skipif(shutil.which("readelf") is None, reason="no readelf on this host")
def test_function_ranges_are_those_of_readelf(tmp_path: Path) -> None:
    raw = programs.build(programs.HELLO, *programs.STRIP)
    path = tmp_path / "hello"
    path.write_bytes(raw)
    done = subprocess.run(
        ["readelf", "--debug-dump=frames", str(path)], capture_output=True, text=True, check=True
    )
    ranges = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"pc=([0-9a-f]+)\.\.([0-9a-f]+)", done.stdout)]
    assert len(ranges) > 50
    frames = Frames(Elf.parse(raw, "hello"))
    for start, end in ranges:
        function = frames.at(end - 4)
        assert function is not None
        assert (function.start, function.end) == (start, end)
    assert frames.at(min(ranges)[0] - 4) is None
