# SPDX-License-Identifier: BSD-2-Clause
"""The utee calls, each made by a TA with svc."""

from __future__ import annotations

import hashlib
import hmac
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
from .test_first_path import map_zi, open_pta, pta, unmap

OUT = PRIVATE | 8192
OK, DENIED, BAD_PARAMETERS, BAD_STATE = 0, 0xFFFF0001, 0xFFFF0006, 0xFFFF0007
NOT_FOUND, NOT_IMPLEMENTED, NOT_SUPPORTED, SHORT = 0xFFFF0008, 0xFFFF0009, 0xFFFF000A, 0xFFFF0010
HMAC_SHA256, SECRET = 0xA0000004, 0xC0000000


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


# ---- hashes, MACs, keys


@pytest.mark.parametrize(
    "number,name", [(2, "sha1"), (3, "sha224"), (4, "sha256"), (5, "sha384"), (6, "sha512")]
)
def test_digests(client: Client, number: int, name: str) -> None:
    assert client.svc(15, 0x50000000 | number, 5, 0, 0, OUT) == OK
    state = client.u32(8192)
    assert client.svc(19, state, SHARED, 4) == BAD_STATE
    assert client.svc(18, state, 0, 0) == OK
    assert client.svc(19, state, client.put(b"hello "), 6) == OK
    client.put((10).to_bytes(8, "little"), 512)
    assert client.svc(20, state, client.put(b"world"), 5, OUT, PRIVATE | 512) == SHORT
    assert client.svc(20, state, client.put(b"world"), 5, OUT, PRIVATE | 512) == OK
    wanted = hashlib.new(name, b"hello world").digest()
    assert out(client, len(wanted)) == wanted
    assert client.u32(512) == len(wanted)
    assert client.svc(17, state) == OK
    assert client.svc(17, state) == BAD_PARAMETERS


def make_key(client: Client, secret: bytes, kind: int = HMAC_SHA256, size: int = 512) -> int:
    assert client.svc(27, kind, size, OUT) == OK
    handle = client.u32(8192)
    client.put(secret, 1024)
    client.invoke(Probe.SCRATCH)
    scratch = client.word(0)
    attribute = client.put(struct.pack("<QQII", scratch + 1024, len(secret), SECRET, 0), 512)
    assert client.svc(30, handle, attribute, 1) == OK
    return handle


def test_hmac(client: Client) -> None:
    key = make_key(client, b"k" * 32)
    assert client.svc(15, 0x30000004, 4, key, 0, OUT) == OK
    state = client.u32(8192)
    assert client.svc(28, key) == NOT_FOUND  # the operation owns it
    assert client.svc(18, state, 0, 0) == OK
    assert client.svc(19, state, client.put(b"abc"), 3) == OK
    assert client.svc(15, 0x30000004, 4, make_key(client, b"k" * 32), 0, OUT) == OK
    other = client.u32(8192)
    assert client.svc(16, other, state) == OK
    client.put((32).to_bytes(8, "little"), 512)
    assert client.svc(20, other, client.put(b"def"), 3, OUT, PRIVATE | 512) == OK
    assert out(client, 32) == hmac.digest(b"k" * 32, b"abcdef", "sha256")
    assert client.svc(17, state) == OK
    assert client.svc(24, key, OUT) == BAD_STATE


def test_mac_needs_a_key_of_its_type(client: Client) -> None:
    assert client.svc(15, 0x30000004, 4, 0, 0, OUT) == BAD_PARAMETERS
    assert client.svc(15, 0x30000004, 4, 99, 0, OUT) == BAD_STATE
    key = make_key(client, b"k" * 32, kind=0xA0000006)
    assert client.svc(15, 0x30000004, 4, key, 0, OUT) == BAD_PARAMETERS
    assert client.svc(15, 0x50000004, 5, key, 0, OUT) == BAD_PARAMETERS
    assert client.svc(15, 0x50000004, 4, 0, 0, OUT) == OK  # OP-TEE does not look at the mode
    assert client.svc(15, 0x500000FF, 5, 0, 0, OUT) == NOT_IMPLEMENTED
    assert client.svc(15, 0x10000110, 0, key, 0, OUT) == NOT_SUPPORTED


def test_object_life(client: Client) -> None:
    key = make_key(client, bytes(range(32)))
    assert client.svc(24, key, OUT) == OK
    assert struct.unpack("<7I", out(client, 28)) == (HMAC_SHA256, 256, 512, 0xFFFFFFFF, 0, 0, 0x20000)
    client.put((64).to_bytes(8, "little"), 512)
    assert client.svc(26, key, SECRET, OUT, PRIVATE | 512) == OK
    assert out(client, client.u32(512)) == bytes(range(32))
    client.put((8).to_bytes(8, "little"), 512)
    assert client.svc(26, key, SECRET, OUT, PRIVATE | 512) == SHORT
    assert client.svc(26, key, 0xC0000001, OUT, PRIVATE | 512) == NOT_FOUND
    assert client.svc(25, key, 0) == OK
    assert client.svc(26, key, SECRET, OUT, PRIVATE | 512) == DENIED
    assert client.svc(30, key, PRIVATE | 512, 1) == BAD_PARAMETERS  # it has a value already
    assert client.svc(29, key) == OK
    assert client.svc(26, key, SECRET, OUT, PRIVATE | 512) == BAD_PARAMETERS
    assert client.svc(54, key, 256, 0, 0) == OK
    assert client.svc(27, HMAC_SHA256, 256, OUT) == OK
    copy = client.u32(8192)
    assert client.svc(31, copy, key) == OK
    client.put((64).to_bytes(8, "little"), 512)
    assert client.svc(26, copy, SECRET, OUT, PRIVATE | 512) == OK
    secret = out(client, 32)
    assert secret != bytes(32)
    assert client.svc(26, key, SECRET, OUT, PRIVATE | 512) == OK
    assert out(client, 32) == secret
    assert client.svc(28, key) == OK
    assert client.svc(28, key) == BAD_STATE


