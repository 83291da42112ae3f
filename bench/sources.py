# SPDX-License-Identifier: BSD-2-Clause
"""The kernels' programs: one source each, compiled with the same options for every machine.

Lua, SQLite and libzstd come as Debian's source packages, fetched and checked by apt; they stay in the user's
cache.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.debian_source import fetch_source
from tests.support import zig

from bench.compilers import Compiler
from bench.yardsticks import ROOT

KERNELS = ROOT / "bench" / "programs" / "kernels"
LLAMA = ROOT / "examples" / "llama"

# No fused multiply-add but where it is asked for: the same bits on every processor.
SAME_BITS = ("-O3", "-ffp-contract=off")
FAST = ("-Ofast",)
_ALWAYS = ("-D_GNU_SOURCE", "-w", "-Wl,--strip-debug")
_SQLITE = ("-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION")
_ZSTD = ("-DZSTD_DISABLE_ASM=1", "-DZSTD_LEGACY_SUPPORT=0")
_LUA = ("-std=gnu99", "-DLUA_USE_POSIX", "-Dluai_makeseed(L)=0")


@dataclass(frozen=True)
class Source:
    """What a program is made of."""

    files: tuple[Path, ...]
    flags: tuple[str, ...]
    headers: tuple[Path, ...] = ()

    def build(self, compiler: Compiler, machine: str) -> Path:
        """The program for a machine; made once for the same files, flags and compiler."""
        words = [*compiler.commands[machine], *compiler.flags, *_ALWAYS, *self.flags]
        digest = hashlib.sha256("\0".join((compiler.version, *words)).encode())
        for path in (*self.files, *self.headers):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        made = zig.cache() / "kernels" / digest.hexdigest()[:24]
        if not made.exists():
            made.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=made.parent) as work:
                out = Path(work) / "program"
                _compile([*words, *map(str, self.files), "-o", str(out), "-lm"], compiler.environment)
                out.rename(made)
        return made


def _compile(command: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    if done.returncode:
        raise SystemExit(f"bench: the compiler refuses {command[-4]}:\n{done.stderr}")


def own(name: str) -> Source:
    """A kernel of one file of our own."""
    return Source((KERNELS / f"{name}.c",), SAME_BITS, (KERNELS / "kernel.h",))


def llama(options: tuple[str, ...]) -> Source:
    """The llama example."""
    files = tuple(LLAMA / name for name in ("llama.c", "model.c", "tokenizer.c"))
    return Source(files, ("-std=c11", *options), (LLAMA / "model.h", LLAMA / "tokenizer.h"))


def lua() -> Source:
    files = [path for path in _example("lua") if path.name != "lua.c"]
    return _foreign("lua.c", files, files[0].parent, _LUA)


def sqlite() -> Source:
    files = [path for path in _example("sqlite") if path.name == "sqlite3.c"]
    return _foreign("sqlite.c", files, files[0].parent, _SQLITE)


def zstd() -> Source:
    library = fetch_source("libzstd", "trixie") / "lib"
    parts = ("common", "compress", "decompress")
    files = sorted(path for part in parts for path in (library / part).glob("*.c"))
    return _foreign("zstd.c", files, library, _ZSTD)


def _foreign(driver: str, files: Sequence[Path], folder: Path, flags: tuple[str, ...]) -> Source:
    known = (*SAME_BITS, *flags, f"-I{folder}")
    return Source((KERNELS / driver, *files), known, (KERNELS / "kernel.h",))


def _example(name: str) -> list[Path]:
    """The files of a foreign example, fetched."""
    command = [sys.executable, str(ROOT / "examples" / "build.py"), name, "--sources"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {done.stderr.strip()}")
    return [Path(line) for line in done.stdout.splitlines()]
