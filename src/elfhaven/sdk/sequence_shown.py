# SPDX-License-Identifier: BSD-2-Clause
"""How a diagram shows one parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

KEPT: Final = 64  # bytes of a buffer that are shown


@dataclass(frozen=True, slots=True)
class Shown:
    """One parameter: `numbers` of a value; of a reference its `size` and what it begins with."""

    kind: str
    numbers: tuple[int, int] | None = None
    size: int = 0
    data: bytes = b""

    def __str__(self) -> str:
        if self.numbers is not None:
            return f"{self.kind} {self.numbers[0]}, {self.numbers[1]}"
        more = "..." if self.size > len(self.data) else ""
        return f"{self.kind} {self.size} B" + (f" {shown_bytes(self.data)}{more}" if self.data else "")


def shown_memory(kind: str, size: int, read: Callable[[int], bytes]) -> Shown:
    """A reference to `size` bytes, of which `read` gives the first."""
    return Shown(kind, size=size, data=read(KEPT)[:KEPT])


def shown_bytes(data: bytes) -> str:
    """Text in quotes where it is text, else hexadecimal."""
    text = data.decode("utf-8", "replace")
    if text.isprintable() and "\ufffd" not in text:
        return repr(text)
    return data.hex(" ", 4)
