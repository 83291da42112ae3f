# SPDX-License-Identifier: BSD-2-Clause
"""Seal files for a program, and unseal what it sealed, with the key that its TA has on a device."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from elfhaven.abi.container import Command
from elfhaven.abi.gp import TEE_ERROR_ACCESS_CONFLICT, TEE_ERROR_BAD_PARAMETERS
from elfhaven.errors import ElfhavenError, StateError, TeeError, UsageError
from elfhaven.image.ta import parse
from elfhaven.normal.client import MemRef
from elfhaven.packing import uuid_of_name
from elfhaven.sdk import seal_format
from elfhaven.sdk.seal_format import Header, SealError
from elfhaven.secure.crypto.huk import unique_ta_key
from elfhaven.target.state import StateDirectory, default_directory
from elfhaven.target.targets import open_target

__all__ = ["SealError", "device_key", "give_key", "key_of_text", "seal", "unseal", "verify"]

PURPOSE = b"elfhaven.sealed"
_KEY_SIZE = 32


def device_key(program: str, state: str | os.PathLike[str] | None = None) -> bytes:
    """The key of a program's TA on the emulated device `state` (the user's own unless given).

    `program`: the name in its manifest, its UUID, or its .ta file. Only an emulated device tells its keys:
    on a board nobody but the TA can derive them.
    """
    path = Path(state) if state is not None else default_directory()
    try:
        huk = (path / "huk").read_bytes()
    except OSError as error:
        raise StateError(
            f"{path}/huk: {error.strerror}, so the device's keys are not known",
            "run a program on that device first, or name another with --state",
        ) from None
    return unique_ta_key(huk, _uuid(program), PURPOSE, _KEY_SIZE)


def give_key(
    file: str | os.PathLike[str],
    key: bytes,
    *,
    target: str = "emulator",
    memory: str = "stock",
    state: str | os.PathLike[str] | None = None,
    on_note: Callable[[str], None] = print,
) -> None:
    """Gives the packed program `file` the key of its haven on a device: it stays in its trusted storage.

    Whoever can open the TA first can give it a key: do it before the device leaves your hands. UsageError
    where the program has another key already, or belongs to no haven.
    """
    try:
        image = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", "name a .ta file") from None
    uuid = parse(image, os.fspath(file)).uuid
    device = StateDirectory(state or default_directory())
    with ExitStack() as stack:
        place = stack.enter_context(open_target(target, device, memory, {uuid: image}, on_note))
        session = stack.enter_context(place.context.open_session(uuid))
        try:
            session.invoke(Command.GIVE_KEY, MemRef.input(key))
        except TeeError as error:
            raise _refused(file, error) from None


def _refused(file: str | os.PathLike[str], error: TeeError) -> ElfhavenError:
    if error.code == TEE_ERROR_ACCESS_CONFLICT:
        return UsageError(f"{file} has another key of its haven on this device", "a key that is there stays")
    if error.code == TEE_ERROR_BAD_PARAMETERS:
        return UsageError(f"{file} belongs to no haven", 'pack it with [haven] name = "NAME" in its manifest')
    return error


def _uuid(program: str) -> UUID:
    if program.endswith(".ta"):
        try:
            return parse(Path(program).read_bytes(), program).uuid
        except OSError as error:
            raise UsageError(f"{program} cannot be read: {error.strerror}") from None
    try:
        return UUID(program)
    except ValueError:
        return uuid_of_name(program)


def key_of_text(text: str) -> bytes:
    """A key in 64 hexadecimal digits, or the file behind an @ that holds them. UsageError."""
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="ascii", errors="replace")
        except OSError as error:
            raise UsageError(
                f"{text[1:]} cannot be read: {error.strerror}", "name a file with the key"
            ) from None
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_SIZE:
        raise UsageError(
            "the key is not 64 hexadecimal digits", "`elfhaven seal --show-key` prints a program's"
        )
    return key


def seal(
    file: str | os.PathLike[str], output: str | os.PathLike[str], key: bytes, name: str | None = None
) -> None:
    """Writes the sealed form of `file` to `output`, which may be the same; it is bound to `name`, the
    absolute path under which the program opens it (the output's own unless given).

    It counts as newer than all that the program has committed under that name so far.
    """
    target = Path(output)
    try:
        with open(file, "rb") as plain, tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as made:
            try:
                seal_format.write(made, plain, key, _bound(target, name), time.time_ns() // 1000)
                made.flush()
                os.fsync(made.fileno())
                os.replace(made.name, target)
            except BaseException:
                Path(made.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise StateError(
            f"{error.filename}: {error.strerror}", "name files that can be read and written"
        ) from None


def unseal(file: str | os.PathLike[str], key: bytes, name: str | None = None) -> Iterator[bytes]:
    """The plain file in pieces, from its newest header. SealError where anything does not hold."""
    try:
        with open(file, "rb") as sealed:
            yield from seal_format.blocks(
                sealed, _newest(seal_format.headers(sealed, key, _bound(Path(file), name)), file)
            )
    except OSError as error:
        raise StateError(f"{file}: {error.strerror}", "name a file that can be read") from None


def verify(file: str | os.PathLike[str], key: bytes, name: str | None = None) -> Header:
    """The newest header, after every block was checked. SealError."""
    for _ in unseal(file, key, name):
        pass
    with open(file, "rb") as sealed:
        return _newest(seal_format.headers(sealed, key, _bound(Path(file), name)), file)


def _newest(found: list[Header], file: str | os.PathLike[str]) -> Header:
    if not found:
        raise SealError(
            f"{os.fspath(file)} is not sealed with this key under this name",
            "give the program's own key, and with --name the absolute path under which the program opens it",
        )
    return found[0]


def _bound(path: Path, name: str | None) -> str:
    return os.path.normpath(name) if name is not None else os.path.abspath(path)
