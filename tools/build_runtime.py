# SPDX-License-Identifier: BSD-2-Clause
"""Build runtime/ with ziglang into src/elfhaven/runtime.elf; print its size in lines and bytes.

    python tools/build_runtime.py [--output FILE] [--objects DIRECTORY]

The same sources give the same bytes. The build fails when an object needs a relocation at run time (an
absolute address, a GOT entry) or when C code uses an FP register: see runtime/rt.h.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import object_file  # noqa: E402

RUNTIME = ROOT / "runtime"
OUTPUT = ROOT / "src" / "elfhaven" / "runtime.elf"
TARGET = ("-target", "aarch64-freestanding-none")
COMMON = (*TARGET, "-ffreestanding", "-fPIC", "-fvisibility=hidden", "-g0")
WARNINGS = ("-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror")
C_FLAGS = (
    "-std=c11",
    "-Os",
    "-mcpu=generic-neon-fp_armv8",
    "-mno-outline-atomics",
    "-mstrict-align",
    "-fno-sanitize=all",
    "-fno-stack-protector",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-fno-strict-aliasing",
    *WARNINGS,
)


class BuildError(Exception):
    """The runtime cannot be built; the message says why."""


def zig(*arguments: str | Path) -> None:
    """Run ziglang's compiler driver. Raises BuildError with what it printed."""
    command = [sys.executable, "-m", "ziglang", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=RUNTIME)
    if done.returncode:
        raise BuildError(f"{' '.join(map(str, arguments[:3]))}...\n{done.stderr}{done.stdout}")


def sources() -> list[Path]:
    return sorted([*RUNTIME.glob("*.c"), *RUNTIME.glob("*.S"), *RUNTIME.glob("generated/*.S")])


def compile_one(source: Path, directory: Path) -> Path:
    target = directory / (source.stem + ("" if source.suffix == ".c" else "_s") + ".o")
    flags = C_FLAGS if source.suffix == ".c" else ()
    if source.name == "string.c":
        flags = (*flags, "-fno-builtin")
    zig("cc", *COMMON, *flags, "-c", source.relative_to(RUNTIME), "-o", target)
    return target


def build(output: Path = OUTPUT, objects: Path | None = None) -> dict[str, int]:
    """Compile and link. Bytes of text, data and bss. Raises BuildError."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = objects or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda source: compile_one(source, directory), sources()))
        wrong = [line for path in made for line in object_file.absolute_relocations(path)]
        if wrong:
            raise BuildError("the runtime must not need relocation:\n" + "\n".join(wrong))
        linked = directory / "runtime.elf"
        zig(
            "ld.lld",
            "-static",
            "--no-dynamic-linker",
            "-z",
            "max-page-size=4096",
            "--build-id=none",
            "-T",
            RUNTIME / "runtime.lds",
            *made,
            "-o",
            linked,
        )
        data = linked.read_bytes()
    if not output.exists() or output.read_bytes() != data:
        output.write_bytes(data)
    return sizes(output)


def sizes(path: Path) -> dict[str, int]:
    found = {section.name: section.size for section in object_file.sections(path.read_bytes())}
    return {name: found.get(f".{name}", 0) for name in ("text", "data", "bss")}


def lines() -> int:
    """Lines of C and assembly that people wrote."""
    files = [path for suffix in ("*.c", "*.h", "*.S") for path in RUNTIME.glob(suffix)]
    return sum(len(path.read_text().splitlines()) for path in files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--objects", type=Path, help="keep the object files here")
    options = parser.parse_args()
    try:
        made = build(options.output, options.objects)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(" ".join(f"{name} {size}" for name, size in made.items()), f"bytes, {lines()} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
