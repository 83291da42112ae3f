# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects: what a TA sees."""

from __future__ import annotations

import struct
from collections.abc import Callable
from uuid import UUID

import pytest

from elfhaven.abi.optee_msg import RPC_CMD_FS, RPC_FS_WRITE
from elfhaven.world.message import Message

from .client import Client
from .normal_world import NormalWorld
from .probe import PRIVATE, signed

READ, WRITE, META, SHARE_READ, SHARE_WRITE, OVERWRITE = 1, 2, 4, 0x10, 0x20, 0x400
ALL = READ | WRITE | META
OUT = PRIVATE | 8192
NOT_FOUND, CONFLICT, CORRUPT, BAD_STATE = 0xFFFF0008, 0xFFFF0003, 0xF0100001, 0xFFFF0007
GENERIC = 0xFFFF0000


class Store:
    """The storage calls of a probe; errors come back negated."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def create(self, name: bytes, data: bytes = b"", flags: int = ALL, storage: int = 1) -> int:
        c = self.client
        names, content = c.put(name, 512), c.put(data, 1024)
        arguments = (storage, names, len(name), flags, 0, content, len(data), OUT)
        result = c.svc(42, *arguments)
        return -result if result else c.u32(8192)

    def open(self, name: bytes, flags: int = ALL) -> int:
        c = self.client
        result = c.svc(41, 1, c.put(name, 512), len(name), flags, OUT)
        return -result if result else c.u32(8192)

    def close(self, handle: int) -> None:
        assert self.client.svc(28, handle) == 0

    def read(self, handle: int, size: int) -> bytes:
        c = self.client
        assert c.svc(50, handle, PRIVATE | 16384, size, OUT) == 0
        return c.get(c.u32(8192), 16384)

    def write(self, handle: int, data: bytes) -> int:
        return self.client.svc(51, handle, self.client.put(data, 16384), len(data))

    def seek(self, handle: int, offset: int, whence: int = 0) -> int:
        return self.client.svc(53, handle, offset & 0xFFFFFFFFFFFFFFFF, whence)


@pytest.fixture
def store(client: Client) -> Store:
    return Store(client)


def test_object_survives_its_handle(store: Store) -> None:
    handle = store.create(b"name", b"hello")
    assert store.write(handle, b"HE") == 0
    store.close(handle)
    handle = store.open(b"name")
    assert store.read(handle, 100) == b"HEllo"
    assert store.read(handle, 100) == b""
    assert store.seek(handle, -3, 2) == 0
    assert store.read(handle, 2) == b"ll"
    assert store.seek(handle, -100, 1) == 0
    assert store.seek(handle, 8, 0) == 0
    assert store.write(handle, b"!") == 0
    assert store.seek(handle, 0, 0) == 0
    assert store.read(handle, 100) == b"HEllo\0\0\0!"
    assert store.client.svc(52, handle, 2) == 0
    assert store.seek(handle, 0, 0) == 0
    assert store.read(handle, 100) == b"HE"
    assert store.client.svc(24, handle, OUT) == 0
    assert struct.unpack("<7I", store.client.get(28, 8192))[4:] == (2, 2, 0x30000 | ALL)


def test_absent_and_present(store: Store) -> None:
    assert store.open(b"none") == -NOT_FOUND
    store.close(store.create(b"name", b"a"))
    assert store.create(b"name", b"b") == -CONFLICT
    store.close(store.create(b"name", b"c", ALL | OVERWRITE))
    assert store.read(store.open(b"name"), 9) == b"c"
    assert store.create(b"x", b"", ALL, storage=0x80000100) == -NOT_FOUND
    assert store.create(b"x" * 65) == -0xFFFF0006
    assert store.create(b"x", b"", 0x8000) == -0xFFFF0006


def test_rights_of_a_handle(store: Store) -> None:
    store.close(store.create(b"name", b"abc"))
    reader = store.open(b"name", READ)
    assert store.write(reader, b"x") == CONFLICT
    assert store.client.svc(52, reader, 0) == CONFLICT
    assert store.client.svc(43, reader) == CONFLICT
    assert store.client.svc(44, reader, store.client.put(b"n", 512), 1) == BAD_STATE
    store.close(reader)
    writer = store.open(b"name", WRITE)
    assert store.client.svc(50, writer, PRIVATE | 16384, 4, OUT) == CONFLICT
    assert store.client.svc(30, writer, 0, 0) == 0xFFFF0006  # persistent: no attributes from the TA


def test_sharing(store: Store) -> None:
    store.close(store.create(b"name", b"abc"))
    first = store.open(b"name", READ | SHARE_READ)
    second = store.open(b"name", READ | SHARE_READ)
    assert first > 0
    assert second > 0
    assert store.open(b"name", READ) == -CONFLICT
    assert store.open(b"name", ALL) == -CONFLICT
    store.close(first)
    store.close(second)
    assert store.open(b"name", ALL) > 0
    assert store.open(b"name", READ | SHARE_READ) == -CONFLICT


def test_rename_and_delete(store: Store) -> None:
    store.close(store.create(b"taken", b""))
    handle = store.create(b"old", b"abc")
    rename = store.client.svc
    assert rename(44, handle, store.client.put(b"taken", 512), 5) == CONFLICT
    assert rename(44, handle, store.client.put(b"new", 512), 3) == 0
    assert store.open(b"old") == -NOT_FOUND
    store.close(handle)
    handle = store.open(b"new")
    assert store.read(handle, 9) == b"abc"
    assert store.client.svc(43, handle) == 0
    assert store.open(b"new") == -NOT_FOUND
    assert store.client.svc(50, handle, PRIVATE | 16384, 4, OUT) == BAD_STATE


def test_other_ta_sees_nothing(store: Store, install: Callable[..., UUID]) -> None:
    store.close(store.create(b"name", b"mine"))
    other = Client(store.client.world, install())
    assert Store(other).open(b"name") == -NOT_FOUND
    other.close()


def test_other_device_cannot_open(store: Store) -> None:
    store.close(store.create(b"name", b"mine"))
    uuid, files = store.client.uuid, store.client.world.files
    other = NormalWorld(files=files, huk=b"another device's")
    other.tas[uuid] = signed(uuid)
    assert other.open(uuid).result == CORRUPT  # the versions of TAs are not to be had
    other.close()


def test_failing_storage(store: Store) -> None:
    handle = store.create(b"name", b"before")
    world = store.client.world
    served = world.answers[RPC_CMD_FS]

    def full(asked: Message) -> None:
        if asked.params[0].a == RPC_FS_WRITE:
            asked.result = GENERIC
        else:
            served(asked)

    world.answers[RPC_CMD_FS] = full
    assert store.write(handle, b"after!") == GENERIC
    world.answers[RPC_CMD_FS] = served
    store.close(handle)
    assert store.read(store.open(b"name"), 9) == b"before"


def test_no_files_no_storage(store: Store) -> None:
    handle = store.create(b"name", b"before")

    def unknown(asked: Message) -> None:
        asked.result = 0xFFFF000A

    store.client.world.answers[RPC_CMD_FS] = unknown
    assert store.write(handle, b"after!") == 0xF0100003
    assert store.open(b"other") == -0xF0100003


def test_key_object_is_stored_with_its_attributes(store: Store) -> None:
    from .test_keys import SECRET, make_key

    c = store.client
    key = make_key(c, b"s" * 32)
    names = c.put(b"key", 512)
    assert c.svc(42, 1, names, 3, ALL, key, 0, 0, OUT) == 0
    store.close(c.u32(8192))
    handle = store.open(b"key")
    c.put((64).to_bytes(8, "little"), 512)
    assert c.svc(26, handle, SECRET, OUT, PRIVATE | 512) == 0
    assert c.get(32, 8192) == b"s" * 32
