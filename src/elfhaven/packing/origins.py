# SPDX-License-Identifier: BSD-2-Clause
"""Where the images of a packed system's program come from: path, hash, package and licences of each.

The packer leaves it in the .ta as a remark, which the signature covers and no memory holds.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
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
    """The remark. A board's python3 reads it too: the standard library does."""
    return json.dumps(
        [asdict(origin) for origin in found], separators=(",", ":"), ensure_ascii=False
    ).encode()


def decode_origins(remark: bytes) -> tuple[Origin, ...]:
    """What a remark says; nothing where it says something else."""
    try:
        return tuple(_origin(**row) for row in json.loads(remark))
    except (ValueError, TypeError, RecursionError):
        return ()


def _origin(licences: Sequence[str] = (), **texts: str) -> Origin:
    """TypeError for what is of another form."""
    made = Origin(licences=tuple(licences), **texts)
    if not all(isinstance(text, str) for text in (*texts.values(), *made.licences)):
        raise TypeError
    return made
