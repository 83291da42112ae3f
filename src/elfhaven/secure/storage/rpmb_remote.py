# SPDX-License-Identifier: BSD-2-Clause
"""RPC_CMD_RPMB on the core's side."""

from __future__ import annotations

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import (
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.secure.result import TeeResult
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.threads import Thread


class RemoteRpmb:
    """The normal world's way to the eMMC. `thread` is the one whose RPCs these are."""

    thread: Thread

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def transfer(self, request: bytes, size: int) -> bytes:
        """See rpmb_device.Transfer."""
        answer_at = -(-len(request) // msg.PAGE_SIZE) * msg.PAGE_SIZE
        memory = self._rpc.scratch(self.thread, answer_at + size)
        self._rpc.write(memory, request)
        params = [
            memory.reference(msg.ATTR_RMEM_INPUT, len(request)),
            memory.reference(msg.ATTR_RMEM_OUTPUT, size, answer_at),
        ]
        try:
            self._rpc.command(self.thread, msg.RPC_CMD_RPMB, params)
        except TeeResult as error:
            if error.code in (TEE_ERROR_NOT_SUPPORTED, TEE_ERROR_NOT_IMPLEMENTED):
                raise TeeResult(TEE_ERROR_STORAGE_NOT_AVAILABLE, "there is no eMMC") from None
            raise
        return self._rpc.read(memory, answer_at + size)[answer_at:]
