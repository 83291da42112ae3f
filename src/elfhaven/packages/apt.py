# SPDX-License-Identifier: BSD-2-Clause
"""apt under a private root directory: its own lists, caches and sources; the host's configuration stays.

Nothing is installed and no root rights are needed. apt itself checks the signatures of the lists and the
hashes of the packages (apt-secure(8)).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from elfhaven.errors import PackageError
from elfhaven.packages.sources import Source

_LISTS_AGE = 24 * 3600
_TIMEOUT = 900


@dataclass(frozen=True, slots=True)
class Deb:
    """A package file that apt has checked."""

    package: str
    path: Path


class PrivateApt:
    """apt for one suite and architecture, its state under `root`."""

    def __init__(self, root: Path, source: Source, suite: str, architecture: str) -> None:
        self._root = root
        self._suite = suite
        self._architecture = architecture
        for name in ("lists/partial", "archives/partial", "sources.list.d", "preferences.d"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "status").touch()
        (root / "sources.list.d" / "private.sources").write_text(source.for_suite(suite))

    def update(self) -> None:
        """Fetches the lists unless they are fresh (a day)."""
        stamp = self._root / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < _LISTS_AGE:
            return
        self._run("update", "-qq")
        stamp.touch()

    def download(self, packages: tuple[str, ...], into: Path) -> tuple[Deb, ...]:
        """The packages' files, without what they depend on."""
        into.mkdir(parents=True, exist_ok=True)
        debs = []
        for package in packages:
            before = set(into.glob("*.deb"))
            self._run("download", "-qq", f"{package}:{self._architecture}", cwd=into)
            new = set(into.glob("*.deb")) - before
            if len(new) != 1:
                raise PackageError(f"apt-get download gave {len(new)} files for {package}")
            debs.append(Deb(package, new.pop()))
        return tuple(debs)

    def _run(self, *words: str, cwd: Path | None = None) -> None:
        run(["apt-get", *self._options(), *words], f"{words[0]} of {self._suite} {self._architecture}", cwd)

    def _options(self) -> list[str]:
        settings = {
            "Dir::State": self._root,
            "Dir::State::lists": self._root / "lists",
            "Dir::State::status": self._root / "status",
            "Dir::Cache": self._root,
            "Dir::Cache::archives": self._root / "archives",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self._root / "sources.list.d",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": self._root / "preferences.d",
            "APT::Architecture": self._architecture,
            "APT::Architectures": self._architecture,
            "APT::Sandbox::User": "root",  # or apt, run as root, could not enter the private root
            "APT::Update::Error-Mode": "any",
            "APT::Update::Post-Invoke-Success": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "1",
        }
        return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def run(command: list[str], what: str, cwd: Path | None = None) -> str:
    """Standard output of a host tool. Raises PackageError with the last lines of its complaint."""
    if shutil.which(command[0]) is None:
        raise PackageError(
            f"{command[0]} is not on this machine", "packages can be fetched on Debian and its derivatives"
        )
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except subprocess.TimeoutExpired:
        raise PackageError(f"{what} took longer than {_TIMEOUT} s", "check the network") from None
    if done.returncode:
        lines = [
            line for line in done.stderr.splitlines() if line.startswith("E: ")
        ] or done.stderr.splitlines()
        raise PackageError(
            f"{what} failed: {' '.join(lines[-2:]) or f'status {done.returncode}'}",
            "check the network and the machine's apt configuration",
        )
    return done.stdout
