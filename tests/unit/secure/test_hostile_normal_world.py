# SPDX-License-Identifier: BSD-2-Clause
"""What the normal world writes is read once, checked, and never believed."""

from __future__ import annotations

import struct
import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import optee_msg as msg
from elfhaven.world import message
from elfhaven.world.message import Message, Param

from .client import Client
from .normal_world import NormalWorld
from .probe import Probe, image, key, signed

Install = Callable[..., UUID]


class Readings:
    """Counts how often each byte of normal memory is read by the core."""

    def __init__(self, world: NormalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[int] = Counter()
        plain = world.normal.read

        def read(address: int, size: int) -> bytes:
            self.counts.update(range(address, address + size))
            return plain(address, size)

        monkeypatch.setattr(world.normal, "read", read)


def test_no_byte_of_a_message_is_read_twice(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    world = client.world
    buffer, lists = world.normal.allocate(600 * 4096), world.normal.allocate(2 * 4096)
    lists.view[:] = message.page_lists(list(buffer.page_addresses), lists.physical_address)
    attr = msg.ATTR_TMEM_INOUT | msg.ATTR_NONCONTIG
    param = Param(attr, lists.physical_address, buffer.size, 0)
    seen = Readings(world, monkeypatch)
    assert world.invoke(client.session, Probe.ECHO, Param(3, 1, 2), param).result == 0
    assert max(seen.counts.values()) == 1
    assert len(seen.counts) == 32 + 2 * 32 + 2 * 4096


def test_no_byte_of_a_ta_is_read_twice(
    world: NormalWorld, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = install()
    payloads: list[range] = []
    counts: list[set[int]] = []
    allocate, free = world.answers[msg.RPC_CMD_SHM_ALLOC], world.answers[msg.RPC_CMD_SHM_FREE]
    seen = Readings(world, monkeypatch)

    def allocating(asked: Message) -> None:
        allocate(asked)
        payloads.append(range(asked.params[0].a, asked.params[0].a + asked.params[0].b))

    def freeing(asked: Message) -> None:
        address = world.pages[asked.params[0].b].physical_address
        (freed,) = (payload for payload in payloads if payload.start == address)
        if len(freed) == len(world.tas[uuid]):
            counts.append({seen.counts[at] for at in freed})
        free(asked)

    world.answers |= {msg.RPC_CMD_SHM_ALLOC: allocating, msg.RPC_CMD_SHM_FREE: freeing}
    assert world.open(uuid).result == 0
    assert counts == [{1}]


# ---- files that are not what they should be


def changed(at: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        raw = bytearray(data)
        raw[at] ^= 1
        return bytes(raw)

    return change


@pytest.mark.parametrize(
    "change",
    [
        changed(0),  # magic
        changed(8),  # size
        changed(20),  # hash
        changed(60),  # signature
        changed(20 + 32 + 256),  # uuid
        changed(20 + 32 + 256 + 20 + 100),
        changed(-1),
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:19],
        lambda data: b"",
    ],
)
def test_changed_file_is_refused(world: NormalWorld, change: Callable[[bytes], bytes]) -> None:
    uuid = uuid4()
    world.tas[uuid] = change(signed(uuid))
    opened = world.open(uuid)
    assert opened.origin == 3
    assert opened.result in (0xFFFF000F, 0xFFFF0006)
    assert not any(world.core.leaks().values())


def test_file_of_another_ta_is_refused(world: NormalWorld, install: Install) -> None:
    other = uuid4()
    world.tas[other] = world.tas[install()]
    assert world.open(other).result == 0xFFFF000F


def test_key_that_is_not_trusted(world: NormalWorld) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from elfhaven.image import ta

    uuid = uuid4()
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    world.tas[uuid] = ta.sign(image(uuid), uuid, stranger)
    assert world.open(uuid).result == 0xFFFF000F
    world.tas[uuid] = ta.sign(image(uuid), uuid, key())
    assert world.open(uuid).result == 0


# ---- lies in RPCs


def lie(world: NormalWorld, command: int, change: Callable[[Message], None]) -> None:
    plain = world.answers[command]

    def answer(asked: Message) -> None:
        plain(asked)
        change(asked)

    world.answers[command] = answer


def grow_second(asked: Message) -> None:
    if asked.params[1].c:
        asked.params[1].b += 4096


def secure_address(asked: Message) -> None:
    asked.params[0].a = 0x0E30_0000


def too_small(asked: Message) -> None:
    asked.params[0].b -= 1


def no_parameters(asked: Message) -> None:
    asked.params.clear()


def other_kind(asked: Message) -> None:
    asked.params[0].attr = msg.ATTR_VALUE_OUTPUT


def huge(asked: Message) -> None:
    asked.params[1].b = 1 << 62


def failure(asked: Message) -> None:
    asked.result = 0xFFFF000C


@pytest.mark.parametrize(
    "command,change",
    [
        (msg.RPC_CMD_LOAD_TA, grow_second),
        (msg.RPC_CMD_LOAD_TA, no_parameters),
        (msg.RPC_CMD_LOAD_TA, huge),
        (msg.RPC_CMD_LOAD_TA, failure),
        (msg.RPC_CMD_SHM_ALLOC, secure_address),
        (msg.RPC_CMD_SHM_ALLOC, too_small),
        (msg.RPC_CMD_SHM_ALLOC, no_parameters),
        (msg.RPC_CMD_SHM_ALLOC, other_kind),
        (msg.RPC_CMD_SHM_ALLOC, failure),
    ],
)
def test_lies_fail_the_call_alone(
    world: NormalWorld, install: Install, command: int, change: Callable[[Message], None]
) -> None:
    uuid = install()
    honest = dict(world.answers)
    lie(world, command, change)
    opened = world.open(uuid)
    assert opened.result in (0xFFFF0006, 0xFFFF000C)
    assert opened.origin == 3
    assert not any(world.core.leaks().values())
    world.answers.update(honest)
    assert world.open(uuid).result == 0


def test_result_of_nothing_but_failure(client: Client) -> None:
    lie(client.world, msg.RPC_CMD_GET_TIME, failure)
    client.put(b"unchanged", 8192)
    assert client.svc(13, 2, 10 << 60 | 8192) == 0xFFFF000C
    assert client.get(9, 8192) == b"unchanged"


def test_absurd_time_stays_in_its_bounds(client: Client) -> None:
    def absurd(asked: Message) -> None:
        asked.params[0].a = asked.params[0].b = (1 << 64) - 1

    lie(client.world, msg.RPC_CMD_GET_TIME, absurd)
    assert client.svc(13, 2, 10 << 60 | 8192) == 0
    assert struct.unpack("<II", client.get(8, 8192))[1] < 1000


# ---- many at once


def test_two_clients_open_call_and_close_without_end(world: NormalWorld, install: Install) -> None:
    uuids = [install(), install(flags=4 | 8)]
    errors: list[object] = []

    def work(uuid: UUID) -> None:
        try:
            for _ in range(15):
                client = Client(world, uuid)
                assert client.invoke(Probe.ECHO, value=(1, 1)) == 0
                client.close()
        except BaseException as error:
            errors.append(error)

    runners = [threading.Thread(target=work, args=(uuid,)) for uuid in uuids]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(60)
    assert errors == []
    assert not any(world.core.leaks().values())
