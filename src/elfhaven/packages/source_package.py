# SPDX-License-Identifier: BSD-2-Clause
"""fetch_source(): upstream's source as a source package of a suite carries it, unpacked.

Only the upstream archive is unpacked; the distribution's own patches and packaging are left out. The tree's
name is made from the archive's content.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from elfhaven.errors import PackageError
from elfhaven.packages.apt import PrivateApt
from elfhaven.packages.fetch import cache_directory, host_architecture, host_archive, locked
from elfhaven.packages.sources import Source


def fetch_source(
    package: str,
    version: str,
    *,
    suite: str,
    cache: Path | None = None,
    archive: Source | None = None,
    announce: Callable[[int], object] = lambda size: None,
) -> Path:
    """The directory of the unpacked upstream source of `package`, exactly `version`.

    A directory once made is used again without the network; `announce` is called before anything is fetched,
    with its bytes. Raises PackageError where the suite no longer
    carries that version.
    """
    cache = cache or cache_directory()
    index = cache / "index" / f"source-{package}_{version.replace('/', '_')}.json"
    with locked(cache):
        tree = _indexed(index, cache)
        if tree is None:
            tree = _fetch(package, version, suite, cache, archive or host_archive(), announce)
            index.parent.mkdir(exist_ok=True)
            index.write_text(json.dumps({"tree": tree.name, "package": package, "version": version}))
        return tree


def _fetch(
    package: str,
    version: str,
    suite: str,
    cache: Path,
    archive: Source,
    announce: Callable[[int], object],
) -> Path:
    for stale in cache.glob("fetch-*"):  # the lock is held: whoever made it was killed
        shutil.rmtree(stale, ignore_errors=True)
    root = cache / "apt" / f"{suite}-source"
    apt = PrivateApt(root, archive, suite, host_architecture(), types="deb-src")
    apt.update()
    announce(apt.source_size(f"{package}={version}"))
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
        upstream = _upstream(apt.source(f"{package}={version}", Path(work) / "files"), package)
        tree = cache / "sources" / hashlib.sha256(upstream.read_bytes()).hexdigest()[:32]
        if not tree.is_dir():
            _unpack(upstream, Path(work) / "tree", tree)
    return tree


def _upstream(files: tuple[Path, ...], package: str) -> Path:
    found = [path for path in files if ".orig.tar." in path.name and path.suffix != ".asc"]
    if len(found) != 1:
        raise PackageError(f"the source package {package} has {len(found)} upstream archives")
    return found[0]


def _unpack(archive: Path, work: Path, tree: Path) -> None:
    """Unpacks an archive that holds one directory, and renames that directory to `tree`."""
    work.mkdir()
    with tarfile.open(archive) as tar:
        tar.extractall(work, filter="data")
    inside = list(work.iterdir())
    if len(inside) != 1:
        raise PackageError(f"{archive.name} holds {len(inside)} directories in place of one")
    tree.parent.mkdir(exist_ok=True)
    inside[0].rename(tree)


def _indexed(index: Path, cache: Path) -> Path | None:
    try:
        tree = cache / "sources" / str(json.loads(index.read_text())["tree"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tree if tree.is_dir() else None
