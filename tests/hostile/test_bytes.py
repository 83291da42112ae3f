# SPDX-License-Identifier: BSD-2-Clause
"""Lies in the bytes of an answer: directory entries, struct stat, events of ppoll."""

from __future__ import annotations

import struct
from functools import partial
from typing import Any

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device
from tests.hostile.probe import PROBE

from elfhaven.abi import linux

LIST = r"""
int main(void) {
    int fd = open("in", O_RDONLY | O_DIRECTORY);
    guard();
    long n = CALL(SYS_getdents64, fd, room.data, 512);
    say("%ld %d", n, intact(512));
    for (long at = 0; n > 0 && at < n;) {
        unsigned short size = *(unsigned short *)(room.data + at + 16);
        say("<%.*s>", (int)(n - at - 19), (char *)room.data + at + 19);
        if (!size)
            return 66;
        at += size;
    }
    return 0;
}
"""

STAT = r"""
int main(void) {
    struct stat st;
    int fd = open("in/data", O_RDONLY);
    char *p = (char *)&st;
    memset(&st, 0x5a, sizeof st);
    long by_path = CALL(SYS_newfstatat, AT_FDCWD, "in/data", &st, 0);
    say("path %ld %lld %o", by_path, by_path ? 0ll : (long long)st.st_size,
        by_path ? 0 : st.st_mode & S_IFMT);
    memset(&st, 0x5a, sizeof st);
    long by_file = CALL(SYS_fstat, fd, &st);
    say("file %ld %lld %o", by_file, by_file ? 0ll : (long long)st.st_size,
        by_file ? 0 : st.st_mode & S_IFMT);
    return 0;
}
"""

GOOD = liar.dirent(b"good")
SIZE, INODE, MODE = 8, 1, 2
EPERM = -linux.EPERM


def telling(lie: liar.Lie, only: str, policy: Any, streams: tuple[int, int, int]) -> liar.Liar:
    return liar.Liar(policy, lie, only.split(), streams)


BAD_ENTRIES = {
    "no length": liar.dirent(b"zero", reclen=0),
    "longer than the answer": GOOD + liar.dirent(b"long", reclen=4000),
    "shorter than its head": GOOD + liar.dirent(b"short", reclen=8),
    "not summing": GOOD + liar.dirent(b"odd", reclen=20),
    "a slash": GOOD + liar.dirent(b"a/../../b"),
    "no name": GOOD + liar.dirent(b""),
    "no end": GOOD + liar.dirent(b"x" * 28).rstrip(b"\0") + b"y",
    "a head cut short": GOOD + GOOD[:10],
}


