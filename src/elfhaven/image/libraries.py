# SPDX-License-Identifier: BSD-2-Clause
"""The interpreter and the libraries of a dynamic program, found within a root directory as ld.so finds them.

The order is that of ld.so(8) without LD_LIBRARY_PATH: a name with a slash is a path; else DT_RPATH of the
object and of those that loaded it (where the object has no DT_RUNPATH), its DT_RUNPATH, what the root's
configuration names, the directories that are built in. musl has one list: /etc/ld-musl-aarch64.path, else its
built-in one. A file that is no ELF for AArch64 is passed over, as ld.so does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Final

from elfhaven.abi import elf as abi
from elfhaven.abi.linux import MERGED_USR
from elfhaven.errors import ImageError
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.layout import MAX_IMAGE_SEGMENTS
from elfhaven.image.reader import Elf

_MULTIARCH: Final = "aarch64-linux-gnu"
_GLIBC: Final = (f"/lib/{_MULTIARCH}", f"/usr/lib/{_MULTIARCH}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
_MUSL: Final = ("/lib", "/usr/local/lib", "/usr/lib")
_LIBC: Final = "libc.so.6"
_UNWINDER: Final = "libgcc_s.so.1"
_UNWINDING: Final = (b"pthread_exit", b"pthread_cancel", b"backtrace")  # what needs it
_MAX_LINKS: Final = 40  # as many symbolic links as Linux follows
_MAX_INCLUDES: Final = 32


@dataclass(frozen=True, slots=True)
class Library:
    """An ELF in the root.

    `name` is what it is wanted by: a name that a dynamic linker puts behind a directory, or a path. `path` is
    where it lies in the root, `file` what it is on this machine.
    """

    name: str
    path: str
    file: Path
    elf: Elf


@dataclass(slots=True)
class _Object:
    """An object that was loaded, and what loaded it."""

    library: Library
    loader: _Object | None
    dynamic: Dynamic = field(init=False)

    def __post_init__(self) -> None:
        self.dynamic = Dynamic(self.library.elf)

    def directories(self, tag: int) -> list[str]:
        """The list in DT_RPATH or DT_RUNPATH, with what it may stand for filled in."""
        origin = str(PurePosixPath(self.library.path).parent)
        text = self.dynamic.text(tag) or ""
        for name, value in (("ORIGIN", origin), ("LIB", f"lib/{_MULTIARCH}"), ("PLATFORM", "aarch64")):
            text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
        return [part for part in text.split(":") if part.startswith("/")]


def collect(root: Path, path: str, also: Sequence[str] = ()) -> tuple[Library, ...]:
    """The program at `path` in `root`, its interpreter if it has one, and every library in loading order.

    `also` are libraries that it opens while it runs (dlopen): names, paths or patterns of paths. A file
    wanted by several names comes once for each, with one bytes object. Raises ImageError where one is missing
    or cannot be used; the cause names who wants it and where it was looked for.
    """
    program = _Object(_read(root, path, "the program"), None)
    interpreter = program.library.elf.interpreter
    if interpreter is None:
        return (program.library,)
    loader = _Object(_read(root, interpreter, f"the interpreter of {path}"), None)
    search = _Search(root, interpreter)
    found = {_name(loader.library): loader, loader.library.name: loader}
    objects = [program, loader]
    libraries = [program.library, loader.library]
    opened = (path for name in also for path in _expanded(root, name))
    wanted = [(program, name) for name in (*program.dynamic.needed, *opened)]
    for by, name in chain(wanted, _unwinder(search, objects, found)):  # `wanted` grows as libraries are found
        if name in found:
            continue
        library = search.find(by, name)
        known = next((o for o in objects if o.library.file == library.file), None)
        if known is None:
            found[name] = _Object(library, by)
            objects.append(found[name])
            wanted += [(found[name], needed) for needed in found[name].dynamic.needed]
        else:
            found[name] = known
            library = replace(library, elf=known.library.elf)
        libraries.append(library)
    return tuple(libraries)


def _unwinder(
    search: _Search, objects: Sequence[_Object], found: Mapping[str, _Object]
) -> Iterator[tuple[_Object, str]]:
    """libgcc_s, which glibc opens when a thread is cancelled or ends itself, or a stack is walked.

    It needs nothing that is not there by then. Without it, in such a system or where an image has no room for
    one more, the program ends with glibc's message.
    """
    libc = found.get(_LIBC)
    if libc is None or not any(_unwinds(each) for each in objects if each is not libc):
        return
    with suppress(ImageError):
        library = search.find(libc, _UNWINDER)
        images = (*(each.library for each in objects), library)
        if sum(len(image.elf.loads) for image in images) <= MAX_IMAGE_SEGMENTS:
            yield libc, _UNWINDER


def _unwinds(each: _Object) -> bool:
    return any(b"\0%s\0" % name in each.library.elf.data for name in _UNWINDING)


class _Search:
    """Where a library of a name lies."""

    def __init__(self, root: Path, interpreter: str) -> None:
        self._root = root
        musl = "ld-musl" in PurePosixPath(interpreter).name
        self._common = _musl_directories(root) if musl else (*_configured(root), *_GLIBC)

    def find(self, by: _Object, name: str) -> Library:
        """The library that `by` gets for `name`; ImageError where there is none."""
        if "/" in name:
            return _by_path(_read(self._root, name, f"needed by {by.library.path}"), self._root)
        directories = list(dict.fromkeys(self._directories(by)))
        for directory in directories:
            library = _try(self._root, f"{directory}/{name}")
            if library is not None:
                return replace(library, name=name)
        raise ImageError(
            f"{by.library.path}: needs {name}, which is in none of {', '.join(directories)} of {self._root}",
            "add the package or the directory that holds it",
        )

    def _directories(self, by: _Object) -> Iterator[str]:
        if by.dynamic.value(abi.DT_RUNPATH) is None:
            at: _Object | None = by
            while at is not None:
                if at.dynamic.value(abi.DT_RUNPATH) is None:
                    yield from at.directories(abi.DT_RPATH)
                at = at.loader
        yield from by.directories(abi.DT_RUNPATH)
        yield from self._common


def inside(root: Path, path: str) -> Path | None:
    """The file that `path` means to a process whose root directory is `root`; None where there is none.

    Symbolic links are followed within the root: an absolute one starts there again, and `..` stops there.
    Packages alone, unpacked, lack the links of a merged /usr (/lib to /usr/lib): they are taken as there.
    """
    parts = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    at: list[str] = []
    links = 0
    while parts:
        part = parts.pop()
        if part == "..":
            del at[-1:]
            continue
        if not at and part in MERGED_USR and not os.path.lexists(root / part):
            at = ["usr"]
        here = root.joinpath(*at, part)
        try:
            target = os.readlink(here)
        except OSError:
            at.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            return None
        if target.startswith("/"):
            at = []
        parts += [piece for piece in reversed(target.split("/")) if piece not in ("", ".")]
    found = root.joinpath(*at)
    return found if found.exists() else None


def _read(root: Path, path: str, what: str) -> Library:
    file = inside(root, path)
    if file is None or not file.is_file():
        raise ImageError(f"{path}: {what} is not in {root}", "add the package that holds it")
    try:
        return Library(path, path, file, Elf.parse(file.read_bytes(), path))
    except OSError as error:
        raise ImageError(f"{file}: cannot be read: {error.strerror}") from None


def _by_path(library: Library, root: Path) -> Library:
    """A library that is opened by a path, under the one that no link is part of."""
    return replace(library, name=f"/{library.file.relative_to(root)}")


def _try(root: Path, path: str) -> Library | None:
    """The library at `path`; None where there is none that can be used."""
    file = inside(root, path)
    if file is None or not file.is_file():
        return None
    try:
        return _read(root, path, "a library")
    except ImageError:
        return None


def _name(library: Library) -> str:
    return Dynamic(library.elf).soname or PurePosixPath(library.path).name


def _expanded(root: Path, name: str) -> list[str]:
    """A name or a path as it is; the paths that a pattern means, which must be some."""
    if "/" not in name or not any(mark in name for mark in "*?["):
        return [name]
    found = _matching(root, name)
    if not found:
        raise ImageError(f"{name}: no library in {root} is called so", "name libraries by their paths")
    return found


def _musl_directories(root: Path) -> tuple[str, ...]:
    file = inside(root, "/etc/ld-musl-aarch64.path")
    if file is None:
        return _MUSL
    text = file.read_text(errors="replace").replace("\n", ":")
    return tuple(part for part in text.split(":") if part.startswith("/"))


def _configured(root: Path) -> tuple[str, ...]:
    """The directories of /etc/ld.so.conf and the files that it includes, in order."""
    found: list[str] = []
    waiting = ["/etc/ld.so.conf"]
    for _ in range(_MAX_INCLUDES):
        if not waiting:
            break
        file = inside(root, waiting.pop(0))
        if file is None or not file.is_file():
            continue
        for line in file.read_text(errors="replace").splitlines():
            words = line.partition("#")[0].split()
            if words[:1] == ["include"]:
                waiting += [path for pattern in words[1:] for path in _matching(root, pattern)]
            else:
                found += [word for word in words if word.startswith("/")]
    return tuple(found)


def _matching(root: Path, pattern: str) -> list[str]:
    pattern = pattern if pattern.startswith("/") else f"/etc/{pattern}"
    return [f"/{path.relative_to(root)}" for path in sorted(root.glob(pattern.lstrip("/")))]
