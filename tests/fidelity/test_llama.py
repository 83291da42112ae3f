# SPDX-License-Identifier: BSD-2-Clause
"""The llama example on both places: a small model on stock memory, one of 60 MB on the large build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import elfhaven
from elfhaven.target.qemu.machine import Machine

LLAMA = Path(__file__).resolve().parents[2] / "examples" / "llama"
SHARED = Path(os.environ.get("ELFHAVEN_SHARED") or LLAMA.parents[2] / "shared") / "data"

pytestmark = pytest.mark.timeout(900)  # the large build of OP-TEE is made first, 40 s on an idle machine


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("llama")
    subprocess.run([sys.executable, str(LLAMA / "build.py"), "-o", str(where / "llama")], check=True)
    (where / "elfhaven.toml").write_text('[files]\nread = ["./"]\n')
    elfhaven.pack(
        where / "llama", manifest=where / "elfhaven.toml", output=where / "llama.ta", sign="optee-default"
    )
    return where


def _told(made: Path, target: str, memory: str, *arguments: str) -> bytes:
    done = elfhaven.run(
        made / "llama.ta",
        *arguments,
        target=target,
        memory=memory,
        state=made / "state",
        cwd=made,
        capture=True,
    )
    assert (done.status, done.fault) == (0, None), done.stderr
    assert done.stdout
    return done.stdout


def test_a_small_model_on_stock_memory(machine: Machine, made: Path) -> None:
    if not (SHARED / "stories260K.bin").exists():
        pytest.skip(f"the model stories260K is not in {SHARED}: set ELFHAVEN_SHARED")
    words = (str(SHARED / "stories260K.bin"), "-z", str(SHARED / "tok512.bin"), "-t", "0", "-n", "100")
    manifest = f'[files]\nread = ["{SHARED}/"]\n'
    (made / "elfhaven.toml").write_text(manifest)
    elfhaven.pack(
        made / "llama", manifest=made / "elfhaven.toml", output=made / "llama.ta", sign="optee-default"
    )
    assert _told(made, "qemu", "stock", *words) == _told(made, "emulator", "stock", *words)


def test_a_model_of_60_mb_on_large_memory(large: Machine, made: Path) -> None:
    maker = [
        sys.executable,
        str(LLAMA / "make_checkpoint.py"),
        str(made / "big.bin"),
        str(made / "big-tok.bin"),
    ]
    subprocess.run(maker, check=True, capture_output=True)
    assert (made / "big.bin").stat().st_size > 55 << 20
    (made / "elfhaven.toml").write_text('[files]\nread = ["./"]\n')
    elfhaven.pack(
        made / "llama", manifest=made / "elfhaven.toml", output=made / "llama.ta", sign="optee-default"
    )
    words = ("big.bin", "-z", "big-tok.bin", "-t", "0", "-n", "12")
    assert _told(made, "qemu", "large", *words) == _told(made, "emulator", "large", *words)
