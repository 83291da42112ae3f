# SPDX-License-Identifier: BSD-2-Clause
"""Reading ahead, pinned files, and what is asked of the normal world for them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable

import pytest
from tests.unit.runtime.world import OPEN, World

from elfhaven.abi.container import RULES, RuleFlag, RuleKind, State
from elfhaven.manifest.pins import Pin
from elfhaven.manifest.policy import Policy, Rule

OPENAT, CLOSE, LSEEK, PREAD, PWRITE, FSTAT, STAT = 56, 57, 62, 67, 68, 80, 79
FILES = Policy(rules=(Rule(RuleKind.WRITE, "/home", RuleFlag.TREE),))
REGULAR = 0o100644
EIO = -5
PINNED_BIT = 1 << RULES.index("files.pinned")
NAMES = ("fcntl", "unistd", "sys/mman", "sys/stat", "string")
HEAD = "".join(f"#include <{name}.h>\n" for name in NAMES)


def content(size: int) -> bytes:
    return b"".join(hashlib.sha256(i.to_bytes(4, "little")).digest() for i in range(-(-size // 32)))[:size]


class Files:
    """A normal world with one file; counts what it is asked. `lie` may change an answer's bytes."""

    def __init__(self, world: World, data: bytes, lie: Callable[[int, bytes], bytes] | None = None) -> None:
        self.world, self.data, self.lie = world, bytearray(data), lie or (lambda _, piece: piece)
        self.asked: list[int] = []

    def run(self) -> int:
        assert self.world.start() == 0
        while self.world["state"] == State.REQUESTS:
            if not self.world["pending"]:
                self.world.resume()
                continue
            slot = self.world.slot
            self.asked.append(slot.call)
            self.world.answer(*self.result(slot.call, slot.args))
        assert self.world["state"] == State.EXITED, self.world["fatal_code"]
        return self.world["exit_status"]

    def result(self, call: int, args: tuple[int, ...]) -> tuple[int, bytes]:
        match call:
            case 56:
                return 0, OPEN.pack(REGULAR, 0, len(self.data), 11, 12)
            case 67:
                piece = self.lie(args[2], bytes(self.data[args[2] : args[2] + args[1]]))
                return len(piece), piece
            case 68:
                self.data[args[2] : args[2] + args[1]] = self.world.input()
                return args[1], b""
            case 79 | 80:
                return 0, struct.pack(
                    "<QQIIIIQQqiiq", 11, 12, REGULAR, 1, 0, 0, 0, 0, len(self.data), 4096, 0, 0
                )
            case 62:
                return len(self.data) + args[1], b""
            case _:
                return 0, b""


def pinned(data: bytes, shift: int = 16) -> Policy:
    step = 1 << shift
    hashes = tuple(hashlib.sha256(data[at : at + step]).digest() for at in range(0, len(data), step))
    return Policy(pinned=((Pin("/home/data", len(data), hashes, shift), RuleFlag(0)),))


SMALL_READS = HEAD + (
    'int main(void) { char b[100]; int f = open("data", O_RDONLY); unsigned h = 0, n = 0; long k;\n'
    "while ((k = read(f, b, 100)) > 0) { for (int i = 0; i < k; i++) h = h * 31 + (unsigned char)b[i];\n"
    "n += k; }\n"
    "close(f); return k < 0 ? 101 : n != SIZE ? 102 : h == HASH ? 0 : 103; }\n"
)


def small_reads(data: bytes) -> str:
    value = 0
    for byte in data:
        value = (value * 31 + byte) & 0xFFFFFFFF
    return SMALL_READS.replace("SIZE", str(len(data))).replace("HASH", f"{value}u")


@pytest.mark.parametrize(("size", "most"), [(0, 2), (1, 3), (5000, 3), (70000, 4), (600_000, 6)])
def test_a_sequential_reader_crosses_rarely(size: int, most: int) -> None:
    data = content(size)
    files = Files(World(small_reads(data), FILES), data)
    assert files.run() == 0
    assert files.asked[0] == OPENAT
    assert files.asked[-1] == CLOSE
    assert files.asked.count(PREAD) <= most


def test_own_writes_are_seen_through_another_descriptor() -> None:
    source = HEAD + (
        'int main(void) { char b[8]; int r = open("data", 0), w = open("data", O_RDWR);\n'
        "if (read(r, b, 4) != 4) return 1;\n"
        'if (pwrite(w, "NEW!", 4, 4) != 4) return 2;\n'
        'if (read(r, b, 4) != 4 || memcmp(b, "NEW!", 4)) return 3;\n'
        "int d = dup(r); if (read(d, b, 1) != 1 || lseek(r, 0, SEEK_CUR) != 9) return 4;\n"
        "return 0; }\n"
    )
    files = Files(World(source, FILES), content(100))
    assert files.run() == 0


