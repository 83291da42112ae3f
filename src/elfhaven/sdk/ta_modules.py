# SPDX-License-Identifier: BSD-2-Clause
"""The modules that a packed TA holds: its own, pure-Python ones that it imports, and elfhaven's, lowered."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from elfhaven.errors import UsageError
from elfhaven.sdk.ta_lower import HELPERS, lower
from elfhaven.sdk.ta_project import beside
from elfhaven.ta import TrustedApplication
from elfhaven.ta.binding import commands_of
from elfhaven.ta.numbers import NUMBERS

_PACKAGE = Path(__file__).parent.parent
_BUILT_IN = (  # of Debian's MicroPython, without those that reach for libraries or a network
    "array asyncio binascii builtins cmath collections deflate errno ffi gc heapq io json math micropython "
    "os platform random re struct sys time uctypes vfs"
)
_GONE = "typing typing_extensions collections.abc dataclasses enum types __future__"
FRONT = "elfhaven.ta"


class Modules:
    """Sources by their path in the bundle, for MicroPython; `notes` are for the user."""

    shims = Path(__file__).parent / "micropython"
    built_in = frozenset(_BUILT_IN.split())
    elsewhere = "leave it out, or pack with --interpreter python where memory allows"

    def __init__(self, kind: type[TrustedApplication], file: Path) -> None:
        self.sources: dict[str, str] = {}
        self.notes: tuple[str, ...] = ()
        self._directory = file.parent
        self._names = _front_names()
        self._take(HELPERS, (self.shims / f"{HELPERS}.py").read_text())
        main = (
            f"from {HELPERS} import System, serve\nfrom {FRONT}.instance import Instance\n"
            f"from {file.stem} import {kind.__name__}\nserve(Instance({kind.__name__}, System()))\n"
        )
        self.sources[f"{FRONT.replace('.', '/')}/binding.py"] = _binding(kind)
        self._take("main", main)

    def bundle(self) -> bytes:
        """The index as a line, then the sources."""
        index, data = {}, b""
        for path, source in sorted(self.sources.items()):
            raw = source.encode()
            index[path] = (len(data), len(raw))
            data += raw
        return repr(index).encode() + b"\n" + data

    def source_of(self, file: Path) -> str:
        """What becomes of a module that is not elfhaven's."""
        return self._lowered(file)

    def _lowered(self, file: Path) -> str:
        return lower(file.read_text(encoding="utf-8"), str(file), {FRONT: self._names})

    def _take(self, name: str, source: str, package: bool = False) -> None:
        path = f"{name.replace('.', '/')}{'/__init__' if package else ''}.py"
        if path in self.sources:
            return
        self.sources[path] = source
        for wanted, parts, line in _imports(source, name, package):
            self._want(wanted, parts, f"{name}:{line}")

    def _want(self, name: str, parts: tuple[str, ...], where: str) -> None:
        """A module that is imported, with the names that are imported from it."""
        if name.partition(".")[0] == "elfhaven":
            self._want_own(name, parts, where)
        elif (self.shims / f"{name}.py").is_file():
            self._take(name, (self.shims / f"{name}.py").read_text())
        elif name not in _GONE.split() and name.partition(".")[0] not in self.built_in:
            self._want_file(name, parts, where)

    def _want_own(self, name: str, parts: tuple[str, ...], where: str) -> None:
        if name == f"{FRONT}.binding":
            return
        if name == f"{FRONT}.numbers":
            self.sources["elfhaven/ta/numbers.py"] = f"NUMBERS = {NUMBERS!r}\n"
            return
        file = _PACKAGE.joinpath(*name.split(".")[1:])
        shim = self.shims / "bug.py" if name == f"{FRONT}.bug" else file.with_suffix(".py")
        if shim.is_file():
            self._take(name, self._lowered(shim))
        elif not file.is_dir() or not parts:
            raise UsageError(
                f"{where} imports {name}, which a packed TA has not",
                "take what a TA may use from elfhaven.ta",
            )
        for package in _parents(name, file.is_dir()):
            self.sources.setdefault(f"{package.replace('.', '/')}/__init__.py", "")
        for part in parts if file.is_dir() else ():
            self._want(f"{name}.{part}", (), where)

    def _want_file(self, name: str, parts: tuple[str, ...], where: str) -> None:
        """A module beside the TA, or of a package that is installed here."""
        with beside(self._directory):
            try:
                found = importlib.util.find_spec(name)
            except (ImportError, ValueError, AttributeError):
                found = None
        origin = Path(found.origin) if found is not None and found.origin else None
        if name.partition(".")[0] in sys.stdlib_module_names or origin is None or origin.suffix != ".py":
            what = "is no file of Python" if origin is not None and origin.suffix else "cannot be found"
            what = "is not in MicroPython" if name.partition(".")[0] in sys.stdlib_module_names else what
            raise UsageError(f"{where} imports {name}, which {what}", self.elsewhere)
        package = origin.name == "__init__.py"
        for parent in _parents(name, False):
            self._want(parent, (), where)
        self._take(name, self.source_of(origin), package)
        for part in parts if package else ():
            with beside(self._directory):
                if importlib.util.find_spec(f"{name}.{part}") is not None:
                    self._want(f"{name}.{part}", (), where)


def _parents(name: str, itself: bool) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + itself):
        yield ".".join(parts[:count])


def _imports(source: str, name: str, package: bool) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """(module, names from it, line) of every import."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, (), node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = name.split(".")[: len(name.split(".")) - node.level + package]
                base = ".".join([*above, *([base] if base else [])])
            yield base, tuple(alias.name for alias in node.names), node.lineno


def _front_names() -> dict[str, str]:
    """The module of each name of elfhaven.ta."""
    tree = ast.parse((_PACKAGE / "ta" / "__init__.py").read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _binding(kind: type[TrustedApplication]) -> str:
    """What ta.binding finds in the class by its annotations, as a table."""
    rows = {
        number: (bound.method, None if bound.kinds is None else tuple(map(int, bound.kinds)), bound.arguments)
        for number, bound in commands_of(kind).items()
    }
    return (
        f"from {FRONT}.application import Bound\n"
        f"_COMMANDS = {{n: Bound(*row) for n, row in {rows!r}.items()}}\n"
        "def commands_of(kind):\n    return _COMMANDS\n"
    )
