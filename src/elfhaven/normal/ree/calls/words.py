# SPDX-License-Identifier: BSD-2-Clause
"""Argument words as the numbers that they mean."""

from __future__ import annotations

from elfhaven.abi import linux


def signed(word: int) -> int:
    """A 64-bit signed number."""
    return word - (1 << 64) if word >> 63 else word


def int32(word: int) -> int:
    """An int."""
    low = word & 0xFFFF_FFFF
    return low - (1 << 32) if low >> 31 else low


def uint32(word: int) -> int:
    return word & 0xFFFF_FFFF


def error(name: str, text: str = "") -> OSError:
    """An OSError with Linux's errno of that name."""
    return OSError(linux.ERRNO[name], text or name)
