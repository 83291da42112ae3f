# SPDX-License-Identifier: BSD-2-Clause
"""A program of a distribution that is a TA of its own: interpreter, files and runtime as one signed .ta."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    """`program` is a path in `root`, which holds an arm64 system, or the bytes of one that is linked with its
    libraries; `without` are libraries that it names and does not need; `files` lie in the image under their
    absolute paths; `flags` are TA_FLAG_*."""

    uuid: UUID
    flags: int
    root: Path
    program: str | bytes
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

    also = ta.manifest.files.libraries
    if isinstance(ta.program, str):
        found, name = collect(ta.root, ta.program, also), os.path.basename(ta.program)
    else:
        with _around(ta.root, ta.program) as (place, path):
            found, name = collect(place, path, also), os.path.basename(path)
    names = [name, *(library.name for library in found[1:])]
    names[1:2] = map(os.path.basename, names[1:2])  # ld.so is not opened: the system starts it
    images = [replace(library.elf, name=name) for library, name in zip(found, names, strict=True)]
    dropped = [image for image in images[1:] if ta.without and image.name.startswith(ta.without)]
    program = without(images[0], dropped) if dropped else images[0]
    return [program, *(image for image in images[1:] if image not in dropped)]


@contextmanager
def _around(root: Path, program: bytes) -> Iterator[tuple[Path, str]]:
    """A directory with the libraries of a system, and the path in it of a program that is not of it."""
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=".around-") as work:
        place = Path(work)
        for top in ("usr/lib", "lib"):
            if (root / top).is_symlink():
                (place / top).symlink_to(os.readlink(root / top))
            elif (root / top).is_dir():
                _link_libraries(root / top, place / top)
        (place / "program").write_bytes(program)
        yield place, "/program"


def _link_libraries(source: Path, target: Path) -> None:
    """The shared libraries of a directory and of those below it."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(source):
        if entry.is_dir(follow_symlinks=False):
            _link_libraries(Path(entry.path), target / entry.name)
        elif ".so" in entry.name and entry.is_symlink():
            (target / entry.name).symlink_to(os.readlink(entry.path))
        elif ".so" in entry.name:
            os.link(entry.path, target / entry.name)
