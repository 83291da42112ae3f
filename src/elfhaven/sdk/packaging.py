# SPDX-License-Identifier: BSD-2-Clause
"""Packing: what `elfhaven pack` and elfhaven.pack() do, and `run` does first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfhaven import packing
from elfhaven.packing import PackedTa, signer
from elfhaven.sdk.root import SUITE, AnyPath, Root, open_root

if TYPE_CHECKING:
    from elfhaven.manifest import Manifest

_NO_MANIFEST = (
    "no manifest: the program may read the working directory and use the three standard streams, nothing else"
)


def pack(
    program: AnyPath,
    *,
    manifest: AnyPath | Manifest | None = None,
    output: AnyPath | None = None,
    sign: AnyPath | None = None,
    sysroot: AnyPath | None = None,
    debian: Sequence[str] = (),
    suite: str = SUITE,
    on_note: Callable[[str], None] = print,
) -> PackedTa:
    """Makes `program`, its manifest and the runtime one signed TA file.

    With `sysroot` (a directory that holds an arm64 system) or `debian` (packages of a suite, fetched with
    what they depend on) the program is one of that system, and what it is linked with is packed too.
    `sign` is a PEM file, "optee-default", or None for the local development key. Without `output` the file is
    <uuid>.ta in the working directory. Raises ImageError, ManifestError, StateError or PackageError.
    """
    root = open_root(sysroot, debian, suite, on_note)
    packed = pack_program(program, manifest, sign, root)
    path = Path(output) if output is not None else Path(f"{packed.uuid}.ta")
    return packing.copy(packed, path)


def pack_program(
    program: AnyPath,
    manifest: AnyPath | Manifest | None,
    sign: AnyPath | None = None,
    root: Root | None = None,
    *,
    debug: bool = False,
    fixed: bool = False,
) -> PackedTa:
    """The program packed, in the cache. Notes say what a user should know of it.

    With `debug` as if its manifest said `debug = true`; with `fixed` for the emulator's permissive profile.
    """
    from elfhaven.manifest import Manifest, default, load

    notes: tuple[str, ...] = ()
    if manifest is None:
        rules, base, notes = default(), Path.cwd(), (_NO_MANIFEST,)
    elif isinstance(manifest, Manifest):
        rules, base = manifest, Path.cwd()
    else:
        rules, base = load(manifest), Path(manifest).parent
    if debug and not rules.debug:
        from msgspec.structs import replace as with_key

        rules = with_key(rules, debug=True)
    path, key = os.fspath(program), signer(None if sign is None else os.fspath(sign))
    if root is not None:
        packed = packing.pack(
            root.program(path), rules, base, key, root=root.path, tree=root.tree(), fixed=fixed
        )
    else:
        packed = packing.pack(path, rules, base, key, fixed=fixed)
    return replace(packed, notes=(*packed.notes, *notes))
