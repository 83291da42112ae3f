# SPDX-License-Identifier: BSD-2-Clause
"""Pinned files: the hashes of a file's blocks, taken when the program is packed.

The hashes lie in the signed image, so the runtime can check each block when it is read and needs no second
level: a block of 64 KiB costs 32 bytes.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from elfhaven.errors import ManifestError

BLOCK_SHIFT = 16


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned file. `path` as in the manifest; `hashes`: SHA-256 of each block, the last may be short."""

    path: str
    size: int
    hashes: tuple[bytes, ...]
    block_shift: int = BLOCK_SHIFT


def pin(path: str, base: str | Path) -> Pin:
    """Hashes the file `path`, taken relative to the directory `base`. Raises ManifestError."""
    try:
        with open(os.path.join(base, path), "rb", buffering=0) as file:
            hashes = []
            size = 0
            while block := file.read(1 << BLOCK_SHIFT):
                while len(block) < 1 << BLOCK_SHIFT and (more := file.read((1 << BLOCK_SHIFT) - len(block))):
                    block += more
                hashes.append(hashlib.sha256(block).digest())
                size += len(block)
    except OSError as error:
        raise ManifestError(
            f"the pinned file {path!r} cannot be read in {str(base)!r}: {error.strerror}",
            "paths are taken from the manifest's own directory when the program is packed",
        ) from None
    return Pin(path, size, tuple(hashes))
