# SPDX-License-Identifier: BSD-2-Clause
"""Requests of the TEE to the normal world while one of its threads is suspended (RPC).

What is served here: shared memory, loading TAs, the time, sleeping, waiting for another thread. More comes
from the services that are given (normal/supplicant). Anything else is answered TEE_ERROR_NOT_SUPPORTED.

Locks: `Rpc._lock` guards the tables; it is not held while a request sleeps or waits.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol
from uuid import UUID

from elfhaven.abi import gp, smc
from elfhaven.abi import optee_msg as msg
from elfhaven.errors import TeeError
from elfhaven.normal.buffers import listed, take
from elfhaven.world.message import Message, Param, build, message_size, parse
from elfhaven.world.shared_memory import NormalMemory, Pages


class Supplicant(Protocol):
    """Where images of TAs come from."""

    def size(self, uuid: UUID) -> int | None: ...

    def load(self, uuid: UUID) -> bytes | None: ...


class Clock(Protocol):
    """The time of the normal world."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The host's clock."""

    def now_ns(self) -> int:
        return time.time_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


_RMEM = (msg.ATTR_RMEM_INPUT, msg.ATTR_RMEM_OUTPUT, msg.ATTR_RMEM_INOUT)
_TMEM = (msg.ATTR_TMEM_INPUT, msg.ATTR_TMEM_OUTPUT, msg.ATTR_TMEM_INOUT)


class Service(Protocol):
    """Serves one RPC command, for instance FileService.serve: answers in the parameters, gives a TEE_Result.

    `room` gives the memory that a reference means, empty for none.
    """

    def __call__(self, params: list[Param], room: Callable[[Param], memoryview]) -> int: ...


