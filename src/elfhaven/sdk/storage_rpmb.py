# SPDX-License-Identifier: BSD-2-Clause
"""The file of an emulated eMMC's RPMB partition, for reading alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_GENERIC
from elfhaven.errors import UsageError
from elfhaven.normal.supplicant.rpmb import FILE_SIZE, Partition, answer
from elfhaven.secure.result import TeeResult
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.pobj import CORE, PersistentObject
from elfhaven.secure.storage.rpmb_fs import RpmbFs
from elfhaven.secure.storage.rpmb_remote import RemoteRpmb
from elfhaven.secure.threads import Thread
from elfhaven.secure.turn import Turn

Read = Callable[[int, int], bytes]
_THREAD = cast(Thread, None)  # nobody else is there to wait for


class _Direct(RemoteRpmb):
    """The partition without a normal world between."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition

    def transfer(self, request: bytes, size: int) -> bytes:
        code, data = answer(self._partition, request, size)
        if code:
            raise TeeResult(code)
        if len(data) < size:
            raise TeeResult(TEE_ERROR_GENERIC, "a short answer")
        return data


class RpmbSource:
    """The partition's file. TeeResult where the key is another device's."""

    def __init__(self, path: Path, huk: bytes) -> None:
        if path.stat().st_size != FILE_SIZE:
            raise UsageError(
                f"{path} has {path.stat().st_size} bytes; the file of an RPMB partition has {FILE_SIZE}",
                "name the file rpmb of a state directory",
            )
        partition = Partition(path, lambda _path, _data: None)
        self._fs = RpmbFs(_Direct(partition), Turn(cast(Rpc, None)), Secrets(huk, os.urandom), None)
        self._files = [entry.name for entry in self._fs.files(_THREAD)]

    def names(self) -> list[tuple[UUID, bytes]]:
        """Owner and id of each object."""
        parts = [name.decode("ascii", "replace").split("/") for name in self._files]
        return [
            (UUID(bytes_le=bytes.fromhex(owner)), bytes.fromhex(object_id))
            for _, owner, object_id in (found for found in parts if len(found) == 3)
            if not object_id.startswith(".")
        ]

    def file_of(self, owner: UUID, object_id: bytes) -> str:
        return f"/{owner.bytes_le.hex().upper()}/{object_id.hex().upper()}"

    @contextmanager
    def opened(self, owner: UUID, object_id: bytes) -> Iterator[tuple[Read, int]]:
        """What reads the file of an object, and its size."""
        handle = self._fs.open(_THREAD, PersistentObject(self._fs, owner, object_id))
        yield lambda position, size: self._fs.read(_THREAD, handle, position, size), handle.size

    def check(self) -> Iterator[tuple[str, bool, str]]:
        """What is to be said of the partition as a whole."""
        yield "partition", True, f"{len(self._files)} files, MACs under the device's key"
        for name in self._files:
            if name.count(b"/") == 1:
                handle = self._fs.open_named(_THREAD, PersistentObject(self._fs, CORE, b""), name)
                yield name.decode("ascii", "replace"), True, f"{handle.size} bytes, the core's own"
