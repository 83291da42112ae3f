# SPDX-License-Identifier: BSD-2-Clause
"""Look into the files of trusted storage: REE-FS, of the emulator or of an OP-TEE, or an emulated RPMB.

Nothing is written. The device's hardware unique key is needed: its state directory has it, and Debian's build
for QEMU has sixteen zero bytes.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from elfhaven.abi import gp_crypto
from elfhaven.errors import StateError, UsageError
from elfhaven.sdk.storage_ree import ReeSource
from elfhaven.sdk.storage_rpmb import RpmbSource
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage import object_file
from elfhaven.secure.storage.layout import DIRECTORY
from elfhaven.secure.storage.object_file import StoredObject

__all__ = ["Finding", "Found", "objects", "show", "verify"]

CORE = UUID(int=0)
_PRINTABLE = frozenset((string.ascii_letters + string.digits + string.punctuation + " ").encode())
_TYPES = {value: name for name, value in vars(gp_crypto).items() if name.startswith("TEE_TYPE_")}
_ATTRIBUTES = {value: name for name, value in vars(gp_crypto).items() if name.startswith("TEE_ATTR_")}
_HUK_SIZE = 16
Source = ReeSource | RpmbSource


@dataclass(frozen=True)
class Found:
    """An object. `id` is text, or hexadecimal behind 0x; `data_size` is in bytes, the key's sizes in bits."""

    owner: str
    id: str
    file: str
    type: str = ""
    data_size: int = 0
    size: int = 0
    max_size: int = 0
    usage: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    data: str | None = None  # hexadecimal
    damage: str | None = None  # why it cannot be read

    def as_values(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """Something that was checked: `good`, or what is wrong."""

    what: str
    good: bool
    detail: str


def objects(path: str | Path, huk: str | None = None) -> list[Found]:
    """All objects, in the order in which they lie there. StateError, UsageError."""
    source = _source(Path(path), huk)
    return [_found(source, owner, object_id, False) for owner, object_id in source.names()]


def show(path: str | Path, object_id: str, owner: str | None = None, huk: str | None = None) -> list[Found]:
    """The objects with that id, of one owner or of any, with attributes and data. UsageError for none."""
    source = _source(Path(path), huk)
    wanted = [
        (uuid, found)
        for uuid, found in source.names()
        if object_id == _text(found) and (owner is None or owner == _owner(uuid))
    ]
    if not wanted:
        raise UsageError(f"{path} holds no object {object_id}", f"`elfhaven storage ls {path}` lists them")
    return [_found(source, uuid, found, True) for uuid, found in wanted]


def verify(path: str | Path, huk: str | None = None) -> list[Finding]:
    """Everything that can be checked, with what was found."""
    source = _source(Path(path), huk)
    findings = [Finding(*checked) for checked in source.check()]
    for owner, object_id in source.names():
        found = _found(source, owner, object_id, True)
        findings.append(
            Finding(
                f"{found.owner} {found.id}",
                found.damage is None,
                found.damage or f"{found.type}, {found.data_size} bytes of data, file {found.file}",
            )
        )
    return findings


def _source(path: Path, huk: str | None) -> Source:
    """What lies at `path`: a directory with dirf.db, a state directory, or the file of an RPMB partition."""
    if not path.exists():
        raise UsageError(
            f"{path} does not exist", "name a directory with dirf.db, a state directory, or a file"
        )
    if path.is_dir() and (path / "tee" / DIRECTORY).is_file():
        path = path / "tee"
    key = _key(huk, path)
    try:
        if path.is_file():
            return RpmbSource(path, key)
        if (path / DIRECTORY).is_file():
            return ReeSource(path, key)
    except TeeResult as error:
        raise StateError(
            f"{path} cannot be read as trusted storage: {error}",
            "give the key of the device that wrote it with --huk; with the right one, the files are damaged",
        ) from None
    except OSError as error:
        raise StateError(f"{error.filename or path} cannot be read: {error.strerror}") from None
    raise UsageError(
        f"{path} holds no {DIRECTORY}",
        "name the directory of tee-supplicant (/var/lib/optee-client/data/tee) or a state directory",
    )


def _key(huk: str | None, path: Path) -> bytes:
    """The key that is given, else that of the state directory, else the one of Debian's build."""
    if huk is None:
        beside = path.parent / "huk"
        in_state = path.name in ("tee", "rpmb") and beside.is_file()
        return beside.read_bytes() if in_state else bytes(_HUK_SIZE)
    try:
        key = bytes.fromhex(huk.removeprefix("0x"))
    except ValueError:
        raise UsageError(
            f"{huk!r} is no key in hexadecimal", "give 32 digits, for instance 00112233..."
        ) from None
    if len(key) != _HUK_SIZE:
        raise UsageError(f"a hardware unique key has {_HUK_SIZE} bytes, this one {len(key)}")
    return key


def _found(source: Source, owner: UUID, object_id: bytes, whole: bool) -> Found:
    name, text, file = _owner(owner), _text(object_id), source.file_of(owner, object_id)
    try:
        with source.opened(owner, object_id) as (read, size):
            if owner == CORE:  # the core's own objects have no head
                data = read(0, size) if whole else b""
                return Found(name, text, file, "core", size, data=data.hex() if whole else None)
            stored = object_file.load(read, size)
            content = read(stored.start, size - stored.start) if whole else None
            return _described(name, text, file, stored, size - stored.start, content)
    except TeeResult as error:
        return Found(name, text, file, damage=str(error))


def _described(
    owner: str, object_id: str, file: str, stored: StoredObject, size: int, data: bytes | None
) -> Found:
    attributes = {} if data is None else dict(_attributes(stored))
    return Found(
        owner,
        object_id,
        file,
        _TYPES.get(stored.type, f"{stored.type:#010x}"),
        size,
        stored.size,
        stored.max_size,
        stored.usage,
        attributes,
        None if data is None else data.hex(),
    )


def _attributes(stored: StoredObject) -> Iterator[tuple[str, str]]:
    for number, value in stored.attributes.items():
        shown = value.hex() if isinstance(value, bytes) else f"{value:#x}"
        yield _ATTRIBUTES.get(number, f"{number:#010x}"), shown


def _owner(uuid: UUID) -> str:
    return "core" if uuid == CORE else str(uuid)


def _text(object_id: bytes) -> str:
    """An id as text where it is some; the core's own end with a zero byte, which is left out."""
    plain = object_id.removesuffix(b"\0")
    if plain and _PRINTABLE.issuperset(plain) and not plain.startswith(b"0x"):
        return plain.decode("ascii")
    return f"0x{object_id.hex()}"


def summary(findings: Sequence[Finding]) -> str:
    """One line about all of them."""
    bad = sum(not finding.good for finding in findings)
    return f"{len(findings)} checked, {bad} damaged" if bad else f"{len(findings)} checked, all good"
