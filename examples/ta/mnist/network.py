# SPDX-License-Identifier: BSD-2-Clause
"""The network: whole numbers, and no library."""

import weights
from proto import SIDE

HALF = SIDE // 2


def rows(data: bytes, size: int) -> list[tuple[int, ...]]:
    """Signed bytes in rows."""
    numbers = memoryview(data).cast("b").tolist()
    return [tuple(numbers[at : at + size]) for at in range(0, len(numbers), size)]


FIRST = rows(weights.FIRST, HALF * HALF)
SECOND = rows(weights.SECOND, len(FIRST))


def halved(picture: bytes) -> list[int]:
    out = []
    for y in range(0, SIDE * SIDE, 2 * SIDE):
        for at in range(y, y + SIDE, 2):
            below = at + SIDE
            out.append((picture[at] + picture[at + 1] + picture[below] + picture[below + 1]) // 4)
    return out


def scores(picture: bytes) -> list[int]:
    """Ten numbers; the largest is of the digit that the picture shows."""
    seen = halved(picture)
    hidden = [
        max(0, sum(map(int.__mul__, row, seen)) + bias) >> weights.SHIFT
        for row, bias in zip(FIRST, weights.BIAS1, strict=True)
    ]
    return [
        sum(map(int.__mul__, row, hidden)) + bias for row, bias in zip(SECOND, weights.BIAS2, strict=True)
    ]
