# SPDX-License-Identifier: BSD-2-Clause
"""Compile C and C++ test programs with ziglang, cached by content."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

AARCH64 = "aarch64-linux-musl"
X86_64 = "x86_64-linux-musl"
STATIC_PIE = ("-static", "-fPIE", "-pie", "-O1", "-w", "-fno-sanitize=all")


def cache() -> Path:
    """Where compiled programs and zig's own cache lie between runs."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "elfhaven" / "tests"
    root.mkdir(parents=True, exist_ok=True)
    return root


def compile_program(
    source: str, *, target: str = AARCH64, flags: Sequence[str] = STATIC_PIE, suffix: str = ".c"
) -> Path:
    """The executable made from `source`; compiled once for the same source, target and flags."""
    key = hashlib.sha256("\0".join((source, target, *flags, suffix)).encode()).hexdigest()[:24]
    made = cache() / "programs" / key
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.parent) as work:
        text = Path(work) / f"program{suffix}"
        text.write_text(source)
        out = Path(work) / "program"
        _zig("c++" if suffix != ".c" else "cc", "-target", target, *flags, str(text), "-o", str(out), "-lm")
        out.rename(made)
    return made


def _zig(*args: str) -> None:
    zig_cache = str(cache() / "zig")
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache}
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *args], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise RuntimeError(f"zig {' '.join(args)} failed:\n{done.stderr}")
