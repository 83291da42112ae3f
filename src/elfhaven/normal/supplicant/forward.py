# SPDX-License-Identifier: BSD-2-Clause
"""RPCs for a supplicant that is a program: it gets copies of what they refer to, in memory that it gave.

Lock: `Forward._lock` guards the kept buffers; nothing is called while it is held.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.abi import tee_ioctl as tee
from elfhaven.normal.supplicant.requests import Requests
from elfhaven.world.message import Param

if TYPE_CHECKING:
    from elfhaven.normal.rpc import Service

FORWARDED: Final = (msg.RPC_CMD_LOAD_TA, msg.RPC_CMD_FS, msg.RPC_CMD_SOCKET, msg.RPC_CMD_SUPP_PLUGIN)
_KEPT_LARGEST: Final = 1 << 20  # bytes of a buffer that is kept for the next request
_OUTPUT: Final = (tee.ATTR_TYPE_MEMREF_OUTPUT, tee.ATTR_TYPE_MEMREF_INOUT)
_INPUT: Final = (tee.ATTR_TYPE_MEMREF_INPUT, tee.ATTR_TYPE_MEMREF_INOUT)


class Memory(Protocol):
    """Where the supplicant's shared memory lies, by its number: the live bytes of the first `size`."""

    def __call__(self, number: int, size: int) -> Sequence[memoryview] | None: ...


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory that the supplicant gave."""

    number: int
    size: int


class Forward:
    """The services of a driver whose supplicant is a program; `memory` is set once that has its node."""

    def __init__(self, requests: Requests) -> None:
        self.memory: Memory = lambda number, size: None
        self._requests = requests
        self._lock = threading.Lock()
        self._kept: dict[int, list[Buffer]] = {}

    def services(self) -> dict[int, Service]:
        """By RPC command."""
        return {command: partial(self._serve, command) for command in FORWARDED}

    def _serve(self, command: int, params: list[Param], room: Callable[[Param], memoryview]) -> int:
        rooms = [room(param) for param in params]
        buffers: list[Buffer | None] = []
        try:
            for view in rooms:
                buffers.append(self._borrow(len(view)) if view else None)
            asked = [_asked(*each) for each in zip(params, rooms, buffers, strict=True)]
            for param, view, buffer in zip(asked, rooms, buffers, strict=True):
                if buffer is not None and param.attr in _INPUT:
                    self._fill(buffer, view)
            result, answered = self._requests.ask(command, asked)
            for param, answer, view, buffer in zip(params, answered, rooms, buffers, strict=True):
                self._take_over(param, answer, view, buffer)
            return result
        except _NoMemory:
            return gp.TEE_ERROR_OUT_OF_MEMORY
        finally:
            for buffer in buffers:
                if buffer is not None:
                    self._give_back(buffer)

    # ---- what goes to the supplicant and comes back

    def _fill(self, buffer: Buffer, data: memoryview) -> None:
        at = 0
        for part in self._views(buffer, len(data)):
            part[:] = data[at : at + len(part)]
            at += len(part)

    def _take_over(self, param: Param, answer: Param, view: memoryview, buffer: Buffer | None) -> None:
        if answer.attr in (tee.ATTR_TYPE_VALUE_OUTPUT, tee.ATTR_TYPE_VALUE_INOUT):
            param.a, param.b, param.c = answer.a, answer.b, answer.c
        elif answer.attr in _OUTPUT:
            param.b = answer.b
            if buffer is not None:
                at, size = 0, min(answer.b, len(view))
                for part in self._views(buffer, size):
                    view[at : at + len(part)] = part
                    at += len(part)

    def _views(self, buffer: Buffer, size: int) -> Sequence[memoryview]:
        """None of its bytes where the supplicant is gone with its memory."""
        return self.memory(buffer.number, size) or ()

    # ---- buffers

    def _borrow(self, size: int) -> Buffer:
        wanted = max(msg.PAGE_SIZE, 1 << (size - 1).bit_length())
        with self._lock:
            kept = self._kept.get(wanted)
            if kept:
                return kept.pop()
        ask = Param(tee.ATTR_TYPE_VALUE_INOUT, msg.RPC_SHM_TYPE_APPL, wanted, 0)
        result, answer = self._requests.ask(msg.RPC_CMD_SHM_ALLOC, [ask])
        if result or self.memory(answer[0].c, wanted) is None:
            raise _NoMemory
        return Buffer(answer[0].c, wanted)

    def _give_back(self, buffer: Buffer) -> None:
        if buffer.size <= _KEPT_LARGEST:
            with self._lock:
                self._kept.setdefault(buffer.size, []).append(buffer)
            return
        free = Param(tee.ATTR_TYPE_VALUE_INPUT, msg.RPC_SHM_TYPE_APPL, buffer.number, 0)
        self._requests.ask(msg.RPC_CMD_SHM_FREE, [free])


class _NoMemory(Exception):
    """The supplicant gave none."""


def _asked(param: Param, view: memoryview, buffer: Buffer | None) -> Param:
    """A parameter of an RPC as the supplicant sees it: references by the number of its own memory."""
    if param.kind <= msg.ATTR_VALUE_INOUT:
        return Param(param.kind, param.a, param.b, param.c)
    kind = param.kind - (
        msg.ATTR_TMEM_INPUT - msg.ATTR_RMEM_INPUT if param.kind >= msg.ATTR_TMEM_INPUT else 0
    )
    if buffer is None:
        return Param(kind, 0, param.b, tee.MEMREF_NULL)
    return Param(kind, 0, len(view), buffer.number)
