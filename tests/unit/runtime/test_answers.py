# SPDX-License-Identifier: BSD-2-Clause
"""What the runtime believes of an answer: results by their row, directory records by their bytes."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.runtime.host import Host

from elfhaven.abi.linux import ERRNO
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Result, Row, Served

DELEGATED = [row for row in LINUX.rows if row.served is Served.DELEGATED]
EPERM = ERRNO["EPERM"]


@pytest.fixture(scope="module")
def host(library: object) -> Host:
    return Host(library)  # type: ignore[arg-type]


def judged(host: Host, index: int, result: int, limit: int) -> tuple[int, bool]:
    violated = ctypes.c_int()
    host.lib.eh_row.restype = ctypes.c_void_p
    host.lib.wire_answer.restype = ctypes.c_int64
    row = ctypes.c_void_p(host.lib.eh_row(index))
    got = host.lib.wire_answer(row, ctypes.c_int64(result), ctypes.c_uint64(limit), ctypes.byref(violated))
    return int(got), bool(violated.value)


def expected(row: Row, result: int, limit: int) -> tuple[int, bool]:
    """By the table: its errors, its kind of result."""
    if result < 0:
        good = -result in {ERRNO[name] for name in row.errors}
        return (result, False) if good else (-EPERM, result != -EPERM)
    most = 0 if row.result in (Result.ZERO, Result.FD) else limit
    return (result, False) if result <= most else (-EPERM, True)


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, len(DELEGATED) - 1),
    st.one_of(
        st.integers(-200, 200),
        st.integers(-(1 << 63), (1 << 63) - 1),
        st.sampled_from([-4095, -4096, -512, 1 << 48]),
    ),
    st.sampled_from([0, 1, 100, 4096, 1 << 20, (1 << 63) - 1]),
)
def test_results_are_held_to_their_row(library: object, index: int, result: int, limit: int) -> None:
    host = Host(library)  # type: ignore[arg-type]
    assert judged(host, index, result, limit) == expected(DELEGATED[index], result, limit)


def test_every_errno_of_every_row(host: Host) -> None:
    for index, row in enumerate(DELEGATED):
        for number in range(1, 4096):
            assert judged(host, index, -number, 100) == expected(row, -number, 100), (row.name, number)


def record(name: bytes, inode: int = 5, length: int | None = None, kind: int = 8) -> bytes:
    size = -(-(19 + len(name) + 1) // 8) * 8 if length is None else length
    return struct.pack("<QqHB", inode, 1, size, kind) + name + bytes(max(size - 19 - len(name), 0))


def entries_hold(host: Host, data: bytes) -> bool:
    host.lib.dirents_check.restype = ctypes.c_int64
    return bool(host.lib.dirents_check(data, ctypes.c_uint64(len(data))) == 0)


@pytest.mark.parametrize(
    "data",
    [
        record(b"a"),
        record(b".") + record(b"..") + record(b"x" * 255),
        record(b"with space\xff"),
        record(b"a", inode=0),
    ],
)
def test_sound_entries(host: Host, data: bytes) -> None:
    assert entries_hold(host, data)


@pytest.mark.parametrize(
    "data",
    [
        record(b"a", length=0),
        record(b"a", length=16),
        record(b"a", length=4096)[:24],
        record(b"a", length=25),
        record(b"a")[:20],
        record(b"a") + b"\0" * 8,
        record(b"../x"),
        record(b"/etc"),
        record(b""),
        struct.pack("<QqHB", 5, 1, 24, 8) + b"abcde",  # no NUL
        record(b"a") + record(b"b", length=64)[:32],
    ],
    ids=range(11),
)
def test_entries_that_lie(host: Host, data: bytes) -> None:
    assert not entries_hold(host, data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_judged_within_their_bounds(library: object, data: bytes) -> None:
    host = Host(library)  # type: ignore[arg-type]
    padded = ctypes.create_string_buffer(data + b"\x41" * 64, len(data) + 64)  # readable, and not a NUL
    host.lib.dirents_check.restype = ctypes.c_int64
    inside = host.lib.dirents_check(padded, ctypes.c_uint64(len(data)))
    assert inside in (0, -EPERM)
    if inside == 0:
        at = 0
        while at < len(data):
            length = struct.unpack_from("<H", data, at + 16)[0]
            name = data[at + 19 : at + length].split(b"\0")
            assert len(name) > 1
            assert name[0]
            assert b"/" not in name[0]
            at += length
        assert at == len(data)


def test_rows_in_c_are_the_rows_of_the_table(host: Host, fresh: Callable[..., Host]) -> None:
    host.lib.eh_row_name.restype = ctypes.c_char_p
    names = [host.lib.eh_row_name(index) for index in range(len(DELEGATED))]
    assert names == [row.name.encode() for row in DELEGATED]
