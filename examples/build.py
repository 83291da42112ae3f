# SPDX-License-Identifier: BSD-2-Clause
"""Builds an example with ziglang: `python examples/build.py NAME` prints the path of the executable.

Every program is a static position-independent executable of Linux. It lies in the user's cache and is built
again only when a source, a flag or the compiler has changed. Sources of other people's programs are fetched
as Debian's source packages and stay in the cache too.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.metadata
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = ("aarch64-linux-musl", "x86_64-linux-musl")

STATIC_PIE = ("-static", "-fPIE", "-pie", "-Wl,--strip-debug")
OWN = ("-O2", "-fno-sanitize=all", "-Wall", "-Wextra", "-Werror")
FOREIGN = ("-O2", "-fno-sanitize=all", "-w")
SQLITE = (
    "-DSQLITE_THREADSAFE=0",
    "-DSQLITE_OMIT_LOAD_EXTENSION",
    "-DSQLITE_ENABLE_FTS5",
    "-DSQLITE_ENABLE_MATH_FUNCTIONS",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one example is made. `sources` finds its files, and fetches them where they are not ours."""

    program: str
    compiler: str
    flags: tuple[str, ...]
    sources: Callable[[], Sequence[Path]]


def _own(*names: str) -> Callable[[], Sequence[Path]]:
    return lambda: [HERE / name for name in names]


def _lua() -> Sequence[Path]:
    from debian_source import fetch_source

    sources = (fetch_source("lua5.4", "trixie") / "src").glob("*.c")
    return sorted(path for path in sources if path.name != "luac.c")


def _sqlite() -> Sequence[Path]:
    """SQLite's two generated files; the Tcl interpreter that generates them comes with its source."""
    from debian_source import fetch_source

    tree = fetch_source("sqlite3", "forky")
    made = cache() / "sqlite" / tree.name
    files = [made / "sqlite3.c", made / "shell.c"]
    if not all(path.exists() for path in files):
        made.mkdir(parents=True, exist_ok=True)
        (made / "sqlite_cfg.h").touch()
        compiler = shlex.join([*_zig("cc"), "-fno-sanitize=all", "-w"])
        settings = {
            "TOP": str(tree),
            "B.cc": compiler,
            "T.cc": compiler,
            "B.tclsh": "./jimsh",
            "MAKE_SANITY_CHECK": "",
            "PACKAGE_VERSION": (tree / "VERSION").read_text().strip(),
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        _run(["make", "-s", "-f", str(tree / "main.mk"), *words, *(path.name for path in files)], made)
    return files


RECIPES = {
    "hello": Recipe("hello", "cc", ("-std=c11", "-D_GNU_SOURCE", *OWN), _own("hello/hello.c")),
    "cpp": Recipe("ledger", "c++", ("-std=c++20", *OWN), _own("cpp/ledger.cpp")),
    "zig": Recipe("census", "build-exe", ("-OReleaseSafe",), _own("zig/census.zig")),
    "lua": Recipe("lua", "cc", ("-std=gnu99", "-DLUA_USE_POSIX", *FOREIGN), _lua),
    "sqlite": Recipe("sqlite3", "cc", (*SQLITE, *FOREIGN), _sqlite),
}


def build(name: str, target: str = TARGETS[0]) -> Path:
    """The executable of example `name`. Raises RuntimeError with what the compiler or make said."""
    with _locked(name):
        recipe = RECIPES[name]
        sources = recipe.sources()
        made = cache() / "programs" / _key(recipe, target, sources) / recipe.program
        if not made.exists():
            made.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=made.parent) as work:
                out = Path(work) / recipe.program
                _run(_command(recipe, target, sources, out), Path(work))
                out.rename(made)
        return made


def _command(recipe: Recipe, target: str, sources: Sequence[Path], out: Path) -> list[str]:
    files = [str(path) for path in sources]
    start = [*_zig(recipe.compiler), "-target", target, *recipe.flags]
    if recipe.compiler == "build-exe":
        return [*start, "-static", "-fPIE", f"-femit-bin={out}", *files]
    return [*start, *STATIC_PIE, *files, "-o", str(out), "-lm"]


def _key(recipe: Recipe, target: str, sources: Sequence[Path]) -> str:
    words = [importlib.metadata.version("ziglang"), *_command(recipe, target, [], Path())]
    digest = hashlib.sha256("\0".join(words).encode())
    for path in sources:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _zig(compiler: str) -> list[str]:
    return [sys.executable, "-m", "ziglang", compiler]


def _run(command: list[str], directory: Path) -> None:
    environment = os.environ | {"ZIG_LOCAL_CACHE_DIR": str(cache() / "zig")}
    environment.pop("MAKEFLAGS", None)  # those of an outer make are not meant for an inner one
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")


def cache() -> Path:
    """Where executables and generated sources lie."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "elfhaven" / "examples"


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """One build of an example at a time; a second process waits and finds it made."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / f"{name}.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its status is 0, or 1 when the build failed."""
    from elfhaven.errors import ElfhavenError

    parser = argparse.ArgumentParser(description="build an example with ziglang")
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--target", choices=TARGETS, default=TARGETS[0])
    parser.add_argument("--sources", action="store_true", help="only fetch: print the source files")
    options = parser.parse_args(arguments)
    try:
        if options.sources:
            with _locked(options.name):
                print(*RECIPES[options.name].sources(), sep="\n")
        else:
            print(build(options.name, options.target))
    except (ElfhavenError, RuntimeError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
