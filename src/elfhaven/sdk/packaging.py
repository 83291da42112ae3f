# SPDX-License-Identifier: BSD-2-Clause
"""Packing: what `elfhaven pack` and elfhaven.pack() do, and `run` does first."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfhaven import packing
from elfhaven.packing import PackedTa, signer

if TYPE_CHECKING:
    from elfhaven.manifest import Manifest

AnyPath = str | os.PathLike[str]
_NO_MANIFEST = (
    "no manifest: the program may read the working directory and use the three standard streams, nothing else"
)


def pack(
    program: AnyPath,
    *,
    manifest: AnyPath | Manifest | None = None,
    output: AnyPath | None = None,
    sign: AnyPath | None = None,
) -> PackedTa:
    """Makes `program`, its manifest and the runtime one signed TA file.

    `sign` is a PEM file, "optee-default", or None for the local development key. Without `output` the file is
    <uuid>.ta in the working directory. Raises ImageError, ManifestError, StateError or PackageError.
    """
    packed = pack_program(program, manifest, sign)
    path = Path(output) if output is not None else Path(f"{packed.uuid}.ta")
    return packing.copy(packed, path)


def pack_program(
    program: AnyPath, manifest: AnyPath | Manifest | None, sign: AnyPath | None = None
) -> PackedTa:
    """The program packed, in the cache. Notes say what a user should know of it."""
    from elfhaven.manifest import Manifest, default, load

    notes: tuple[str, ...] = ()
    if manifest is None:
        rules, base, notes = default(), Path.cwd(), (_NO_MANIFEST,)
    elif isinstance(manifest, Manifest):
        rules, base = manifest, Path.cwd()
    else:
        rules, base = load(manifest), Path(manifest).parent
    packed = packing.pack(os.fspath(program), rules, base, signer(None if sign is None else os.fspath(sign)))
    return replace(packed, notes=(*packed.notes, *notes))
