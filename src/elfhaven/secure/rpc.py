# SPDX-License-Identifier: BSD-2-Clause
"""What the core asks of the normal world, in the middle of a standard call.

Every answer is copied once and checked: result, number of parameters, and each parameter's kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_TARGET_DEAD,
    TEE_SUCCESS,
)
from elfhaven.abi.optee_msg import (
    ATTR_NONCONTIG,
    ATTR_RMEM_OUTPUT,
    ATTR_TMEM_OUTPUT,
    ATTR_VALUE_INPUT,
    ATTR_VALUE_OUTPUT,
    NOTIFICATION_SEND,
    NOTIFICATION_WAIT,
    PAGE_SIZE,
    RPC_CMD_GET_TIME,
    RPC_CMD_LOAD_TA,
    RPC_CMD_NOTIFICATION,
    RPC_CMD_SHM_ALLOC,
    RPC_CMD_SHM_FREE,
    RPC_CMD_SUSPEND,
    RPC_MAX_PARAMS,
    RPC_SHM_TYPE_APPL,
)
from elfhaven.abi.smc import RPC_ALLOC, RPC_CMD, RPC_FREE, pair, split
from elfhaven.secure.result import TeeResult
from elfhaven.secure.shared import Registered, SharedMemory
from elfhaven.secure.threads import Thread
from elfhaven.world.message import Message, MessageError, Param, build, message_size, parse
from elfhaven.world.shared_memory import NormalMemory

_MESSAGE_SIZE = message_size(RPC_MAX_PARAMS)


@dataclass(slots=True)
class Payload:
    """Shared memory that the normal world allocated for one RPC."""

    cookie: int
    memory: Registered
    address: int  # 0 where it was given as a list of pages

    def reference(self, by_cookie: int, size: int | None = None, offset: int = 0) -> Param:
        """A parameter that means `size` bytes of it, or all; `by_cookie` is an ATTR_RMEM_*.

        It names the memory in the way in which the normal world described it.
        """
        size = self.memory.size if size is None else size
        if self.address:
            kind = by_cookie - ATTR_RMEM_OUTPUT + ATTR_TMEM_OUTPUT
            return Param(kind, self.address + offset, size, self.cookie)
        return Param(by_cookie, offset, size, self.cookie)


class Rpc:
    """RPCs of any thread; `cache` keeps each thread's message buffer between calls."""

    def __init__(self, normal: NormalMemory, shared: SharedMemory, shm_space: int) -> None:
        self._normal = normal
        self._shared = shared
        self._space_left = shm_space
        self.cache = False
        self.payloads = 0

    def command(self, thread: Thread, number: int, params: list[Param]) -> list[Param]:
        """One RPC command; the answered parameters. TeeResult with what the normal world returned."""
        address, cookie = self._message(thread)
        request = build(Message(number, params=params, result=TEE_ERROR_BAD_PARAMETERS))
        self._normal.write(address, request)
        thread.rpc(RPC_CMD, *split(cookie))
        try:
            answer = parse(self._normal.read(address, len(request)))
        except MessageError:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS) from None
        if not self.cache and thread.rpc_preallocated is None:
            self.drop_message(thread)
        if answer.result != TEE_SUCCESS:
            raise TeeResult(answer.result)
        if len(answer.params) != len(params):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return answer.params

    def _message(self, thread: Thread) -> tuple[int, int]:
        if thread.rpc_preallocated is not None:
            return thread.rpc_preallocated, 0
        if thread.rpc_message is None:
            registers = thread.rpc(RPC_ALLOC, _MESSAGE_SIZE)
            address, cookie = pair(registers[1], registers[2]), pair(registers[4], registers[5])
            if not address or address % 8 or not self._normal.contains(address, _MESSAGE_SIZE):
                raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
            thread.rpc_message = (address, cookie)
        return thread.rpc_message

    def drop_message(self, thread: Thread) -> None:
        """Give the thread's message buffer back."""
        if thread.rpc_message is not None:
            _, cookie = thread.rpc_message
            thread.rpc_message = None
            thread.rpc(RPC_FREE, *split(cookie))

    # ---- payload memory

    def allocate(self, thread: Thread, size: int) -> Payload:
        """RPC SHM_ALLOC; OUT_OF_MEMORY when the core's addresses for shared memory are used up."""
        if size > self._space_left:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        request = Param(ATTR_VALUE_INPUT, RPC_SHM_TYPE_APPL, size, 8)
        (answer,) = self.command(thread, RPC_CMD_SHM_ALLOC, [request])
        if answer.kind != ATTR_TMEM_OUTPUT or answer.b < size or not answer.c:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        memory = self._shared.adopt(Param(answer.attr, answer.a, size, answer.c))
        self._space_left -= size
        self.payloads += 1
        return Payload(answer.c, memory, 0 if answer.attr & ATTR_NONCONTIG else answer.a)

    def free(self, thread: Thread, payload: Payload) -> None:
        """RPC SHM_FREE."""
        self._shared.drop(payload.cookie)
        self._space_left += payload.memory.size
        self.payloads -= 1
        request = Param(ATTR_VALUE_INPUT, RPC_SHM_TYPE_APPL, payload.cookie, 0)
        self.command(thread, RPC_CMD_SHM_FREE, [request])

    def read(self, payload: Payload, size: int) -> bytes:
        """A copy of the first bytes."""
        pieces = payload.memory.backing.pieces(payload.memory.offset, size)
        return b"".join(self._normal.read(*piece) for piece in pieces)

    def write(self, payload: Payload, data: bytes) -> None:
        """Its first bytes."""
        at = 0
        for address, size in payload.memory.backing.pieces(payload.memory.offset, len(data)):
            self._normal.write(address, data[at : at + size])
            at += size

    def scratch(self, thread: Thread, size: int) -> Payload:
        """Memory for one RPC at a time, which the thread keeps until its standard call ends."""
        if thread.scratch is None or thread.scratch.memory.size < size:
            self.drop_scratch(thread)
            thread.scratch = self.allocate(thread, -(-size // PAGE_SIZE) * PAGE_SIZE)
        return thread.scratch

    def drop_scratch(self, thread: Thread) -> None:
        """Give it back."""
        if thread.scratch is not None:
            payload, thread.scratch = thread.scratch, None
            self.free(thread, payload)

    # ---- commands

    def load_ta(self, thread: Thread, uuid: UUID) -> bytes:
        """A private copy of the file of a TA, asked for twice as OP-TEE does: its size, then its content."""
        low, high = (int.from_bytes(uuid.bytes[i : i + 8], "little") for i in (0, 8))
        wanted = Param(ATTR_VALUE_INPUT, low, high)
        answer = self.command(thread, RPC_CMD_LOAD_TA, [wanted, Param(ATTR_TMEM_OUTPUT)])
        size = answer[1].b
        if not size:
            return b""
        payload = self.allocate(thread, size)
        try:
            place = payload.reference(ATTR_RMEM_OUTPUT)
            answer = self.command(thread, RPC_CMD_LOAD_TA, [wanted, place])
            if answer[1].b > size:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            return self.read(payload, answer[1].b)
        finally:
            self.free(thread, payload)

    def time(self, thread: Thread) -> tuple[int, int]:
        """The normal world's time: seconds (32 bits), milliseconds."""
        (answer,) = self.command(thread, RPC_CMD_GET_TIME, [Param(ATTR_VALUE_OUTPUT)])
        return answer.a & 0xFFFFFFFF, answer.b // 1_000_000 % 1000

    def suspend(self, thread: Thread, milliseconds: int) -> None:
        """Give the normal world its CPU for a while."""
        self.command(thread, RPC_CMD_SUSPEND, [Param(ATTR_VALUE_INPUT, milliseconds)])

    def wait(self, thread: Thread) -> None:
        """Sleep in the normal world until `wake(thread)`; a short sleep where it knows no notifications."""
        try:
            self._notification(thread, NOTIFICATION_WAIT, thread.number)
        except TeeResult:
            self.suspend(thread, 1)
        if thread.interrupted:
            raise TeeResult(TEE_ERROR_TARGET_DEAD)

    def wake(self, thread: Thread, sleeper: Thread) -> None:
        """End the `wait` of another thread. Without notifications its sleep is short anyway."""
        try:
            self._notification(thread, NOTIFICATION_SEND, sleeper.number)
        except TeeResult:
            return

    def _notification(self, thread: Thread, what: int, key: int) -> None:
        self.command(thread, RPC_CMD_NOTIFICATION, [Param(ATTR_VALUE_INPUT, what, key)])
