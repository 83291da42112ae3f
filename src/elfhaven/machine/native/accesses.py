# SPDX-License-Identifier: BSD-2-Clause
"""Checks of the guest's accesses to memory.

Accesses of a block whose addresses differ by constants are checked at once, where the first of them is: all
of them happen, or none. Each check has a slot of its own, in the engine that runs: the extent of guest memory
in which it found its accesses the last time. That is the extent's first address, how far from there the
accesses may start, and what must be added to make a host address.
"""

from __future__ import annotations

from elfhaven.machine.native.context import SLOT_WORDS

FARTHEST = 512  # bytes from the first to the end of the last access of a group
_SLOT = ", !tbaa !5"


class Group:
    """Accesses that are checked together. `{name}.host` is the host's address of their root."""

    def __init__(self, root: str, name: str, number: int, way_out: str) -> None:
        self._root, self.name = root, name
        self._number, self._way_out = number, way_out
        self._low = self._high = 0
        self._write = False

    def takes(self, offset: int, size: int) -> bool:
        """Whether an access at `offset` from the root may be one of them."""
        return max(self._high, offset + size) - min(self._low, offset) <= FARTHEST

    def add(self, offset: int, size: int, write: bool) -> None:
        if self._low == self._high:
            self._low, self._high = offset, offset + size
        self._low, self._high = min(self._low, offset), max(self._high, offset + size)
        self._write |= write

    def lines(self) -> list[str]:
        """The check."""
        name, size = self.name, self._high - self._low
        words = f"i64 %{name}.at, i64 {size}, i64 {int(self._write)}, ptr %{name}.slot"
        return [
            f"  %{name}.at = add i64 {self._root}, {self._low & (1 << 64) - 1}",
            f"  %{name}.slot = getelementptr i64, ptr %slots, i64 {self._number * SLOT_WORDS}",
            f"  %{name}.lo = load i64, ptr %{name}.slot{_SLOT}",
            f"  %{name}.lim.p = getelementptr i64, ptr %{name}.slot, i64 1",
            f"  %{name}.lim = load i64, ptr %{name}.lim.p{_SLOT}",
            f"  %{name}.from = sub i64 %{name}.at, %{name}.lo",
            f"  %{name}.hit = icmp ult i64 %{name}.from, %{name}.lim",
            f"  br i1 %{name}.hit, label %{name}.fast, label %{name}.slow, !prof !1",
            f"{name}.slow:",
            f"  %{name}.there = call preserve_allcc i1 @reach(ptr %ctx, {words})",
            f"  br i1 %{name}.there, label %{name}.fast, label %{self._way_out}, !prof !1",
            f"{name}.fast:",
            f"  %{name}.add.p = getelementptr i64, ptr %{name}.slot, i64 2",
            f"  %{name}.add = load i64, ptr %{name}.add.p{_SLOT}",
            f"  %{name}.sum = add i64 {self._root}, %{name}.add",
            f"  %{name}.host = inttoptr i64 %{name}.sum to ptr",
        ]
