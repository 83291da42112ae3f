# SPDX-License-Identifier: BSD-2-Clause
"""fetch(): packages of a suite, unpacked into a directory that is named by their content."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from elfhaven.errors import PackageError
from elfhaven.packages.apt import Deb, PrivateApt, run
from elfhaven.packages.database import settle
from elfhaven.packages.sources import Source, archive_of, read_sources

_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "riscv64": "riscv64",
    "i686": "i386",
}


def fetch(
    packages: Sequence[str],
    *,
    suite: str | None = None,
    architecture: str | None = None,
    cache: Path | None = None,
    archive: Source | None = None,
    noted: bool = False,
) -> Path:
    """The directory in which `packages` lie unpacked, side by side, without what they depend on.

    With `noted` it holds dpkg's notes of them too (packages.database). `suite`, `architecture` and `archive`
    (a mirror and its keyring) are the host's own unless given. A directory once made is used again without
    the network. Raises PackageError without apt, dpkg-deb or (the first time) the network.
    """
    suite = suite or host_suite()
    architecture = architecture or host_architecture()
    cache = cache or cache_directory()
    wanted = tuple(sorted(set(packages)))
    index = _index(cache, wanted, suite, architecture, noted)
    with locked(cache):
        tree = _indexed(index, cache)
        if tree is None:
            apt = private_apt(suite, architecture, cache=cache, archive=archive)
            tree = _fetch(apt, wanted, cache, noted)
            index.parent.mkdir(exist_ok=True)
            index.write_text(json.dumps({"tree": tree.name, "packages": wanted, "suite": suite}))
        return tree


def fetched(
    packages: Sequence[str], *, suite: str, architecture: str, cache: Path | None = None, noted: bool = False
) -> Path | None:
    """What fetch() would give without the network; None where it would have to ask the archive."""
    cache = cache or cache_directory()
    return _indexed(_index(cache, tuple(sorted(set(packages))), suite, architecture, noted), cache)


def private_apt(
    suite: str, architecture: str, *, cache: Path | None = None, archive: Source | None = None
) -> PrivateApt:
    """The apt that fetch() uses for a suite and architecture; update() it before asking it."""
    root = (cache or cache_directory()) / "apt" / f"{suite}-{architecture}"
    return PrivateApt(root, archive or host_archive(), suite, architecture)


def _index(cache: Path, wanted: tuple[str, ...], suite: str, architecture: str, noted: bool) -> Path:
    key = [wanted, suite, architecture, *(["noted"] if noted else [])]
    return cache / "index" / f"{_digest(json.dumps(key).encode())}.json"


def _fetch(apt: PrivateApt, wanted: tuple[str, ...], cache: Path, noted: bool) -> Path:
    for stale in cache.glob("fetch-*"):  # the lock is held: whoever made it was killed
        shutil.rmtree(stale, ignore_errors=True)
    apt.update()
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
        debs = apt.download(wanted, Path(work) / "debs")
        content = b"".join(hashlib.sha256(deb.path.read_bytes()).digest() for deb in debs)
        tree = cache / "trees" / _digest(content + (b"noted" if noted else b""))
        if not tree.is_dir():
            _unpack(debs, Path(work) / "tree", tree, noted)
    return tree


def _unpack(debs: Sequence[Deb], work: Path, tree: Path, noted: bool) -> None:
    work.mkdir()
    for deb in debs:
        run(["dpkg-deb", "-x", str(deb.path), str(work)], f"unpacking {deb.package}")
    if noted:
        settle(debs, work)
    tree.parent.mkdir(exist_ok=True)
    work.rename(tree)


def _indexed(index: Path, cache: Path) -> Path | None:
    try:
        tree = cache / "trees" / str(json.loads(index.read_text())["tree"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tree if tree.is_dir() else None


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """One fetch at a time in a cache: a second process waits and then finds the tree."""
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(cache / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise PackageError(
            f"the package cache {cache} cannot be used: {error.strerror}", "set XDG_CACHE_HOME"
        ) from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def cache_directory() -> Path:
    """Where packages are kept unless the caller says otherwise."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "elfhaven" / "packages"


def host_suite() -> str:
    """The host's own release by its code name. Raises PackageError where it has none."""
    try:
        name = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        name = ""
    if not name:
        raise PackageError(
            "the release of this machine has no code name", "packages can be fetched on Debian"
        )
    return name


def host_architecture() -> str:
    """The host's own architecture by dpkg's name."""
    if shutil.which("dpkg"):
        return run(["dpkg", "--print-architecture"], "dpkg").strip()
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def host_archive() -> Source:
    """The archive that the host's own apt configuration names for its release."""
    shell = run(
        ["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"],
        "apt-config",
    )
    places = dict(line.partition("=")[::2] for line in shell.splitlines())
    parts = Path(places.get("PARTS", "").strip("'"))
    entries = (
        sorted(p for p in parts.iterdir() if p.suffix in (".list", ".sources")) if parts.is_dir() else []
    )
    return archive_of(read_sources([Path(places.get("LIST", "").strip("'")), *entries]), host_suite())