@pytest.mark.parametrize("data", BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_directory_entries_that_are_malformed(device: Device, data: bytes) -> None:
    outcome = device.run(LIST, partial(telling, liar.entries(data), "getdents64"))
    assert (outcome.error, outcome.status) == (None, 0)
    assert outcome.lines == [f"{EPERM} 1"]
    assert outcome.violated == ("answers",)


def test_directory_entries_that_are_well_formed(device: Device) -> None:
    """The same path with honest records: what is refused above is refused for its form."""
    data = GOOD + liar.dirent(b"..") + liar.dirent(b"other")
    outcome = device.run(LIST, partial(telling, liar.entries(data), "getdents64"))
    assert outcome.lines == [f"{len(data)} 1", "<good>", "<..>", "<other>"]
    assert outcome.violated == ()


def test_entries_told_beyond_what_was_written(device: Device) -> None:
    lie = liar.entries(GOOD, told=len(GOOD) + 64)
    outcome = device.run(LIST, partial(telling, lie, "getdents64"))
    assert outcome.status == 0
    assert outcome.lines[0] == f"{EPERM} 1"


@pytest.mark.parametrize("value", [-1, -(1 << 63), -4096])
def test_negative_sizes(device: Device, value: int) -> None:
    outcome = device.run(STAT, partial(telling, liar.stat_field(SIZE, value), "newfstatat fstat"))
    assert outcome.lines == [f"path {EPERM} 0 0", f"file {EPERM} 0 0"]
    assert outcome.violated == ("answers",)


@pytest.mark.parametrize("mode", [0o000644, 0o170644, 0o030644, 0xFFFF_FFFF])
def test_types_that_there_are_not(device: Device, mode: int) -> None:
    outcome = device.run(STAT, partial(telling, liar.stat_field(MODE, mode), "newfstatat fstat"))
    assert outcome.lines == [f"path {EPERM} 0 0", f"file {EPERM} 0 0"]
    assert outcome.violated == ("answers",)


def test_an_open_file_does_not_change_its_type_or_inode(device: Device) -> None:
    for field, value in ((MODE, 0o040755), (INODE, 1)):
        outcome = device.run(STAT, partial(telling, liar.stat_field(field, value), "fstat"))
        assert outcome.lines[1] == f"file {EPERM} 0 0"
        assert outcome.violated == ("answers",)


@pytest.mark.parametrize("mode", [0, 0o170000, 0xFFFF_FFFF])
def test_opened_files_have_a_type(device: Device, mode: int) -> None:
    lie = liar.overwrite(0, struct.pack("<I", mode))
    outcome = device.run(PROBE, partial(telling, lie, "openat"), "openat")
    assert outcome.lines == [f"openat {EPERM} 1"]
    assert outcome.agent.seen.names == ["openat", "close", "write"]  # and it is closed again outside
    assert outcome.violated == ("answers",)


def test_opened_files_have_a_size(device: Device) -> None:
    lie = liar.overwrite(8, struct.pack("<Q", 1 << 63))
    outcome = device.run(PROBE, partial(telling, lie, "openat"), "openat")
    assert outcome.lines == [f"openat {EPERM} 1"]


def test_sizes_that_are_too_large_end_where_the_file_does(device: Device) -> None:
    """A file said to be huge: reading it gives what there is, and no byte past the buffer changes."""
    lie = liar.overwrite(8, struct.pack("<Q", (1 << 62)))
    outcome = device.run(PROBE, partial(telling, lie, "openat"), "pread64")
    assert outcome.lines == ["pread64 16 1"]


def events(*found: int) -> liar.Lie:
    """ppoll's answer with these events, one for each file, whatever was asked."""

    def lie(call: liar.Call, result: int) -> int:
        for index, event in enumerate(found):
            struct.pack_into("<H", call.output, 8 * index + 6, event)
        return sum(event != 0 for event in found)

    return lie


def test_events_that_were_not_asked_for(device: Device) -> None:
    outcome = device.run(PROBE, partial(telling, events(0xFFFF, 0xFFFF), "ppoll"), "ppoll")
    shown = [int(word, 16) for word in outcome.lines[0].split()[1:]]
    always = linux.POLLERR | linux.POLLHUP | linux.POLLNVAL
    assert shown == [linux.POLLIN | always, always]
    assert outcome.violated == ("answers",)


def test_more_ready_than_were_asked_about(device: Device) -> None:
    for told in (3, 1 << 40):
        outcome = device.run(PROBE, partial(telling, liar.always(told), "ppoll"), "ppoll")
        assert outcome.lines == [f"ppoll {EPERM} 1"]
        assert outcome.violated == ("answers",)


def test_a_spurious_wake_up(device: Device) -> None:
    """Ready is said, and no event: the program is told what the events say."""
    outcome = device.run(PROBE, partial(telling, liar.always(2), "ppoll"), "ppoll", stdin=b"")
    ready = [int(word, 16) for word in outcome.lines[0].split()[1:]]
    assert outcome.lines[1] == f"ppoll {sum(event != 0 for event in ready)} 1"


CHDIR = r"""
int main(void) {
    char where[4096];
    long result = CALL(SYS_chdir, "in");
    say("%ld %s", result, getcwd(where, sizeof where) ? strrchr(where, '/') : "?");
    return 0;
}
"""


def told_path(path: bytes) -> liar.Lie:
    """chdir answered with this path as the one without links."""

    def lie(call: liar.Call, result: int) -> int:
        call.output[: len(path)] = path
        return len(path)

    return lie


def test_a_directory_without_links(device: Device) -> None:
    outcome = device.run(CHDIR, partial(telling, told_path(bytes(device.place / "out")), "chdir"))
    assert outcome.lines == ["0 /out"]  # a place of the policy: the normal world may say so
    assert outcome.violated == ()


@pytest.mark.parametrize("end", ["/in/../in", "/in/", "//in", "/./in", "/in\0", "/in\0x"])
def test_directories_that_are_not_plain(device: Device, end: str) -> None:
    path = bytes(device.place) + end.encode()
    outcome = device.run(CHDIR, partial(telling, told_path(path), "chdir"))
    assert outcome.lines == [f"{EPERM} /place"]
    assert outcome.violated == ("answers",)


@pytest.mark.parametrize("path", [b"/etc", b"/", b"in", b"/proc/self"])
def test_directories_that_the_policy_does_not_name(device: Device, path: bytes) -> None:
    outcome = device.run(CHDIR, partial(telling, told_path(path), "chdir"))
    assert outcome.lines[0] in (f"{EPERM} /place", f"{-linux.EACCES} /place")


WATCH = r"""
int main(void) {
    long fd = CALL(SYS_inotify_init1, O_NONBLOCK);
    CALL(SYS_inotify_add_watch, fd, "in", 0xfff);
    guard();
    say("%ld %d", CALL(SYS_read, fd, room.data, 256), intact(256));
    return 0;
}
"""


def _event(name: bytes, length: int | None = None) -> bytes:
    return struct.pack("<iIII", 1, 2, 0, len(name) if length is None else length) + name


BAD_EVENTS = {
    "cut": _event(b"")[:15],
    "name beyond the end": _event(b"name", 400),
    "length that wraps": _event(b"name", 0xFFFF_FFF0),
    "name without a NUL": _event(b"name"),
    "empty name": _event(b"\0" * 16),
    "path": _event(b"../x" + b"\0" * 12),
    "second one cut": _event(b"good\0\0\0\0") + b"\1\0\0\0",
}


@pytest.mark.parametrize("data", BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_events_of_watches_that_no_kernel_tells(device: Device, data: bytes) -> None:
    outcome = device.run(WATCH, partial(telling, liar.entries(data), "read"))
    assert outcome.lines == [f"{EPERM} 1"]
    assert outcome.violated == ("answers",)


def test_events_of_watches_that_a_kernel_tells(device: Device) -> None:
    data = _event(b"good\0\0\0\0") + _event(b"")
    outcome = device.run(WATCH, partial(telling, liar.entries(data), "read"))
    assert outcome.lines == [f"{len(data)} 1"]
    assert outcome.violated == ()
