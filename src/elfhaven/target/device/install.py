# SPDX-License-Identifier: BSD-2-Clause
"""Where the board's tee-supplicant looks for <uuid>.ta, and putting one there.

The directory is the one that the environment names, else the one that the supplicant was started with
(--ta-path, --ta-dir), else the first of the usual ones that is there.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from elfhaven.errors import TargetError
from elfhaven.target.state import replace_file

VARIABLE: Final = "ELFHAVEN_TA_DIRECTORY"
SUPPLICANT: Final = "tee-supplicant"
USUAL: Final = tuple(
    Path(root) / "optee_armtz"
    for root in ("/lib", "/usr/lib", "/usr/local/lib", "/vendor/lib", "/data/vendor")
)
_LIBRARIES: Final = Path("/lib")  # what --ta-dir is relative to
_PATH_OPTIONS: Final = ("--ta-path", "-l")
_NAME_OPTIONS: Final = ("--ta-dir", "-t")


@dataclass(frozen=True, slots=True)
class Board:
    """Where to look; the values are those of a Linux that runs."""

    proc: Path = Path("/proc")
    usual: tuple[Path, ...] = USUAL
    supplicants_node: Path = Path("/dev/teepriv0")

    def supplicant(self) -> list[str] | None:
        """The command line of the supplicant that runs; None if none is seen."""
        for directory in sorted(self.proc.glob("[0-9]*")):
            try:
                if (directory / "comm").read_text().strip() == SUPPLICANT:
                    return [os.fsdecode(word) for word in (directory / "cmdline").read_bytes().split(b"\0")]
            except OSError:
                continue  # it ended meanwhile, or is none of ours to see
        return None

    def directory(self, environment: Mapping[str, str]) -> Path:
        """Where the supplicant looks for TAs."""
        named = environment.get(VARIABLE)
        if named:
            return Path(named)
        started = directory_of(self.supplicant() or ())
        if started is not None:
            return started
        return next((path for path in self.usual if path.is_dir()), self.usual[0])

    def expect_supplicant(self, report: Callable[[str], None]) -> None:
        """Without a supplicant Linux lets whoever opens a session wait for ever: TargetError.

        A user who cannot know is told so by `report`.
        """
        if self.supplicant() is not None:
            return
        fix = f"start it: `sudo {SUPPLICANT} -d`, or `sudo systemctl start {SUPPLICANT}`"
        try:
            os.close(os.open(self.supplicants_node, os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            if error.errno != errno.EBUSY:  # busy: a process that goes by another name serves it
                report(f"no {SUPPLICANT} is seen: where none runs the TA cannot be loaded; {fix}")
            return
        raise TargetError(f"no {SUPPLICANT} runs: nothing can load a TA", fix)


def install(uuid: UUID, data: bytes, directory: Path) -> bool:
    """Puts a TA file there, whole or not at all; False if it lies there already. Raises TargetError."""
    path = directory / f"{uuid}.ta"
    try:
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return False
        directory.mkdir(exist_ok=True)
        replace_file(path, data, 0o644)
        path.chmod(0o644)  # whatever the umask is: the supplicant may be another user
    except OSError as error:
        raise TargetError(
            f"{path.name} cannot be put into {directory}, where the supplicant looks: {error.strerror}",
            f"run as root once, or `sudo install -m 644 FILE.ta {path}`; {VARIABLE} names another directory",
        ) from None
    return True


def directory_of(words: Sequence[str]) -> Path | None:
    """What the supplicant's options say; of a list of directories the first."""
    found = _option(words, _PATH_OPTIONS)
    if found:
        return Path(found.split(":")[0])
    found = _option(words, _NAME_OPTIONS)
    return _LIBRARIES / found if found else None


def _option(words: Sequence[str], names: tuple[str, str]) -> str | None:
    """The value of an option: its next word, behind "=", or behind the short name."""
    for at, word in enumerate(words):
        if word in names:
            return words[at + 1] if at + 1 < len(words) else None
        if word.startswith(names[0] + "="):
            return word.partition("=")[2]
        if word.startswith(names[1]) and not word.startswith("--"):
            return word[len(names[1]) :]
    return None
