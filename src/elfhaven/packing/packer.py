# SPDX-License-Identifier: BSD-2-Clause
"""A program, its manifest and the runtime become one signed .ta, cached by content.

The cache holds <key>.ta, where the key is a hash of everything that the file is made from. A program
with a name has the UUID of its name; one without has the UUID of that key.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from elfhaven.abi.container import VERSION, ConfigFlag
from elfhaven.errors import ImageError, StateError, UsageError
from elfhaven.image.ta import parse, sign
from elfhaven.manifest import compile_policy, pin
from elfhaven.packing.origins import encode_origins, origins
from elfhaven.packing.signer import Signer

if TYPE_CHECKING:
    from elfhaven.image.reader import Elf
    from elfhaven.manifest import Manifest

NAMESPACE = UUID("5d9f1c0e-6a55-4c43-9b0d-3b1f6f0f9a10")
TA_MAGIC = b"HSTO"
_FORMAT = 3  # counts changes of what is made from the same input
_KEPT = 256


@dataclass(frozen=True, slots=True)
class PackedTa:
    """A signed TA file. `signer`: SHA-256 of the public key, in hex; `policy`, `tree`: the compiled blobs."""

    path: Path
    uuid: UUID
    name: str | None
    signer: str
    policy: bytes
    tree: bytes = b""
    debug: bool = False
    audit_required: bool = False
    stoppable: bool = False
    notes: tuple[str, ...] = ()


def pack(
    program: str | Path,
    manifest: Manifest,
    base: str | Path,
    signer: Signer,
    *,
    cache: Path | None = None,
    root: Path | None = None,
    tree: bytes = b"",
    fixed: bool = False,
) -> PackedTa:
    """Packs `program`. `base`: the directory from which the manifest's relative paths are taken now.

    With `root`, a directory that holds an arm64 system, `program` is a path in it, and what it is linked
    with comes from there; `tree` (manifest.encode_tree) are the files of that system. With `fixed` a program
    that is linked for a fixed address is taken: no OP-TEE loads it. The file lies in the cache.
    Raises ImageError, ManifestError, StateError or PackageError.
    """
    images = _images(program, root, manifest.files.libraries)
    runtime = _runtime()
    pins = [pin(path, base) for path in manifest.files.pinned]
    policy = compile_policy(manifest, pins, base, _programs(manifest, base))
    contents = [(name, data) for name, _, data in images]
    key = _key(contents, (runtime, policy, tree), manifest, signer.fingerprint, fixed)
    uuid = uuid5(NAMESPACE, f"name/{manifest.name}" if manifest.name else f"content/{key}")
    path = (cache or cache_directory()) / "ta" / f"{_with_place(key, root)}.ta"
    notes = signer.notes
    if not _touch(path):
        from elfhaven.image.layout import ContainerConfig, lay_out  # not needed for what is packed already
        from elfhaven.image.runtime_image import RuntimeImage

        memory = manifest.memory
        remark = encode_origins(origins(root, images)) if root else b""
        config = ContainerConfig(
            uuid, _flags(manifest), memory.stack, memory.heap, fixed=fixed, remark=remark
        )
        made = lay_out(RuntimeImage.parse(runtime), _parsed(contents), config, policy, tree)
        _store(path, sign(made.elf, uuid, signer.key()))
        notes += made.notes
    return PackedTa(
        path,
        uuid,
        manifest.name,
        signer.fingerprint,
        policy,
        tree,
        manifest.debug,
        manifest.audit.required,
        manifest.stoppable,
        notes,
    )


def copy(packed: PackedTa, output: Path) -> PackedTa:
    """The same in a file of its own. Raises StateError where it cannot be written."""
    try:
        _replace(output, packed.path.read_bytes())
    except OSError as error:
        raise StateError(
            f"{output} cannot be written: {error.strerror}", "name another file with -o"
        ) from None
    return replace(packed, path=output)


def read_program(program: str | Path) -> bytes:
    """The bytes of a program. Raises ImageError where they cannot be had."""
    try:
        with open(program, "rb") as file:
            return file.read()
    except OSError as error:
        fix = "name a file: no search path is used" if os.sep not in str(program) else None
        raise ImageError(f"{program}: the program cannot be read: {error.strerror}", fix) from None


def cache_directory() -> Path:
    """Where packed programs are kept."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "elfhaven"


