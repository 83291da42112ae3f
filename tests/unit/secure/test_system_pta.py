# SPDX-License-Identifier: BSD-2-Clause
"""The system PTA, called by a TA."""

from __future__ import annotations

import hmac
import struct
from uuid import UUID

import pytest

from elfhaven.abi.utee import SYSTEM_PTA

from .client import Client
from .probe import PRIVATE, Probe
from .test_first_path import map_zi, open_pta, pta, unmap

OUT = PRIVATE | 8192
OK, DENIED, BAD_PARAMETERS, BAD_STATE = 0, 0xFFFF0001, 0xFFFF0006, 0xFFFF0007
NOT_FOUND, NOT_IMPLEMENTED, NOT_SUPPORTED, SHORT = 0xFFFF0008, 0xFFFF0009, 0xFFFF000A, 0xFFFF0010


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
        (0, 0x5, BAD_PARAMETERS),  # no entropy in it
        (10, 0, BAD_PARAMETERS),
        (10, 0x15, BAD_PARAMETERS),  # no UUID
        (11, 0x255, BAD_PARAMETERS),
        (12, 0x6, NOT_SUPPORTED),
        (13, 0x2715, BAD_PARAMETERS),
        (2, 0x10131, BAD_PARAMETERS),
        (4, 0, NOT_IMPLEMENTED),
        (99, 0, NOT_IMPLEMENTED),
    ],
)
def test_commands_that_are_not_there_or_not_given_what_they_need(
    client: Client, command: int, types: int, result: int
) -> None:
    assert pta(client, open_pta(client), command, types) == result


def test_pta_is_closed_to_the_normal_world(client: Client) -> None:
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
