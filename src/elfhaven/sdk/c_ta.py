# SPDX-License-Identifier: BSD-2-Clause
"""TAs in C: built with ziglang alone, against headers and libraries of the TA dev kit in Debian's package.

A project of one has in its pyproject.toml

[tool.elfhaven.c]
uuid = "..."
sources = ["ta.c"]
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from elfhaven.errors import ImageError, UsageError
from elfhaven.image.ta import sign as sign_ta
from elfhaven.packing import cache_directory, signer

_PACKAGE, _SUITE, _ARCHITECTURE = "optee-os-dev", "trixie", "arm64"
_KIT = "usr/lib/optee-os-dev/vexpress-qemu_armv8a"
COMPILE = (
    *("-target", "aarch64-freestanding-none", "-ffreestanding", "-fPIC", "-Os", "-mstrict-align"),
    *("-mno-outline-atomics", "-fno-sanitize=all", "-DARM64=1", "-D__LP64__=1", "-DTRACE_LEVEL=2"),
)
_LINK = (
    *("-e__ta_entry", "-pie", "-s", "-z", "max-page-size=4096", "-z", "norelro", "--no-rosegment"),
    *("--sort-section=alignment", "--as-needed"),
)
_EXPORTS = "{\n__elf_phdr_info;\ntrace_ext_prefix;\ntrace_level;\nta_head;\n};\n"
_LIBRARIES = ("-lutils", "-lutee", "-lmbedtls", "-ldl")
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CProject:
    """Sources of one TA, and what the compiler is told beside what every TA needs."""

    directory: Path
    uuid: UUID
    sources: tuple[str, ...]
    flags: tuple[str, ...] = ()


def c_project(directory: str | os.PathLike[str]) -> CProject | None:
    """The TA in C of a project; None where its pyproject.toml names none. Raises UsageError."""
    settings = Path(directory).resolve() / "pyproject.toml"
    try:
        table = (
            tomllib.loads(settings.read_text(encoding="utf-8")).get("tool", {}).get("elfhaven", {}).get("c")
        )
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{settings}: {error}", "mend the file") from None
    if table is None:
        return None
    try:
        flags, sources = table.get("flags", []), table.get("sources", ["ta.c"])
        if not all(isinstance(each, str) for each in (*flags, *sources)):
            raise TypeError
        return CProject(settings.parent, UUID(table["uuid"]), tuple(sources), tuple(flags))
    except (KeyError, ValueError, TypeError, AttributeError):
        raise UsageError(
            f'{settings}: [tool.elfhaven.c] wants uuid = "..." and sources = ["ta.c"]', "mend the file"
        ) from None


def kit(report: Report = print) -> Path:
    """The dev kit for 64-bit TAs, fetched at first use. Raises PackageError."""
    from elfhaven.packages import fetch, fetched

    if not fetched([_PACKAGE], suite=_SUITE, architecture=_ARCHITECTURE):
        report(f"fetching {_PACKAGE} of Debian {_SUITE}")
    return fetch([_PACKAGE], suite=_SUITE, architecture=_ARCHITECTURE) / _KIT


def headers(place: Path) -> tuple[str, ...]:
    """What the compiler is told to compile as the kit does: its configuration and its headers."""
    lines = (line.split() for line in (place / "mk" / "conf.mk").read_text(encoding="utf-8").splitlines())
    on = [words[0] for words in lines if words[1:] == [":=", "y"] and words[0].startswith("CFG_")]
    return (*(f"-D{name}=1" for name in sorted(set(on))), "-isystem", str(place / "include"))


def build(project: CProject, report: Report = print) -> bytes:
    """The ELF of a project's TA. ImageError with the compiler's words where it does not take it."""
    place = kit(report)
    told = (*COMPILE, *headers(place), "-I", str(project.directory), *project.flags)
    sources = [project.directory / name for name in project.sources]
    with tempfile.TemporaryDirectory(prefix="elfhaven-c-") as work:
        objects = []
        for number, source in enumerate([*sources, place / "src" / "user_ta_header.c"]):
            objects.append(f"{work}/{number}.o")
            _zig("cc", *told, "-c", str(source), "-o", objects[-1])
        script, exports, out = (f"{work}/{name}" for name in ("ta.lds", "exports", "ta.elf"))
        _zig("cc", *told, "-E", "-P", "-x", "c", str(place / "src" / "ta.ld.S"), "-o", script)
        Path(exports).write_text(_EXPORTS)
        libraries = ("-L", str(place / "lib"), "--start-group", *_LIBRARIES, "--end-group")
        _zig("ld.lld", *_LINK, "-T", script, "--dynamic-list", exports, *objects, *libraries, "-o", out)
        return Path(out).read_bytes()


def pack(
    project: CProject, sign: str | os.PathLike[str] | None = None, report: Report = print
) -> tuple[bytes, str, tuple[str, ...]]:
    """The TA's signed file, the fingerprint of its signer, and notes for the user."""
    by = signer(None if sign is None else os.fspath(sign))
    return sign_ta(build(project, report), project.uuid, by.key()), by.fingerprint, by.notes


def images(directory: str | os.PathLike[str]) -> dict[UUID, bytes]:
    """The TA of a project as Context wants it, signed by the key that emulator and QEMU trust both."""
    project = c_project(directory)
    if project is None:
        raise UsageError(
            f"{os.fspath(directory)} is no project of a TA in C", "make one: elfhaven new --c NAME"
        )
    return {project.uuid: pack(project, "optee-default")[0]}


def _zig(*words: str) -> None:
    if importlib.util.find_spec("ziglang") is None:
        raise UsageError(
            "TAs in C are built with ziglang, which is not installed", "pip install ziglang==0.17.0"
        )
    zig_cache = str(cache_directory() / "zig")
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache}
    command: Sequence[str] = [sys.executable, "-m", "ziglang", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise ImageError(f"the TA does not build:\n{done.stderr.rstrip()}", "mend what the compiler names")
