# SPDX-License-Identifier: BSD-2-Clause
"""Checks of the guest's accesses to memory.

Accesses of a block whose addresses differ by constants are checked at once, where the first of them is: all
of them happen, or none. Each check has a slot of its own, in the engine that runs: the extent of guest memory
in which it found its accesses the last time. That is the extent's first address, how far from there the
accesses may start, and what must be added to make a host address.
"""

from __future__ import annotations

from collections.abc import Iterator

from elfhaven.machine.native.context import FARTHEST, SLOT_WORDS
from elfhaven.machine.native.strides import Linear

_SLOT = ", !tbaa !5"
_M64 = (1 << 64) - 1


class Group:
    """Accesses that are checked together. `{name}.host` is the host's address of their root.

    `block` is where they are, `origin` tells where the root comes from (origins.py), and `form` what it is
    there (strides.py). `main`: they are looked for in the main extent first, and `brief`: elsewhere by a
    call, which is compiled sooner; `addend`: a loop has checked them, and this alloca makes host addresses of
    theirs (loops.py).
    """

    def __init__(self, root: str, name: str, number: int, way_out: str) -> None:
        self._root, self.name = root, name
        self.number, self._way_out = number, way_out
        self.low = self.high = 0
        self.write = False
        self.block, self.origin = 0, ""
        self.form: Linear | None = None
        self.main = self.brief = False
        self.addend = ""

    @property
    def size(self) -> int:
        """Bytes from the first to the end of the last."""
        return self.high - self.low

    def takes(self, offset: int, size: int) -> bool:
        """Whether an access at `offset` from the root may be one of them."""
        return max(self.high, offset + size) - min(self.low, offset) <= FARTHEST

    def add(self, offset: int, size: int, write: bool) -> None:
        if self.low == self.high:
            self.low, self.high = offset, offset + size
        self.low, self.high = min(self.low, offset), max(self.high, offset + size)
        self.write |= write

    def lines(self) -> Iterator[str]:
        """The check."""
        name = self.name
        if self.addend:
            yield f"  %{name}.add.now = load i64, ptr {self.addend}"
            yield f"  %{name}.sum = add i64 {self._root}, %{name}.add.now"
            yield f"  %{name}.host = inttoptr i64 %{name}.sum to ptr"
            return
        yield f"  %{name}.at = add i64 {self._root}, {self.low & _M64}"
        yield f"  %{name}.slot = {slot(self.number)}"
        if self.main:
            yield from self._main_first()
        else:
            yield from self._by_slot()
            yield f"  %{name}.first = inttoptr i64 %{name}.sum to ptr"
        yield f"  %{name}.host = getelementptr i8, ptr %{name}.first, i64 {-self.low}"

    def _main_first(self) -> Iterator[str]:
        name = self.name
        yield f"  br label %{name}.check"
        yield f"{name}.check:"
        yield f"  %{name}.near = add i64 %{name}.at, %skew"
        yield f"  %{name}.within = icmp ult i64 %{name}.near, %reach"
        yield f"  br i1 %{name}.within, label %{name}.fast, label %{name}.far, !prof !1"
        yield f"{name}.far:"
        if self.brief:
            yield from self._asked("sum")
            yield f"{name}.found:"
        else:
            yield from self._by_slot()
        yield f"  %{name}.back = sub i64 %{name}.sum, %main.at"
        yield f"  br label %{name}.fast"
        yield f"{name}.fast:"
        yield f"  %{name}.index = phi i64 [ %{name}.near, %{name}.check ], [ %{name}.back, %{name}.found ]"
        yield f"  %{name}.first = getelementptr i8, ptr %main, i64 %{name}.index"

    def _by_slot(self) -> Iterator[str]:
        name = self.name
        yield f"  %{name}.lo = load i64, ptr %{name}.slot{_SLOT}"
        yield f"  %{name}.lim.p = getelementptr i64, ptr %{name}.slot, i64 1"
        yield f"  %{name}.lim = load i64, ptr %{name}.lim.p{_SLOT}"
        yield f"  %{name}.from = sub i64 %{name}.at, %{name}.lo"
        yield f"  %{name}.hit = icmp ult i64 %{name}.from, %{name}.lim"
        yield f"  br i1 %{name}.hit, label %{name}.found, label %{name}.slow, !prof !1"
        yield f"{name}.slow:"
        yield from self._asked("reached")
        yield f"{name}.found:"
        yield f"  %{name}.add.p = getelementptr i64, ptr %{name}.slot, i64 2"
        yield f"  %{name}.add = load i64, ptr %{name}.add.p{_SLOT}"
        yield f"  %{name}.sum = add i64 %{name}.at, %{name}.add"

    def _asked(self, made: str) -> Iterator[str]:
        """Where the accesses lie, by the engine, as `{name}.{made}`; if nowhere, away."""
        name = self.name
        yield f"  %{name}.{made} = {reach(name, self.size, self.write)}"
        yield f"  %{name}.there = icmp ne i64 %{name}.{made}, 0"
        yield f"  br i1 %{name}.there, label %{name}.found, label %{self._way_out}, !prof !1"


def slot(number: int) -> str:
    """IR for the place of a check's words."""
    return f"getelementptr i64, ptr %slots, i64 {number * SLOT_WORDS}"


def slot_lines(name: str, stem: str) -> Iterator[str]:
    """The words of a slot, as `{name}.{stem}.lo`, `lim` and `add`."""
    for i, word in enumerate(("lo", "lim", "add")):
        made = f"%{name}.{stem}.{word}"
        yield f"  {made}.p = getelementptr i64, ptr %{name}.slot, i64 {i}"
        yield f"  {made} = load i64, ptr {made}.p{_SLOT}"


def reach(name: str, size: int, write: bool) -> str:
    """IR for where the host has so many bytes from %{name}.at on; 0 where they may not be used so."""
    return f"call preserve_allcc i64 @reach({_wanted(name, size, write)})"


def rounds(name: str, size: int, write: bool, stride: int) -> str:
    """IR for how often they may be used so, further on by `stride` each time."""
    return f"call preserve_allcc i64 @rounds({_wanted(name, size, write)}, i64 {stride})"


def _wanted(name: str, size: int, write: bool) -> str:
    return f"ptr %ctx, i64 %{name}.at, ptr %{name}.slot, i64 {2 * size + write}"
