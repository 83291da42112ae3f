# SPDX-License-Identifier: BSD-2-Clause
"""A tiny normal world for tests: SMCs by hand, and answers to RPCs that a test can replace."""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from elfhaven.abi import optee_msg as msg
from elfhaven.abi import smc as abi
from elfhaven.normal.supplicant import FileService
from elfhaven.secure.config import CoreConfig, FakeClock
from elfhaven.secure.core import build
from elfhaven.world import message
from elfhaven.world.message import Message, Param
from elfhaven.world.shared_memory import Pages

from .probe import key

IN, OUT, INOUT = 1, 2, 3
Answer = Callable[[Message], None]


class NormalWorld:
    """One client. `tas` are the files the supplicant has; `answers` serve RPC commands by number; trusted
    storage lies in `files`, a directory of the test's own or one that goes with this object."""

    def __init__(
        self, *, clock: FakeClock | None = None, files: Path | None = None, **config: object
    ) -> None:
        self.clock = clock or FakeClock()
        self._own = TemporaryDirectory()
        self.files = files or Path(self._own.name)
        self.file_service = FileService(self.files)
        settings = CoreConfig(
            trusted=(key().public_key(),),
            clock=self.clock,
            **config,  # type: ignore[arg-type]
        )
        self.normal, self.core = build(settings, 64 << 20)
        self.tas: dict[UUID, bytes] = {}
        self.pages: dict[int, Pages] = {}
        self.rpcs: list[int] = []
        self.suspended: list[int] = []
        self.answers: dict[int, Answer] = {
            msg.RPC_CMD_LOAD_TA: self._load_ta,
            msg.RPC_CMD_SHM_ALLOC: self._allocate,
            msg.RPC_CMD_SHM_FREE: self._free,
            msg.RPC_CMD_GET_TIME: self._time,
            msg.RPC_CMD_SUSPEND: self._suspend,
            msg.RPC_CMD_NOTIFICATION: self._notification,
            msg.RPC_CMD_FS: self._fs,
        }
        self._cookies = itertools.count(0x1000, 0x1000)

    def close(self) -> None:
        self.core.close()
        self.file_service.close()
        self._own.cleanup()

    # ---- SMC

    def smc(self, *registers: int) -> tuple[int, int, int, int]:
        return self.core.smc([*registers, *[0] * (8 - len(registers))])

    def standard(self, address: int, function: int = abi.CALL_WITH_ARG) -> int:
        """A standard call to its end; a0."""
        answer = self.smc(function, *abi.split(address))
        while abi.is_rpc(answer[0]):
            answer = self.resume(answer)
        return answer[0]

    def resume(self, asked: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """Serve one RPC and go on."""
        a0, a1, a2, thread = asked
        back = [abi.RETURN_FROM_RPC, 0, 0, thread, 0, 0, 0, 0]
        if a0 == abi.RPC_ALLOC:
            pages, cookie = self._new(a1)
            back[1], back[2] = abi.split(pages.physical_address)
            back[4], back[5] = abi.split(cookie)
        elif a0 == abi.RPC_FREE:
            self.normal.free(self.pages.pop(abi.pair(a1, a2)))
        else:
            assert a0 == abi.RPC_CMD
            self._command(self.pages[abi.pair(a1, a2)])
        return self.core.smc(back)

    def _command(self, pages: Pages) -> None:
        asked = message.parse(bytes(pages.view))
        self.rpcs.append(asked.command)
        asked.result = 0
        self.answers[asked.command](asked)
        answer = message.build(asked)
        pages.view[: len(answer)] = answer

    def _new(self, size: int) -> tuple[Pages, int]:
        cookie = next(self._cookies)
        self.pages[cookie] = self.normal.allocate(size)
        return self.pages[cookie], cookie

    # ---- RPC commands

    def _load_ta(self, asked: Message) -> None:
        uuid = UUID(bytes=struct.pack("<QQ", asked.params[0].a, asked.params[0].b))
        data = self.tas.get(uuid)
        if data is None:
            asked.result = 0xFFFF0008
            return
        place = asked.params[1]
        if place.c and place.b >= len(data):
            self.pages[place.c].view[: len(data)] = data
        place.b = len(data)

    def _allocate(self, asked: Message) -> None:
        pages, cookie = self._new(asked.params[0].b)
        asked.params[0] = Param(msg.ATTR_TMEM_OUTPUT, pages.physical_address, pages.size, cookie)

    def _free(self, asked: Message) -> None:
        self.normal.free(self.pages.pop(asked.params[0].b))

    def _fs(self, asked: Message) -> None:
        asked.result = self.file_service.serve(asked.params, lambda p: self.pages[p.c].view[: p.b])

    def _time(self, asked: Message) -> None:
        now = 1_700_000_000_000 + self.clock.now
        asked.params[0].a, asked.params[0].b = now // 1000, now % 1000 * 1_000_000

    def _suspend(self, asked: Message) -> None:
        self.suspended.append(asked.params[0].a)
        self.clock.now += asked.params[0].a
        time.sleep(0)

    def _notification(self, asked: Message) -> None:
        asked.result = 0xFFFF000A

    # ---- messages

    def call(self, asked: Message, function: int = abi.CALL_WITH_ARG) -> Message:
        """Send a message; the answered one."""
        raw = message.build(asked)
        pages = self.normal.allocate(4096)
        pages.view[: len(raw)] = raw
        try:
            code = self.standard(pages.physical_address, function)
            assert code == abi.RETURN_OK, hex(code)
            return message.parse(bytes(pages.view))
        finally:
            self.normal.free(pages)

    def open(self, uuid: UUID, *params: Param) -> Message:
        low, high = struct.unpack("<QQ", uuid.bytes)
        meta = [Param(msg.ATTR_META | IN, low, high), Param(msg.ATTR_META | IN)]
        return self.call(Message(msg.CMD_OPEN_SESSION, params=[*meta, *params]))

    def invoke(self, session: int, command: int, *params: Param) -> Message:
        return self.call(Message(msg.CMD_INVOKE_COMMAND, command, session, params=list(params)))

    def close_session(self, session: int) -> Message:
        return self.call(Message(msg.CMD_CLOSE_SESSION, session=session))

    def share(
        self, data: bytes, attr: int = msg.ATTR_TMEM_INOUT, size: int | None = None
    ) -> tuple[Param, Pages]:
        """Memory with `data` in it, as a temporary reference."""
        pages = self.normal.allocate(size or len(data))
        pages.view[: len(data)] = data
        return Param(attr, pages.physical_address, pages.size, 0), pages
