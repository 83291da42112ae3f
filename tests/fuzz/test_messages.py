# SPDX-License-Identifier: BSD-2-Clause
"""A normal world that sends random SMCs and messages, and gives random answers to RPCs: no exception in the
core, no secret out of it, nothing kept once it is over.

ELFHAVEN_FUZZ_MESSAGES=100000 sends so many; `make fuzz` does.
"""

from __future__ import annotations

import os
import random
import struct
from uuid import UUID, uuid4

import pytest
from tests.unit.secure.client import Client
from tests.unit.secure.normal_world import NormalWorld
from tests.unit.secure.probe import DEADLY, PRIVATE, Probe, signed

from elfhaven.abi import optee_msg as msg
from elfhaven.abi import smc as abi
from elfhaven.world import message
from elfhaven.world.message import Message, Param
from elfhaven.world.shared_memory import Pages

MESSAGES = int(os.environ.get("ELFHAVEN_FUZZ_MESSAGES", "3000"))
ROUND = 1500
SECRET = bytes(range(200, 232)) * 2
_KINDS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x55, 0xFF)
_FUNCTIONS = tuple(
    value
    for name, value in vars(abi).items()
    if isinstance(value, int) and name.startswith(("CALL", "GET", "EX", "EN", "DIS", "RETURN_FROM"))
)
_NUMBERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    4095,
    4096,
    8192,
    65536,
    1 << 20,
    0x7FFFFFFF,
    0xFFFFFFFF,
    1 << 32,
    (1 << 64) - 1,
)
_PTAS = ("3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc", "7011a688-ddde-4053-a5a9-7b3c4ddf13b8")
_PTAS += ("d96a5b40-e2c7-b1af-8794-1002a5d5c61b", "ab7a617c-b8e7-4d8f-8301-d09b61036b64")
_HARMFUL = (Probe.SPIN, Probe.WATCH, Probe.JUMP, Probe.TRAP)  # these may run for ever


