# SPDX-License-Identifier: BSD-2-Clause
"""A TA that makes random calls: no exception in the core, nothing of others read or written, nothing kept.

ELFHAVEN_FUZZ_CALLS=1000000 makes so many; `make fuzz` does.
"""

from __future__ import annotations

import os
import random
import struct
from uuid import UUID, uuid4

import pytest
from tests.unit.secure.client import STAGE, Client
from tests.unit.secure.normal_world import NormalWorld
from tests.unit.secure.probe import PRIVATE, SHARED, Probe, signed

from elfhaven.abi import optee_msg as msg
from elfhaven.world.message import Param

from .calls import AREA, AREA_SIZE, HANDLES, HANDLES_SIZE, SCRATCH_SIZE, Caller

CALLS = int(os.environ.get("ELFHAVEN_FUZZ_CALLS", "4000"))
BATCH = 150
ROUND = 3000  # calls of one TA and one device
SECRET = bytes(range(200, 232)) * 2


class Victim:
    """Another TA, whose memory holds a secret; and memory of the normal world that nobody gave away."""

    def __init__(self, world: NormalWorld) -> None:
        self.world = world
        uuid = uuid4()
        world.tas[uuid] = signed(uuid)
        self.client = Client(world, uuid)
        for at in range(0, SCRATCH_SIZE, 4096):
            self.client.put(SECRET, at)
        self.client.share(bytes(len(SECRET)), STAGE)
        self.canary = world.normal.allocate(8192)
        self.canary.view[:] = b"\xc5" * 8192
        self.before = self._memory()

    def _memory(self) -> list[bytes]:
        task = self.world.core.standard.sessions[self.client.session].target
        parts = [task.space.read(m.start, m.size) for m in task.space.mappings if m.protection]  # type: ignore[union-attr]
        return [*parts, bytes(self.canary.view)]

    def is_whole(self) -> bool:
        """Whether nothing of it has changed. The stack is as the last call left it: none was made since."""
        return self._memory() == self.before


def one_round(seed: int, calls: int) -> int:
    """Some thousand calls on a device of their own; how many succeeded."""
    source = random.Random(seed)
    world = NormalWorld()
    try:
        return _round(world, source, calls)
    finally:
        world.close()


def _round(world: NormalWorld, source: random.Random, calls: int) -> int:
    victim, caller, good = Victim(world), Caller(source), 0
    uuid = uuid4()
    world.tas[uuid] = signed(uuid)
    client = Client(world, uuid)
    while calls > 0:
        client = _alive(world, client, uuid)
        client.invoke(Probe.SCRATCH)
        caller.places = (client.word(0) + AREA, client.word(2) + AREA)
        good += _batch(client, caller, source, min(BATCH, calls))
        calls -= BATCH
        assert SECRET not in bytes(client.view)
        assert victim.is_whole()
    world.close_session(client.session)
    victim.client.close()
    world.normal.free(victim.canary)
    world.normal.free(client.pages)
    assert not any(world.core.leaks().values()), world.core.leaks()
    return good


def _alive(world: NormalWorld, client: Client, uuid: UUID) -> Client:
    """The client, or a new one for a TA that has died."""
    if client.invoke(Probe.ECHO) == 0:
        return client
    world.close_session(client.session)
    world.normal.free(client.pages)
    return Client(world, uuid)


def _batch(client: Client, caller: Caller, source: random.Random, count: int) -> int:
    """`count` calls in one entry; how many gave TEE_SUCCESS."""
    area = caller.data()
    client.view[AREA : AREA + AREA_SIZE] = area
    struct.pack_into("<3Q", client.view, 0, PRIVATE | AREA, SHARED | AREA, AREA_SIZE)
    client.world.invoke(client.session, Probe.COPY, msg_value(0), client.param)
    for index in range(count):
        struct.pack_into("<9Q", client.view, 72 * index, *caller.call())
    done = client.world.invoke(client.session, Probe.MANY, msg_value(count), client.param)
    results = [struct.unpack_from("<Q", client.view, 72 * index)[0] for index in range(count)]
    if done.result:
        caller.learn(bytes(HANDLES_SIZE))
        return 0
    caller.learn(client.get(HANDLES_SIZE, HANDLES))
    return results.count(0)


def msg_value(a: int) -> Param:
    return Param(msg.ATTR_VALUE_INOUT, a, 0)


@pytest.mark.parametrize("number", range(-(-CALLS // ROUND)))
def test_random_calls(number: int) -> None:
    good = one_round(20240607 + number, min(ROUND, CALLS - number * ROUND))
    assert good > 20  # else the calls are too absurd to reach anything
