# SPDX-License-Identifier: BSD-2-Clause
"""The rules of OP-TEE's ldelf, as assertions."""

from __future__ import annotations

from itertools import pairwise

from elfhaven.abi import elf as abi
from elfhaven.image.reader import Elf


def check_ldelf(ta: bytes) -> Elf:
    """What OP-TEE's loader asks of a TA's ELF."""
    elf = Elf.parse(ta, "TA")
    fields = abi.EHDR.unpack_from(ta)
    assert (fields[0][7], fields[1], fields[7]) == (0, abi.ET_DYN, 0)  # OSABI, type, flags
    assert (fields[9], fields[11], fields[12] >= 1) == (56, 64, True)
    assert elf.phoff + 56 * len(elf.segments) <= 4096
    assert elf.loads == elf.segments
    assert len({load.align for load in elf.loads}) == 1
    for load in elf.loads:
        assert load.align >= 4096
        assert load.offset >= 4096
        assert (load.offset - load.address) % 4096 == 0
        assert load.flags & abi.PF_R
        assert not (load.executable and load.writable)
        assert load.writable or load.file_size == load.memory_size
    for before, after in pairwise(elf.loads):
        assert before.offset + before.file_size <= after.offset
        assert abi.page_ceil(before.end) <= after.address
    return elf
