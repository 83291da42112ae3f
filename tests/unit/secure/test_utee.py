# SPDX-License-Identifier: BSD-2-Clause
"""The utee calls, each made by a TA with svc."""

from __future__ import annotations

import random
import struct
import threading

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.calls.row import Served
from elfhaven.calls.utee import UTEE
from elfhaven.world.message import Message, Param

from .client import AREA, Client
from .probe import CODE, PRIVATE, SHARED, Probe

OUT = PRIVATE | 8192
OK, DENIED, BAD_PARAMETERS, BAD_STATE = 0, 0xFFFF0001, 0xFFFF0006, 0xFFFF0007
NOT_FOUND, NOT_IMPLEMENTED, NOT_SUPPORTED, SHORT = 0xFFFF0008, 0xFFFF0009, 0xFFFF000A, 0xFFFF0010


def out(client: Client, size: int) -> bytes:
    return client.get(size, 8192)


def test_table_has_every_live_call_once() -> None:
    assert [row.number for row in UTEE.rows] == [*range(55), 70]
    assert all(row.reason for row in UTEE.rows)


@pytest.mark.parametrize("number", [row.number for row in UTEE.rows if row.served is Served.ABSENT])
def test_absent_calls_say_so(client: Client, number: int) -> None:
    assert client.svc(number) == NOT_IMPLEMENTED


@pytest.mark.parametrize("number", [*range(55, 70), 71, 172, 1 << 32, (1 << 64) - 1])
def test_calls_that_op_tee_does_not_have(client: Client, number: int) -> None:
    assert client.svc(number) == NOT_SUPPORTED


# ---- memory rights

RIGHTS = [
    (1 | 4, SHARED, OK),
    (3 | 4, SHARED, OK),
    (1, SHARED, DENIED),  # not the TA's own
    (3, PRIVATE, OK),
    (1, CODE, OK),
    (2, CODE, DENIED),
    (1 | 4, 0x12345000, DENIED),
    (1 | 4 | 1 << 28, SHARED, OK),
    (1 | 4 | 1 << 29, SHARED, DENIED),
    (1 | 4 | 1 << 29, PRIVATE, OK),
    (1 | 4 | 3 << 28, PRIVATE, DENIED),
]


@pytest.mark.parametrize("flags,address,result", RIGHTS)
def test_check_access_rights(client: Client, flags: int, address: int, result: int) -> None:
    assert client.svc(8, flags, address, 64) == result


def test_access_rights_do_not_wrap(client: Client) -> None:
    assert client.svc(8, 5, SHARED, (1 << 64) - 1) == DENIED
    assert client.svc(8, 5, (1 << 62) - 16, 1 << 63) == DENIED


@pytest.mark.parametrize("number", [9, 13, 33])
def test_bad_pointers_are_denied_and_kill_nobody(client: Client, number: int) -> None:
    arguments = {9: (8,), 13: (0, 8), 33: (8, 64)}[number]
    assert client.svc(number, *arguments) == DENIED
    assert client.svc(1, 8, 64) == OK  # log has no result
    assert client.svc(33, CODE, 16) == DENIED
    assert client.invoke(Probe.ECHO) == 0


# ---- time and cancellation


def test_system_time_is_the_clock(client: Client) -> None:
    client.world.clock.now = 12_345
    assert client.svc(13, 0, OUT) == OK
    assert struct.unpack("<II", out(client, 8)) == (12, 345)


def test_normal_world_time_comes_by_rpc(client: Client) -> None:
    client.world.clock.now = 5_678
    assert client.svc(13, 2, OUT) == OK
    assert struct.unpack("<II", out(client, 8)) == (1_700_000_005, 678)
    assert client.world.rpcs[-1] == msg.RPC_CMD_GET_TIME
    assert client.svc(13, 9, OUT) == BAD_PARAMETERS


def test_ta_time_is_set_and_goes_on(client: Client) -> None:
    assert client.svc(13, 1, OUT) == 0xFFFF5000
    assert client.svc(14, client.put(struct.pack("<II", 1000, 500))) == OK
    client.world.clock.now += 2600
    assert client.svc(13, 1, OUT) == OK
    assert struct.unpack("<II", out(client, 8)) == (1003, 100)
    assert client.svc(14, client.put(struct.pack("<II", 1, 1000))) == BAD_PARAMETERS


