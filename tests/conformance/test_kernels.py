# SPDX-License-Identifier: BSD-2-Clause
"""The bench's kernels give inside, compiled at once and interpreted, what a native build of them gives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from bench.compilers import AARCH64, COMPILERS, HERE
from bench.kernels import ALL, Kernel
from bench.sources import KERNELS

import elfhaven
from elfhaven.manifest import Files, Manifest
from elfhaven.target.emulator import AT_ONCE
from tests.support import outside

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # the first run compiles SQLite and libzstd
    pytest.mark.skipif(outside.native_target() is None, reason="this machine runs no native build"),
]
SUITE = [kernel for kernel in ALL if kernel.suite]
# Those of much code: less work, and a block must be met more often before it is compiled.
SMALL = {"sqlite": ("500", "1"), "lua": ("benchmarks.lua", "1", "1")}


def _native(program: Path, kernel: Kernel, words: tuple[str, ...]) -> str:
    command = [str(program), *words]
    return kernel.said(subprocess.run(command, cwd=KERNELS, capture_output=True, text=True).stdout).result


def _inside(program: Path, kernel: Kernel, words: tuple[str, ...], state: Path, engine: str) -> str:
    done = elfhaven.run(
        program,
        *words,
        manifest=Manifest(files=Files(read=("./",))),
        memory="large",
        state=state,
        cwd=KERNELS,
        capture=True,
        engine=engine,
    )
    assert (done.status, done.fault) == (0, None), done.stderr
    assert done.stdout is not None
    return kernel.said(done.stdout.decode()).result


@pytest.mark.parametrize("kernel", SUITE, ids=lambda kernel: kernel.name)
def test_a_kernel_computes_the_same_everywhere(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    programs = kernel.build(COMPILERS["zig"]())
    words = SMALL.get(kernel.name) or kernel.arguments(max(kernel.fewer // 10, 1))
    expected = _native(programs[HERE], kernel, words)
    assert _inside(programs[AARCH64], kernel, words, tmp_path, "interpreter") == expected
    monkeypatch.setenv(AT_ONCE, "1024" if kernel.name in SMALL else "32")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _inside(programs[AARCH64], kernel, words, tmp_path, "native") == expected
