# SPDX-License-Identifier: BSD-2-Clause
"""Upstream sources as a Debian source package carries them: fetched by apt, checked by apt, cached, unpacked.

Only the upstream archive (`.orig.tar.*`) is unpacked; Debian's own patches are left out.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from pathlib import Path

from elfhaven.errors import PackageError
from elfhaven.packages.apt import PrivateApt
from elfhaven.packages.fetch import cache_directory, host_architecture, host_archive
from elfhaven.packages.sources import Source


class SourceApt(PrivateApt):
    """apt for the source packages of one suite, its state under `root`."""

    def __init__(self, root: Path, source: Source, suite: str) -> None:
        super().__init__(root, source, suite, host_architecture())
        entry = source.for_suite(suite).replace("Types: deb\n", "Types: deb-src\n")
        (root / "sources.list.d" / "private.sources").write_text(entry)

    def upstream(self, package: str, into: Path) -> Path:
        """The upstream archive of `package`. Lists older than the archive are fetched a second time."""
        self.update()
        try:
            self._run("source", "-qq", "--download-only", package, cwd=into)
        except PackageError:
            (self._root / "updated").unlink(missing_ok=True)
            self.update()
            self._run("source", "-qq", "--download-only", package, cwd=into)
        found = [path for path in into.glob(f"{package}_*.orig.tar.*") if path.suffix != ".asc"]
        if len(found) != 1:
            raise PackageError(f"the source package {package} of {self._suite} has {len(found)} archives")
        return found[0]


def fetch_source(package: str, suite: str) -> Path:
    """The directory with the unpacked upstream source; its name is the digest of the archive.

    A directory once made is used again without the network. Not safe against a second process: the caller
    holds a lock. Raises PackageError without apt or (the first time) the network.
    """
    cache = cache_directory() / "sources"
    index = cache / f"{suite}-{package}.json"
    try:
        tree = cache / str(json.loads(index.read_text())["tree"])
    except (OSError, ValueError, KeyError, TypeError):
        tree = cache / "absent"
    return tree if tree.is_dir() else _fetch(package, suite, index)


def _fetch(package: str, suite: str, index: Path) -> Path:
    cache = index.parent
    cache.mkdir(parents=True, exist_ok=True)
    apt = SourceApt(cache / "apt" / suite, host_archive(), suite)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
        archive = apt.upstream(package, Path(work))
        tree = cache / hashlib.sha256(archive.read_bytes()).hexdigest()[:32]
        if not tree.is_dir():
            _unpack(archive, Path(work) / "tree").rename(tree)
    index.write_text(json.dumps({"tree": tree.name, "archive": archive.name}))
    return tree


def _unpack(archive: Path, into: Path) -> Path:
    """The one directory that an upstream archive holds."""
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    entries = list(into.iterdir())
    return entries[0] if len(entries) == 1 else into
