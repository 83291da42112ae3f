# SPDX-License-Identifier: BSD-2-Clause
"""Builds the llama program with ziglang: `python build.py [--target TRIPLE] [-o OUT]`."""

import argparse
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("llama.c", "model.c", "tokenizer.c")
TARGETS = ("aarch64-linux-musl", "x86_64-linux-musl")

# No fused multiply-add, no reassociation: the same bits on every processor.
CODE = ("-std=c11", "-D_GNU_SOURCE", "-O3", "-ffp-contract=off", "-fno-sanitize=all", "-fPIE")
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-Werror")
LINK = ("-static", "-pie", "-Wl,--strip-debug")


def host_target() -> str:
    """The target whose programs run on this machine; raises ValueError when there is none."""
    target = f"{platform.machine()}-linux-musl"
    if target not in TARGETS:
        raise ValueError(f"no target for {platform.machine()}: this example knows {', '.join(TARGETS)}")
    return target


def build(out: Path, target: str = TARGETS[0]) -> Path:
    """Compiles a static position-independent executable to `out` and returns it.

    Raises subprocess.CalledProcessError when the compiler refuses; it has said why on stderr.
    """
    sources = [str(HERE / name) for name in SOURCES]
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target]
    subprocess.run([*compiler, *CODE, *WARNINGS, *LINK, *sources, "-o", str(out), "-lm"], check=True)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its status is 0, or 1 when the compiler failed."""
    parser = argparse.ArgumentParser(description="build the llama example with ziglang")
    parser.add_argument("--target", choices=TARGETS, default=TARGETS[0])
    parser.add_argument("-o", "--out", type=Path, default=HERE / "llama")
    options = parser.parse_args(arguments)
    try:
        print(build(options.out, options.target))
    except subprocess.CalledProcessError:
        print("build.py: the compiler failed, see above", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
