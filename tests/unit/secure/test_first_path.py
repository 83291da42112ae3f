# SPDX-License-Identifier: BSD-2-Clause
"""Open, invoke, return, log, panic, fault, MAP_ZI, through SMCs alone."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

from elfhaven.abi.utee import SYSTEM_PTA

from .client import Client
from .normal_world import NormalWorld
from .probe import PRIVATE, Probe

DEAD = (0xFFFF3024, 3)


def outcome(client: Client) -> tuple[int, int]:
    return client.last.result, client.last.origin


def test_values_come_back(client: Client) -> None:
    assert client.invoke(Probe.ECHO, value=(0x1234, 41)) == 0
    assert (client.last.params[0].a, client.last.params[0].b) == (0x1234 ^ 0xFFFF, 42)
    assert client.last.origin == 4


def test_unknown_ta_is_not_found(world: NormalWorld) -> None:
    opened = world.open(uuid4())
    assert (opened.result, opened.origin) == (0xFFFF0008, 3)


def test_log_reaches_the_console(client: Client) -> None:
    assert client.svc(1, client.put(b"D/TA: hello\n"), 12) == 0
    assert "D/TA: hello" in client.world.core.console


def test_panic_kills_at_once_and_for_good(client: Client) -> None:
    client.invoke(Probe.SVC, 2, 0x1234)
    assert outcome(client) == DEAD
    client.invoke(Probe.ECHO)
    assert outcome(client) == DEAD
    assert "E/TC:? 0 TA panicked with code 0x1234" in client.world.core.console


def test_fault_is_reported_as_op_tee_does(client: Client) -> None:
    client.invoke(Probe.LOAD, 0xDEAD0000)
    assert outcome(client) == DEAD
    text = "\n".join(client.world.core.console)
    assert "User mode data-abort at address 0xdead0000 (translation fault)" in text
    assert "esr 0x9200000" in text
    assert f"E/LD:   [0] {client.uuid} @ 0x4" in text
    assert "flags r-xs [0]" in text
    assert "flags rw-- (param)" in text


def test_dead_ta_leaves_a_new_session_alone(world: NormalWorld, install: Callable[..., UUID]) -> None:
    client = Client(world, install())
    client.invoke(Probe.LOAD, 8)
    other = Client(world, client.uuid)
    assert other.invoke(Probe.ECHO) == 0
    other.close()
    client.close()
    assert not any(world.core.leaks().values())


def test_map_zi_maps_zeroed_memory_where_it_is_wanted(client: Client) -> None:
    session = open_pta(client)
    where = 0x48000000
    assert map_zi(client, session, 1 << 20, where) == where
    assert client.invoke(Probe.LOAD, where + 0xFFFF8) == 0
    assert client.word() == 0
    assert client.invoke(Probe.STORE, where + 5) == 0
    assert unmap(client, session, 1 << 20, where) == 0
    client.invoke(Probe.LOAD, where)
    assert outcome(client) == DEAD


def open_pta(client: Client, uuid: str = SYSTEM_PTA) -> int:
    wanted = client.put(UUID(uuid).bytes_le)
    params = client.put(bytes(72), 512)
    assert client.svc(5, wanted, 0xFFFFFFFF, params, PRIVATE | 1024, PRIVATE | 1028) == 0
    return client.u32(1024)


def pta(client: Client, session: int, command: int, *words: int) -> int:
    params = client.put(b"".join(word.to_bytes(8, "little") for word in words).ljust(72, b"\0"), 512)
    return client.svc(7, session, 0xFFFFFFFF, command, params, PRIVATE | 1028)


def map_zi(client: Client, session: int, size: int, where: int = 0) -> int:
    """The address, or the negated error."""
    result = pta(client, session, 2, 0x131, size, 0, where >> 32, where & 0xFFFFFFFF)
    high, low = (int.from_bytes(client.get(8, 512 + 8 * i), "little") for i in (3, 4))
    return -result if result else high << 32 | low


def unmap(client: Client, session: int, size: int, where: int) -> int:
    return pta(client, session, 3, 0x11, size, 0, where >> 32, where & 0xFFFFFFFF)


def test_private_memory_is_not_the_shared_buffer(client: Client) -> None:
    client.put(b"x" * 8)
    assert client.invoke(Probe.LOAD, PRIVATE | 64) == 0
    assert client.word() == 0
