# SPDX-License-Identifier: BSD-2-Clause
"""CPython as a TA: Debian's libpython behind a small main, and the part of its library that a TA imports.

Only elfhaven's own modules are lowered, which spares them what they would import. Modules in C of the library
(ssl, sqlite3) lie in the image like any library.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from elfhaven.errors import ImageError, UsageError
from elfhaven.packing import cache_directory
from elfhaven.sdk.root import SUITE, open_root
from elfhaven.sdk.ta_modules import FRONT, Modules
from elfhaven.ta import TrustedApplication
from elfhaven.target.state import replace_file

VERSION = "3.13"
BUNDLE = "/elfhaven/modules.zip"
_PACKAGES = (f"libpython{VERSION}", f"libpython{VERSION}-dev")
_LIBRARY = f"usr/lib/python{VERSION}"
_LINKED = f"usr/lib/aarch64-linux-gnu/libpython{VERSION}.so.1.0"
_AT_START = ("encodings", "encodings.aliases", "encodings.ascii", "encodings.utf_8", "linecache", "warnings")
_MODULE = ".cpython-313-aarch64-linux-gnu.so"


def root(report: Callable[[str], None]) -> Path:
    """Debian's library and headers. Raises PackageError."""
    found = open_root(None, _PACKAGES, SUITE, report)
    assert found is not None
    return found.path


def interpreter(system: Path) -> bytes:
    """The main program, linked with the libpython of `system`; built once with ziglang."""
    source = Path(__file__).parent / "cpython" / "main.c"
    key = hashlib.sha256(source.read_bytes() + str(system).encode()).hexdigest()[:24]
    made = cache_directory() / "interpreters" / key
    if made.is_file():
        return made.read_bytes()
    if importlib.util.find_spec("ziglang") is None:
        raise UsageError(
            "CPython is linked with ziglang, which is not installed", "pip install ziglang==0.17.0"
        )
    made.parent.mkdir(parents=True, exist_ok=True)
    out = made.with_suffix(f".{os.getpid()}")
    words = ("cc", "-target", "aarch64-linux-gnu.2.38", "-fPIE", "-pie", "-Os", "-s", "-fno-sanitize=all")
    include = system / "usr" / "include"
    command = [sys.executable, "-m", "ziglang", *words, "-isystem", str(include / f"python{VERSION}")]
    command += ["-isystem", str(include), str(source), str(system / _LINKED), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"the interpreter does not link:\n{done.stderr.rstrip()}")
    data = out.read_bytes()
    replace_file(made, data)
    out.unlink()
    return data


class CPythonModules(Modules):
    """Sources for CPython; `extensions` are the paths in the system of modules in C, by name."""

    shims = Path(__file__).parent / "cpython"
    built_in = frozenset({"_tee"})
    elsewhere = (
        "leave it out: a packed TA has the library of CPython, and other packages that are pure Python"
    )

    def __init__(self, kind: type[TrustedApplication], file: Path, system: Path) -> None:
        self._system = system
        self.extensions: dict[str, str] = {}
        self._front: set[str] = set()
        self._deep: set[str] = set()
        super().__init__(kind, file)
        for name in _AT_START:
            self._library(name)
        front = "".join(
            f"from {self._names[name]} import {name}\n" for name in sorted(self._front) if name in self._names
        )
        self.sources[f"{FRONT.replace('.', '/')}/__init__.py"] = front
        begin = f"import extensions\nextensions.install({self.extensions!r})\n" if self.extensions else ""
        self._take("extensions", (self.shims / "extensions.py").read_text())
        self.sources["main.py"] = begin + self.sources["main.py"]

    def bundle(self) -> bytes:
        """A zip file, from which CPython imports by itself."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for path, source in sorted(self.sources.items()):
                archive.writestr(zipfile.ZipInfo(path), source)
        return out.getvalue()

    def source_of(self, file: Path) -> str:
        return file.read_text(encoding="utf-8")

    def _want(self, name: str, parts: tuple[str, ...], where: str) -> None:
        if name == FRONT:
            self._front |= set(parts or self._names)
            for part in parts or tuple(self._names):
                self._want(self._names.get(part, f"{FRONT}.{part}"), (), where)
        elif name == "contextvars":
            self._take(name, (Modules.shims / "contextvars.py").read_text())
        elif name.partition(".")[0] in sys.stdlib_module_names:
            for each in (name, *(f"{name}.{part}" for part in parts)):
                self._library(each, deep=True)
        else:
            super()._want(name, parts, where)

    def _library(self, name: str, deep: bool = False) -> None:
        """A module of the library with what it imports, `deep` in its functions too; one that is not there is
        built in, or optional."""
        base = self._system / _LIBRARY / name.replace(".", "/")
        extension = f"{_LIBRARY}/lib-dynload/{name}{_MODULE}"
        if (self._system / extension).is_file():
            self.extensions[name] = f"/{extension}"
            return
        package = base.is_dir()
        file = base / "__init__.py" if package else base.with_suffix(".py")
        path = f"{name.replace('.', '/')}{'/__init__' if package else ''}.py"
        if not file.is_file() or name in self._deep or (path in self.sources and not deep):
            return
        self._deep |= {name} if deep else set()
        source = self.sources[path] = file.read_text(encoding="utf-8")
        above = name.rpartition(".")[0]
        if above:
            self._library(above)
        for wanted in _wanted(source, name, package, deep):
            if wanted == "contextvars":
                self._want(wanted, (), name)
            else:
                self._library(wanted)


def _wanted(source: str, name: str, package: bool, deep: bool) -> Iterator[str]:
    """As _at_once. What this Python cannot parse, for its library is younger, is read by its lines."""
    try:
        tree = ast.parse(source)
        imports = [node for node in ast.walk(tree) if deep and isinstance(node, ast.Import | ast.ImportFrom)]
        body: list[ast.stmt] = [*tree.body, *imports]
    except SyntaxError:
        lines = [line for line in source.splitlines() if re.match(r"(import|from) .*[\w*]$", line)]
        body = [statement for line in lines for statement in ast.parse(line).body]
    yield from _at_once(body, name, package)


def _at_once(body: list[ast.stmt], name: str, package: bool) -> Iterator[str]:
    """What a module needs to be imported at all: what it imports outside of functions and of `try`."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: len(name.split(".")) - node.level + package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "__main__" not in ast.unparse(node.test):
            yield from _at_once([*node.body, *node.orelse], name, package)
        elif isinstance(node, ast.Try):
            yield from (each for each in _at_once(node.body, name, package) if not each.startswith("_"))
        elif isinstance(node, ast.ClassDef):
            yield from _at_once(node.body, name, package)
