# SPDX-License-Identifier: BSD-2-Clause
"""How a region is entered, and how one leads into another.

Of a place that is known a region holds the record (context.py), behind its slots. What is computed, as by a
return, is looked up in the table of places. Somebody who wants the CPU is heard on each way but those that
lead ahead to a known place: no circle is made of these alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from elfhaven.machine.native.blocks import Exit
from elfhaven.machine.native.context import (
    CHUNK,
    PLACE_ENTRIES,
    PLACES,
    RECORD_BASE,
    RECORD_ENTRY,
    RECORD_FUNCTION,
    RECORD_SLOTS,
    STOP,
)
from elfhaven.machine.native.decode import signed
from elfhaven.machine.native.dispatch import CONVENTION, MAIN
from elfhaven.machine.native.loops import stop_lines
from elfhaven.machine.native.sums import address_of


class Links:
    """`places` are those outside of a region that it leads to, as addresses of the region rebased, with their
    numbers."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}

    def lines(self, way: Exit) -> Iterator[str]:
        """The end of a way out."""
        if way.linked and isinstance(way.to, int):
            return self._directly(way, signed(way.to, 64))
        return _by_address(way)

    def _directly(self, way: Exit, to: int) -> Iterator[str]:
        name, which = way.label, self.places.setdefault(to, len(self.places))
        if to <= way.block:
            yield from stop_lines(name)
            yield f"  br i1 %{name}.stop, label %{name}.home, label %{name}.on, !prof !0"
            yield f"{name}.home:"
            yield from _by_address(way)
            yield f"{name}.on:"
        yield f"  %{name}.link = getelementptr i64, ptr %slots, i64 {CHUNK + which}"
        yield f"  %{name}.record = load ptr, ptr %{name}.link, !tbaa !5"
        yield f"  store ptr %{name}.record, ptr %next"
        yield "  br label %away"


def _by_address(way: Exit) -> Iterator[str]:
    place = way.to
    if isinstance(place, int):
        yield f"  %{way.label}.pc = {address_of(place)}"
        place = f"%{way.label}.pc"
    yield f"  store i64 {place}, ptr %pc"
    yield f"  br label %{'link' if way.linked else 'home'}"


START = f"""entry:
  %pc = alloca i64
  %next = alloca ptr
  %main.at = ptrtoint ptr %main to i64
  %base.p = getelementptr i64, ptr %record, i64 {RECORD_BASE}
  %base = load i64, ptr %base.p, !tbaa !5
  %slots.p = getelementptr i64, ptr %record, i64 {RECORD_SLOTS}
  %slots = load ptr, ptr %slots.p, !tbaa !5
  %which.p = getelementptr i64, ptr %record, i64 {RECORD_ENTRY}
  %which = load i64, ptr %which.p, !tbaa !5""".splitlines()
ENDS = f"""link:
  %link.stop.p = getelementptr i64, ptr %ctx, i64 {STOP}
  %link.stop = load volatile i64, ptr %link.stop.p
  %link.free = icmp eq i64 %link.stop, 0
  %link.places.p = getelementptr i64, ptr %ctx, i64 {PLACES}
  %link.places = load ptr, ptr %link.places.p, !tbaa !6
  %link.pc = load i64, ptr %pc
  %link.i0 = lshr i64 %link.pc, 2
  %link.i = and i64 %link.i0, {PLACE_ENTRIES - 1}
  %link.slot = getelementptr ptr, ptr %link.places, i64 %link.i
  %link.record = load ptr, ptr %link.slot, !tbaa !5
  %link.there = load i64, ptr %link.record, !tbaa !5
  %link.hit = icmp eq i64 %link.there, %link.pc
  %link.both = and i1 %link.hit, %link.free
  store ptr %link.record, ptr %next
  br i1 %link.both, label %away, label %home, !prof !1
away:
  %away.record = load ptr, ptr %next
  %away.f.p = getelementptr i64, ptr %away.record, i64 {RECORD_FUNCTION}
  %away.f = load ptr, ptr %away.f.p, !tbaa !5
  %away.r = musttail call {CONVENTION} i64 %away.f(ptr %ctx, ptr %away.record, ptr %env, {MAIN})
  ret i64 %away.r
home:
  %home.pc = load i64, ptr %pc
  ret i64 %home.pc""".splitlines()
