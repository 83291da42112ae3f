# SPDX-License-Identifier: BSD-2-Clause
"""Checks of the guest's accesses to memory.

Accesses of a block whose addresses differ by constants are checked at once, where the first of them is: all
of them happen, or none. A block that is run once per entry looks the page up in a table. In a loop the check
is against the extent of guest memory that the same base register was in the last time: its first
address, how far an access may start from there, and what must be added to make a host address.
"""

from __future__ import annotations

from elfhaven.machine.native.context import READ_TABLE, TLB_ENTRIES, WRITE_TABLE

FARTHEST = 512  # bytes from the first to the end of the last access of a group
_PAGE_MASK = -4096
_TLB = ", !tbaa !5"


class Group:
    """Accesses that are checked together. `{name}.host` is the host's address of their root."""

    def __init__(self, root: str, base: str, block: int, name: str, way_out: str) -> None:
        self.root, self.block, self.name = root, block, name
        self._base, self._way_out = base, way_out
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

    @property
    def size(self) -> int:
        """Bytes from the first to the end of the last."""
        return self._high - self._low

    @property
    def extent(self) -> str:
        """The name of what its base register was in the last time."""
        return f"e.{self._base}.{'w' if self._write else 'r'}"

    def in_loop(self, largest: int) -> list[str]:
        """The check against the extent, which is good for accesses of up to `largest` bytes."""
        name, extent = self.name, self.extent
        words = f"i64 %{name}.at, i64 {self.size}, i64 {int(self._write)}, ptr %{extent}, i64 {largest - 1}"
        return [
            *self._first(),
            f"  %{name}.lo = load i64, ptr %{extent}{_TLB}",
            f"  %{name}.lim.p = getelementptr i64, ptr %{extent}, i64 1",
            f"  %{name}.lim = load i64, ptr %{name}.lim.p{_TLB}",
            f"  %{name}.from = sub i64 %{name}.at, %{name}.lo",
            f"  %{name}.hit = icmp ult i64 %{name}.from, %{name}.lim",
            f"  br i1 %{name}.hit, label %{name}.fast, label %{name}.slow, !prof !1",
            f"{name}.slow:",
            f"  %{name}.there = call preserve_allcc i1 @reach(ptr %ctx, {words})",
            f"  br i1 %{name}.there, label %{name}.fast, label %{self._way_out}, !prof !1",
            f"{name}.fast:",
            f"  %{name}.add.p = getelementptr i64, ptr %{extent}, i64 2",
            f"  %{name}.add = load i64, ptr %{name}.add.p{_TLB}",
            *self._host(),
        ]

    def once(self) -> list[str]:
        """The check by the table of pages."""
        name, table = self.name, WRITE_TABLE if self._write else READ_TABLE
        words = f"i64 %{name}.at, i64 {self.size}, i64 {int(self._write)}"
        return [
            *self._first(),
            f"  %{name}.last = add i64 %{name}.at, {self.size - 1}",
            f"  %{name}.page = and i64 %{name}.last, {_PAGE_MASK}",
            f"  %{name}.shifted = lshr i64 %{name}.at, 7",
            f"  %{name}.index = and i64 %{name}.shifted, {(TLB_ENTRIES - 1) << 5}",
            f"  %{name}.tp = getelementptr i64, ptr %ctx, i64 {table}",
            f"  %{name}.table = load ptr, ptr %{name}.tp, !tbaa !6",
            f"  %{name}.entry = getelementptr i8, ptr %{name}.table, i64 %{name}.index",
            f"  %{name}.tag = load i64, ptr %{name}.entry{_TLB}",
            f"  %{name}.hit = icmp eq i64 %{name}.tag, %{name}.page",
            f"  br i1 %{name}.hit, label %{name}.fast, label %{name}.slow, !prof !1",
            f"{name}.slow:",
            f"  %{name}.fill = call preserve_allcc i64 @fill(ptr %ctx, {words})",
            f"  %{name}.none = icmp eq i64 %{name}.fill, 0",
            f"  br i1 %{name}.none, label %{self._way_out}, label %{name}.done, !prof !0",
            f"{name}.fast:",
            f"  %{name}.second = getelementptr i8, ptr %{name}.entry, i64 8",
            f"  %{name}.near = load i64, ptr %{name}.second{_TLB}",
            f"  br label %{name}.done",
            f"{name}.done:",
            f"  %{name}.add = phi i64 [ %{name}.fill, %{name}.slow ], [ %{name}.near, %{name}.fast ]",
            *self._host(),
        ]

    def _first(self) -> list[str]:
        return [f"  %{self.name}.at = add i64 {self.root}, {self._low & (1 << 64) - 1}"]

    def _host(self) -> list[str]:
        return [
            f"  %{self.name}.sum = add i64 {self.root}, %{self.name}.add",
            f"  %{self.name}.host = inttoptr i64 %{self.name}.sum to ptr",
        ]