def test_little_memory_costs_crossings_and_nothing_else() -> None:
    source = HEAD + (
        'int main(void) { int f = open("data", 0); char b[64]; long n = 0, k; while (mmap(0, 65536, 3,'
        " MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED); while (mmap(0, 4096, 3,"
        " MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);\n"
        "while ((k = read(f, b, 64)) > 0) n += k; return k < 0 ? 1 : n == 1000 ? 0 : 2; }\n"
    )
    files = Files(World(source, FILES, memory=2 << 20), content(1000))
    assert files.run() == 0
    assert files.asked.count(PREAD) >= 10


def test_memory_wanted_takes_the_caches() -> None:
    source = HEAD + (
        'int main(void) { int f = open("data", 0); char b[64]; long n = 0;\n'
        "if (read(f, b, 64) != 64) return 1;\n"
        "while (mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) n++;\n"
        "return read(f, b, 64) == 64 && n > 300 ? 0 : 2; }\n"
    )
    assert Files(World(source, FILES, memory=2 << 20), content(300_000)).run() == 0


MAPPER = HEAD + (
    'int main(void) { int f = open("data", 0); struct stat s; if (f < 0 || fstat(f, &s)) return 100;\n'
    "unsigned char *p = mmap(0, s.st_size, PROT_READ, MAP_PRIVATE, f, 0); if (p == MAP_FAILED) return 101;\n"
    "unsigned h = 0; for (long i = 0; i < s.st_size; i++) h = h * 31 + p[i];\n"
    "unsigned g = 0; unsigned char b[777]; long k, n = 0;\n"
    "while ((k = read(f, b, 777)) > 0) { for (long i = 0; i < k; i++) g = g * 31 + b[i]; n += k; }\n"
    "if (k < 0) return 102; if (pread(f, b, 10, 65530) != 10 || memcmp(b, p + 65530, 10)) return 103;\n"
    "return g == h && n == s.st_size ? 0 : 104; }\n"
)


@pytest.mark.parametrize("size", [65546, 131072, 200_001])
def test_a_pinned_file_is_read_when_its_blocks_hold(size: int) -> None:
    data = content(size)
    world = World(MAPPER, pinned(data))
    assert Files(world, data).run() == 0
    assert world["violated"] == 0


@pytest.mark.parametrize("place", [0, 65535, 65536, 200_000])
def test_a_changed_block_of_a_pinned_file_is_not_read(place: int) -> None:
    data = content(200_001)

    def lie(offset: int, piece: bytes) -> bytes:
        changed = bytearray(piece)
        if offset <= place < offset + len(piece):
            changed[place - offset] ^= 1
        return bytes(changed)

    world = World(MAPPER, pinned(data))
    assert Files(world, data, lie).run() in (101, 102)
    assert world["violated"] & PINNED_BIT


@pytest.mark.parametrize(
    "lie",
    [
        lambda _, piece: piece[:-1],
        lambda _, piece: b"",
        lambda offset, piece: piece if not offset else b"",
    ],
)
def test_a_pinned_file_that_comes_short_is_not_read(lie: Callable[[int, bytes], bytes]) -> None:
    data = content(200_001)
    world = World(MAPPER, pinned(data))
    assert Files(world, data, lie).run() in (101, 102)
    assert world["violated"] & PINNED_BIT


@pytest.mark.parametrize("size", [200_000, 200_002])
def test_a_pinned_file_of_another_size_is_not_opened(size: int) -> None:
    world = World(MAPPER, pinned(content(200_001)))
    assert Files(world, content(size)).run() == 100
    assert world["violated"] & PINNED_BIT


def test_a_pinned_file_is_never_written() -> None:
    source = (
        HEAD
        + 'int main(void) { return open("data", O_RDWR) < 0 && unlink("data") && truncate("data", 1)'
        + "? 0 : 1; }\n"
    )
    data = content(70000)
    policy = Policy(rules=(Rule(RuleKind.WRITE, "/home", RuleFlag.TREE),), pinned=pinned(data).pinned)
    world = World(source, policy)
    files = Files(world, data)
    assert files.run() == 0
    assert files.asked == []
    assert world["denied"] == PINNED_BIT


def test_stat_that_changes_its_kind_or_inode_is_an_error() -> None:
    source = (
        HEAD
        + 'int main(void) { struct stat s; int f = open("data", 0);'
        + "return f < 0 ? 1 : fstat(f, &s) ? 0 : 2; }\n"
    )
    for device, inode, mode, size in (
        (11, 12, 0o40755, 5),
        (11, 13, REGULAR, 5),
        (10, 12, REGULAR, 5),
        (11, 12, REGULAR, -1),
    ):
        world = World(source, FILES)
        world.start()
        world.answer(0, OPEN.pack(REGULAR, 0, 5, 11, 12))
        world.answer(0, struct.pack("<QQIIIIQQqiiq", device, inode, mode, 1, 0, 0, 0, 0, size, 4096, 0, 0))
        assert world["exit_status"] == 0
        assert world["violated"] == 1 << RULES.index("answers")
