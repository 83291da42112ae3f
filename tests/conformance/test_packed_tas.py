# SPDX-License-Identifier: BSD-2-Clause
"""Python TAs packed with an interpreter: the same .ta file that a board runs, on the emulator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from elfhaven.sdk.ta_pack import pack_class
from elfhaven.target.qemu import parts
from elfhaven.target.ree import run_client
from elfhaven.target.state import StateDirectory
from tests.conformance.test_python_ta import EXPECTED
from tests.support import zig
from tests.support.packed import EXAMPLES, NAMES, play_project
from tests.unit.python_ta.tas import HelloWorld


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_of_an_example_hold_for_the_packed_ta(name: str, tmp_path: Path) -> None:
    play_project(name, tmp_path / name)


@pytest.mark.parametrize(
    "name, why", [("secure_db", "imports sqlite3, which is not in MicroPython"), ("serde", "asdict while")]
)
def test_what_is_not_to_be_had_is_said(name: str, why: str, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "elfhaven", "ta", "pack", "--project", str(EXAMPLES / name))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_libteec(tmp_path: Path) -> None:
    """A plain client in C, over Debian's libteec."""
    system = parts.guest(print)
    device = StateDirectory(tmp_path / "device")
    packed = pack_class(HelloWorld, tmp_path / "hello.ta")
    device.install(packed.uuid, packed.path.read_bytes())
    library = system / "usr/lib/aarch64-linux-gnu/libteec.so.2"
    program = zig.compile_program(
        (Path(__file__).parent / "libteec_client.c").read_text(),
        target="aarch64-linux-gnu",
        flags=("-O1", "-w", str(library)),
    )
    out = bytearray()
    status = run_client(
        str(program),
        [str(program), "41"],
        device=device,
        sysroot=system,
        env={},
        stdout=out.extend,
        stderr=out.extend,
    )
    assert (out.decode(), status) == (EXPECTED, 0)
