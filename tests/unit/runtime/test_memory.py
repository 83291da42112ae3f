# SPDX-License-Identifier: BSD-2-Clause
"""brk, mmap and their kin against a model of pages, and what they refuse."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.runtime.host import Host

PAGE = 4096
PRIVATE, FIXED, ANONYMOUS, NOREPLACE = 2, 16, 32, 0x100000
READ, WRITE, EXEC = 1, 2, 4


@pytest.fixture
def ready(fresh: Callable[..., Host]) -> Callable[..., Host]:
    """A library whose memory is set up, with a stack of 64 KiB."""

    def make(memory: int = 64 << 20, limit: int = 0) -> Host:
        host = fresh(memory)
        host.config(memory_limit=limit)
        assert host.lib.memory_init() == 0
        host.lib.memory_stack.restype = ctypes.c_uint64
        assert host.lib.memory_stack(ctypes.c_uint64(65536))
        return host

    return make


def mmap(host: Host, size: int, protection: int = 3, flags: int = PRIVATE | ANONYMOUS, at: int = 0) -> int:
    return host.call("mmap", at, size, protection, flags, -1, 0)


def accessible(host: Host, address: int, size: int, protection: int) -> int:
    host.lib.vma_prefix.restype = ctypes.c_uint64
    table = ctypes.byref(ctypes.c_char.in_dll(host.lib, "eh_map"))
    return int(
        host.lib.vma_prefix(
            table, ctypes.c_uint64(address), ctypes.c_uint64(size), ctypes.c_uint32(protection)
        )
    )


def fill(address: int, size: int) -> None:
    ctypes.memset(address, 0xA5, size)


def is_zero(address: int, size: int) -> bool:
    return not any(ctypes.string_at(address, size))


def test_new_memory_is_zero_though_its_pages_were_used(ready: Callable[..., Host]) -> None:
    host = ready()
    at = mmap(host, 5 * PAGE)
    fill(at, 5 * PAGE)
    assert host.call("munmap", at + PAGE, 3 * PAGE) == 0
    again = mmap(host, 3 * PAGE)
    assert again == at + PAGE
    assert is_zero(again, 3 * PAGE)
    assert ctypes.string_at(at, 1) == b"\xa5"


def test_errors_of_mmap(ready: Callable[..., Host]) -> None:
    host = ready()
    assert mmap(host, 0) == -errno.EINVAL
    assert mmap(host, PAGE, flags=ANONYMOUS) == -errno.EINVAL
    assert mmap(host, PAGE, flags=PRIVATE | ANONYMOUS | FIXED, at=123) == -errno.EINVAL
    assert host.call("mmap", 0, PAGE, 3, PRIVATE | ANONYMOUS, -1, 5) == -errno.EINVAL
    assert host.call("mmap", 0, PAGE, 3, PRIVATE, 77, 0) == -errno.EBADF
    assert mmap(host, PAGE, READ | EXEC) == -errno.EACCES
    assert mmap(host, 1 << 62) == -errno.ENOMEM
    assert mmap(host, 1 << 40) == -errno.ENOMEM
    assert mmap(host, 32 << 20, 0) == -errno.ENOMEM  # address space kept empty
    assert mmap(host, PAGE, flags=PRIVATE | ANONYMOUS | FIXED, at=0x1000) == -errno.ENOMEM


def test_fixed_replaces_and_noreplace_does_not(ready: Callable[..., Host]) -> None:
    host = ready()
    at = mmap(host, 4 * PAGE)
    fill(at, 4 * PAGE)
    assert mmap(host, PAGE, flags=PRIVATE | ANONYMOUS | NOREPLACE, at=at + PAGE) == -errno.EEXIST
    assert mmap(host, PAGE, READ, PRIVATE | ANONYMOUS | FIXED, at + PAGE) == at + PAGE
    assert is_zero(at + PAGE, PAGE)
    assert accessible(host, at, 4 * PAGE, WRITE) == PAGE
    assert accessible(host, at, 4 * PAGE, READ) == 4 * PAGE


def test_the_runtimes_own_pages_are_no_ones(ready: Callable[..., Host]) -> None:
    host = ready()
    host.lib.arena_own.restype = ctypes.c_uint64
    own = int(host.lib.arena_own(ctypes.c_uint64(PAGE)))
    fill(own, PAGE)
    assert accessible(host, own, 1, 0) == 0
    assert host.call("munmap", own, PAGE) == 0
    assert mmap(host, PAGE, flags=PRIVATE | ANONYMOUS | FIXED, at=own) == -errno.EEXIST
    assert host.call("mprotect", own, PAGE, 3) == -errno.ENOMEM
    assert ctypes.string_at(own, PAGE) == b"\xa5" * PAGE


def test_memory_limit(ready: Callable[..., Host]) -> None:
    host = ready(limit=8 * PAGE)
    at = mmap(host, 6 * PAGE)
    assert at > 0
    assert mmap(host, 3 * PAGE) == -errno.ENOMEM
    start = host.call("brk", 0)
    assert host.call("brk", start + 3 * PAGE) == start
    assert host.call("brk", start + 2 * PAGE) == start + 2 * PAGE
    assert host.call("munmap", at, 6 * PAGE) == 0
    assert mmap(host, 6 * PAGE) > 0


def test_no_more_than_the_core_gives(ready: Callable[..., Host]) -> None:
    host = ready(memory=3 << 20)
    taken = 0
    while (at := mmap(host, 64 * PAGE)) > 0:
        fill(at, 64 * PAGE)
        taken += 64 * PAGE
    assert at == -errno.ENOMEM
    assert (2 << 20) < taken <= (3 << 20)


def test_brk_grows_shrinks_and_comes_back_zero(ready: Callable[..., Host]) -> None:
    host = ready()
    start = host.call("brk", 0)
    assert host.call("brk", start + 3 * PAGE + 100) == start + 3 * PAGE + 100
    fill(start, 3 * PAGE + 100)
    assert host.call("brk", start + PAGE) == start + PAGE
    assert host.call("brk", start + 3 * PAGE) == start + 3 * PAGE
    assert is_zero(start + PAGE, 2 * PAGE)
    assert host.call("brk", start - 1) == start + 3 * PAGE
    assert host.call("brk", 1 << 60) == start + 3 * PAGE


def test_mprotect(ready: Callable[..., Host]) -> None:
    host = ready()
    at = mmap(host, 4 * PAGE)
    assert host.call("mprotect", at + PAGE, 2 * PAGE, 0) == 0
    assert accessible(host, at, 4 * PAGE, READ) == PAGE
    assert host.call("mprotect", at + 1, PAGE, 3) == -errno.EINVAL
    assert host.call("mprotect", at, PAGE, 8) == -errno.EINVAL
    assert host.call("mprotect", at, PAGE, READ | EXEC) == -errno.EACCES
    assert host.call("mprotect", at + (1 << 30), PAGE, 3) == -errno.ENOMEM
    assert host.call("mprotect", at, 4 * PAGE, READ) == 0
    assert accessible(host, at + 5, 100, READ) == 100
    assert accessible(host, at + 5, 100, WRITE) == 0


def test_mremap(ready: Callable[..., Host]) -> None:
    host = ready()
    first, second = mmap(host, 2 * PAGE), mmap(host, PAGE)
    assert second == first + 2 * PAGE
    fill(first, 2 * PAGE)
    assert host.call("mprotect", second, PAGE, READ) == 0
    assert host.call("mremap", first, 2 * PAGE, 4 * PAGE, 0, 0) == -errno.ENOMEM
    moved = host.call("mremap", first, 2 * PAGE, 4 * PAGE, 1, 0)
    assert moved > 0
    assert moved != first
    assert ctypes.string_at(moved, 2 * PAGE) == b"\xa5" * 2 * PAGE
    assert is_zero(moved + 2 * PAGE, 2 * PAGE)
    assert is_zero(first, 2 * PAGE)
    assert host.call("mremap", moved, 4 * PAGE, PAGE, 0, 0) == moved
    assert accessible(host, moved, 4 * PAGE, READ) == PAGE
    assert host.call("mremap", moved, PAGE, 0, 1, 0) == -errno.EINVAL
    assert host.call("mremap", moved + (1 << 30), PAGE, PAGE, 1, 0) == -errno.EFAULT
    assert host.call("mremap", moved, PAGE, PAGE, 2, 0) == -errno.EINVAL


@dataclass
class Pages:
    """What the program should see: protection by page."""

    held: dict[int, int] = field(default_factory=dict)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mmap", "munmap", "mprotect", "fixed"]),
            *[st.integers(0, 40)] * 2,
            st.integers(0, 3),
        ),
        max_size=60,
    )
)
def test_any_sequence_agrees_with_a_model_of_pages(
    ready: Callable[..., Host], steps: list[tuple[str, int, int, int]]
) -> None:
    host, pages = ready(), Pages()
    room = mmap(host, 96 * PAGE)  # where addresses are chosen
    assert host.call("munmap", room, 96 * PAGE) == 0
    for what, place, count, protection in steps:
        _step(host, pages, what, room + place * PAGE, count + 1, protection)
        for page in range(room, room + 96 * PAGE, PAGE):
            kept = pages.held.get(page)
            assert accessible(host, page, PAGE, READ) == (PAGE if kept is not None and kept & READ else 0)
            assert accessible(host, page, PAGE, WRITE) == (PAGE if kept is not None and kept & WRITE else 0)
            assert kept is not None or is_zero(page, PAGE)
    for page in pages.held:
        fill(page, 8)


def _step(host: Host, pages: Pages, what: str, at: int, count: int, protection: int) -> None:
    span = range(at, at + count * PAGE, PAGE)
    if what == "munmap":
        assert host.call("munmap", at, count * PAGE) == 0
        for page in span:
            pages.held.pop(page, None)
    elif what == "mprotect":
        whole = all(page in pages.held for page in span)
        assert host.call("mprotect", at, count * PAGE, protection) == (0 if whole else -errno.ENOMEM)
        if whole:
            pages.held.update(dict.fromkeys(span, protection))
    else:
        fixed = what == "fixed"
        flags = PRIVATE | ANONYMOUS | (FIXED if fixed else 0)
        got = mmap(host, count * PAGE, protection, flags, at if fixed else 0)
        assert got == at if fixed else got > 0
        pages.held.update(dict.fromkeys(range(got, got + count * PAGE, PAGE), protection))
        if fixed or protection == 3:
            assert is_zero(got, count * PAGE)
        for page in range(got, got + count * PAGE, PAGE):
            fill(page, 16)


def test_a_fragmented_map_grows_its_own_list(ready: Callable[..., Host]) -> None:
    host = ready()
    count = 1500
    at = mmap(host, 2 * count * PAGE)
    for index in range(count):
        assert host.call("mprotect", at + 2 * index * PAGE, PAGE, READ) == 0
    for index in range(count):
        assert accessible(host, at + 2 * index * PAGE, 2 * PAGE, WRITE) == 0
        assert accessible(host, at + (2 * index + 1) * PAGE, PAGE, WRITE) == PAGE
