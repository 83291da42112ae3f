# SPDX-License-Identifier: BSD-2-Clause
"""Where there is no native engine: `auto` is the interpreter then, and `native` says what is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from elfhaven.errors import UsageError
from elfhaven.machine.native import host
from elfhaven.target.emulator import ENGINE, chosen_engine

CPU = """processor\t: 0
vendor_id\t: GenuineExample
model name\t: Example 9000
flags\t\t: fpu fma f16c ssse3 sse4_2 aes pclmulqdq sha_ni avx2
cpu MHz\t\t: {mhz}

processor\t: 1
flags\t\t: fpu
"""


def cpuinfo(place: Path, text: str) -> host.Processor:
    path = place / "cpuinfo"
    path.write_text(text)
    return host.processor(path)


def test_the_first_processor_counts(tmp_path: Path) -> None:
    found = cpuinfo(tmp_path, CPU.format(mhz=2000))
    assert all(found.has(name) for name in (*host.NEEDED, "sha"))
    assert not found.has("avx512f")
    assert found == cpuinfo(tmp_path, CPU.format(mhz=1200.5)), "its speed at the moment is no matter"
    assert found.identity != cpuinfo(tmp_path, CPU.replace("9000", "9001")).identity
    assert found.identity != cpuinfo(tmp_path, CPU.replace(" avx2", "")).identity


@pytest.mark.parametrize("text", ["", "processor\t: 0\nFeatures\t: fp asimd aes\n", "flags"])
def test_another_processor_has_nothing(tmp_path: Path, text: str) -> None:
    assert not any(cpuinfo(tmp_path, text).has(name) for name in host.NEEDED)
    assert not host.processor(tmp_path / "none").flags


def test_without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENGINE, raising=False)
    monkeypatch.setattr(host, "find_spec", lambda _name: None)
    assert chosen_engine("auto") == "interpreter"
    with pytest.raises(UsageError, match="needs llvmlite, which is not installed") as caught:
        chosen_engine("native")
    assert "pip install 'elfhaven[native]'" in str(caught.value.fix)


def test_on_another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed: it is what is missing then")
    monkeypatch.setattr(host, "processor", lambda: host.Processor(frozenset({"fma", "aes"}), ""))
    assert chosen_engine("auto") == "interpreter"
    with pytest.raises(UsageError, match=r"x86-64 with f16c, ssse3, sse4.2, pclmul"):
        chosen_engine("native")


def test_the_emulator_does_not_load_llvm() -> None:
    """Neither with the native engine: only the process that compiles does."""
    pytest.importorskip("llvmlite", reason="llvmlite is not installed: nothing could load it")
    program = "import elfhaven.machine.native.engine, sys; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
