# SPDX-License-Identifier: BSD-2-Clause
"""What a board told of itself, and what of it would stop a program: each with its cause and its fix."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from elfhaven.errors import TargetError
from elfhaven.target.device.install import USUAL, VARIABLE, directory_of

_MACHINE: Final = "aarch64"
_FREE: Final = "free"  # the supplicant's node could be opened: nobody else has it open
_START: Final = "start it there: `sudo tee-supplicant -d`, or `sudo systemctl start tee-supplicant`"


@dataclass(frozen=True, slots=True)
class Facts:
    """Lines of the board by their first word; of several with the same one all, in their order."""

    board: str
    told: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, board: str, lines: Iterable[str]) -> Self:
        told: dict[str, tuple[str, ...]] = {}
        for line in lines:
            word, _, rest = line.partition(" ")
            told[word] = (*told.get(word, ()), rest.strip())
        return cls(board, told)

    def one(self, word: str) -> str:
        return next(iter(self.told.get(word, ())), "")

    def check(self) -> str | None:
        """A line for the user where something cannot be seen. Raises TargetError where nothing could run."""
        machine, user = self.one("machine"), self.one("user")
        if machine != _MACHINE:
            raise TargetError(
                f"{self.board} is a {machine or 'machine of an unknown kind'}, not {_MACHINE}",
                "take a board whose Linux runs in 64 bits: the programs are those of aarch64",
            )
        state, _, listed = self.one("node").partition(" ")
        if state == "absent":
            raise TargetError(
                f"{self.board} has no /dev/tee0: its Linux found no OP-TEE",
                "boot firmware that starts OP-TEE, and a Linux with CONFIG_TEE and CONFIG_OPTEE; "
                "`dmesg | grep optee` there says what it found",
            )
        if state != "good":
            raise TargetError(
                f"{user} may not use /dev/tee0 of {self.board} ({listed})",
                f"`sudo usermod -aG GROUP {user}` there, with the group of that line, and log in anew",
            )
        return self._supplicant()

    def _supplicant(self) -> str | None:
        if self.told.get("supplicant"):
            return None
        if self.one("private") == _FREE:
            raise TargetError(f"no tee-supplicant runs on {self.board}: nothing can load a TA", _START)
        if "busy" in self.one("private"):
            return None  # it goes by another name, or is hidden from this user
        return f"no tee-supplicant is seen on {self.board}: where none runs the TA cannot be loaded; {_START}"

    def directory(self, environment: Mapping[str, str]) -> str:
        """Where the board's supplicant looks for TA files: as told here, by its options, else the usual."""
        named = environment.get(VARIABLE)
        if named:
            return named
        started = directory_of(self.one("supplicant").split("\t"))
        if started is not None:
            return str(started)
        return self.one("directory") or str(USUAL[0])

    def images(self) -> dict[UUID, str]:
        """The TA files that lie there already: their SHA-256."""
        pairs = (line.split() for line in self.told.get("image", ()))
        return {UUID(pair[0]): pair[1] for pair in pairs if len(pair) > 1}

    def check_writable(self, directory: str, uuid: UUID) -> None:
        """Raises TargetError where this user cannot put `uuid`.ta into the directory."""
        if "writable" in self.told:
            return
        user, listed = self.one("user"), self.one("unwritable")
        raise TargetError(
            f"{user} may not put {uuid}.ta into {directory} of {self.board}, where the supplicant looks "
            f"({listed or 'it cannot be written'})",
            f"log in as root once; or let root put the file of `elfhaven pack` there: `sudo install -m 644 "
            f"{uuid}.ta {directory}`; or `sudo chgrp GROUP {directory}; sudo chmod g+w {directory}` there. "
            f"{VARIABLE} names another directory",
        )


def usual_directories() -> tuple[str, ...]:
    """Where supplicants look for TAs as distributions start them."""
    return tuple(os.fspath(Path(path)) for path in USUAL)
