# SPDX-License-Identifier: BSD-2-Clause
"""The packed programs that a packed program may start, found where its manifest says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.errors import UsageError
from elfhaven.manifest import Program, decode
from elfhaven.packing import PackedTa, is_ta, open_ta, read_program

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey

Kin = dict[UUID, tuple[PackedTa, bytes]]


def family(packed: PackedTa, base: Path, trusted: tuple[PublicKey, ...] | None) -> Kin:
    """All that `packed` may start, and what that may start, with their files. `base`: the directory from
    which its manifest names them, or that its file lies in. UsageError where one is not there."""
    found: Kin = {}
    waiting = [(packed, base)]
    for parent, directory in waiting:  # grows as programs are found
        for program in decode(parent.policy).programs if parent.policy else ():
            if program.uuid in found or program.uuid == packed.uuid:
                continue
            place = _place(program, directory)
            data = read_program(place)
            member = open_ta(place, data, trusted)
            if member.uuid != program.uuid:
                raise UsageError(
                    f"{place} is not the program that was there when its parent was packed",
                    "pack the parent again; a `name` in the child's manifest keeps its UUID the same",
                )
            found[program.uuid] = (member, data)
            waiting.append((member, place.parent))
    return found


def _place(program: Program, directory: Path) -> Path:
    names = (program.file, Path(program.file).name, f"{program.uuid}.ta")
    for place in (directory / name for name in names):
        if place.is_file() and is_ta(read_program(place)):
            return place
    raise UsageError(
        f"{program.path}: the packed program {program.file} is not in {directory}",
        "put it there, or take it out of [programs]",
    )
