# SPDX-License-Identifier: BSD-2-Clause
"""Digests, MACs and transient keys, by utee calls."""

from __future__ import annotations

import hashlib
import hmac
import struct

import pytest

from .client import Client
from .probe import PRIVATE, Probe

OUT = PRIVATE | 8192
OK, DENIED, BAD_PARAMETERS, BAD_STATE = 0, 0xFFFF0001, 0xFFFF0006, 0xFFFF0007
NOT_FOUND, NOT_IMPLEMENTED, NOT_SUPPORTED, SHORT = 0xFFFF0008, 0xFFFF0009, 0xFFFF000A, 0xFFFF0010
HMAC_SHA256, SECRET = 0xA0000004, 0xC0000000


def out(client: Client, size: int) -> bytes:
    return client.get(size, 8192)


@pytest.mark.parametrize(
    "number,name", [(2, "sha1"), (3, "sha224"), (4, "sha256"), (5, "sha384"), (6, "sha512")]
)
def test_digests(client: Client, number: int, name: str) -> None:
    assert client.svc(15, 0x50000000 | number, 5, 0, 0, OUT) == OK
    state = client.u32(8192)
    assert client.svc(19, state, PRIVATE, 4) == BAD_STATE
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
    assert client.svc(15, 0x10000110, 0, key, 0, OUT) == BAD_PARAMETERS


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
    assert client.svc(26, key, SECRET, 0, PRIVATE | 512) == SHORT
    assert client.svc(25, key, 0) == OK
    assert client.svc(26, key, SECRET, OUT, PRIVATE | 512) == BAD_PARAMETERS
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
    [(0xA0000004, 184), (0xA0000004, 1032), (0xA0000004, 252), (0xA1000030, 4097), (0xA0000010, 160)],
)
def test_object_types_and_sizes_that_are_refused(client: Client, kind: int, size: int) -> None:
    assert client.svc(27, kind, size, OUT) == NOT_SUPPORTED


@pytest.mark.parametrize(
    "count,size,attribute,result",
    [
        (1, 64, SECRET, OK),
        (1, 65, SECRET, BAD_STATE),  # larger than the object
        (1, 23, SECRET, BAD_PARAMETERS),  # less than the type's minimum
        (1, 32, 0xD0000130, NOT_FOUND),
        (1, 32, 0xF0000231, NOT_FOUND),
        (0, 32, SECRET, NOT_FOUND),
        (2, 32, SECRET, NOT_FOUND),
        (1000, 32, SECRET, 0xFFFF000C),
    ],
)
def test_attributes_of_a_key(client: Client, count: int, size: int, attribute: int, result: int) -> None:
    assert client.svc(27, HMAC_SHA256, 512, OUT) == OK
    handle = client.u32(8192)
    client.invoke(Probe.SCRATCH)
    one = struct.pack("<QQII", client.word(0) + 1024, size, attribute, 0)
    assert client.svc(30, handle, client.put(2 * one, 512), count) == result
