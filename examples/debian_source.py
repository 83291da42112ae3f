# SPDX-License-Identifier: BSD-2-Clause
"""Upstream sources as a Debian source package carries them: fetched by apt, checked by apt, cached, unpacked.

Only the upstream archive (`.orig.tar.*`) is unpacked; Debian's own patches are left out.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from elfhaven.errors import PackageError
from elfhaven.packages.apt import PrivateApt
from elfhaven.packages.fetch import cache_directory, host_architecture, host_archive


def fetch_source(package: str, suite: str) -> Path:
    """The directory with the unpacked upstream source; its name is the digest of the archive.

    A directory once made is used again without the network. Not safe against a second process: the caller
    holds a lock. Raises PackageError without apt or (the first time) the network.
    """
    cache = cache_directory().parent / "examples" / "sources"
    index = cache / f"{suite}-{package}.json"
    try:
        tree = cache / str(json.loads(index.read_text())["tree"])
    except (OSError, ValueError, KeyError, TypeError):
        tree = cache / "absent"
    return tree if tree.is_dir() else _fetch(package, suite, index)


def _fetch(package: str, suite: str, index: Path) -> Path:
    cache = index.parent
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / "apt" / suite
    apt = PrivateApt(root, host_archive(), suite, host_architecture(), types="deb-src")
    apt.update()
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
        archive = upstream(apt.source(package, Path(work) / "files"), package)
        tree = cache / hashlib.sha256(archive.read_bytes()).hexdigest()[:32]
        if not tree.is_dir():
            _unpack(archive, Path(work) / "tree").rename(tree)
    index.write_text(json.dumps({"tree": tree.name, "archive": archive.name}))
    return tree


def upstream(files: Sequence[Path], package: str) -> Path:
    """The upstream archive among the files of a source package; not its signature, not a second archive."""
    start = f"{package}_"
    found = [path for path in files if path.name.startswith(start) and ".orig.tar." in path.name]
    found = [path for path in found if path.suffix != ".asc"]
    if len(found) != 1:
        raise PackageError(
            f"the source package {package} holds {len(found)} upstream archives in place of one"
        )
    return found[0]


def _unpack(archive: Path, into: Path) -> Path:
    """The one directory that an upstream archive holds."""
    with tarfile.open(archive) as tar:
        tar.extractall(into, filter="data")
    entries = list(into.iterdir())
    return entries[0] if len(entries) == 1 else into
