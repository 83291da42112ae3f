# SPDX-License-Identifier: BSD-2-Clause
"""Where a dynamic program comes from: a directory that holds an arm64 system, or packages of Debian."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from elfhaven.errors import UsageError
from elfhaven.packing import cache_directory
from elfhaven.target.state import replace_file

AnyPath = str | os.PathLike[str]
SUITE = "trixie"  # of Debian, unless the caller says otherwise
_FORMAT = 3  # counts changes of what a tree holds
_SEARCHED = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/games", "/usr/local/bin")


@dataclass(frozen=True, slots=True)
class Root:
    """A system's root directory on this machine; `fixed` where what it holds never changes."""

    path: Path
    fixed: bool = False

    def program(self, name: str) -> str:
        """The path in the root of a program that is named by its path there, or as a shell finds it.

        Raises UsageError where there is none.
        """
        from elfhaven.image.libraries import inside

        places = [name] if "/" in name else [f"{directory}/{name}" for directory in _SEARCHED]
        for place in places:
            file = inside(self.path, place)
            if file is not None and file.is_file():
                return os.path.normpath("/" + place.lstrip("/"))
        where = f"in {self.path}" if "/" in name else f"in {', '.join(_SEARCHED)} of {self.path}"
        raise UsageError(
            f"{name}: no such program {where}", "name its path in there, or the package that holds it"
        )

    def tree(self) -> bytes:
        """The list of the system's files for a packed program. Raises ManifestError or StateError."""
        from elfhaven.manifest import encode_tree, read_tree

        kept = cache_directory() / "systems" / f"{self.path.name}-{_FORMAT}.tree"
        if self.fixed and kept.is_file():
            return kept.read_bytes()
        made = encode_tree(read_tree(self.path))
        if self.fixed:
            kept.parent.mkdir(parents=True, exist_ok=True)
            replace_file(kept, made)
        return made


def open_root(
    sysroot: AnyPath | None, debian: Sequence[str], suite: str, report: Callable[[str], None]
) -> Root | None:
    """The root that is asked for; None if none is. Raises UsageError or PackageError."""
    if sysroot is not None and debian:
        raise UsageError("a root directory and packages are both named", "take --sysroot or --debian")
    if sysroot is not None:
        path = Path(sysroot)
        if not path.is_dir():
            raise UsageError(f"{path}: no such directory", "name the root directory of an arm64 system")
        return Root(path.absolute())
    if not debian:
        return None
    from elfhaven.packages import package_names
    from elfhaven.packages import sysroot as fetch_root

    return Root(fetch_root(package_names(debian), suite=suite, report=report), fixed=True)
