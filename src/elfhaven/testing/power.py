# SPDX-License-Identifier: BSD-2-Clause
"""A supply of power that ends at a write to storage.

The supplicant's writes are synchronous: what was written before is there, what would have come later is not,
and of the one that was under way a part is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import TEE_ERROR_STORAGE_NOT_AVAILABLE
from elfhaven.normal.supplicant import FileService
from elfhaven.world.message import Param

Room = Callable[[Param], memoryview]
WRITES = frozenset(
    (msg.RPC_FS_CREATE, msg.RPC_FS_WRITE, msg.RPC_FS_TRUNCATE, msg.RPC_FS_REMOVE, msg.RPC_FS_RENAME)
)


class PowerLoss(Exception):
    """The power went while a call was under way. The device is off: switch it on again."""


class Power:
    """normal.rpc.Service for RPC_CMD_FS. `writes` counts what changed files.

    Lock: `_lock` guards the counts; nothing is called while it is held.
    """

    def __init__(self, files: FileService) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._left: int | None = None
        self._torn = 0.0
        self._gone = False
        self.leaving = False  # switched off: what is still asked for is refused quietly
        self.writes = 0

    def cut(self, at: int, torn: float = 0.5) -> None:
        """At the `at`-th write from now, 1 or more, of which a part of 0 to 1 is still written."""
        with self._lock:
            self._left, self._torn = at, torn

    def serve(self, params: list[Param], room: Room) -> int:
        """One request, as normal.supplicant.FileService; PowerLoss where the power is gone."""
        if self._goes(params):
            if params[0].a == msg.RPC_FS_WRITE and len(params) == 2:
                self._files.serve(params, lambda param: _part(room(param), self._torn))
            raise PowerLoss(f"the power went at write {self.writes} to storage")
        if self._gone:
            if self.leaving:
                return TEE_ERROR_STORAGE_NOT_AVAILABLE
            raise PowerLoss("the power is gone")
        return self._files.serve(params, room)

    def _goes(self, params: list[Param]) -> bool:
        """Whether this is the one."""
        if self._gone or not params or params[0].a not in WRITES:
            return False
        with self._lock:
            self.writes += 1
            if self._left is None:
                return False
            self._left -= 1
            self._gone = self._left <= 0
        return self._gone


def _part(memory: memoryview, share: float) -> memoryview:
    return memory[: int(len(memory) * share)]
