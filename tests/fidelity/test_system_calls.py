# SPDX-License-Identifier: BSD-2-Clause
"""Single utee calls: results for good arguments, bad ones, and sizes at which OP-TEE's own buffers end."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import pytest

from elfhaven.abi import gp
from elfhaven.abi import gp_crypto as crypto
from tests.unit.secure.probe import CODE, PRIVATE, SHARED

from .places import Ended, Place, ProbeSession, install_probe


class Utee(IntEnum):
    """Numbers of the calls that are made here (utee_syscalls.h)."""

    LOG = 1
    CLOSE_TA_SESSION = 6
    CHECK_ACCESS_RIGHTS = 8
    GET_CANCELLATION_FLAG = 9
    GET_TIME = 13
    CRYP_STATE_ALLOC = 15
    CRYP_STATE_FREE = 17
    CRYP_OBJ_ALLOC = 27
    CRYP_OBJ_CLOSE = 28
    CRYP_OBJ_RESET = 29
    RANDOM_NUMBER_GENERATE = 33
    STORAGE_OBJ_DEL = 43
    STORAGE_FREE_ENUM = 46
    STORAGE_RESET_ENUM = 47


Both = Callable[[Callable[[Place], object]], object]
NULL, NOTHING, KERNEL = 0, 1 << 40, 0xFFFF_FFFF_0000_0000
SIZES = (0, 1, 16, 1000, 4000, 4095, 4096, 4097, 8192, 60000)
BUFFERS = {"private": PRIVATE, "shared": SHARED | 512}
POINTERS = {
    "private": PRIVATE | 64,
    "shared": SHARED | 512,
    "code": CODE,
    "null": NULL,
    "nothing": NOTHING,
    "the kernel": KERNEL,
}


def _calls(*calls: tuple[int, ...]) -> Callable[[Place], list[int | Ended]]:
    """A script: the calls in one session, each a number and its arguments."""

    def script(place: Place) -> list[int | Ended]:
        session = ProbeSession(place, install_probe(place))
        seen = [session.svc(*call) for call in calls]
        session.close()
        return seen

    return script


@pytest.mark.parametrize("where", BUFFERS)
@pytest.mark.parametrize("number", [Utee.RANDOM_NUMBER_GENERATE, Utee.LOG])
def test_sizes_of_a_buffer(both: Both, number: int, where: str) -> None:
    """LOG has no result: of no bytes it leaves x0 as it was, an address that differs from load to load."""
    sizes = SIZES[1:] if number == Utee.LOG else SIZES
    seen = both(_calls(*((number, BUFFERS[where], size) for size in sizes)))
    assert isinstance(seen, list)
    assert seen[1] == 0


@pytest.mark.parametrize("pointer", POINTERS)
@pytest.mark.parametrize("number", [Utee.RANDOM_NUMBER_GENERATE, Utee.LOG, Utee.GET_CANCELLATION_FLAG])
def test_pointers(both: Both, number: int, pointer: str) -> None:
    both(_calls((number, POINTERS[pointer], 16)))


@pytest.mark.parametrize("category", range(5))
def test_time(both: Both, category: int) -> None:
    both(_calls((Utee.GET_TIME, category, PRIVATE), (Utee.GET_TIME, category, NULL)))


@pytest.mark.parametrize("pointer", POINTERS)
def test_access_rights(both: Both, pointer: str) -> None:
    read, write = gp.TEE_MEMORY_ACCESS_READ, gp.TEE_MEMORY_ACCESS_WRITE
    anyone = gp.TEE_MEMORY_ACCESS_ANY_OWNER
    place = POINTERS[pointer]
    flags = (read, write, read | write, read | anyone, read | write | anyone, 0)
    both(_calls(*((Utee.CHECK_ACCESS_RIGHTS, flag, place, 16) for flag in flags)))


def test_objects_and_operations_that_are_none(both: Both) -> None:
    numbers = (
        Utee.CRYP_STATE_FREE,
        Utee.CRYP_OBJ_CLOSE,
        Utee.CRYP_OBJ_RESET,
        Utee.STORAGE_OBJ_DEL,
        Utee.STORAGE_FREE_ENUM,
        Utee.STORAGE_RESET_ENUM,
        Utee.CLOSE_TA_SESSION,
    )
    both(_calls(*((number, handle) for number in numbers for handle in (0, 1, 0xDEAD, NOTHING))))


@pytest.mark.parametrize(
    "algorithm",
    [crypto.TEE_ALG_SHA256, crypto.TEE_ALG_MD5, crypto.TEE_ALG_HMAC_SHA256, 0, 0x50000009],
)
def test_operations_are_made(both: Both, algorithm: int) -> None:
    modes = (crypto.TEE_MODE_DIGEST, crypto.TEE_MODE_MAC, crypto.TEE_MODE_ENCRYPT, 99)
    both(_calls(*((Utee.CRYP_STATE_ALLOC, algorithm, mode, 0, 0, PRIVATE) for mode in modes)))


@pytest.mark.parametrize(
    "kind", [crypto.TEE_TYPE_AES, crypto.TEE_TYPE_HMAC_SHA256, crypto.TEE_TYPE_GENERIC_SECRET, 0]
)
def test_objects_are_made(both: Both, kind: int) -> None:
    sizes = (0, 8, 64, 128, 192, 256, 512, 1024, 4096, 8192)
    both(_calls(*((Utee.CRYP_OBJ_ALLOC, kind, size, PRIVATE) for size in sizes)))