def uuid_of_name(name: str) -> UUID:
    """The UUID that a manifest's `name` gives."""
    return uuid5(NAMESPACE, f"name/{name}")


def _programs(manifest: Manifest, base: str | Path) -> dict[str, UUID]:
    """The UUIDs of the packed programs that the manifest names."""
    found = {}
    for file in manifest.programs.values():
        data = read_program(Path(base) / file)
        if not data.startswith(TA_MAGIC):
            raise ImageError(
                f"{file}: no packed program, and a child is one", f"pack it first: elfhaven pack -o {file}"
            )
        found[file] = parse(data, file).uuid
    return found


def _images(program: str | Path, root: Path | None, also: tuple[str, ...]) -> list[tuple[str, str, bytes]]:
    """The program under its own name, where it lies, and its bytes; in a root, its libraries too, each as it
    is opened."""
    if root is None:
        if also:
            raise UsageError(
                "`libraries` of the manifest are those of a system, and none is named",
                "name the system that they lie in with --sysroot or --debian",
            )
        return [(os.path.basename(program), str(program), read_program(program))]
    from elfhaven.image.libraries import collect  # not needed for a static program

    collected = collect(root, str(program), also)
    interpreter = 1  # ld.so is not opened: the system starts it
    names = (os.path.basename(program), *(library.name for library in collected[1:]))
    return [
        (os.path.basename(name) if at <= interpreter else name, library.path, library.elf.data)
        for at, (name, library) in enumerate(zip(names, collected, strict=True))
    ]


def _with_place(key: str, root: Path | None) -> str:
    """The file's name: the same images of another system have another origin, which the file tells."""
    return key if root is None else hashlib.sha256(f"{key} {root}".encode()).hexdigest()[:40]


def _parsed(images: list[tuple[str, bytes]]) -> list[Elf]:
    from elfhaven.image.reader import Elf

    return [Elf.parse(data, name) for name, data in images]


def _runtime() -> bytes:
    try:
        return (files("elfhaven") / "runtime.elf").read_bytes()
    except FileNotFoundError:
        raise ImageError(
            "the container runtime is not built", "in a clone: make runtime; else install elfhaven again"
        ) from None


def _key(
    images: list[tuple[str, bytes]],
    blobs: tuple[bytes, ...],
    manifest: Manifest,
    signer: str,
    fixed: bool,
) -> str:
    parts = [
        _FORMAT,
        VERSION,
        *(hashlib.sha256(part).hexdigest() for part in blobs),
        *((name, hashlib.sha256(data).hexdigest()) for name, data in images),
        manifest.name,
        int(_flags(manifest)),
        manifest.memory.stack,
        manifest.memory.heap,
        signer,
        *(("fixed",) if fixed else ()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def _flags(manifest: Manifest) -> ConfigFlag:
    wanted = {
        ConfigFlag.DEBUG: manifest.debug,
        ConfigFlag.SERVICE: manifest.service,
        ConfigFlag.AUDIT_REQUIRED: manifest.audit.required,
        ConfigFlag.STOPPABLE: manifest.stoppable,
    }
    flags = ConfigFlag(0)
    for flag, on in wanted.items():
        flags |= flag if on else ConfigFlag(0)
    return flags


def _store(path: Path, data: bytes) -> None:
    """Puts a file into the cache whole, and drops those that were used longest ago beyond _KEPT."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise StateError(
            f"{path}: {error.strerror}", "set XDG_CACHE_HOME to a directory that can be written"
        ) from None
    for old in sorted(path.parent.glob("*.ta"), key=_last_used, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)


def _touch(path: Path) -> bool:
    """Whether the file is in the cache; marks it as used."""
    try:
        os.utime(path)
    except OSError:
        return path.is_file()
    return True


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process was faster
        return 0.0


def _replace(path: Path, data: bytes) -> None:
    """Whole or not at all; what is no regular file (a pipe, a device) is written to, never replaced."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".pack-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
