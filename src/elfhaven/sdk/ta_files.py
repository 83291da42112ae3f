# SPDX-License-Identifier: BSD-2-Clause
"""TA files: what one holds, and the store of a device."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi import elf as elf_abi
from elfhaven.errors import ImageError, SignatureError, UsageError
from elfhaven.image.keys import fingerprint
from elfhaven.image.ta import TaFile, decrypted, parse, verify
from elfhaven.packing import default_public, local_public
from elfhaven.secure.loader import LDELF_SIZE
from elfhaven.secure.relocate import Dynamic
from elfhaven.secure.result import TeeResult
from elfhaven.secure.store import ta_encryption_key
from elfhaven.secure.ta_elf import Plan, Segment, check, content, ta_head
from elfhaven.target.emulator import trusted_keys
from elfhaven.target.state import StateDirectory, default_directory

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey

_PAGE = 4096
_FLAGS = {
    1 << 2: "single instance",
    1 << 3: "multi session",
    1 << 4: "keep alive",
    1 << 5: "secure data path",
    1 << 7: "cache maintenance",
    1 << 8: "concurrent",
    1 << 9: "device enumeration",
    1 << 10: "device enumeration with a supplicant",
    1 << 11: "keeps handles of corrupt objects",
    1 << 12: "device enumeration with trusted storage",
    1 << 13: "keep crashed (without effect in OP-TEE 4.5)",
}
_PROPERTY = struct.Struct("<QI4xQ")  # name, type, value
_KINDS = ("boolean", "32-bit number", "UUID", "identity", "string", "binary", "64-bit number")


def show(file: str | os.PathLike[str]) -> dict[str, object]:
    """What a .ta file holds, as plain values under the names that `elfhaven ta show` prints.

    ImageError where it is none.
    """
    name = os.fspath(file)
    ta = parse(_read(Path(name)), name)
    found: dict[str, object] = {
        "file": name,
        "type": ta.type.name,
        "uuid": str(ta.uuid) if ta.uuid.int else "none: a file of this type names no TA",
        "version": ta.ta_version,
        "algorithm": ta.signed.algorithm.name,
        "signer": _signer(ta),
        "subkeys": [
            f"{key.uuid} {key.name!r} version {key.version}, depth {key.max_depth}" for key in ta.subkeys
        ],
    }
    if ta.encryption is not None:
        key = "a class of devices" if ta.encryption.class_wide else "one device"
        return found | {"encrypted": f"AES-GCM, for {key}; the image cannot be read here"}
    return found | _image(ta.image)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: cannot read it: {error.strerror}", "name a .ta file") from None


def _signer(ta: TaFile) -> str:
    known = (
        (default_public(), "OP-TEE's public default key: it protects nothing"),
        (local_public(), "the local development key"),
    )
    if ta.encryption is not None:
        return "not checked: the signature is over the image in the clear"
    for key, name in known:
        try:
            return f"{name} ({verify(ta, (key,))[:16]})"
        except SignatureError as error:
            why = error.cause
    return why


def _image(elf: bytes) -> dict[str, object]:
    """What the loader makes of the ELF; its refusal where it would refuse."""
    try:
        plan = check(elf)
        dynamic = Dynamic.parse(elf, plan)
    except TeeResult as error:
        return {"loads": f"no: {error}"}
    found: dict[str, object] = {"loads": "yes"}
    if plan.segments[0].offset < _PAGE:
        found["kind"] = "library: its headers lie in its first segment"
    else:
        found |= _head(elf, plan, dynamic)
    missing = sorted({symbol.name for symbol in dynamic.table if symbol.name and not symbol.defined})
    return found | {
        "segments": [_segment(segment) for segment in plan.segments],
        "thread-local data": f"{plan.tls[1]} bytes" if plan.tls else None,
        "relocations": _relocations(dynamic),
        "needs": dynamic.needed,
        "imports": missing,
        "exports": len(dynamic.symbols),
    }


def _head(elf: bytes, plan: Plan, dynamic: Dynamic) -> dict[str, object]:
    symbol = dynamic.symbols.get("ta_head")
    head = ta_head(elf, plan, symbol.value if symbol else None)
    stack = -(-head.stack_size // _PAGE) * _PAGE
    return {
        "kind": "Trusted Application",
        "flags": [name for bit, name in _FLAGS.items() if head.flags & bit],
        "stack": head.stack_size,
        "memory": f"{plan.span + stack + LDELF_SIZE + _PAGE} bytes of secure memory for an instance",
        "properties": _properties(elf, plan, dynamic),
    }


def _segment(segment: Segment) -> str:
    rights = "".join(letter if segment.flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
    return f"{segment.address:#x} {rights} {segment.memory_size} bytes, {segment.file_size} in the file"


def _relocations(dynamic: Dynamic) -> str:
    kinds = [row[1] for row in dynamic.relocations]
    return ", ".join(f"{kinds.count(kind)} of type {kind}" for kind in sorted(set(kinds))) or "none"


def _properties(elf: bytes, plan: Plan, dynamic: Dynamic) -> list[str] | str:
    """The TA's own properties, where it exports their table."""
    table, count = dynamic.symbols.get("ta_props"), dynamic.symbols.get("ta_num_props")
    if table is None or count is None:
        return "in the TA, without a symbol that tells where"
    pointers = {row[0]: row[3] for row in dynamic.relocations if row[1] == elf_abi.R_AARCH64_RELATIVE}
    out = []
    try:
        number = int.from_bytes(content(elf, plan, count.value, 8), "little")
        for at in range(table.value, table.value + min(number, 256) * _PROPERTY.size, _PROPERTY.size):
            _, kind, _ = _PROPERTY.unpack(content(elf, plan, at, _PROPERTY.size))
            name = _text(elf, plan, pointers.get(at, 0))
            what = _KINDS[kind] if kind < len(_KINDS) else f"type {kind}"
            out.append(f"{name} = {_value(elf, plan, kind, pointers.get(at + 16, 0))} ({what})")
    except TeeResult as error:
        out.append(f"broken: {error}")
    return out


