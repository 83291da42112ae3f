# SPDX-License-Identifier: BSD-2-Clause
"""A tap on the wire: whoever stands where the normal world stands sees every message, and may change it.

    driver  --smc-->  Tap  --smc-->  secure world

A listener gets each call before the secure world sees it, and its answer; each RPC before the normal world
serves it, and its answer. What it changes in a message is written back. So a hostile normal world and a
recorder are the same kind of thing.

Lock: `_lock` guards the tables; the listener is called without it, on the host thread of the call.
"""

from __future__ import annotations

import itertools
import struct
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from elfhaven.abi import optee_msg as msg
from elfhaven.abi import smc
from elfhaven.world.message import Message, Param, build, message_size, param_count, parse
from elfhaven.world.shared_memory import NormalMemory
from elfhaven.world.smc import SecureWorld

_LIST: Final = struct.Struct(f"<{msg.PAGES_PER_LIST + 1}Q")
_RMEM: Final = (msg.ATTR_RMEM_INPUT, msg.ATTR_RMEM_OUTPUT, msg.ATTR_RMEM_INOUT)
_TMEM: Final = (msg.ATTR_TMEM_INPUT, msg.ATTR_TMEM_OUTPUT, msg.ATTR_TMEM_INOUT)


TAPPED: Final[ContextVar[Tap | None]] = ContextVar("elfhaven.tap", default=None)
"""What lies on the wire of an emulator that is switched on without a tap of its own (`elfhaven trace`)."""


class Handling(Enum):
    """What becomes of an RPC."""

    SERVE = "the normal world serves it"
    WITHHOLD = "it is given back at once: as the message stands"


class Listener(Protocol):
    """`call` numbers the calls; its RPCs carry the same number."""

    def called(self, call: int, message: Message) -> None:
        """Before the secure world sees it."""
        ...

    def answered(self, call: int, message: Message) -> None:
        """Before the caller sees it."""
        ...

    def asked(self, call: int, message: Message) -> Handling:
        """An RPC, before the normal world sees it."""
        ...

    def told(self, call: int, message: Message) -> None:
        """Its answer, before the secure world sees it."""
        ...

    def said(self, line: str) -> None:
        """A line of the secure console, on the host thread of the call that it comes from."""
        ...


@dataclass(slots=True)
class _Call:
    number: int
    address: int
    rpc: int = 0  # where the message of the RPC under way lies
    allocating: bool = False


