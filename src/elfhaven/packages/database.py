# SPDX-License-Identifier: BSD-2-Clause
"""Which package a file of a system belongs to, as dpkg notes it under /var/lib/dpkg.

A system that was installed has these notes; for packages that are unpacked alone settle() leaves the same:
status holds the control paragraph of each package (deb822(5)), info/PACKAGE.list the paths of its files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elfhaven.abi.linux import MERGED_USR
from elfhaven.packages.apt import Deb, run

BASE: Final = ("base-files", "base-passwd", "libc-bin")  # of every Debian system; not what they need, too
_NOTES: Final = "var/lib/dpkg"
_MADE: Final = {  # what the scripts of BASE make of its files
    "etc/passwd": "usr/share/base-passwd/passwd.master",
    "etc/group": "usr/share/base-passwd/group.master",
    "etc/nsswitch.conf": "usr/share/base-files/nsswitch.conf",
}
_LICENCE: Final = re.compile(r"^License:[ \t]*(\S[^\n]*)", re.MULTILINE)  # of copyright files (DEP-5)


@dataclass(frozen=True, slots=True)
class Package:
    """`licences` are the names in its copyright file; none where that names none in a way to be read."""

    name: str
    version: str
    licences: tuple[str, ...] = ()


def settle(debs: Sequence[Deb], tree: Path) -> None:
    """Notes in `tree` what `debs` have put there, and makes what a system always has of their files."""
    info = tree / _NOTES / "info"
    info.mkdir(parents=True, exist_ok=True)
    paragraphs = []
    for deb in debs:
        control = run(["dpkg-deb", "-f", str(deb.path)], f"reading {deb.package}").strip()
        paragraphs.append(f"{control}\nStatus: install ok installed\n")
        listing = run(["dpkg-deb", "-c", str(deb.path)], f"reading {deb.package}")
        (info / f"{deb.package}.list").write_text("".join(f"{path}\n" for path in _paths(listing)))
    (tree / _NOTES / "status").write_text("\n".join(paragraphs))
    for name, of in _MADE.items():
        if (tree / of).is_file() and not os.path.lexists(tree / name):
            (tree / name).parent.mkdir(exist_ok=True)
            (tree / name).symlink_to(os.path.relpath(of, Path(name).parent))


def _paths(listing: str) -> Iterator[str]:
    """The paths in what `dpkg-deb -c` prints: mode, owner, size, date, time, ./path [-> target]."""
    for line in listing.splitlines():
        words = line.split(maxsplit=5)
        path = words[5].partition(" -> ")[0].partition(" link to ")[0] if len(words) > 5 else ""
        if path.startswith("./") and len(path) > 2:
            yield path[1:].rstrip("/")


class Database:
    """The packages of the system in `root`; of none where nothing is noted there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._versions = dict(_versions(root / _NOTES / "status"))
        self._owners = dict(self._listed())

    def package(self, name: str) -> Package | None:
        """The package of a name."""
        version = self._versions.get(name)
        return None if version is None else Package(name, version, self._licences(name))

    def owner(self, path: str) -> Package | None:
        """The package that `path`, absolute in the root, belongs to."""
        name = next((self._owners[each] for each in _spellings(path) if each in self._owners), None)
        return None if name is None else self.package(name)

    def _listed(self) -> Iterator[tuple[str, str]]:
        for file in sorted((self._root / _NOTES / "info").glob("*.list")):
            name = file.stem.partition(":")[0]
            yield from ((path, name) for path in file.read_text(errors="surrogateescape").splitlines())

    def _licences(self, name: str) -> tuple[str, ...]:
        try:
            text = (self._root / "usr/share/doc" / name / "copyright").read_text(errors="replace")
        except OSError:
            return ()
        return tuple(dict.fromkeys(match.strip() for match in _LICENCE.findall(text)))


def _versions(status: Path) -> Iterator[tuple[str, str]]:
    try:
        text = status.read_text(errors="replace")
    except OSError:
        return
    for paragraph in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"[A-Z][\w-]*: ", line)
        )
        if "Package" in fields and "Version" in fields:
            yield fields["Package"], fields["Version"]


def _spellings(path: str) -> tuple[str, ...]:
    """A path as it is and, on a merged /usr, as a package may still call it."""
    top = path.split("/")[1] if path.count("/") > 1 else ""
    return (path, f"/usr{path}") if top in MERGED_USR else (path, path.removeprefix("/usr"))
