# SPDX-License-Identifier: BSD-2-Clause
"""Where the images of a packed system's program come from: path, hash, package and licences of each.

The packer leaves it in the .ta as a remark, which the signature covers and no memory holds.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """Of one image. `path`: in the root directory it was packed from; package and version: "" if unknown."""

    name: str
    path: str
    sha256: str
    package: str = ""
    version: str = ""
    licences: tuple[str, ...] = ()


def origins(root: Path, images: Sequence[tuple[str, str, bytes]]) -> tuple[Origin, ...]:
    """Of images that are (name, path in `root`, content)."""
    from elfhaven.packages.database import Database

    packages = Database(root)
    made = []
    for name, path, data in images:
        package = packages.owner(os.path.normpath(path))
        known = (package.name, package.version, package.licences) if package else ()
        made.append(Origin(name, path, hashlib.sha256(data).hexdigest(), *known))
    return tuple(made)


def encode_origins(found: tuple[Origin, ...]) -> bytes:
    """The remark."""
    return msgspec.json.encode(found)


def decode_origins(remark: bytes) -> tuple[Origin, ...]:
    """What a remark says; nothing where it says something else."""
    try:
        return msgspec.json.decode(remark, type=tuple[Origin, ...])
    except msgspec.MsgspecError:
        return ()
