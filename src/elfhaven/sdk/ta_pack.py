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
from elfhaven.manifest.schema import Args, Files, Memory, Size
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

INTERPRETERS = ("micropython", "python")
_BOOT, _BUNDLE = "/elfhaven/boot", "/elfhaven/modules"
_STACK = Size(256 << 10)
_HEAP = 1 << 20
_START = f'exec(open("{_BOOT}").read())'
_UNUSED = ("libmbed", "libgcc_s")  # only for its modules of TLS and hashes, and for stacks that are unwound
_PYTHON_STACK = Size(2 << 20)
_PYTHON_USES = 8 << 20  # bytes that CPython takes as it starts, more or less
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
    interpreter: str = INTERPRETERS[0],
    report: Callable[[str], None] = print,
) -> Sequence[PackedProjectTa]:
    """Each TA of a project, or of a .py file, as <uuid>.ta in the working directory, or `output` for a single
    one. `heap` is MicroPython's, in bytes; `sign` as for packing.signer. Raises UsageError for what is
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
    return [
        pack_class(kind, output, sign=sign, heap=heap, interpreter=interpreter, report=report)
        for kind in kinds
    ]


def pack_class(
    kind: type[TrustedApplication],
    output: str | os.PathLike[str] | None = None,
    *,
    sign: str | os.PathLike[str] | None = None,
    heap: int = _HEAP,
    interpreter: str = INTERPRETERS[0],
    report: Callable[[str], None] = print,
) -> PackedProjectTa:
    """One TA; see pack_project."""
    file = inspect.getsourcefile(kind)
    if file is None:
        raise UsageError(f"{kind.__name__} comes from no file", "put its class into a .py file")
    if interpreter not in INTERPRETERS:
        raise UsageError(f"no interpreter {interpreter!r}", f"take one of: {', '.join(INTERPRETERS)}")
    make = _micropython if interpreter == INTERPRETERS[0] else _python
    ta, memory = make(kind, Path(file).resolve(), heap, report)
    made = pack_ta(ta, signer(None if sign is None else os.fspath(sign)))
    path = Path(output) if output is not None else Path(f"{ta.uuid}.ta")
    _write(path, made.data)
    notes = (*made.notes, *_size_note(len(made.data)))
    return PackedProjectTa(path, ta.uuid, kind.__name__, made.memory + memory, made.signer, notes)


Made = tuple[TaProgram, int]  # and the bytes that it takes beside its image


def _micropython(
    kind: type[TrustedApplication], file: Path, heap: int, report: Callable[[str], None]
) -> Made:
    modules = Modules(kind, file)
    root = open_root(None, ["micropython"], SUITE, report)
    assert root is not None
    words = ("micropython", "-X", f"heapsize={heap}", "-c", _START)
    return TaProgram(
        uuid=uuid_of(kind),
        flags=flags_of(kind),
        root=root.path,
        program=root.program("micropython"),
        without=_UNUSED,
        files=((_BOOT, _boot()), (_BUNDLE, modules.bundle())),
        manifest=Manifest(args=Args(fixed=words), memory=Memory(stack=_STACK)),
    ), heap + _STACK


def _python(kind: type[TrustedApplication], file: Path, heap: int, report: Callable[[str], None]) -> Made:
    from elfhaven.sdk import ta_cpython

    system = ta_cpython.root(report)
    modules = ta_cpython.CPythonModules(kind, file, system)
    files = Files(libraries=tuple(modules.extensions.values()))
    return TaProgram(
        uuid=uuid_of(kind),
        flags=flags_of(kind),
        root=system,
        program=ta_cpython.interpreter(system),
        without=(),
        files=((ta_cpython.BUNDLE, modules.bundle()),),
        manifest=Manifest(args=Args(fixed=("python",)), memory=Memory(stack=_PYTHON_STACK), files=files),
    ), _PYTHON_USES + _PYTHON_STACK


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
