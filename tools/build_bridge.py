# SPDX-License-Identifier: BSD-2-Clause
"""Build bridge/ with ziglang into src/elfhaven/bridge.elf, a static aarch64 Linux program; print its size.

    python tools/build_bridge.py [--output FILE] [--target TRIPLE]

The same sources give the same bytes. Another target serves tests on the host.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BRIDGE = ROOT / "bridge"
OUTPUT = ROOT / "src" / "elfhaven" / "bridge.elf"
FLAGS = (
    *("-std=c11", "-O2", "-static", "-s", "-D_GNU_SOURCE", "-fno-sanitize=all", "-fstack-protector-strong"),
    *("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wno-sign-conversion"),
)


def build(
    output: Path = OUTPUT,
    target: str = "aarch64-linux-musl",
    replace: Mapping[str, Path] | None = None,
    flags: Sequence[str] = (),
) -> int:
    """Compile and link; the bytes of the program. Raises RuntimeError with what the compiler printed.

    `replace` gives another file for a source by its name; `flags` come last.
    """
    replaced = replace or {}
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / "bridge.elf"
        sources = [str(replaced.get(path.name, path)) for path in sorted(BRIDGE.glob("*.c"))]
        command = [
            sys.executable,
            "-m",
            "ziglang",
            "cc",
            "-target",
            target,
            *FLAGS,
            *flags,
            "-I.",
            *sources,
            "-o",
            str(made),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=BRIDGE)
        if done.returncode:
            raise RuntimeError(f"the bridge cannot be built:\n{done.stderr}{done.stdout}")
        data = made.read_bytes()
    if not output.exists() or output.read_bytes() != data:
        output.write_bytes(data)
        output.chmod(0o755)
    return len(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--target", default="aarch64-linux-musl")
    options = parser.parse_args()
    try:
        print(build(options.output, options.target), "bytes")
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
