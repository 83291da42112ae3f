# SPDX-License-Identifier: BSD-2-Clause
"""Trace records as lines."""

from __future__ import annotations

import struct

import pytest

from elfhaven.abi import linux
from elfhaven.abi.container import TRACE_RECORD
from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import Tracer

WORD = (1 << 64) - 1


def record(
    call: int | str, args: list[int], result: int = 0, where: int = 0, texts: dict[int, bytes] | None = None
) -> bytes:
    number = LINUX.by_name(call).number if isinstance(call, str) else call
    words = [arg & WORD for arg in args] + [0] * (6 - len(args))
    head = TRACE_RECORD.struct.pack(number, where, *words, result, 1, len(texts or {}))
    return head + b"".join(struct.pack("<II", i, len(text)) + text for i, text in (texts or {}).items())


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (
            record("openat", [-100, 0x1000, linux.O_CREAT | 1, 0o644], -2, 1, {1: b"/a\n"}),
            '[1] openat(AT_FDCWD, "/a\\n", O_WRONLY|O_CREAT, 0644) = -1 ENOENT',
        ),
        (record("write", [1, 0x2000, 5], 5, 1, {1: b'h"i\\\0'}), '[1] write(1, "h\\"i\\\\\\x00", 5) = 5'),
        (record("read", [-1, 0x2000, 5], -9), "[1] read(-1, 0x2000, 5) = -1 EBADF"),
        (
            record("mmap", [0, 4096, 3, 0x22, -1, 0], 0x7F000000),
            "[1] mmap(0, 4096, 0x3, 0x22, -1, 0) = 0x7f000000",
        ),
        (record("exit_group", [3]), "[1] exit_group(3) = ?"),
        (record("clock_gettime", [1, 0]), "[1] clock_gettime(CLOCK_MONOTONIC, NULL) = 0"),
        (record("kill", [7, 13]), "[1] kill(7, SIGPIPE) = 0"),
        (record("lseek", [3, -5, 1], 7), "[1] lseek(3, -5, SEEK_CUR) = 7"),
        (record("mount", [1], -38, 2), "[1] mount() = -1 ENOSYS  <not served>"),
        (record("chdir", [9], -13, 3, {0: b"/x"}), '[1] chdir("/x") = -1 EACCES  <denied by the policy>'),
        (record(999, [1, 2], -38, 2), "[1] call_999(0x1, 0x2, 0x0, 0x0, 0x0, 0x0) = -1 ENOSYS  <not served>"),
        (record("chdir", [9], -4000), "[1] chdir(0x9) = -1 4000"),
    ],
)
def test_lines(raw: bytes, line: str) -> None:
    assert Tracer(LINUX).line(raw) == line


def test_long_strings_are_cut() -> None:
    line = Tracer(LINUX).line(record("chdir", [9], 0, 0, {0: b"x" * 100}))
    assert '"...' in line
    assert line.count("x") == 64


@pytest.mark.parametrize(
    "raw",
    [b"", record("chdir", [0], 0, 0, {0: b"abc"})[:-1], record("chdir", [0], 0, 0, {0: b""})[:-4]],
)
def test_malformed_records(raw: bytes) -> None:
    with pytest.raises(ValueError):
        Tracer(LINUX).line(raw)


def test_every_row_can_be_shown() -> None:
    tracer = Tracer(LINUX)
    for row in LINUX.rows:
        for value in (0, 1, 255, WORD):
            line = tracer.line(record(row.number, [value] * 6, value if value < 256 else -1))
            assert row.name in line


def test_open_flags_and_errnos() -> None:
    assert linux.open_flag_names(linux.O_SYNC | linux.O_RDWR) == "O_RDWR|O_SYNC"
    assert linux.open_flag_names(linux.O_TMPFILE) == "O_RDONLY|O_TMPFILE"
    assert linux.open_flag_names(1 << 30) == "O_RDONLY|0o10000000000"
    assert linux.errno_name(2) == "ENOENT"
    assert linux.errno_name(4095) == "4095"