@pytest.mark.parametrize(
    "kind,size",
    [(0xA0000004, 184), (0xA0000004, 1032), (0xA0000004, 252), (0xA1000030, 2048), (0xA0000010, 160)],
)
def test_object_types_and_sizes_that_are_refused(client: Client, kind: int, size: int) -> None:
    assert client.svc(27, kind, size, OUT) == NOT_SUPPORTED


def test_random_fills_memory(client: Client) -> None:
    client.put(bytes(64), 8192)
    assert client.svc(33, OUT, 32) == OK
    assert out(client, 32) != bytes(32)
    assert client.get(32, 8224) == bytes(32)


# ---- properties


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


# ---- the system PTA


def test_derived_key_depends_on_ta_and_extra_data(client: Client) -> None:
    session = open_pta(client)
    client.invoke(Probe.SCRATCH)
    scratch, shared = client.word(0), client.word(2)
    client.share(b"extra", 4096)
    words = (0x65, shared + 4096, 5, scratch + 64, 32)
    assert pta(client, session, 1, *words) == OK
    key = b"".join(load(client, 64 + 8 * i) for i in range(4))
    assert key == hmac.digest(bytes(16), struct.pack("<I", 3) + client.uuid.bytes_le + b"extra", "sha256")
    assert pta(client, session, 1, 0x65, shared + 4096, 5, scratch, 33) == BAD_PARAMETERS
    assert pta(client, session, 1, 0x65, shared + 4096, 5, scratch, 15) == BAD_PARAMETERS
    assert pta(client, session, 1, 0x65, shared + 4096, 1025, scratch, 32) == BAD_PARAMETERS
    assert pta(client, session, 1, 0x65, shared + 4096, 5, shared, 32) == 0xFFFF000F  # not in secure memory
    assert pta(client, session, 1, 0x5, shared + 4096, 5) == BAD_PARAMETERS


def load(client: Client, offset: int) -> bytes:
    assert client.invoke(Probe.LOAD, PRIVATE | offset) == 0
    return client.word().to_bytes(8, "little")


@pytest.mark.parametrize(
    "command,types,result",
    [
        (0, 0, BAD_PARAMETERS),
        (0, 0x5, OK),  # entropy
        (10, 0, BAD_PARAMETERS),
        (10, 0x15, NOT_SUPPORTED),
        (11, 0x255, NOT_SUPPORTED),
        (12, 0x6, NOT_SUPPORTED),
        (13, 0x2715, NOT_SUPPORTED),
        (2, 0x10131, BAD_PARAMETERS),
        (4, 0, NOT_IMPLEMENTED),
        (99, 0, NOT_IMPLEMENTED),
    ],
)
def test_pta_commands_that_are_not_there(client: Client, command: int, types: int, result: int) -> None:
    assert pta(client, open_pta(client), command, types) == result


def test_pta_is_closed_to_the_normal_world(client: Client) -> None:
    from uuid import UUID

    from elfhaven.abi.utee import SYSTEM_PTA

    assert client.world.open(UUID(SYSTEM_PTA)).result == DENIED


def test_map_zi_limits(client: Client) -> None:
    session = open_pta(client)
    assert map_zi(client, session, 12 << 20) > 0  # what stock OP-TEE gives
    assert map_zi(client, session, 2 << 20) == -0xFFFF000C
    client.invoke(Probe.SCRATCH)
    assert map_zi(client, session, 4096, client.word(0)) == -0xFFFF0003  # taken
    assert map_zi(client, session, 4096, 0x1000) == -0xFFFF0003  # below the TA's addresses
    assert map_zi(client, session, 4096, 0x48000001) == -0xFFFF0003
    assert map_zi(client, session, 0) == -0xFFFF000C


def test_unmapping_a_part_gives_nothing_back(client: Client) -> None:
    """As on OP-TEE: the pages of a mapping are one object."""
    session = open_pta(client)
    base = map_zi(client, session, 64 << 10)
    pages = client.world.core.leaks()["pages"]
    assert unmap(client, session, 4096, base + 8192) == OK
    assert client.world.core.leaks()["pages"] == pages
    assert unmap(client, session, 8192, base) == OK
    assert unmap(client, session, (64 << 10) - 3 * 4096, base + 3 * 4096) == OK
    assert client.world.core.leaks()["pages"] == pages - 16
    assert unmap(client, session, 4096, base) == BAD_PARAMETERS
    assert unmap(client, session, 4096, 0x47000000) == BAD_PARAMETERS
    assert unmap(client, session, 4096, 0x40000000) == DENIED  # the core's own


def test_ta_that_unmaps_its_stack_dies(client: Client) -> None:
    session = open_pta(client)
    client.invoke(Probe.SCRATCH)
    stack = client.word(3) // 4096 * 4096
    raw = struct.pack("<9Q", 0x11, 4096, 0, stack >> 32, stack & 0xFFFFFFFF, 0, 0, 0, 0)
    params = client.put(raw, 512)
    words = [7, session, 0xFFFFFFFF, 3, params, PRIVATE | 1028, 0, 0, 0]
    client.invoke(Probe.SVC, *words)
    assert (client.last.result, client.last.origin) == (0xFFFF3024, 3)


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
