# SPDX-License-Identifier: BSD-2-Clause
"""The tests of an example, played on its packed TAs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "ta"
NAMES = ("hello_world", "authentication", "secure_storage", "signature_verification", "inter_ta")


def play_project(name: str, copy: Path, machine: str | None = None) -> None:
    """Packs a copy of the example, and runs its tests with the packed files on the emulator or a machine."""
    shutil.copytree(EXAMPLES / name, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).parent / "packed_conftest.py", copy / "conftest.py")
    (copy / "packed").mkdir()
    command = (
        sys.executable,
        "-m",
        "elfhaven",
        "ta",
        "pack",
        "--project",
        str(copy),
        "--sign",
        "optee-default",
    )
    path = {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run(command, cwd=copy / "packed", env=os.environ | path, check=True, capture_output=True)
    words = {"PACKED_TAS": str(copy / "packed"), **({"PACKED_MACHINE": machine} if machine else {})}
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"),
        cwd=copy,
        env=os.environ | path | words,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