def test_wait_suspends_in_the_normal_world(client: Client) -> None:
    assert client.svc(12, 250) == OK
    assert sum(client.world.suspended) == 250
    assert client.svc(12, 0) == OK


def test_wait_ends_on_cancellation(client: Client) -> None:
    world = client.world
    plain = world.answers[msg.RPC_CMD_SUSPEND]

    def suspend(asked: Message) -> None:
        plain(asked)
        if len(world.suspended) == 3:
            threading.Thread(target=cancel).run()

    def cancel() -> None:
        assert world.call(Message(msg.CMD_CANCEL, session=client.session)).result == 0

    world.answers[msg.RPC_CMD_SUSPEND] = suspend
    assert client.svc_twice((10, OUT), (12, 0xFFFFFFFF)) == (OK, 0xFFFF0002)
    assert client.svc_twice((10, OUT), (9, OUT)) == (OK, OK)
    assert client.u32(8192) == 0  # the request was for the call that is over


def test_masked_cancellation_does_not_end_a_wait(client: Client) -> None:
    assert client.svc_twice((10, OUT), (11, OUT)) == (OK, OK)
    assert client.u32(8192) == 0
    assert client.svc(11, OUT) == OK
    assert client.u32(8192) == 1  # masked anew at every entry
    world, plain = client.world, client.world.answers[msg.RPC_CMD_SUSPEND]

    def suspend(asked: Message) -> None:
        plain(asked)
        world.core.standard.sessions[client.session].cancelled = True

    world.answers[msg.RPC_CMD_SUSPEND] = suspend
    assert client.svc(12, 300) == OK


# ---- random and properties


def test_random_fills_memory(client: Client) -> None:
    client.put(bytes(64), 8192)
    assert client.svc(33, OUT, 32) == OK
    assert out(client, 32) != bytes(32)
    assert client.get(32, 8224) == bytes(32)


def test_property_by_name(client: Client) -> None:
    name = client.put(b"gpd.ta.appID\0")
    assert client.svc(4, 0xFFFFFFFF, name, 13, OUT) == OK
    index = client.u32(8192)
    names, values = client.put((64).to_bytes(4, "little"), 512), client.put((16).to_bytes(4, "little"), 520)
    assert client.svc(3, 0xFFFFFFFF, index, PRIVATE | 1024, names, PRIVATE | 2048, values, OUT) == OK
    assert client.get(13, 1024) == b"gpd.ta.appID\0"
    assert client.get(16, 2048) == client.uuid.bytes_le
    assert client.u32(8192) == 2
    client.put((8).to_bytes(4, "little"), 520)
    assert client.svc(3, 0xFFFFFFFF, index, 0, 0, PRIVATE | 2048, values, OUT) == SHORT
    assert client.u32(520) == 16
    assert client.svc(3, 0xFFFFFFFF, 99, 0, 0, 0, 0, 0) == NOT_FOUND
    assert client.svc(4, 0xFFFFFFFD, name, 13, OUT) == NOT_FOUND


# ---- whatever a TA may ask


@pytest.mark.parametrize("seed", range(8))
def test_nonsense_never_breaks_the_core(client: Client, seed: int) -> None:
    """Random calls with plausible and absurd arguments: each returns a result or kills the TA."""
    source = random.Random(seed)
    words = (0, 1, 2, 5, 16, 64, 72, 4096, SHARED, SHARED | 8, SHARED | 65528, PRIVATE, PRIVATE | 65000, CODE)
    extremes = (1 << 31, 0xFFFFFFFF, 1 << 32, 1 << 62, (1 << 63) - 1, (1 << 64) - 1, 0xA0000004, 0x50000004)
    live = [n for n in range(71) if n not in (0, 2, 12)]
    for _ in range(300):
        arguments = [source.choice(words + extremes) for _ in range(8)]
        client.put(source.randbytes(72))
        assert client.invoke(Probe.SVC, source.choice(live), *arguments) in (0, 0xFFFF3024)
        if client.last.result:
            break
    assert client.world.invoke(client.session, Probe.ECHO, Param(3, 1, 1)).result in (0, 0xFFFF3024)
    assert AREA