class Liar:
    """A normal world of one's own making over an honest one."""

    def __init__(self, world: NormalWorld, source: random.Random) -> None:
        self.world = world
        self._random = source
        self.pages = [world.normal.allocate(4096) for _ in range(4)]
        self.sessions: set[int] = set()
        self.suspended: list[tuple[int, int, int, int]] = []
        self.known: list[UUID] = [UUID(text) for text in _PTAS]

    # ---- messages

    def message(self) -> Message:
        """Well formed by its layout, random by its content."""
        r = self._random
        command = r.choice((*range(6), *range(6), 6, 7, 99, r.getrandbits(32)))
        params = [self._param() for _ in range(r.choice((0, 1, 2, 3, 4, 5, 6)))]
        if command == msg.CMD_OPEN_SESSION and r.random() < 0.8:
            meta = msg.ATTR_META | msg.ATTR_VALUE_INPUT
            uuid = struct.unpack("<QQ", r.choice(self.known).bytes)
            params = [
                Param(meta, *uuid, r.choice((0, 1, 2))),
                Param(meta, 0, 0, r.choice((0, 1, 9))),
                *params[:4],
            ]
        session = r.choice((*self.sessions, 0, 1, 2, r.getrandbits(32)))
        function = r.choice((*(set(Probe) - set(_HARMFUL)), 99))
        return Message(command, function, session, r.getrandbits(8), 0, 0, params)

    def _param(self) -> Param:
        r = self._random
        attr = r.choice(_KINDS) | r.choice((0, 0, 0, msg.ATTR_NONCONTIG, msg.ATTR_META, 1 << 20))
        address = r.choice(self.pages).physical_address + r.choice((0, 0, 8, 100, 4095))
        a = r.choice((address, address, r.choice(_NUMBERS), self.world.core.profile.tzdram_base))
        return Param(attr, a, r.choice((*_NUMBERS, 16, 100)), r.choice((0, 1, 2, 3, 77, r.getrandbits(64))))

    def scribble(self, pages: Pages) -> int:
        """A message, bent or not, in a page; its address."""
        r = self._random
        raw = bytearray(message.build(self.message()))
        for _ in range(r.choice((0, 0, 0, 1, 5))):
            raw[r.randrange(len(raw))] = r.getrandbits(8)
        pages.view[:] = b"\0" * 4096
        pages.view[: len(raw)] = raw
        if r.random() < 0.3:
            words = [
                r.choice((p.physical_address, r.choice(_NUMBERS))) for p in self.pages for _ in range(128)
            ]
            other = r.choice(self.pages)
            if other is not pages:
                other.view[:] = struct.pack("<512Q", *words[:512])
        return pages.physical_address + r.choice((0, 0, 0, 0, 8, 4, 4064))

    # ---- SMCs

    def send(self) -> None:
        """One SMC: a message, an answer to an RPC, or nonsense."""
        r = self._random
        if self.suspended and r.random() < 0.5:
            self.answer(self.suspended.pop(r.randrange(len(self.suspended))), r.random() < 0.4)
            return
        kind = r.random()
        page = r.choice(self.pages)
        if kind < 0.8:
            function = r.choice((abi.CALL_WITH_ARG, abi.CALL_WITH_RPC_ARG))
            self.take(self.world.smc(function, *abi.split(self.scribble(page))), page)
        elif kind < 0.9:
            self.take(self.world.smc(r.choice(_FUNCTIONS), *[r.choice(_NUMBERS) for _ in range(7)]), page)
        else:
            self.take(self.world.smc(*[r.getrandbits(64) for _ in range(8)]), page)

    def take(self, answer: tuple[int, int, int, int], page: Pages) -> None:
        assert all(0 <= word < 1 << 64 for word in answer)
        if abi.is_rpc(answer[0]):
            self.suspended.append(answer)
        elif answer[0] == abi.RETURN_OK:
            session = struct.unpack_from("<I", page.view, msg.SESSION_OFFSET)[0]
            if 0 < session < 64:
                self.sessions.add(session)

    def answer(self, asked: tuple[int, int, int, int], lie: bool) -> None:
        """Resume a thread as one should, or with lies."""
        r, world = self._random, self.world
        if lie:
            for cookie, pages in list(world.pages.items())[-2:]:
                if r.random() < 0.5 and cookie:
                    pages.view[: min(64, pages.size)] = r.randbytes(min(64, pages.size))
            if asked[0] != abi.RPC_FREE:
                words = [
                    r.choice((0, r.choice(_NUMBERS), r.choice(self.pages).physical_address)) for _ in range(7)
                ]
                words[2] = r.choice((asked[3], asked[3], asked[3], 1, 9))
                got = world.smc(abi.RETURN_FROM_RPC, *words)
                if got[0] == abi.RETURN_ERESUME:
                    self.suspended.append(asked)
                else:
                    self.take(got, self.pages[0])
                return
        try:
            got = world.resume(asked)
        except (KeyError, message.MessageError):  # of the honest half: an RPC that rests on an earlier lie
            got = world.smc(abi.RETURN_FROM_RPC, 0, 0, asked[3])
        self.take(got, self.pages[0])

    def settle(self) -> None:
        """Answer what is still asked until every thread is done."""
        for _ in range(10000):
            if not self.suspended:
                return
            asked = self.suspended.pop()
            got = self.world.smc(abi.RETURN_FROM_RPC, 0, 0, asked[3])
            if abi.is_rpc(got[0]):
                self.suspended.append(got)
        raise AssertionError("a call that no answer ends")


def one_round(seed: int, count: int) -> int:
    """Some SMCs on a device of their own; how many sessions were opened."""
    world = NormalWorld()
    try:
        return _round(world, random.Random(seed), count)
    finally:
        world.close()


def _round(world: NormalWorld, source: random.Random, count: int) -> int:
    uuid, victim = uuid4(), uuid4()
    for name in (uuid, victim):
        world.tas[name] = signed(name)
    holder = Client(world, victim)
    holder.put(SECRET, 0x8000)
    holder.share(bytes(len(SECRET)), 49152)
    liar = Liar(world, source)
    liar.known += [uuid, uuid4()]
    liar.sessions.add(holder.session)
    for _ in range(count):
        liar.send()
    liar.settle()
    for number in list(world.core.standard.sessions):
        world.close_session(number)
    for page in liar.pages:
        assert SECRET not in bytes(page.view)
    held = world.core.leaks()
    assert not any(held[name] for name in ("sessions", "threads", "objects", "handles")), held
    return len(liar.sessions)


@pytest.mark.parametrize("number", range(-(-MESSAGES // ROUND)))
def test_random_messages_and_registers(number: int) -> None:
    assert one_round(20240607 + number, min(ROUND, MESSAGES - number * ROUND)) > 1


def test_what_kills_a_ta_does_not_hurt_the_core() -> None:
    """The harmful commands that the random messages leave out."""
    world = NormalWorld()
    uuid = uuid4()
    world.tas[uuid] = signed(uuid)
    for number in range(len(DEADLY)):
        client = Client(world, uuid)
        client.invoke(Probe.TRAP, value=(number, 0))
        client.close()
    client = Client(world, uuid)
    client.invoke(Probe.JUMP, PRIVATE)
    client.close()
    assert not any(world.core.leaks().values())
    world.close()
