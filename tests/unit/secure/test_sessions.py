# SPDX-License-Identifier: BSD-2-Clause
"""Instances and sessions: single instance, multi session, keep alive, death, TA to TA, limits."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.abi.gp import TA_FLAG_INSTANCE_KEEP_ALIVE, TA_FLAG_MULTI_SESSION, TA_FLAG_SINGLE_INSTANCE
from elfhaven.world.message import Message, Param

from .client import Client
from .normal_world import NormalWorld
from .probe import DEADLY, PRIVATE, Probe, signed
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


def open_ta(client: Client, uuid: UUID) -> int:
    """The probe opens a session with another TA."""
    wanted, params = client.put(uuid.bytes_le), client.put(bytes(72), 512)
    result = client.svc(5, wanted, 0xFFFFFFFF, params, PRIVATE | 1024, PRIVATE | 1028)
    return -result if result else client.u32(1024)


def call_ta(client: Client, session: int, command: int, *words: int) -> int:
    raw = b"".join(word.to_bytes(8, "little") for word in words)
    params = client.put(raw.ljust(72, b"\0"), 512)
    return client.svc(7, session, 0xFFFFFFFF, command, params, PRIVATE | 1028)


def test_ta_calls_ta(client: Client, install: Install) -> None:
    session = open_ta(client, install())
    assert session > 0
    assert call_ta(client, session, Probe.ECHO, 0x3, 0x1111, 7) == 0
    assert int.from_bytes(client.get(8, 520), "little") == 0x1111 ^ 0xFFFF
    assert client.u32(1028) == 4
    assert client.svc(6, session) == 0
    assert client.svc(6, session) == 0xFFFF0008


def test_memory_for_another_ta_must_be_shareable(client: Client, install: Install) -> None:
    """Private memory is refused (libutee copies it); a parameter of the call and a shareable mapping pass."""
    session = open_ta(client, install())
    client.invoke(Probe.SCRATCH)
    scratch, shared = client.word(0), client.word(2)
    assert call_ta(client, session, Probe.COUNTERS, 0x73, 1, 2, scratch, 4096) == 0xFFFF0006
    assert client.u32(1028) == 3
    assert call_ta(client, session, Probe.COUNTERS, 0x73, 1, 2, shared + 4096, 4096) == 0
    assert int.from_bytes(client.view[4096:4104], "little") == 1
    system = open_pta(client)
    raw = struct.pack("<9Q", 0x131, 4096, 1, 0x4800, 0, 0, 0, 0, 0)
    assert (
        client.svc(7, system, 0xFFFFFFFF, 2, client.put(raw, 512), PRIVATE | 1028) == 0xFFFF0003
    )  # not in reach
    raw = struct.pack("<9Q", 0x131, 4096, 1, 0, 0x48000000, 0, 0, 0, 0)
    assert client.svc(7, system, 0xFFFFFFFF, 2, client.put(raw, 512), PRIVATE | 1028) == 0
    assert call_ta(client, session, Probe.COUNTERS, 0x73, 1, 2, 0x48000000, 4096) == 0
    assert client.invoke(Probe.LOAD, 0x48000000) == 0
    assert client.word() == 1
    assert client.svc(6, session) == 0


def test_values_to_another_ta(client: Client, install: Install) -> None:
    """Inputs are not written back, outputs start at zero, types that are none are let through."""
    session = open_ta(client, install())
    for types, wanted in ((1, (5, 6)), (2, (0xFFFF, 1)), (3, (5 ^ 0xFFFF, 7)), (4, (5, 6)), (15, (5, 6))):
        assert call_ta(client, session, Probe.ECHO, types, 5, 6) == 0
        assert struct.unpack("<2Q", client.get(16, 520)) == wanted
    assert client.svc(7, 77, 0xFFFFFFFF, 0, PRIVATE | 512, PRIVATE | 1028) == 0xFFFF0006
    assert client.svc(6, session) == 0


def test_caller_survives_the_death_of_the_called(client: Client, install: Install) -> None:
    session = open_ta(client, install())
    client.invoke(Probe.SCRATCH)
    shared = client.word(2)
    assert call_ta(client, session, Probe.STORE, 0x73, 1, 2, shared + 4096, 4096) == 0xFFFF3024
    assert client.u32(1028) == 3
    assert call_ta(client, session, Probe.ECHO, 0x3, 1, 1) == 0xFFFF3024
    assert client.invoke(Probe.ECHO) == 0


def test_sessions_of_a_ta_are_closed_with_it(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    assert open_ta(client, install()) > 0
    client.invoke(Probe.LOAD, 8)
    client.close()
    assert not any(world.core.leaks().values())


def test_unknown_ta_for_a_ta(client: Client) -> None:
    assert open_ta(client, uuid4()) == -0xFFFF0008
    assert client.u32(1028) == 3


def test_single_instance_calling_itself_is_busy(world: NormalWorld, install: Install) -> None:
    uuid = install(flags=MULTI)
    assert open_ta(Client(world, uuid), uuid) == -0xFFFF000D


def test_two_host_threads_at_once(world: NormalWorld, install: Install) -> None:
    """Two sessions run side by side, and a stuck one does not stop the other."""
    stuck, other = Client(world, install()), Client(world, install())
    runner = threading.Thread(target=stuck.invoke, args=(Probe.WATCH, 0, 0))
    runner.start()
    for _ in range(20):
        assert other.invoke(Probe.ECHO) == 0
    stuck.share((1).to_bytes(8, "little"), 0)
    runner.join(10)
    assert not runner.is_alive()
    assert stuck.last.result == 0


def test_second_call_on_a_session_waits(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    runner = threading.Thread(target=client.invoke, args=(Probe.WATCH, 0, 0))
    runner.start()
    while not world.core.leaks()["threads"]:
        pass
    done: list[int] = []
    second = threading.Thread(
        target=lambda: done.append(world.invoke(client.session, Probe.ECHO, Param(3, 1, 1)).result)
    )
    second.start()
    second.join(0.1)
    assert second.is_alive()
    client.share((1).to_bytes(8, "little"), 0)
    runner.join(10)
    second.join(10)
    assert done == [0]


def test_a_client_without_pause_starves_nobody(world: NormalWorld, install: Install) -> None:
    """Turns are taken in the order of asking, on a session and on a shared instance."""
    uuid = install(flags=MULTI)
    one, other = Client(world, uuid), Client(world, uuid)
    done = threading.Event()

    def hammer(session: int) -> None:
        while not done.is_set():
            assert world.invoke(session, Probe.ECHO, Param(3, 1, 1)).result == 0

    for session in (one.session, other.session):
        runner = threading.Thread(target=hammer, args=(session,))
        runner.start()
        for _ in range(30):
            assert world.invoke(one.session, Probe.ECHO, Param(3, 1, 1)).result == 0
        done.set()
        runner.join(10)
        assert not runner.is_alive()
        done.clear()


def test_client_identity(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    length = client.put((64).to_bytes(4, "little"), 512)
    assert client.svc(3, 0xFFFFFFFE, 0, 0, 0, PRIVATE | 1024, length, PRIVATE | 768) == 0
    assert client.u32(768) == 3
    assert client.u32(512) == 20
    assert client.get(20, 1024) == bytes(20)  # TEE_LOGIN_PUBLIC


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


def test_interrupt_ends_a_wait(client: Client) -> None:
    world, plain = client.world, client.world.answers[msg.RPC_CMD_SUSPEND]

    def suspend(asked: Message) -> None:
        plain(asked)
        world.core.interrupt()

    world.answers[msg.RPC_CMD_SUSPEND] = suspend
    client.invoke(Probe.SVC, 12, 0xFFFFFFFF)
    assert (client.last.result, client.last.origin) == (0xFFFF3024, 3)
    assert len(world.suspended) == 1


def test_close_stops_what_runs(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    runner = threading.Thread(target=client.invoke, args=(Probe.SPIN,))
    runner.start()
    while not world.core.leaks()["threads"]:
        pass
    world.close()
    runner.join(10)
    assert not runner.is_alive()
    assert not any(world.core.leaks().values())
