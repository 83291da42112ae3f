# SPDX-License-Identifier: BSD-2-Clause
"""Python TAs, packed with an interpreter, on the real OP-TEE in its stock build."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfhaven.normal.client import MemRef, Value
from elfhaven.sdk import c_ta
from elfhaven.sdk.new import new_project
from elfhaven.sdk.ta_pack import pack_class
from elfhaven.target.qemu import parts
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.target import Qemu
from tests.conformance.test_python_ta import EXPECTED
from tests.support import zig
from tests.support.packed import NAMES, play_project
from tests.unit.python_ta.tas import HelloWorld

from .stored import captured

CLIENT = Path(__file__).parents[1] / "conformance" / "libteec_client.c"
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_of_an_example_hold(machine: Machine, name: str, tmp_path: Path) -> None:
    play_project(name, tmp_path / name, machine.name)


def test_a_client_over_libteec_in_the_guest(machine: Machine, tmp_path: Path) -> None:
    packed = pack_class(HelloWorld, tmp_path / "hello.ta", sign="optee-default")
    program = zig.compile_program(
        CLIENT.read_text(),
        target="aarch64-linux-gnu",
        flags=("-O1", "-w", str(parts.guest(print) / "usr/lib/aarch64-linux-gnu/libteec.so.2")),
    )
    with Qemu(machine, "stock", print, {packed.uuid: packed.path.read_bytes()}):
        script = "cat > /tmp/client && chmod +x /tmp/client && /tmp/client 41"
        status, out, errors = captured(machine, ("sh", "-c", script), program.read_bytes())
    assert (status, out.decode(), errors) == (0, EXPECTED, b"")


def test_a_ta_in_c(machine: Machine, tmp_path: Path) -> None:
    """A new project's TA, built with ziglang alone."""
    new_project(tmp_path / "my-ta", c=True)
    images = c_ta.images(tmp_path / "my-ta")
    with Qemu(machine, "stock", print, images) as target, target.context.open_session(*images) as session:
        (value,) = session.invoke(0, Value.inout(41))
        assert isinstance(value, Value)
        assert value.a == 42
        assert session.invoke(1, MemRef.input(b"you"), MemRef.output(64)) == [None, b"Hello, you"]


def test_cpython_where_memory_allows(large: Machine, tmp_path: Path) -> None:
    packed = pack_class(HelloWorld, tmp_path / "hello.ta", sign="optee-default", interpreter="python")
    images = {packed.uuid: packed.path.read_bytes()}
    with Qemu(large, "large", print, images) as target, target.context.open_session(packed.uuid) as session:
        assert session.invoke(1, MemRef.input(b"C"), MemRef.output(16))[1] == b"hello C"
