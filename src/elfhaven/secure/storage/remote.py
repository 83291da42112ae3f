# SPDX-License-Identifier: BSD-2-Clause
"""Files of the normal world, by RPC: FS on the core's side. Nothing that comes back is trusted."""

from __future__ import annotations

from typing import Protocol

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.secure.result import TeeResult
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.threads import Thread
from elfhaven.world.message import Param

_NAME_SIZE = 350  # TEE_FS_NAME_MAX: the memory that a name is given in
_ABSENT = (TEE_ERROR_NOT_SUPPORTED, TEE_ERROR_NOT_IMPLEMENTED)


class Files(Protocol):
    """Files by name, in one directory. Errors are TeeResults; ITEM_NOT_FOUND where there is no such file."""

    def open(self, name: str) -> int:
        """A descriptor."""
        ...

    def create(self, name: str) -> int:
        """A descriptor; what was there before is gone."""
        ...

    def close(self, descriptor: int) -> None: ...

    def read(self, descriptor: int, offset: int, size: int) -> bytes: ...

    def write(self, descriptor: int, offset: int, data: bytes) -> None: ...

    def truncate(self, descriptor: int, size: int) -> None: ...

    def remove(self, name: str) -> None: ...


class OpenFile:
    """One file of `files` (see hash_tree.File)."""

    def __init__(self, files: Files, descriptor: int) -> None:
        self._files = files
        self.descriptor = descriptor

    def read(self, offset: int, size: int) -> bytes:
        return self._files.read(self.descriptor, offset, size)

    def write(self, offset: int, data: bytes) -> None:
        self._files.write(self.descriptor, offset, data)


class RemoteFiles:
    """The supplicant's. `thread` is the one whose RPCs these are; STORAGE_NOT_AVAILABLE where the normal
    world knows no files."""

    thread: Thread

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def open(self, name: str) -> int:
        return self._named(msg.RPC_FS_OPEN, name)

    def create(self, name: str) -> int:
        return self._named(msg.RPC_FS_CREATE, name)

    def close(self, descriptor: int) -> None:
        self._ask(Param(msg.ATTR_VALUE_INPUT, msg.RPC_FS_CLOSE, descriptor))

    def read(self, descriptor: int, offset: int, size: int) -> bytes:
        memory = self._rpc.scratch(self.thread, size)
        request = Param(msg.ATTR_VALUE_INPUT, msg.RPC_FS_READ, descriptor, offset)
        answer = self._ask(request, memory.reference(msg.ATTR_RMEM_OUTPUT, size))
        if answer[1].b > size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return self._rpc.read(memory, answer[1].b)

    def write(self, descriptor: int, offset: int, data: bytes) -> None:
        memory = self._rpc.scratch(self.thread, len(data))
        self._rpc.write(memory, data)
        request = Param(msg.ATTR_VALUE_INPUT, msg.RPC_FS_WRITE, descriptor, offset)
        self._ask(request, memory.reference(msg.ATTR_RMEM_INPUT, len(data)))

    def truncate(self, descriptor: int, size: int) -> None:
        self._ask(Param(msg.ATTR_VALUE_INPUT, msg.RPC_FS_TRUNCATE, descriptor, size))

    def remove(self, name: str) -> None:
        self._ask(Param(msg.ATTR_VALUE_INPUT, msg.RPC_FS_REMOVE), self._name(name))

    def _named(self, operation: int, name: str) -> int:
        request = Param(msg.ATTR_VALUE_INPUT, operation)
        return self._ask(request, self._name(name), Param(msg.ATTR_VALUE_OUTPUT))[2].a & 0xFFFFFFFF

    def _name(self, name: str) -> Param:
        memory = self._rpc.scratch(self.thread, _NAME_SIZE)
        self._rpc.write(memory, name.encode() + b"\0")
        return memory.reference(msg.ATTR_RMEM_INPUT, _NAME_SIZE)

    def _ask(self, *params: Param) -> list[Param]:
        try:
            return self._rpc.command(self.thread, msg.RPC_CMD_FS, list(params))
        except TeeResult as error:
            if error.code in _ABSENT:
                raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE, "the normal world serves no files") from None
            raise
