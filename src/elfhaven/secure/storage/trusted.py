# SPDX-License-Identifier: BSD-2-Clause
"""Trusted storage as the core has it: its back ends by storage id, and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfhaven.abi.gp import TEE_STORAGE_PRIVATE, TEE_STORAGE_PRIVATE_REE
from elfhaven.secure.storage.anchor import NoAnchor
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.pobj import PersistentObject, PersistentObjects
from elfhaven.secure.storage.ree_fs import ReeFs
from elfhaven.secure.storage.remote import RemoteFiles
from elfhaven.secure.storage.versions import Versions
from elfhaven.secure.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from elfhaven.secure.config import CoreConfig
    from elfhaven.secure.rpc import Rpc
    from elfhaven.secure.storage.backend import Backend
    from elfhaven.secure.threads import Thread


class TrustedStorage:
    """`objects` are the persistent objects that are open. `current` gives the thread that runs, if one does."""

    def __init__(self, config: CoreConfig, rpc: Rpc, current: Callable[[], Thread | None]) -> None:
        self.objects = PersistentObjects()
        self.current = current
        secrets = Secrets(config.huk, config.random)
        files = RemoteFiles(rpc)
        ree = ReeFs(files, Turn(rpc), secrets, NoAnchor(), config.storage_lock)
        self._backends: dict[int, Backend] = {TEE_STORAGE_PRIVATE: ree, TEE_STORAGE_PRIVATE_REE: ree}
        self._versions: dict[str, Versions] = {}
        self._versions_turn = Turn(rpc)

    def backend(self, storage: int) -> Backend | None:
        """Where the objects of a storage id lie; None for an id that this build does not have."""
        return self._backends.get(storage & 0xFFFFFFFF)

    def check_version(self, database: str, uuid: UUID, version: int) -> None:
        """See Versions.check; for the thread that runs."""
        thread = self.current()
        assert thread is not None, "versions are checked while a call is served"
        if database not in self._versions:
            self._versions[database] = Versions(
                self._backends[TEE_STORAGE_PRIVATE], self._versions_turn, database
            )
        self._versions[database].check(thread, uuid, version)


@dataclass(slots=True, eq=False)
class OpenObject:
    """What a handle of a persistent object has besides its key: place and size of its data, in bytes."""

    storage: TrustedStorage
    pobj: PersistentObject
    handle: Any
    start: int  # of the data in the file
    size: int
    position: int = 0

    @property
    def usage(self) -> int:
        """Of the key, for all handles of the object."""
        return self.pobj.usage

    @usage.setter
    def usage(self, usage: int) -> None:
        self.pobj.usage = usage

    def close(self) -> None:
        """Close the file; the object is known no more if this was its last handle."""
        thread = self.storage.current()
        handle, self.handle = self.handle, None
        if handle is not None:
            self.pobj.backend.close(thread, handle)
        self.storage.objects.release(self.pobj)
