# SPDX-License-Identifier: BSD-2-Clause
"""Python TAs packed with an interpreter: the same .ta file that a board runs, on the emulator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from elfhaven.client import BadParameters, Context, MemRef, Value
from elfhaven.errors import PackageError, UsageError
from elfhaven.sdk.root import SUITE, open_root
from elfhaven.sdk.ta_pack import pack_class
from elfhaven.target.qemu import parts
from elfhaven.target.ree import run_client
from elfhaven.target.state import StateDirectory
from tests.conformance.test_python_ta import EXPECTED
from tests.support import zig
from tests.support.packed import EXAMPLES, NAMES, play_project
from tests.unit.python_ta.tas import HelloWorld


@pytest.fixture(autouse=True, scope="module")
def archive() -> None:
    try:
        open_root(None, ["micropython"], SUITE, print)
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")


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


@pytest.mark.timeout(600)
def test_cpython_where_memory_allows(tmp_path: Path) -> None:
    """The same class with Debian's libpython, in the large secure memory."""
    packed = pack_class(HelloWorld, tmp_path / "hello.ta", interpreter="python")
    images = {packed.uuid: packed.path.read_bytes()}
    with (
        Context(images=images, state=tmp_path / "device", memory="large") as tee,
        tee.open_session(packed.uuid) as session,
    ):
        (value,) = session.invoke(0, Value.inout(41))
        assert isinstance(value, Value)
        assert value.a == 42
        assert session.invoke(1, MemRef.input(b"C"), MemRef.output(16))[1] == b"hello C"
        with pytest.raises(BadParameters):
            session.invoke(0, Value(1))
    assert 12 << 20 < packed.memory < 64 << 20


def test_an_interpreter_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="micropython, python"):
        pack_class(HelloWorld, tmp_path / "x.ta", interpreter="perl")


def test_it_is_no_program_to_run(tmp_path: Path) -> None:
    packed = pack_class(HelloWorld, tmp_path / "hello.ta")
    command = (sys.executable, "-m", "elfhaven", "run", str(packed.path))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, "")
    assert "a TA for clients to open sessions with, and no program" in done.stderr
