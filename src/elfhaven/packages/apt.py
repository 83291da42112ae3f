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


@dataclass(frozen=True, slots=True)
class Missing:
    """A package that the host has not, and the bytes of its file."""

    package: str
    size: int


class PrivateApt:
    """apt for one suite and architecture, its state under `root`."""

    def __init__(self, root: Path, source: Source, suite: str, architecture: str, types: str = "deb") -> None:
        self._root = root
        self._suite = suite
        self._architecture = architecture
        for name in ("lists/partial", "archives/partial", "sources.list.d", "preferences.d"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "status").touch()
        (root / "sources.list.d" / "private.sources").write_text(source.for_suite(suite, types))

    def update(self, *, force: bool = False) -> None:
        """Fetches the lists unless they are fresh (a day)."""
        stamp = self._root / "updated"
        if not force and stamp.exists() and time.time() - stamp.stat().st_mtime < _LISTS_AGE:
            return
        self._run("update", "-qq")
        stamp.touch()

    def download(self, packages: tuple[str, ...], into: Path) -> tuple[Deb, ...]:
        """The packages' files, without what they depend on."""
        into.mkdir(parents=True, exist_ok=True)
        words = ("download", "-qq", *(f"{package}:{self._architecture}" for package in packages))
        self._run_again(*words, cwd=into)
        debs = []
        for package in packages:
            found = list(into.glob(f"{package}_*.deb"))
            if len(found) != 1:
                raise PackageError(f"apt-get download gave {len(found)} files for {package}")
            debs.append(Deb(package, found[0]))
        return tuple(debs)

    def show(self, *packages: str) -> str:
        """The control paragraphs of the newest version of each package (deb822, apt-cache show)."""
        words = ["apt-cache", *self._options(), "show", "--no-all-versions", *packages]
        return run(words, f"looking up {', '.join(packages)} in {self._suite}")

    def missing(self, *packages: str) -> tuple[Missing, ...]:
        """`packages` and all that they depend on, but for what the host has installed already."""
        return self._resolve(packages, Path("/var/lib/dpkg/status"))

    def needed(self, *packages: str) -> tuple[Missing, ...]:
        """`packages` and all that they depend on, where nothing is installed."""
        return self._resolve(packages, self._root / "status")

    def _resolve(self, packages: tuple[str, ...], status: Path) -> tuple[Missing, ...]:
        words = ("install", "--print-uris", "-qq", "-y", "--no-install-recommends", *packages)
        options = (*self._options(), "-o", f"Dir::State::status={status}")
        output = run(["apt-get", *options, *words], f"resolving {', '.join(packages)} in {self._suite}")
        lines = (line.split() for line in output.splitlines() if line.startswith("'"))
        return tuple(Missing(line[1].partition("_")[0], int(line[2])) for line in lines)

    def source(self, package: str, into: Path) -> tuple[Path, ...]:
        """The files of a source package, `name` or `name=version`. Only where the sources name deb-src."""
        into.mkdir(parents=True, exist_ok=True)
        self._run_again("source", "-qq", "--download-only", package, cwd=into)
        return tuple(sorted(into.iterdir()))

    def source_size(self, package: str) -> int:
        """Bytes of the files of a source package."""
        words = ["apt-get", *self._options(), "source", "--print-uris", "-qq", "--download-only", package]
        lines = (line.split() for line in run(words, f"looking up {package}").splitlines())
        return sum(int(line[2]) for line in lines if len(line) > 2 and line[0].startswith("'"))

    def _run_again(self, *words: str, cwd: Path) -> None:
        """A download; the archive may have moved on since the lists were fetched: then they are, again."""
        try:
            self._run(*words, cwd=cwd)
        except PackageError:
            self.update(force=True)
            self._run(*words, cwd=cwd)

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


def bound(command: list[str]) -> list[str]:
    """The command, which dies with this process where util-linux is there to see to it."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command] if shutil.which("setpriv") else command


def run(command: list[str], what: str, cwd: Path | None = None) -> str:
    """Standard output of a host tool. Raises PackageError with the last lines of its complaint."""
    if shutil.which(command[0]) is None:
        raise PackageError(
            f"{command[0]} is not on this machine", "packages can be fetched on Debian and its derivatives"
        )
    try:
        done = subprocess.run(
            bound(command),
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
