# SPDX-License-Identifier: BSD-2-Clause
"""Python TAs as .ta files for a real OP-TEE: the class, its modules, an interpreter of the distribution."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from elfhaven.errors import StateError, UsageError
from elfhaven.image.reader import Elf
from elfhaven.image.ta import parse
from elfhaven.manifest import Manifest
from elfhaven.manifest.schema import Args, Memory, Size
from elfhaven.packing import signer
from elfhaven.packing.ta import TaProgram, pack_ta
from elfhaven.sdk.c_ta import CProject, c_project
from elfhaven.sdk.c_ta import pack as pack_c
from elfhaven.sdk.root import SUITE, open_root
from elfhaven.sdk.ta_modules import Modules
from elfhaven.sdk.ta_project import load_tas
from elfhaven.ta import TrustedApplication
from elfhaven.ta.binding import flags_of, uuid_of
from elfhaven.target.state import replace_file

INTERPRETERS = ("micropython",)
_BOOT, _BUNDLE = "/elfhaven/boot", "/elfhaven/modules"
_STACK = Size(256 << 10)
_HEAP = 1 << 20
_START = f'exec(open("{_BOOT}").read())'
_TLS = ("libmbed",)  # what only the interpreter's own modules for TLS and hashes need
_MOST_SURE = 4 << 20  # bytes of a .ta file that every stock OP-TEE maps at once


@dataclass(frozen=True, slots=True)
class PackedProjectTa:
    """`memory` is what an instance takes of the secure world in bytes, with the interpreter's heap."""

    path: Path
    uuid: UUID
    name: str
    memory: int
    signer: str
    notes: tuple[str, ...]


def pack_project(
    project: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    sign: str | os.PathLike[str] | None = None,
    heap: int = _HEAP,
    report: Callable[[str], None] = print,
) -> Sequence[PackedProjectTa]:
    """Each TA of a project, or of a .py file, as <uuid>.ta in the working directory, or `output` for a single
    one. `heap` is the interpreter's, in bytes; `sign` as for packing.signer. Raises UsageError for what is
    not to be had there, ImageError, PackageError or StateError."""
    in_c = c_project(project)
    if in_c is not None:
        return [_pack_c(in_c, output, sign, report)]
    kinds = load_tas(project)
    if output is not None and len(kinds) > 1:
        raise UsageError(
            f"{os.fspath(project)} holds {len(kinds)} TAs, and each is a file",
            "leave -o out, or name a .py file",
        )
    return [pack_class(kind, output, sign=sign, heap=heap, report=report) for kind in kinds]


def pack_class(
    kind: type[TrustedApplication],
    output: str | os.PathLike[str] | None = None,
    *,
    sign: str | os.PathLike[str] | None = None,
    heap: int = _HEAP,
    report: Callable[[str], None] = print,
) -> PackedProjectTa:
    """One TA; see pack_project."""
    file = inspect.getsourcefile(kind)
    if file is None:
        raise UsageError(f"{kind.__name__} comes from no file", "put its class into a .py file")
    modules = Modules(kind, Path(file).resolve())
    root = open_root(None, ["micropython"], SUITE, report)
    assert root is not None
    ta = TaProgram(
        uuid=uuid_of(kind),
        flags=flags_of(kind),
        root=root.path,
        program=root.program("micropython"),
        without=_TLS,
        files=((_BOOT, _boot()), (_BUNDLE, modules.bundle())),
        manifest=Manifest(
            args=Args(fixed=("micropython", "-X", f"heapsize={heap}", "-c", _START)),
            memory=Memory(stack=_STACK),
        ),
    )
    made = pack_ta(ta, signer(None if sign is None else os.fspath(sign)))
    path = Path(output) if output is not None else Path(f"{ta.uuid}.ta")
    _write(path, made.data)
    notes = (*made.notes, *modules.notes, *_size_note(len(made.data)))
    return PackedProjectTa(path, ta.uuid, kind.__name__, made.memory + heap + _STACK, made.signer, notes)


def _pack_c(
    project: CProject,
    output: str | os.PathLike[str] | None,
    sign: str | os.PathLike[str] | None,
    report: Callable[[str], None],
) -> PackedProjectTa:
    data, by, notes = pack_c(project, sign, report)
    path = Path(output) if output is not None else Path(f"{project.uuid}.ta")
    _write(path, data)
    memory = sum(load.memory_size for load in Elf.parse(parse(data, path.name).image, path.name).loads)
    return PackedProjectTa(path, project.uuid, project.directory.name, memory, by, notes)


def _write(path: Path, data: bytes) -> None:
    try:
        replace_file(path, data, 0o644)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}", "name another file with -o") from None


def _boot() -> bytes:
    return (Path(__file__).parent / "micropython" / "boot.py").read_bytes()


def _size_note(size: int) -> tuple[str, ...]:
    if size <= _MOST_SURE:
        return ()
    return (f"the file has {size} bytes: a stock OP-TEE may halt on one of more than {_MOST_SURE}",)
