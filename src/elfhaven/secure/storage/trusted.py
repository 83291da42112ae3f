# SPDX-License-Identifier: BSD-2-Clause
"""Trusted storage as the core has it: its back ends by storage id, and what is open."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfhaven.abi.gp import TEE_STORAGE_PRIVATE, TEE_STORAGE_PRIVATE_REE, TEE_STORAGE_PRIVATE_RPMB
from elfhaven.secure.storage.anchor import Anchor, NoAnchor, RpmbAnchor
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.layout import USAGE_OFFSET
from elfhaven.secure.storage.pobj import PersistentObject, PersistentObjects
from elfhaven.secure.storage.ree_fs import Lock, ReeFs
from elfhaven.secure.storage.remote import RemoteFiles
from elfhaven.secure.storage.rpmb_fs import RpmbFs
from elfhaven.secure.storage.rpmb_remote import RemoteRpmb
from elfhaven.secure.storage.versions import Versions
from elfhaven.secure.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from elfhaven.secure.config import CoreConfig
    from elfhaven.secure.rpc import Rpc
    from elfhaven.secure.storage.backend import Backend
    from elfhaven.secure.threads import Thread


_NODE_IN_HEAP = 128  # bytes of a node of a hash tree in the core's heap
_HEAP_OF_OTHERS = 20 << 10  # so that the largest object is as large as was found on Debian's build


class SharedLock:
    """A lock against other processes that is taken once for all threads of this core."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._held = ExitStack()
        self._users = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if not self._users:
            self._held.enter_context(self._lock())
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._held.close()


class TrustedStorage:
    """`objects` are the persistent objects that are open; `current` gives the thread that runs, if any."""

    def __init__(
        self, config: CoreConfig, core_heap: int, rpc: Rpc, current: Callable[[], Thread | None]
    ) -> None:
        self.objects = PersistentObjects()
        self.current = current
        secrets = Secrets(config.huk, config.random, (core_heap - _HEAP_OF_OTHERS) // _NODE_IN_HEAP)
        lock = SharedLock(config.storage_lock) if config.storage_lock else None
        files = RemoteFiles(rpc)
        self._backends: dict[int, Backend] = {}
        anchor: Anchor = NoAnchor()
        if config.rpmb:
            rpmb = RpmbFs(RemoteRpmb(rpc), Turn(rpc), secrets, lock)
            self._backends[TEE_STORAGE_PRIVATE_RPMB] = rpmb
            anchor = RpmbAnchor(rpmb)
        ree = ReeFs(files, Turn(rpc), secrets, anchor, lock)
        self._backends |= {TEE_STORAGE_PRIVATE: ree, TEE_STORAGE_PRIVATE_REE: ree}
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

    def restrict(self, usage: int) -> None:
        """Store a usage that allows less, then have it hold for all handles."""
        thread = self.storage.current()
        assert thread is not None, "a TA asks for it"
        self.pobj.backend.write(thread, self.handle, USAGE_OFFSET, struct.pack("<I", usage))
        self.pobj.usage = usage

    def close(self) -> None:
        """Close the file; the object is known no more if this was its last handle."""
        thread = self.storage.current()
        handle, self.handle = self.handle, None
        if handle is not None:
            self.pobj.backend.close(thread, handle)
        self.storage.objects.release(self.pobj)
