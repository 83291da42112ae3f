# SPDX-License-Identifier: BSD-2-Clause
"""The immediate of logical instructions (Arm ARM DecodeBitMasks)."""

from __future__ import annotations


def bitmask(n: int, imms: int, immr: int, width: int) -> int | None:
    """The mask for a register of `width` bits; None where the encoding is reserved."""
    length = (n << 6 | ~imms & 0x3F).bit_length() - 1
    if length < 1:
        return None
    size = 1 << length
    ones, turn = imms & size - 1, immr & size - 1
    if ones == size - 1 or size > width:
        return None
    element = (1 << ones + 1) - 1
    element = (element >> turn | element << size - turn) & (1 << size) - 1
    return sum(element << at for at in range(0, width, size))
