# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.abi.optee_msg import MAX_PARAMS, PAGES_PER_LIST
from elfhaven.machine.memory import Region
from elfhaven.world.message import Message, MessageError, Param, build, page_lists, pages_of, parse
from elfhaven.world.shared_memory import NormalMemory, NormalMemoryError

u32, u64 = st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1)
params = st.lists(st.builds(Param, u64, u64, u64, u64), max_size=MAX_PARAMS)
BASE = 0x4000_0000


@given(st.builds(Message, u32, u32, u32, u32, u32, u32, params))
def test_round_trip(message: Message) -> None:
    assert parse(build(message) + b"what follows") == message


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    try:
        assert build(parse(data))[:16] == data[:16]
    except MessageError:
        assert len(data) < 32 or len(data) < 32 + 32 * struct.unpack_from("<I", data, 28)[0]


def test_too_many_parameters() -> None:
    with pytest.raises(MessageError):
        parse(struct.pack("<8I", 0, 0, 0, 0, 0, 0, 0, MAX_PARAMS + 1) + bytes(8192))


def test_page_lists_are_linked() -> None:
    pages = [0x1000 * n for n in range(1, 2 * PAGES_PER_LIST + 2)]
    raw = page_lists(pages, 0x9000_0000)
    assert len(raw) == 3 * 4096
    words = struct.unpack(f"<{len(raw) // 8}Q", raw)
    assert words[511] == 0x9000_1000
    assert words[1023] == 0x9000_2000
    assert words[1535] == 0
    assert [*words[:511], *words[512:1023], words[1024]] == pages


@pytest.mark.parametrize(
    "offset,size,pages", [(0, 1, 1), (0, 4096, 1), (1, 4096, 2), (4095, 2, 2), (0, 0, 0)]
)
def test_pages_of(offset: int, size: int, pages: int) -> None:
    assert pages_of(offset, size) == pages


def test_normal_memory_gives_zeroed_pages_and_takes_them_back() -> None:
    memory = NormalMemory(Region("normal", BASE, 16 * 4096))
    first, second = memory.allocate(5000), memory.allocate(1)
    assert (len(first.view), len(second.view)) == (5000, 1)
    assert list(first.page_addresses) == [BASE, BASE + 4096]
    first.view[0] = 9
    assert memory.read(BASE, 2) == b"\x09\0"
    memory.free(first)
    assert memory.allocate(4096).view[0] == 0
    with pytest.raises(NormalMemoryError, match="contiguous"):
        memory.allocate(15 * 4096)


@pytest.mark.parametrize(
    "address,size", [(BASE - 1, 1), (BASE + 16 * 4096, 1), (BASE, 16 * 4096 + 1), (0, 8)]
)
def test_normal_memory_knows_its_bounds(address: int, size: int) -> None:
    memory = NormalMemory(Region("normal", BASE, 16 * 4096))
    with pytest.raises(NormalMemoryError, match="not in normal memory"):
        memory.read(address, size)
    with pytest.raises(NormalMemoryError, match="not in normal memory"):
        memory.write(address, bytes(size))
