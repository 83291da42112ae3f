# SPDX-License-Identifier: BSD-2-Clause
"""Directories that are made once: named by a digest of all that they are made from, never changed after.

A directory appears under its name by one rename, when it is complete. Making it again after a kill begins
anew; what the killed process left is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from elfhaven.errors import TargetError


def cache_directory() -> Path:
    """Where what a machine boots from is kept."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "elfhaven" / "qemu"


def digest(*parts: str | bytes) -> str:
    """A name for what is made from `parts`, in this order."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "little") + data)
    return whole.hexdigest()[:32]


def make_once(name: str, key: str, make: Callable[[Path], None], root: Path | None = None) -> Path:
    """The directory `name`-`key`, filled by `make` if there is none. A second process waits and finds it."""
    root = root or cache_directory()
    final = root / f"{name}-{key}"
    if final.is_dir():
        return final
    with _locked(root, name):
        if not final.is_dir():
            _make(final, name, make)
    return final


def _make(final: Path, name: str, make: Callable[[Path], None]) -> None:
    for stale in final.parent.glob(f"making-{name}-*"):  # the lock is held: its maker was killed
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=f"making-{name}-") as work:
        made = Path(work) / "made"
        made.mkdir()
        make(made)
        made.rename(final)


@contextmanager
def _locked(root: Path, name: str) -> Iterator[None]:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open(root / f"{name}.lock", "a")
    except OSError as error:
        raise TargetError(
            f"the cache {root} cannot be used: {error.strerror}",
            "set XDG_CACHE_HOME to a place that can be written",
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
