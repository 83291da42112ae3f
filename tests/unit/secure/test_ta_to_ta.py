# SPDX-License-Identifier: BSD-2-Clause
"""TAs that are clients of other TAs: parameters, deaths, sessions, identities."""

from __future__ import annotations

import struct
from collections.abc import Callable
from uuid import UUID, uuid4

from elfhaven.abi.gp import TA_FLAG_MULTI_SESSION, TA_FLAG_SINGLE_INSTANCE

from .client import Client
from .normal_world import NormalWorld
from .probe import PRIVATE, Probe
from .test_first_path import open_pta

Install = Callable[..., UUID]
SINGLE, MULTI = TA_FLAG_SINGLE_INSTANCE, TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION


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


def test_client_identity(world: NormalWorld, install: Install) -> None:
    client = Client(world, install())
    length = client.put((64).to_bytes(4, "little"), 512)
    assert client.svc(3, 0xFFFFFFFE, 0, 0, 0, PRIVATE | 1024, length, PRIVATE | 768) == 0
    assert client.u32(768) == 3
    assert client.u32(512) == 20
    assert client.get(20, 1024) == bytes(20)  # TEE_LOGIN_PUBLIC
