# SPDX-License-Identifier: BSD-2-Clause
"""Loops of one block whose accesses move evenly: these are checked for some rounds at once.

How many rounds may follow is counted down; then it is looked again, and whether somebody wants the CPU. Where
not even one round may be done, the interpreter does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from elfhaven.machine.native.accesses import Group, rounds, slot, slot_lines
from elfhaven.machine.native.context import FARTHEST, STOP
from elfhaven.machine.native.strides import Linear

_WIDEST = 1 << 13  # bytes from the first to the end of the last that are checked at once
_ROUNDS = 256  # that are done at most before somebody who wants the CPU is heard


@dataclass(eq=False)
class Even:
    """Accesses whose addresses differ by constants, and by what is known to be small. `form` is the address
    of the first of them, as Group has its root's; `low` and `high` are relative to it."""

    name: str
    number: int
    form: Linear
    stride: int
    main: bool
    write: bool
    low: int = 0
    high: int = 0

    @property
    def addend(self) -> str:
        """The alloca of what makes host addresses of theirs."""
        return f"%{self.name}.addend"

    def takes(self, group: Group, stride: int) -> bool:
        assert group.form is not None
        like = (self.form.terms, self.stride, self.main, self.write)
        if like != (group.form.terms, stride, group.main, group.write):
            return False
        low, high = self._range(group)
        return max(high, self.high) - min(low, self.low) <= _WIDEST

    def add(self, group: Group) -> None:
        low, high = self._range(group)
        self.low, self.high = min(low, self.low), max(high, self.high)

    def _range(self, group: Group) -> tuple[int, int]:
        assert group.form is not None
        apart = group.form.constant - self.form.constant
        return apart + group.low, apart + group.high + group.form.spread


@dataclass(eq=False)
class Loop:
    """The head of a block, and what is known of it once all of it is written."""

    block: int
    way_out: str  # with the state at its start
    even: list[Even] = field(default_factory=list)  # what is checked here

    @property
    def name(self) -> str:
        return f"loop{self.block:x}"

    def allocas(self) -> list[str]:
        return [f"%{self.name}.left", *(even.addend for even in self.even)]

    def lines(self) -> Iterator[str]:
        """What comes before its body."""
        name, body = self.name, f"body_{self.block:x}"
        if not self.even:
            yield f"  br label %{body}"
            return
        yield from stop_lines(name)
        yield f"  br i1 %{name}.stop, label %{self.way_out}, label %{name}.free, !prof !0"
        yield f"{name}.free:"
        yield f"  %{name}.add = add i64 %main.at, %skew"
        all = "true"
        for even in self.even:
            yield from self._quick(even)
            yield f"  %{even.name}.all = and i1 {all}, %{even.name}.within"
            all = f"%{even.name}.all"
        yield f"  store i64 {_ROUNDS}, ptr %{name}.left"
        yield f"  br i1 {all}, label %{body}, label %{name}.closely, !prof !1"
        yield f"{name}.closely:"
        for even in self.even:
            yield from self._closely(even)
        yield f"  br label %{body}"

    def take(self, group: Group, stride: int) -> None:
        """Have accesses checked here, which move by `stride` each round."""
        form = group.form
        if form is None or max(group.size + form.spread, abs(stride)) > _WIDEST:
            return
        fitting = (even for even in self.even if even.takes(group, stride))
        even = next(fitting, None)
        if even is None:
            even = Even(f"{group.name}.e", group.number, form, stride, group.main, group.write)
            even.low, even.high = group.low, group.high + form.spread
            self.even.append(even)
        even.add(group)
        group.addend = even.addend

    def _quick(self, even: Even) -> Iterator[str]:
        """Whether all rounds may be done: in the extent that is looked at first."""
        name, stride, way = even.name, even.stride, (_ROUNDS - 1) * abs(even.stride)
        yield from even.form.lines(f"{name}.at", even.low)
        yield f"  %{name}.slot = {slot(even.number)}"
        if even.main:
            yield f"  %{name}.t = add i64 %{name}.at, %skew"
            more = max(even.high - even.low - FARTHEST, 0)
            yield f"  %{name}.size = call i64 @llvm.usub.sat.i64(i64 %reach, i64 {more})"
            yield f"  store i64 %{self.name}.add, ptr {even.addend}"
        else:
            yield from slot_lines(name, "q")
            yield f"  %{name}.t = sub i64 %{name}.at, %{name}.q.lo"
            yield f"  %{name}.size = add i64 %{name}.q.lim, 0"
            yield f"  store i64 %{name}.q.add, ptr {even.addend}"
        yield f"  %{name}.least = {'sub' if stride < 0 else 'add'} i64 %{name}.t, {way if stride < 0 else 0}"
        yield f"  %{name}.rest = call i64 @llvm.usub.sat.i64(i64 %{name}.size, i64 {way})"
        yield f"  %{name}.within = icmp ult i64 %{name}.least, %{name}.rest"

    def _closely(self, even: Even) -> Iterator[str]:
        """How many may be, wherever the access lies; none: away."""
        name = even.name
        yield f"  %{name}.n = {rounds(name, even.high - even.low, even.write, even.stride)}"
        yield f"  %{name}.some = icmp ne i64 %{name}.n, 0"
        yield f"  br i1 %{name}.some, label %{name}.count, label %{self.way_out}, !prof !1"
        yield f"{name}.count:"
        yield f"  %{name}.s.p = getelementptr i64, ptr %{name}.slot, i64 2"
        yield f"  %{name}.s = load i64, ptr %{name}.s.p, !tbaa !5"
        yield f"  store i64 %{name}.s, ptr {even.addend}"
        yield f"  %{name}.left = load i64, ptr %{self.name}.left"
        yield f"  %{name}.least.n = call i64 @llvm.umin.i64(i64 %{name}.n, i64 %{name}.left)"
        yield f"  store i64 %{name}.least.n, ptr %{self.name}.left"


@dataclass(frozen=True)
class Turn:
    """The end of a block that goes on at its own start."""

    loop: Loop
    start: str  # the label of the way there
    way_out: str  # as for Loop, with the state at the end

    def lines(self) -> Iterator[str]:
        """Once more, or to the start, where it is looked again."""
        name = self.loop.name
        if not self.loop.even:
            yield from stop_lines(name)
            yield f"  br i1 %{name}.stop, label %{self.way_out}, label %{self.start}, !prof !0"
            return
        yield f"  %{name}.before = load i64, ptr %{name}.left"
        yield f"  %{name}.after = sub i64 %{name}.before, 1"
        yield f"  store i64 %{name}.after, ptr %{name}.left"
        yield f"  %{name}.end = icmp eq i64 %{name}.after, 0"
        yield f"  br i1 %{name}.end, label %{self.start}, label %body_{self.loop.block:x}, !prof !0"


def stop_lines(name: str) -> Iterator[str]:
    """Whether somebody wants the CPU, as `{name}.stop`."""
    yield f"  %{name}.stop.p = getelementptr i64, ptr %ctx, i64 {STOP}"
    yield f"  %{name}.stop.w = load volatile i64, ptr %{name}.stop.p"
    yield f"  %{name}.stop = icmp ne i64 %{name}.stop.w, 0"
