# SPDX-License-Identifier: BSD-2-Clause
"""Floating point to the last bit and flag, in every mode: interpreted, compiled, and on qemu-aarch64."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.emulator import AT_ONCE
from tests.support import outside, zig

SOURCE = Path(__file__).with_name("floats.c").read_text()
FLAGS = ("-static", "-fPIE", "-pie", "-w", "-ffp-contract=off", "-frounding-math", "-fno-sanitize=all")
CASES = [("interpreter", "-O1"), ("interpreter", "-O3"), ("native", "-O3")]
CASES += [("native", "-O1")] if os.environ.get("ELFHAVEN_WHOLE") else []
LINES = 8 * 72 + 8 + 2

pytestmark = pytest.mark.slow


def on_qemu(program: Path, room: Path) -> list[str]:
    (room / "nothing").touch()
    return outside.run([outside.qemu(), program], room, room / "nothing").stdout.decode().splitlines()


def inside(program: Path, room: Path, engine: str) -> list[str]:
    done = elfhaven.run(program, state=room / "state", cwd=room, env={}, capture=True, engine=engine)
    assert done.stdout is not None
    assert done.status == 0, done.fault
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(("engine", "level"), CASES)
def test_results_and_flags(engine: str, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled from -O1 too with ELFHAVEN_WHOLE=1."""
    if engine == "native" and find_spec("llvmlite") is None:
        pytest.skip("llvmlite is not installed: there is no native tier")
    monkeypatch.setenv(AT_ONCE, "4")
    program = zig.compile_program(SOURCE, flags=(*FLAGS, level))
    want = on_qemu(program, tmp_path)
    assert len(want) == LINES
    pairs = zip(inside(program, tmp_path, engine), want, strict=True)
    assert [(have, wanted) for have, wanted in pairs if have != wanted] == []