def _value(elf: bytes, plan: Plan, kind: int, at: int) -> str:
    if not at:
        return "?"
    if kind in (4, 5):
        return repr(_text(elf, plan, at))
    if kind == 2:
        return str(UUID(bytes_le=content(elf, plan, at, 16)))
    size = {0: 1, 1: 4, 6: 8}.get(kind, 4)
    number = int.from_bytes(content(elf, plan, at, size), "little")
    return str(bool(number)).lower() if kind == 0 else str(number)


def _text(elf: bytes, plan: Plan, at: int) -> str:
    out = bytearray()
    while (letter := content(elf, plan, at + len(out), 1)) != b"\0":
        out += letter
    return out.decode("utf-8", "replace")


# ---- the store of a device


def install(file: str | os.PathLike[str], state: str | os.PathLike[str] | None = None) -> UUID:
    """Put a TA into a device's store; its UUID. SignatureError where the device would not load it."""
    device = StateDirectory(state or default_directory())
    name = os.fspath(file)
    data = _read(Path(name))
    ta = parse(data, name)
    if not ta.uuid.int:
        raise UsageError(f"{name}: names no TA, so there is no name to store it under", "sign it anew")
    trusted = trusted_keys(device)
    if ta.encryption is not None and not ta.encryption.class_wide:
        ta = _clear(ta, device, trusted)
    if ta.encryption is None:
        verify(ta, trusted)
    device.install(ta.uuid, data)
    return ta.uuid


def _clear(ta: TaFile, device: StateDirectory, trusted: tuple[PublicKey, ...]) -> TaFile:
    """The TA in the clear, by the key of the device."""
    error: SignatureError | None = None
    for key in trusted:
        try:
            return decrypted(ta, ta_encryption_key(device.huk(), key))
        except SignatureError as caught:
            error = caught
    raise error or SignatureError(f"{ta.name}: the device trusts no key", "put one into trusted/")


def installed(state: str | os.PathLike[str] | None = None) -> list[dict[str, object]]:
    """The TAs in a device's store: UUID, version, size, signer; `broken` says what is wrong with a file."""
    device = StateDirectory(state or default_directory())
    return [_entry(path, trusted_keys(device)) for path in sorted((device.path / "ta").glob("*.ta"))]


def _entry(path: Path, trusted: tuple[PublicKey, ...]) -> dict[str, object]:
    data = _read(path)
    row: dict[str, object] = {"uuid": path.stem, "size": len(data)}
    try:
        ta = parse(data, path.name)
        row |= {"version": ta.ta_version, "type": ta.type.name}
        if ta.encryption is None:
            row["signer"] = verify(ta, trusted)[:16]
        names = {
            fingerprint(default_public())[:16]: "default key",
            fingerprint(local_public())[:16]: "local key",
        }
        row["signer"] = names.get(str(row.get("signer")), row.get("signer", "encrypted"))
    except ImageError as error:
        row["broken"] = error.cause
    return row
