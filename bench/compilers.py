# SPDX-License-Identifier: BSD-2-Clause
"""The kernels' compilers, each for this machine and for aarch64: zig's clang with musl, or gcc with glibc."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import outside, zig

from elfhaven.packages.fetch import fetch, host_architecture, host_suite, private_apt

HERE = "here"
AARCH64 = "aarch64"
MACHINES = (HERE, AARCH64)
_CROSS = ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross")


@dataclass(frozen=True)
class Compiler:
    """`commands` and `environment` by machine; programs are static and position-independent."""

    name: str
    version: str
    flags: tuple[str, ...]
    commands: dict[str, tuple[str, ...]] = field(hash=False)
    environment: dict[str, str] = field(hash=False)


def _zig() -> Compiler:
    native = outside.native_target()
    if native is None:
        raise SystemExit("bench: the native yardstick needs x86-64 or aarch64 Linux")
    words = (sys.executable, "-m", "ziglang", "cc", "-target")
    cache = str(zig.cache() / "zig")
    return Compiler(
        "zig",
        f"clang of zig {importlib.metadata.version('ziglang')}, musl",
        ("-fno-sanitize=all", "-static", "-fPIE", "-pie"),
        {HERE: (*words, native), AARCH64: (*words, zig.AARCH64)},
        {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
    )


def _gcc() -> Compiler:
    """This machine's own gcc, and the cross compiler of its distribution, fetched and not installed."""
    here = shutil.which("gcc")
    if here is None:
        raise SystemExit(
            "bench: there is no gcc for the native yardstick: install gcc, or take --compiler zig"
        )
    apt = private_apt(host_suite(), host_architecture())
    apt.update()
    tree = fetch([missing.package for missing in apt.missing(*_CROSS)])
    command = tree / "usr" / "bin" / "aarch64-linux-gnu-gcc"
    version = subprocess.run([command, "-dumpfullversion"], capture_output=True, text=True, check=True).stdout
    return Compiler(
        "gcc",
        f"gcc {version.strip()}, glibc",
        ("-static-pie", "-fPIE"),
        {HERE: (here,), AARCH64: (str(command),)},
        {"LD_LIBRARY_PATH": _libraries(tree)},
    )


def _libraries(tree: Path) -> str:
    return ":".join(sorted({str(path.parent) for path in (tree / "usr" / "lib").glob("*-linux-gnu/*.so*")}))


COMPILERS: dict[str, Callable[[], Compiler]] = {"zig": _zig, "gcc": _gcc}
