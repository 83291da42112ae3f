# SPDX-License-Identifier: BSD-2-Clause
"""A program of a distribution that is a TA of its own: interpreter, files and runtime as one signed .ta."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from uuid import UUID

from elfhaven.abi.container import ConfigFlag
from elfhaven.image.reader import Elf
from elfhaven.image.ta import sign
from elfhaven.manifest import Manifest, compile_policy
from elfhaven.packing.signer import Signer


@dataclass(frozen=True, slots=True)
class TaProgram:
    """`program` is a path in `root`, which holds an arm64 system; `without` are libraries that it names and
    does not need; `files` lie in the image under their absolute paths; `flags` are TA_FLAG_*."""

    uuid: UUID
    flags: int
    root: Path
    program: str
    without: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...]
    manifest: Manifest
    version: int = 0


@dataclass(frozen=True, slots=True)
class PackedProgram:
    """The file's bytes, and the secure memory that an instance takes before the program asks for any."""

    data: bytes
    memory: int
    signer: str
    notes: tuple[str, ...]


def pack_ta(ta: TaProgram, signer: Signer) -> PackedProgram:
    """Raises ImageError, ManifestError or PackageError."""
    from elfhaven.image.layout import ContainerConfig, lay_out
    from elfhaven.image.runtime_image import RuntimeImage

    images = _images(ta)
    memory = ta.manifest.memory
    flags = ConfigFlag.TA | ConfigFlag.SERVICE
    config = ContainerConfig(ta.uuid, flags, memory.stack, memory.heap, ta_flags=ta.flags, files=ta.files)
    made = lay_out(
        RuntimeImage.parse((files("elfhaven") / "runtime.elf").read_bytes()),
        images,
        config,
        compile_policy(ta.manifest, [], Path.cwd()),
    )
    data = sign(made.elf, ta.uuid, signer.key())
    return PackedProgram(data, made.memory, signer.fingerprint, signer.notes)


def _images(ta: TaProgram) -> list[Elf]:
    """The program, its interpreter, and what it needs of its libraries, each as it is opened."""
    from elfhaven.image.libraries import collect
    from elfhaven.image.without import without

    found = collect(ta.root, ta.program, ta.manifest.files.libraries)
    names = [os.path.basename(ta.program), *(library.name for library in found[1:])]
    names[:2] = map(os.path.basename, names[:2])  # ld.so is not opened: the system starts it
    images = [replace(library.elf, name=name) for library, name in zip(found, names, strict=True)]
    dropped = [image for image in images[1:] if ta.without and image.name.startswith(ta.without)]
    program = without(images[0], dropped) if dropped else images[0]
    return [program, *(image for image in images[1:] if image not in dropped)]
