# SPDX-License-Identifier: BSD-2-Clause
"""The emulated eMMC, the RPMB FS on it, and REE-FS anchored in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.abi import rpmb
from elfhaven.abi.optee_msg import RPC_CMD_RPMB
from elfhaven.abi.rpmb import Frame, Message, Result, mac_of
from elfhaven.normal.supplicant.rpmb import CID, SIZE, Partition, RpmbService
from elfhaven.sdk.storage import objects, show, verify
from elfhaven.secure.storage.keys import rpmb_key
from elfhaven.target.state import replace_file
from elfhaven.world.message import Message as OpteeMessage

from ..client import Client
from ..normal_world import NormalWorld
from ..probe import PRIVATE, signed
from ..test_objects_stored import ALL, OUT, Store

RPMB, KEY = 0x80000100, bytes(range(32))
TA = UUID("7c2ad8f5-3d5e-4f8a-9a51-0f3b8c9d1e2f")
NOT_FOUND, SECURITY, GENERIC, COMMUNICATION = 0xFFFF0008, 0xFFFF000F, 0xFFFF0000, 0xFFFF000E


# ---- the device


@pytest.fixture
def partition(tmp_path: Path) -> Partition:
    return Partition(tmp_path / "rpmb", replace_file)


def write(counter: int, address: int, data: bytes, key: bytes = KEY) -> list[Frame]:
    frame = Frame(Message.WRITE, data.ljust(256, b"\0"), counter=counter, address=address, count=1)
    frame.mac = mac_of(key, [frame])
    return [frame]


def ask(partition: Partition, frames: list[Frame], count: int = 1) -> list[Frame]:
    answers = partition.request(frames, count)
    assert answers is not None
    return answers


def test_a_frame_is_packed_and_found_again() -> None:
    frame = Frame(3, b"d" * 256, b"n" * 16, 7, 8, 9, 10, b"m" * 32)
    assert len(frame.pack()) == 512
    assert rpmb.unpack(frame.pack() * 2 + b"rest") == [frame, frame]


def test_key_counter_and_blocks(partition: Partition) -> None:
    assert ask(partition, [Frame(Message.READ_COUNTER)])[0].result == Result.NO_KEY
    assert ask(partition, [Frame(Message.PROGRAM_KEY, mac=KEY)])[0].result == Result.OK
    assert ask(partition, [Frame(Message.PROGRAM_KEY, mac=bytes(32))])[0].result == Result.GENERAL_FAILURE
    assert ask(partition, write(0, 5, b"five"))[0].counter == 1
    assert ask(partition, write(1, 6, b"six"))[0].counter == 2
    nonce = b"0123456789abcdef"
    answers = ask(partition, [Frame(Message.READ, nonce=nonce, address=5)], 2)
    assert [answer.data.rstrip(b"\0") for answer in answers] == [b"five", b"six"]
    assert answers[-1].nonce == nonce
    assert answers[-1].mac == mac_of(KEY, answers)
    counter = ask(partition, [Frame(Message.READ_COUNTER, nonce=nonce)])[0]
    assert (counter.counter, counter.type) == (2, 0x200)
    assert counter.mac == mac_of(KEY, [counter])


@pytest.mark.parametrize(
    "frames,result",
    [
        (write(0, 0, b"", bytes(32)), Result.AUTHENTICATION_FAILURE),
        (write(1, 0, b""), Result.COUNTER_FAILURE),
        (write(0, SIZE // 256, b""), Result.ADDRESS_FAILURE),
        ([Frame(Message.READ, address=SIZE // 256)], Result.ADDRESS_FAILURE),
    ],
)
def test_what_is_refused(partition: Partition, frames: list[Frame], result: Result) -> None:
    ask(partition, [Frame(Message.PROGRAM_KEY, mac=KEY)])
    assert ask(partition, frames)[0].result == result
    assert ask(partition, [Frame(Message.READ_COUNTER)])[0].counter == 0


def test_no_request(partition: Partition) -> None:
    assert partition.request([], 1) is None
    assert partition.request([Frame(99)], 1) is None


# ---- objects in it


def serve(world: NormalWorld, file: Path) -> None:
    service = RpmbService(Partition(file, replace_file))

    def answer(asked: OpteeMessage) -> None:
        pages = world.pages
        asked.result = service.serve(
            asked.params,
            lambda p: pages[p.c].view[p.a - pages[p.c].physical_address :][: p.b],
        )

    world.answers[RPC_CMD_RPMB] = answer


def started(tmp_path: Path, world_of: Client | None = None) -> Client:
    """A core with an eMMC, and a session with a probe; after a reset if there was one before."""
    (tmp_path / "tee").mkdir(exist_ok=True)
    world = NormalWorld(files=tmp_path / "tee", rpmb=True)
    serve(world, tmp_path / "rpmb")
    uuid = world_of.uuid if world_of else TA
    world.tas[uuid] = signed(uuid)
    return Client(world, uuid)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = started(tmp_path)
    yield made
    made.world.close()


def opened(store: Store, name: bytes) -> int:
    c = store.client
    result = c.svc(41, RPMB, c.put(name, 512), len(name), ALL, OUT)
    return -result if result else c.u32(8192)


def test_objects_outlive_a_reset(client: Client, tmp_path: Path) -> None:
    store = Store(client)
    handle = store.create(b"name", b"hello", storage=RPMB)
    assert store.write(handle, b"HE") == 0
    assert store.seek(handle, 1000) == 0
    assert store.write(handle, b"far") == 0
    assert store.client.svc(52, handle, 1001) == 0
    assert store.client.svc(52, handle, 1200) == 0
    store.close(handle)
    store.close(store.create(b"other", b"x" * 600, storage=RPMB))
    other = opened(store, b"other")
    assert store.client.svc(44, other, client.put(b"renamed", 512), 7) == 0
    store.close(other)
    store.close(store.create(b"gone", b"x", storage=RPMB))
    assert store.client.svc(43, opened(store, b"gone")) == 0
    again = Store(started(tmp_path, client))
    handle = opened(again, b"name")
    assert again.read(handle, 2000) == b"HEllo" + bytes(995) + b"f" + bytes(199)
    assert opened(again, b"gone") == -NOT_FOUND
    assert opened(again, b"other") == -NOT_FOUND
    assert again.open(b"name") == -NOT_FOUND  # REE-FS is another storage
    assert again.read(opened(again, b"renamed"), 1000) == b"x" * 600
    c = again.client
    assert c.svc(45, OUT) == 0
    number = c.u32(8192)
    assert c.svc(48, number, RPMB) == 0
    ids = set()
    while c.svc(49, number, OUT, PRIVATE | 9000, PRIVATE | 9500) == 0:
        ids.add(c.get(int.from_bytes(c.get(8, 9500), "little"), 9000))
    assert ids == {b"name", b"renamed"}
    c.world.close()


def test_the_partition_is_full_at_last(client: Client) -> None:
    store, sizes = Store(client), 0
    handle = store.create(b"large", b"", storage=RPMB)
    while (result := store.write(handle, b"x" * 15000)) == 0:
        sizes += 15000
    assert result == 0xFFFF3041  # the old copy and the new one must both fit
    assert 80_000 < sizes < SIZE // 2 + 15000


def test_an_older_copy_of_ree_fs_is_noticed(client: Client, tmp_path: Path) -> None:
    store = Store(client)
    store.close(store.create(b"one", b"old"))
    shutil.copytree(tmp_path / "tee", tmp_path / "older")
    store.close(store.create(b"one", b"new", ALL | 0x400))
    client.world.close()
    shutil.rmtree(tmp_path / "tee")
    (tmp_path / "older").rename(tmp_path / "tee")
    world = NormalWorld(files=tmp_path / "tee", rpmb=True)
    serve(world, tmp_path / "rpmb")
    world.tas[client.uuid] = signed(client.uuid)
    assert world.open(client.uuid).result == 0xF0100001
    assert (tmp_path / "tee" / "dirf.db").exists()
    world.close()


def test_an_older_copy_of_the_partition_is_a_broken_promise(client: Client, tmp_path: Path) -> None:
    """The emulated eMMC is a file: whoever can put it back can roll back. The TEE notices within a run."""
    store = Store(client)
    handle = store.create(b"one", b"old", storage=RPMB)
    saved = (tmp_path / "rpmb").read_bytes()
    assert store.write(handle, b"new") == 0
    (tmp_path / "rpmb").write_bytes(saved)
    assert store.write(handle, b"newer") == COMMUNICATION


def test_a_foreign_key_is_refused(tmp_path: Path) -> None:
    partition = Partition(tmp_path / "rpmb", replace_file)
    ask(partition, [Frame(Message.PROGRAM_KEY, mac=KEY)])
    world = NormalWorld(files=tmp_path, rpmb=True)
    serve(world, tmp_path / "rpmb")
    world.tas[TA] = signed(TA)
    assert world.open(TA).result == SECURITY
    world.close()


def test_the_key_is_the_devices(client: Client, tmp_path: Path) -> None:
    partition = Partition(tmp_path / "rpmb", replace_file)
    answer = ask(partition, [Frame(Message.READ_COUNTER)])[0]
    assert answer.mac == mac_of(rpmb_key(bytes(16), CID), [answer])


def test_it_can_be_looked_into(client: Client, tmp_path: Path) -> None:
    store = Store(client)
    store.close(store.create(b"name", b"hello", storage=RPMB))
    client.world.close()
    (found,) = objects(tmp_path / "rpmb")
    assert (found.owner, found.id, found.data_size) == (str(client.uuid), "name", 5)
    assert show(tmp_path / "rpmb", "name")[0].data == b"hello".hex()
    findings = verify(tmp_path / "rpmb")
    assert all(finding.good for finding in findings)
    assert any("dirfile.db.hash" in finding.what for finding in findings)
