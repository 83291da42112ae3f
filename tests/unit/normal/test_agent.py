# SPDX-License-Identifier: BSD-2-Clause
"""The agent: what it performs for a program."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

import pytest
from tests.unit.normal.delegation import Requester

from elfhaven.abi import linux
from elfhaven.abi.container import OPEN_REPLY, SlotState
from elfhaven.calls.linux import LINUX
from elfhaven.calls.row import Served
from elfhaven.normal.agent import Agent
from elfhaven.normal.handlers import NO_FILE
from elfhaven.normal.policy import RootPolicy

READ = linux.O_RDONLY
MAKE = linux.O_RDWR | linux.O_CREAT


def test_every_delegated_row_has_a_handler(policy: RootPolicy) -> None:
    bound = Agent(policy).handlers.bind(LINUX)
    assert all(bound[row.number] for row in LINUX.rows if row.served is Served.DELEGATED)
    assert not any(bound[row.number] for row in LINUX.rows if row.served is not Served.DELEGATED)


def test_open_read_and_close(requester: Requester, place: Path) -> None:
    assert requester.call("openat", [7, READ, 0], [f"{place}/in/data"], room=32) == 0
    mode, _, size, _, inode = OPEN_REPLY.struct.unpack(requester.output(32))
    assert (mode, size, inode) == (
        0o100000 | os.stat(place / "in/data").st_mode & 0o777,
        10,
        os.stat(place / "in/data").st_ino,
    )
    assert requester.call("pread64", [7, 100, 4], room=100) == 6
    assert requester.output(6) == b"456789"
    assert requester.call("read", [7, 3], room=100, in_window=True) == 3
    assert requester.output(3) == b"012"
    assert requester.call("close", [7]) == 0
    assert requester.call("read", [7, 3], room=3) == -linux.EBADF


def test_write_append_and_truncate(requester: Requester, place: Path) -> None:
    path = f"{place}/out/log"
    assert requester.call("openat", [3, MAKE | linux.O_APPEND, 0o600], [path], room=32) == 0
    assert requester.call("write", [3, 5], data=b"hello") == 5
    assert requester.answer()[2] == 5
    assert requester.call("write", [3, 6], data=b" world", in_window=True) == 6
    assert requester.answer()[2] == 11
    assert requester.call("ftruncate", [3, 5]) == 0
    assert requester.call("fsync", [3]) == 0
    assert requester.call("close", [3]) == 0
    assert requester.call("truncate", [2], [path]) == 0
    assert Path(path).read_bytes() == b"he"
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_pwrite_keeps_the_offset(requester: Requester, place: Path) -> None:
    assert requester.call("openat", [3, MAKE, 0o600], [f"{place}/out/f"], room=32) == 0
    assert requester.call("pwrite64", [3, 4, 2], data=b"abcd") == 4
    assert requester.call("lseek", [3, 0, 1]) == 0
    assert requester.call("lseek", [3, -1, 2]) == 5
    assert requester.call("lseek", [3, -9, 0]) == -linux.EINVAL
    assert requester.call("pread64", [3, 4, -1], room=4) == -linux.EINVAL


def test_stat_is_arm64s(requester: Requester, place: Path) -> None:
    found = os.stat(place / "in/data")
    assert requester.call("newfstatat", [0], [f"{place}/in/data"], room=128) == 0
    fields = linux.STAT.unpack(requester.output(128))
    assert fields[:2] == (found.st_dev, found.st_ino)
    assert fields[2:4] == (found.st_mode, found.st_nlink)
    assert fields[8] == 10
    assert fields[14] * 10**9 + fields[15] == found.st_mtime_ns
    assert requester.call("openat", [4, READ, 0], [f"{place}/in/data"], room=32) == 0
    assert requester.call("fstat", [4], room=128) == 0
    assert linux.STAT.unpack(requester.output(128))[:10] == fields[:10]


def test_statx_by_path_and_by_file(requester: Requester, place: Path) -> None:
    assert requester.call("statx", [NO_FILE, 0, 0x7FF], [f"{place}/in/data"], room=256) == 0
    by_path = requester.output(256)
    assert struct.unpack_from("<Q", by_path, 40)[0] == 10  # stx_size
    assert requester.call("openat", [4, READ, 0], [f"{place}/in/data"], room=32) == 0
    assert requester.call("statx", [4, linux.AT_EMPTY_PATH, 0x7FF], [""], room=256) == 0
    assert requester.output(48) == by_path[:48]
    assert requester.call("statx", [4, 0, 0x7FF], [""], room=100) == -linux.EINVAL


def test_directories(requester: Requester, place: Path) -> None:
    out = f"{place}/out"
    assert requester.call("mkdirat", [0o700], [f"{out}/d/"]) == 0
    assert requester.call("mkdirat", [0o700], [f"{out}/d"]) == -linux.ERRNO["EEXIST"]
    assert requester.call("chdir", [4095], [f"{out}/./d/"], room=4095) == len(f"{out}/d")
    assert requester.output(len(f"{out}/d")) == f"{out}/d".encode()
    assert requester.call("chdir", [3], [f"{out}/d"], room=4095) == 0
    assert requester.call("openat", [5, linux.O_DIRECTORY, 0], [out], room=32) == 0
    length = requester.call("getdents64", [5, 4096], room=4096)
    names, at, records = set(), 0, requester.output(length)
    while at < length:
        _, _, size, _ = linux.DIRENT_HEAD.unpack_from(records, at)
        names.add(records[at + 19 : at + size].split(b"\0")[0])
        at += size
    assert names == {b".", b"..", b"d"}
    assert requester.call("getdents64", [5, 4096], room=4096) == 0
    assert requester.call("unlinkat", [0], [f"{out}/d"]) == -linux.ERRNO["EISDIR"]
    assert requester.call("unlinkat", [linux.AT_REMOVEDIR], [f"{out}/d"]) == 0


def test_rename_and_access(requester: Requester, place: Path) -> None:
    out = f"{place}/out"
    Path(out, "a").write_text("a")
    Path(out, "b").write_text("b")
    args = [linux.RENAME_NOREPLACE]
    assert requester.call("renameat2", args, [f"{out}/a", f"{out}/b"]) == -linux.ERRNO["EEXIST"]
    assert requester.call("renameat2", [0], [f"{out}/a", f"{out}/c"]) == 0
    assert sorted(os.listdir(out)) == ["b", "c"]
    assert requester.call("faccessat2", [os.R_OK, 0], [f"{out}/c"]) == 0
    assert requester.call("faccessat2", [os.R_OK, 0], [f"{out}/a"]) == -linux.ENOENT
    assert requester.call("faccessat2", [os.W_OK, 0], [f"{place}/in/data"]) == -linux.EACCES


def test_terminal_queries(place: Path, policy: RootPolicy) -> None:
    master, slave = os.openpty()
    requester = Requester(Agent(policy, streams=(slave, slave, slave)))
    assert requester.call("ioctl", [0, linux.TCGETS], room=64) == 0
    assert any(requester.output(36))
    assert requester.call("ioctl", [0, linux.TIOCGWINSZ], room=64) == 0
    assert requester.call("ioctl", [0, 0x5402], data=b"", room=64) == -linux.ERRNO["ENOTTY"]
    os.close(master)
    os.close(slave)


def test_closed_pipe_is_epipe(policy: RootPolicy) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    requester = Requester(Agent(policy, streams=(writer, writer, writer)))
    assert requester.call("write", [1, 4], data=b"text") == -linux.EPIPE
    os.close(writer)


def test_streams_survive_a_close(policy: RootPolicy) -> None:
    reader, writer = os.pipe()
    agent = Agent(policy, streams=(reader, writer, writer))
    requester = Requester(agent)
    assert requester.call("close", [1]) == 0
    assert requester.call("write", [1, 1], data=b"x") == -linux.EBADF
    agent.close()
    os.close(writer)
    os.close(reader)


def test_set_status_flags(requester: Requester, place: Path) -> None:
    assert requester.call("openat", [3, MAKE, 0o600], [f"{place}/out/f"], room=32) == 0
    assert requester.call("fcntl", [3, linux.F_SETFL, linux.O_APPEND | linux.O_NONBLOCK]) == 0
    assert requester.call("write", [3, 3], data=b"abc") == 3
    assert requester.answer()[2] == 3
    flags = linux.O_RDWR | linux.O_APPEND | linux.O_NONBLOCK
    assert requester.call("fcntl", [3, linux.F_GETFL, 0]) == flags
    assert requester.call("fcntl", [3, 0, 0]) == -linux.EINVAL


def test_poll_tells_readiness(policy: RootPolicy) -> None:
    reader, writer = os.pipe()
    requester = Requester(Agent(policy, streams=(reader, writer, writer)))
    entries = struct.pack("<IHHIHH", 0, linux.POLLIN, 0xFFFF, 1, linux.POLLOUT, 0xFFFF)
    assert requester.call("ppoll", [2, 0], data=entries, room=16) == 1
    assert struct.unpack("<IHHIHH", requester.output(16)) == (0, 1, 0, 1, 4, 4)
    os.write(writer, b"x")
    assert requester.call("ppoll", [2, 10**9], data=entries, room=16) == 2
    assert requester.call("ppoll", [2, 0], data=entries[:12], room=16) == -linux.EINVAL
    os.close(writer)
    os.close(reader)


def test_a_blocking_read_does_not_hold_up_others(policy: RootPolicy) -> None:
    reader, writer = os.pipe()
    requester = Requester(Agent(policy, streams=(reader, writer, writer)))
    requester.request("read", [0, 8], room=8, slot=0)
    requester.request("write", [2, 4], data=b"late", slot=1)
    requester.request("fsync", [2], slot=2)
    assert requester.agent.serve(requester.block, None, 3) == 2  # fsync, and the pipe takes the write
    assert requester.answer(2)[0] == SlotState.ANSWERED
    assert requester.answer(0)[0] == SlotState.REQUESTED
    assert requester.agent.serve(requester.block, None, 1) == 1  # and now the read has something
    assert requester.output(4, slot=0) == b"late"
    os.close(writer)
    os.close(reader)


def test_two_blocking_requests_wait_for_either(policy: RootPolicy) -> None:
    reader, writer = os.pipe()
    requester = Requester(Agent(policy, streams=(reader, writer, writer)))
    entry = struct.pack("<IHH", 0, linux.POLLIN, 0)
    requester.request("ppoll", [1, 30_000_000], data=entry, room=8, slot=0)
    requester.request("read", [0, 8], room=8, slot=1)
    assert requester.agent.serve(requester.block, None, 2) == 1
    assert requester.answer(0)[:2] == (SlotState.ANSWERED, 0)  # timed out
    requester.request("ppoll", [1, -1], data=entry, room=8, slot=0)
    timer = threading.Timer(0.02, os.write, (writer, b"x"))
    timer.start()
    assert requester.agent.serve(requester.block, None, 2) == 2
    assert requester.answer(0)[:2] == (SlotState.ANSWERED, 1)
    timer.join()
    os.close(writer)
    os.close(reader)


@pytest.mark.parametrize("in_window", [False, True])
def test_pieces_outside_the_areas_are_refused(requester: Requester, place: Path, in_window: bool) -> None:
    number = LINUX.by_name("write").number
    size = len(requester.window) if in_window else 65536
    for start, length in [(size - 4, 8), (0xFFFF_FFFF, 2), (8, 0xFFFF_FFFF), (size + 1, 0)]:
        words = [1, length, 0, 0, 0, 0]
        requester.write(0, number, words, in_window, start, length, 0, [(0, 0), (0, 0)])
        requester.agent.serve(requester.block, requester.window, 1)
        assert requester.answer()[1] == -linux.EINVAL
    requester.write(0, number, [1, 8, 0, 0, 0, 0], True, 0, 8, 0, [(0, 0), (0, 0)])
    requester.agent.serve(requester.block, None, 1)
    assert requester.answer()[1] == -linux.EINVAL


def test_control_words_are_no_data(requester: Requester) -> None:
    """A request cannot make the agent write over the header or the slots."""
    number = LINUX.by_name("read").number
    requester.write(0, number, [0, 64, 0, 0, 0, 0], False, 0, 0, 64, [(0, 0), (0, 0)])
    requester.agent.serve(requester.block, None, 1)
    assert requester.answer()[1] == -linux.EINVAL


def test_unknown_and_undelegated_calls(requester: Requester) -> None:
    for number in (LINUX.by_name("ptrace").number, LINUX.by_name("mount").number, 600, 0xFFFF_FFFF):
        requester.write(0, number, [0] * 6, False, 0, 0, 0, [(0, 0), (0, 0)])
        requester.agent.serve(requester.block, None, 1)
        assert requester.answer()[1] == -linux.ENOSYS


def test_paths_are_bounded(requester: Requester) -> None:
    number = LINUX.by_name("mkdirat").number
    for place in [(0xFFFF_FFF0, 32), (0, 10), (requester.block.data_offset, 5000)]:
        requester.write(0, number, [0o700, 0, 0, 0, 0, 0], False, 0, 0, 0, [place, (0, 0)])
        requester.agent.serve(requester.block, None, 1)
        assert requester.answer()[1] in (-linux.EINVAL, -linux.ERRNO["ENAMETOOLONG"])


def test_file_numbers_are_not_descriptors(requester: Requester, place: Path) -> None:
    fd = os.open(place / "secret/key", os.O_RDONLY)
    assert requester.call("read", [fd, 6], room=6) == -linux.EBADF
    os.close(fd)
    assert requester.call("openat", [1, READ, 0], [f"{place}/in/data"], room=32) == -linux.EINVAL
    assert requester.call("openat", [9, READ, 0], [f"{place}/in/data"], room=8) == -linux.EINVAL


def test_numbers_too_large_for_the_host(requester: Requester, place: Path) -> None:
    assert requester.call("openat", [3, MAKE, 0o600], [f"{place}/out/f"], room=32) == 0
    assert requester.call("ftruncate", [3, 1 << 63]) == -linux.EINVAL
    assert requester.call("lseek", [3, 0, 1 << 63 | 77]) == -linux.EINVAL


def test_a_file_without_a_name(requester: Requester, place: Path) -> None:
    flags = linux.O_TMPFILE | linux.O_RDWR
    assert requester.call("openat", [4, flags, 0o600], [f"{place}/in"], room=32) == -linux.EACCES
    assert requester.call("openat", [4, flags, 0o600], [f"{place}/out"], room=32) == 0
    assert requester.call("write", [4, 3], data=b"abc") == 3
    assert os.listdir(place / "out") == []


def test_modes_are_the_programs(policy: RootPolicy, place: Path) -> None:
    """The program's umask was applied inside; the host's, 022 here, is not applied again."""
    before = os.umask(0o022)
    try:
        agent = Agent(policy)
        loose = Requester(agent)
        assert loose.call("openat", [3, MAKE, 0o666], [f"{place}/out/f"], room=32) == 0
        assert loose.call("mkdirat", [0o777], [f"{place}/out/d"]) == 0
        agent.close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert os.stat(place / "out/f").st_mode & 0o777 == 0o666
    assert os.stat(place / "out/d").st_mode & 0o777 == 0o777
