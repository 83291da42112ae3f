# SPDX-License-Identifier: BSD-2-Clause
"""A secure world for tests: answers SMCs from handlers, one for each message command.

A handler takes the parsed message and the memory and is a generator: it yields the registers of an RPC and
gets the registers of its answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Sequence

from elfhaven.abi import gp, smc
from elfhaven.abi import optee_msg as msg
from elfhaven.machine.memory import Region
from elfhaven.world.message import Message, Param, build, parse
from elfhaven.world.shared_memory import NormalMemory

Registers = tuple[int, ...]
Work = Generator[Registers, Registers, None]

BASE = 0x40000000


def normal_memory(size: int = 16 << 20) -> NormalMemory:
    return NormalMemory(Region("normal", BASE, size))


class FakeTee:
    """Two threads, registered shared memory, sessions that are numbers. `invoke` is the TA."""

    def __init__(self, memory: NormalMemory, invoke: Callable[[FakeTee, Message], Work]) -> None:
        self.memory = memory
        self.registered: dict[int, list[int]] = {}
        self.sessions: set[int] = set()
        self.opened: list[Message] = []
        self.cancelled: list[tuple[int, int]] = []
        self.busy_answers = 0
        self._invoke = invoke
        self._threads: dict[int, Work] = {}

    def smc(self, registers: Sequence[int]) -> tuple[int, int, int, int]:
        a0 = registers[0]
        if a0 == smc.EXCHANGE_CAPABILITIES:
            return 0, smc.SEC_CAP_DYNAMIC_SHM | smc.SEC_CAP_MEMREF_NULL, 0, 0
        if a0 == smc.CALL_WITH_ARG:
            if self.busy_answers:
                self.busy_answers -= 1
                return smc.RETURN_ETHREAD_LIMIT, 0, 0, 0
            thread = max(self._threads, default=0) + 1
            self._threads[thread] = self._run(smc.pair(registers[1], registers[2]))
            return self._go(thread, None)
        if a0 == smc.RETURN_FROM_RPC:
            return self._go(registers[3], tuple(registers))
        return smc.RETURN_UNKNOWN_FUNCTION, 0, 0, 0

    def _go(self, thread: int, answer: Registers | None) -> tuple[int, int, int, int]:
        work = self._threads[thread]
        try:
            request = next(work) if answer is None else work.send(answer)
        except StopIteration:
            del self._threads[thread]
            return smc.RETURN_OK, 0, 0, 0
        return request[0], request[1], request[2], thread

    def _run(self, address: int) -> Work:
        message = parse(self.memory.read(address, 4096))
        handlers: dict[int, Callable[[Message], Work]] = {
            msg.CMD_OPEN_SESSION: self._open,
            msg.CMD_INVOKE_COMMAND: lambda message: self._invoke(self, message),
            msg.CMD_CLOSE_SESSION: self._close,
            msg.CMD_CANCEL: self._cancel,
            msg.CMD_REGISTER_SHM: self._register,
            msg.CMD_UNREGISTER_SHM: self._unregister,
        }
        yield from handlers[message.command](message)
        self.memory.write(address, build(message))

    def _open(self, message: Message) -> Work:
        self.opened.append(message)
        message.session = len(self.sessions) + 1
        self.sessions.add(message.session)
        yield from ()

    def _close(self, message: Message) -> Work:
        self.sessions.remove(message.session)
        yield from ()

    def _cancel(self, message: Message) -> Work:
        self.cancelled.append((message.session, message.cancel_id))
        yield from ()

    def _register(self, message: Message) -> Work:
        param = message.params[0]
        assert param.attr == msg.ATTR_TMEM_OUTPUT | msg.ATTR_NONCONTIG
        count = -(-param.b // msg.PAGE_SIZE)
        pages: list[int] = []
        at = param.a
        while len(pages) < count:
            words = struct.unpack("<512Q", self.memory.read(at, 4096))
            pages += words[: min(511, count - len(pages))]
            at = words[511]
        self.registered[param.c] = pages
        yield from ()

    def _unregister(self, message: Message) -> Work:
        del self.registered[message.params[0].c]
        yield from ()

    def read(self, param: Param) -> bytes:
        """The bytes of a registered memory reference."""
        pages = b"".join(self.memory.read(page, 4096) for page in self.registered[param.c])
        return pages[param.a : param.a + param.b]

    def write(self, param: Param, data: bytes) -> None:
        for i, byte in enumerate(data):
            page, offset = divmod(param.a + i, 4096)
            self.memory.write(self.registered[param.c][page] + offset, bytes([byte]))


def answer_with(code: int) -> Callable[[FakeTee, Message], Work]:
    """A TA that answers every command with `code`."""

    def invoke(tee: FakeTee, message: Message) -> Work:
        message.result, message.origin = code, gp.TEE_ORIGIN_TRUSTED_APP
        yield from ()

    return invoke