class Tap:
    """world.smc.SecureWorld, once it is put between the worlds. For one emulator."""

    def __init__(self, listener: Listener, hosting: Callable[[Any], Any] | None = None) -> None:
        """`hosting` is given each TA that the emulator itself runs, and gives the one to run."""
        self._listener = listener
        self.hosting = hosting or (lambda ta: ta)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._suspended: dict[int, _Call] = {}  # by the secure world's thread
        self._refused: dict[int, _Call] = {}  # by address: calls for which there was no thread yet
        self._messages: dict[int, int] = {}  # addresses of RPC messages by cookie
        self._shared: dict[int, tuple[tuple[int, ...], int]] = {}  # by cookie: pages, offset into the first

    def between(self, secure: SecureWorld, normal: NormalMemory) -> Tap:
        """Itself, for the driver."""
        self._secure, self._normal = secure, normal
        return self

    def said(self, line: str) -> None:
        """What the secure console says, for the listener."""
        self._listener.said(line)

    def smc(self, registers: Sequence[int]) -> tuple[int, int, int, int]:
        call: _Call | None = None
        if registers[0] == smc.CALL_WITH_ARG:
            call = self._call(smc.pair(registers[1], registers[2]))
        elif registers[0] == smc.RETURN_FROM_RPC:
            call = self._resume(registers)
        while True:
            result = self._secure.smc(registers)
            if call is None:
                return result
            again = self._returned(call, result)
            if again is None:
                return result
            registers = again

    # ---- the way in

    def _call(self, address: int) -> _Call:
        """A new call, or one that is tried again."""
        with self._lock:
            call = self._refused.pop(address, None)
        if call is None:
            call = _Call(next(self._numbers), address)
            message = self._parsed(address)
            before = build(message)
            self._listener.called(call.number, message)
            self._write_back(address, before, message)
            self._learn(message)
        return call

    def _resume(self, registers: Sequence[int]) -> _Call | None:
        with self._lock:
            call = self._suspended.pop(registers[3], None)
        if call is None:
            return None
        if call.allocating:
            call.allocating = False
            with self._lock:
                self._messages[smc.pair(registers[4], registers[5])] = smc.pair(registers[1], registers[2])
        elif call.rpc:
            message = self._parsed(call.rpc)
            before = build(message)
            self._learn(message if message.command == msg.RPC_CMD_SHM_ALLOC else Message(-1))
            self._listener.told(call.number, message)
            self._write_back(call.rpc, before, message)
            call.rpc = 0
        return call

    # ---- the way out

    def _returned(self, call: _Call, result: tuple[int, int, int, int]) -> Sequence[int] | None:
        """The registers to go on with at once; None where the driver is to see the result."""
        a0, a1, a2, thread = result
        if a0 in (smc.RETURN_ETHREAD_LIMIT, smc.RETURN_EBUSY):
            with self._lock:
                self._refused[call.address] = call
        elif a0 == smc.RETURN_OK:
            self._answered(call)
        elif smc.is_rpc(a0):
            if a0 == smc.RPC_CMD and self._asked(call, smc.pair(a1, a2)) is Handling.WITHHOLD:
                return (smc.RETURN_FROM_RPC, 0, 0, thread, 0, 0, 0, 0)
            call.allocating = a0 == smc.RPC_ALLOC
            with self._lock:
                self._suspended[thread] = call
        return None

    def _answered(self, call: _Call) -> None:
        message = self._parsed(call.address)
        before = build(message)
        self._listener.answered(call.number, message)
        self._write_back(call.address, before, message)

    def _asked(self, call: _Call, cookie: int) -> Handling:
        with self._lock:
            address = self._messages.get(cookie, 0)
        if not address:
            return Handling.SERVE
        message = self._parsed(address)
        before = build(message)
        handling = self._listener.asked(call.number, message)
        self._write_back(address, before, message)
        call.rpc = address if handling is Handling.SERVE else 0
        return handling

    def _parsed(self, address: int) -> Message:
        count = param_count(self._normal.read(address, msg.HEADER.size))
        return parse(self._normal.read(address, message_size(count)))

    def _write_back(self, address: int, before: bytes, message: Message) -> None:
        after = build(message)
        if after != before:
            self._normal.write(address, after)

    # ---- memory that parameters mean

    def _learn(self, message: Message) -> None:
        """Notes the pages that a message speaks of."""
        for param in message.params:
            if param.kind in _TMEM and param.attr & msg.ATTR_NONCONTIG:
                offset = param.a % msg.PAGE_SIZE
                pages = self._listed(param.a - offset, -(-(offset + param.b) // msg.PAGE_SIZE))
                with self._lock:
                    self._shared[param.c] = (pages, offset)

    def _listed(self, address: int, count: int) -> tuple[int, ...]:
        pages: list[int] = []
        while len(pages) < count:
            *some, address = _LIST.unpack(self._normal.read(address, _LIST.size))
            pages += some
        return tuple(pages[:count])

    def read(self, param: Param) -> bytes:
        """The bytes that a memory reference means now; none where it means no memory that is known."""
        return b"".join(self._normal.read(at, size) for at, size in self._runs(param))

    def write(self, param: Param, data: bytes) -> None:
        """Overwrites them from their beginning, as far as they reach."""
        for at, size in self._runs(param):
            self._normal.write(at, data[:size])
            data = data[size:]

    def _runs(self, param: Param) -> list[tuple[int, int]]:
        """(address, bytes) in single pages."""
        if param.kind in _TMEM and not param.attr & msg.ATTR_NONCONTIG:
            return [(param.a, param.b)] if param.a and param.b else []
        with self._lock:
            pages, offset = self._shared.get(param.c, ((), 0))
        if param.kind not in (*_RMEM, *_TMEM) or not pages:
            return []
        at = offset + (param.a if param.kind in _RMEM else 0)
        end = min(at + param.b, len(pages) * msg.PAGE_SIZE)
        runs = []
        while at < end:
            size = min(end - at, msg.PAGE_SIZE - at % msg.PAGE_SIZE)
            runs.append((pages[at // msg.PAGE_SIZE] + at % msg.PAGE_SIZE, size))
            at += size
        return runs
