# SPDX-License-Identifier: BSD-2-Clause
"""A client built against Debian's libteec talks to a Python TA."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfhaven.errors import PackageError
from elfhaven.ta import python_ta
from elfhaven.target.qemu import parts
from elfhaven.target.ree import run_client
from elfhaven.target.state import StateDirectory
from tests.support import zig
from tests.unit.python_ta.tas import HelloWorld

EXPECTED = """\
context 0
session 0
increment 0 42
greet 0 7 hello C
wrong ffff0006 from 4
"""


def test_libteec(tmp_path: Path) -> None:
    try:
        system = parts.guest(print)
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")
    (library,) = sorted(system.glob("usr/lib/aarch64-linux-gnu/libteec.so.2"))
    program = zig.compile_program(
        (Path(__file__).parent / "libteec_client.c").read_text(),
        target="aarch64-linux-gnu",
        flags=("-O1", "-w", str(library)),
    )
    out = bytearray()
    status = run_client(
        str(program),
        [str(program), "41"],
        device=StateDirectory(tmp_path / "device"),
        sysroot=system,
        env={},
        stdout=out.extend,
        stderr=out.extend,
        hosted_tas=[python_ta(HelloWorld)],
    )
    assert (out.decode(), status) == (EXPECTED, 0)