class Rpc:
    """Serves RPCs. Each method of the table takes the message's parameters and gives a TEE_Result."""

    def __init__(
        self,
        memory: NormalMemory,
        supplicant: Supplicant,
        clock: Clock,
        services: Mapping[int, Service] | None = None,
    ) -> None:
        self._memory = memory
        self._supplicant = supplicant
        self._clock = clock
        self._lock = threading.Lock()
        self._cookies = itertools.count(1)
        self._pages: dict[int, tuple[Pages, ...]] = {}  # by cookie: the memory, then its page lists
        self._waits: dict[int, threading.Event] = {}
        self._served: dict[int, Callable[[list[Param]], int]] = {
            msg.RPC_CMD_LOAD_TA: self._load_ta,
            msg.RPC_CMD_GET_TIME: self._get_time,
            msg.RPC_CMD_NOTIFICATION: self._notification,
            msg.RPC_CMD_SUSPEND: self._suspend,
            msg.RPC_CMD_SHM_ALLOC: self._shm_alloc,
            msg.RPC_CMD_SHM_FREE: self._shm_free,
        }
        for number, serve in (services or {}).items():
            self._served[number] = partial(serve, room=self._room)

    def serve(self, a0: int, a1: int, a2: int, a3: int) -> Sequence[int]:
        """The registers with which the suspended thread, named by a3, goes on."""
        answer = (0, 0, 0, 0)
        if a0 == smc.RPC_ALLOC:
            answer = self._allocate_message(a1)
        elif a0 == smc.RPC_FREE:
            self._free(smc.pair(a1, a2))
        elif a0 == smc.RPC_CMD:
            self._command(smc.pair(a1, a2))
        return (smc.RETURN_FROM_RPC, answer[0], answer[1], a3, answer[2], answer[3], 0, 0)

    def close(self) -> None:
        """Frees what the TEE did not free."""
        with self._lock:
            cookies = list(self._pages)
        for cookie in cookies:
            self._free(cookie)

    def _allocate_message(self, size: int) -> tuple[int, int, int, int]:
        """Contiguous memory for an RPC message: address and cookie, zeros where there is none."""
        try:
            pages = take(self._memory, max(size, 1))
        except TeeError:
            return (0, 0, 0, 0)
        cookie = self._keep(pages)
        return (*smc.split(pages.physical_address), *smc.split(cookie))

    def _keep(self, *pages: Pages) -> int:
        with self._lock:
            cookie = next(self._cookies) | 1 << 48  # apart from the driver's own handles
            self._pages[cookie] = pages
        return cookie

    def _free(self, cookie: int) -> bool:
        with self._lock:
            held = self._pages.pop(cookie, ())
        for pages in held:
            self._memory.free(pages)
        return bool(held)

    def _command(self, cookie: int) -> None:
        held = self._pages.get(cookie)
        if held is None or held[0].size < message_size(0):
            return
        view = held[0].view
        try:
            message: Message = parse(bytes(view))
        except ValueError:
            return
        serve = self._served.get(message.command)
        message.result = serve(message.params) if serve else gp.TEE_ERROR_NOT_SUPPORTED
        message.origin = gp.TEE_ORIGIN_COMMS
        answer = build(message)
        view[: len(answer)] = answer

    def _shm_alloc(self, params: list[Param]) -> int:
        if not _kinds(params, msg.ATTR_VALUE_INPUT) or params[0].b <= 0:
            return gp.TEE_ERROR_BAD_PARAMETERS
        try:
            pages = take(self._memory, params[0].b)
        except TeeError as error:
            return error.code
        lists = listed(self._memory, pages.page_addresses)
        attr = msg.ATTR_TMEM_OUTPUT | msg.ATTR_NONCONTIG
        params[0] = Param(attr, lists.physical_address, pages.size, self._keep(pages, lists))
        return gp.TEE_SUCCESS

    def _shm_free(self, params: list[Param]) -> int:
        if not _kinds(params, msg.ATTR_VALUE_INPUT):
            return gp.TEE_ERROR_BAD_PARAMETERS
        return gp.TEE_SUCCESS if self._free(params[0].b) else gp.TEE_ERROR_BAD_PARAMETERS

    def _load_ta(self, params: list[Param]) -> int:
        """The image's size where there is no room for it, else the image."""
        if len(params) != 2 or params[0].kind != msg.ATTR_VALUE_INPUT:
            return gp.TEE_ERROR_BAD_PARAMETERS
        octets = params[0].a.to_bytes(8, "little") + params[0].b.to_bytes(8, "little")
        uuid, room = UUID(bytes=octets), self._room(params[1])
        if not room:
            size = self._supplicant.size(uuid)
            params[1].b = size or 0
            return gp.TEE_ERROR_ITEM_NOT_FOUND if size is None else gp.TEE_SUCCESS
        image = self._supplicant.load(uuid)
        if image is None:
            return gp.TEE_ERROR_ITEM_NOT_FOUND
        params[1].b = len(image)
        if len(image) > len(room):
            return gp.TEE_ERROR_SHORT_BUFFER
        room[: len(image)] = image
        return gp.TEE_SUCCESS

    def _room(self, param: Param) -> memoryview:
        """The memory of a reference that the TEE made; empty for none."""
        held = self._pages.get(param.c)
        if held is None or param.kind not in _RMEM + _TMEM:
            return memoryview(b"")
        start = param.a if param.kind in _RMEM else 0
        return held[0].view[start : start + param.b]

    def _get_time(self, params: list[Param]) -> int:
        if not _kinds(params, msg.ATTR_VALUE_OUTPUT):
            return gp.TEE_ERROR_BAD_PARAMETERS
        params[0].a, params[0].b = divmod(self._clock.now_ns(), 1_000_000_000)
        return gp.TEE_SUCCESS

    def _suspend(self, params: list[Param]) -> int:
        if not _kinds(params, msg.ATTR_VALUE_INPUT):
            return gp.TEE_ERROR_BAD_PARAMETERS
        self._clock.sleep((params[0].a & 0xFFFF_FFFF) / 1000)
        return gp.TEE_SUCCESS

    def _notification(self, params: list[Param]) -> int:
        """A thread of the TEE waits for another, or wakes it, by a key."""
        if not _kinds(params, msg.ATTR_VALUE_INPUT):
            return gp.TEE_ERROR_BAD_PARAMETERS
        key = params[0].b
        with self._lock:
            event = self._waits.setdefault(key, threading.Event())
        if params[0].a == msg.NOTIFICATION_SEND:
            event.set()
            return gp.TEE_SUCCESS
        if params[0].a != msg.NOTIFICATION_WAIT:
            return gp.TEE_ERROR_BAD_PARAMETERS
        event.wait()
        with self._lock:
            self._waits.pop(key, None)
        return gp.TEE_SUCCESS


def _kinds(params: list[Param], *kinds: int) -> bool:
    return tuple(param.kind for param in params) == kinds
