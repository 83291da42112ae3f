# SPDX-License-Identifier: BSD-2-Clause
"""Instances and sessions: single instance, multi session, keep alive, death, limits of the device."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import TA_FLAG_INSTANCE_KEEP_ALIVE, TA_FLAG_MULTI_SESSION, TA_FLAG_SINGLE_INSTANCE
from elfhaven.world.message import Param

from .client import Client
from .normal_world import NormalWorld
from .probe import DEADLY, Probe, signed
from .test_first_path import map_zi, open_pta

Install = Callable[..., UUID]
SINGLE, MULTI = TA_FLAG_SINGLE_INSTANCE, TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION
ALIVE = MULTI | TA_FLAG_INSTANCE_KEEP_ALIVE


def counters(client: Client) -> tuple[int, int]:
    assert client.invoke(Probe.COUNTERS) == 0
    return client.word(0), client.word(1)


def test_each_session_has_its_instance(world: NormalWorld, install: Install) -> None:
    uuid = install()
    first, second = Client(world, uuid), Client(world, uuid)
    assert counters(first) == (1, 1)
    assert counters(second) == (1, 1)
    assert counters(first) == (1, 2)


def test_single_instance_has_one_session(world: NormalWorld, install: Install) -> None:
    uuid = install(flags=SINGLE)
    first = Client(world, uuid)
    opened = world.open(uuid)
    assert (opened.result, opened.origin) == (0xFFFF000D, 3)
    first.close()
    assert counters(Client(world, uuid)) == (1, 1)


def test_sessions_share_an_instance(world: NormalWorld, install: Install) -> None:
    uuid = install(flags=MULTI)
    first, second = Client(world, uuid), Client(world, uuid)
    assert counters(first) == (2, 1)
    assert counters(second) == (2, 2)
    first.close()
    assert counters(second) == (2, 3)
    second.close()
    assert counters(Client(world, uuid)) == (1, 1)


def test_kept_alive_instance_survives_its_sessions(world: NormalWorld, install: Install) -> None:
    uuid = install(flags=ALIVE)
    Client(world, uuid).close()
    assert counters(Client(world, uuid)) == (2, 1)


def test_all_sessions_of_a_dead_instance_are_dead(world: NormalWorld, install: Install) -> None:
    uuid = install(flags=ALIVE)
    first, second = Client(world, uuid), Client(world, uuid)
    first.invoke(Probe.LOAD, 8)
    second.invoke(Probe.ECHO)
    assert (second.last.result, second.last.origin) == (0xFFFF3024, 3)
    assert counters(Client(world, uuid)) == (1, 1)


def test_refused_session_leaves_nothing(world: NormalWorld, install: Install) -> None:
    opened = world.open(install(), Param(msg.ATTR_VALUE_INPUT, 0xDEAD, 0))
    assert (opened.result, opened.origin) == (0xFFFF0001, 4)
    assert not any(world.core.leaks().values())


def test_death_at_open(world: NormalWorld, install: Install) -> None:
    opened = world.open(install(), Param(msg.ATTR_VALUE_INPUT, 0xDEAF, 0))
    assert (opened.result, opened.origin) == (0xFFFF3024, 3)
    assert not any(world.core.leaks().values())


def test_read_only_pages_are_shared_between_instances(world: NormalWorld, install: Install) -> None:
    uuid = install()
    first = Client(world, uuid)
    before = world.core.leaks()["pages"]
    second = Client(world, uuid)
    text = 1
    assert world.core.leaks()["pages"] - before == before - text
    first.close()
    assert second.invoke(Probe.ECHO) == 0


def test_largest_heap_of_the_stock_profile(world: NormalWorld, install: Install) -> None:
    """The figure measured on stock OP-TEE 4.5."""
    Client(world, install(heap=13056 << 10)).close()
    opened = world.open(install(heap=(13056 + 256) << 10))
    assert (opened.result, opened.origin) == (0xFFFF000C, 3)
    assert not any(world.core.leaks().values())


def test_memory_for_tas_is_shared(world: NormalWorld, install: Install) -> None:
    uuid = install(heap=5 << 20)
    first, second = Client(world, uuid), Client(world, uuid)
    assert world.open(uuid).result == 0xFFFF000C
    first.close()
    third = Client(world, uuid)
    third.close()
    second.close()
    assert not any(world.core.leaks().values())


@pytest.mark.parametrize("size,result", [(8 << 20, 0), (16 << 20, 0xFFFF000C)])
def test_shared_memory_is_limited_by_translation_tables(client: Client, size: int, result: int) -> None:
    """8 MiB works on stock OP-TEE, 16 MiB does not."""
    param, pages = client.world.share(b"", size=size)
    done = client.world.invoke(client.session, Probe.ECHO, Param(3, 1, 2), param)
    assert done.result == result
    client.world.normal.free(pages)
    assert client.invoke(Probe.ECHO) == 0


def test_version_may_not_fall(world: NormalWorld) -> None:
    uuid = uuid4()
    for version, result in ((3, 0), (2, 0xFFFF0003), (4, 0), (3, 0xFFFF0003)):
        world.tas[uuid] = signed(uuid, version=version)
        opened = world.open(uuid)
        assert opened.result == result
        if not result:
            world.close_session(opened.session)


def test_large_profile_holds_a_large_program(install: Install) -> None:
    """The figures measured on the large-memory build: a heap of 400 MiB, MAP_ZI up to 507 MiB."""
    world = NormalWorld(profile="large")
    uuid = uuid4()
    world.tas[uuid] = signed(uuid, heap=400 << 20)
    client = Client(world, uuid)
    assert client.invoke(Probe.ECHO, value=(1, 1)) == 0
    client.close()
    world.tas[uuid] = signed(uuid)
    client = Client(world, uuid)
    base = map_zi(client, open_pta(client), 507 << 20)
    assert base >= 0xC0000000
    assert client.invoke(Probe.STORE, base + (507 << 20) - 1) == 0
    client.close()
    assert not any(world.core.leaks().values())
    world.close()


def test_memory_of_a_size_that_the_target_sets(install: Install) -> None:
    from dataclasses import replace

    from elfhaven.secure.profile import STOCK

    world = NormalWorld(profile=replace(STOCK, tzdram_size=4 << 20))
    uuid = uuid4()
    world.tas[uuid] = signed(uuid, heap=1 << 20)
    Client(world, uuid).close()
    world.tas[uuid] = signed(uuid, heap=2 << 20)
    assert world.open(uuid).result == 0xFFFF000C
    world.close()


@pytest.mark.parametrize("cpu,alive", [("cortex-a53", False), ("cortex-a72", False), ("max", True)])
def test_cpu_is_a_choice(cpu: str, alive: bool) -> None:
    world = NormalWorld(cpu=cpu)
    uuid = uuid4()
    world.tas[uuid] = signed(uuid)
    client = Client(world, uuid)
    client.invoke(Probe.TRAP, value=(DEADLY.index("cas"), 0))
    assert (client.last.result == 0) is alive
    world.close()
