# SPDX-License-Identifier: BSD-2-Clause
"""The callback for Unicorn's block hook, as IR: from the interpreter to compiled code, from there to more of
it, and back. Where nothing is compiled yet it counts, and tells when a block is hot."""

from __future__ import annotations

from unicorn.arm64_const import UC_ARM64_REG_PC

from elfhaven.machine.native.context import (
    ENTRIES,
    HEAT,
    HOT,
    LEAVES,
    NEWS,
    PLACE_ENTRIES,
    PLACES,
    REG_WRITE,
    STOP,
)

REFUSED = -1  # what a region gives that has done nothing; no address of the guest
OFTEN = 1024


def dispatcher(often: int = OFTEN) -> str:
    """The text of @dispatch. A block is told each time it has been met `often` times, a power of two."""
    return f"""
define void @dispatch(ptr %uc, i64 %at, i32 %size, ptr %ctx) nounwind {{
entry:
  %to = alloca i64
  %places.p = getelementptr i64, ptr %ctx, i64 {PLACES}
  %places = load ptr, ptr %places.p
  %i0 = lshr i64 %at, 2
  %i = and i64 %i0, {PLACE_ENTRIES - 1}
  %slot = getelementptr ptr, ptr %places, i64 %i
  %record = load ptr, ptr %slot
  %there = load i64, ptr %record
  %hit = icmp eq i64 %there, %at
  br i1 %hit, label %begin, label %miss
miss:
  %heat.p = getelementptr i64, ptr %ctx, i64 {HEAT}
  %heat = load ptr, ptr %heat.p
  %met.p = getelementptr i64, ptr %heat, i64 %i
  %met = load i64, ptr %met.p
  %more = add i64 %met, 1
  store i64 %more, ptr %met.p
  %low = and i64 %more, {often - 1}
  %often = icmp eq i64 %low, 0
  %news.p = getelementptr i64, ptr %ctx, i64 {NEWS}
  %news.w = load volatile i64, ptr %news.p
  %news = icmp ne i64 %news.w, 0
  %tell = or i1 %often, %news
  br i1 %tell, label %hot, label %nothing, !prof !0
hot:
  %hot.p = getelementptr i64, ptr %ctx, i64 {HOT}
  %hot.f = load ptr, ptr %hot.p
  call void %hot.f(i64 %at)
  ret void
nothing:
  ret void
begin:
  %stop.p = getelementptr i64, ptr %ctx, i64 {STOP}
  %count.p = getelementptr i64, ptr %ctx, i64 {ENTRIES}
  br label %go
go:
  %pc = phi i64 [ %at, %begin ], [ %next, %on ]
  %found = phi ptr [ %record, %begin ], [ %record.2, %on ]
  %stop = load volatile i64, ptr %stop.p
  %wanted = icmp ne i64 %stop, 0
  br i1 %wanted, label %leave, label %enter, !prof !0
enter:
  %f.p = getelementptr i64, ptr %found, i64 1
  %f = load ptr, ptr %f.p
  %base.p = getelementptr i64, ptr %found, i64 2
  %base = load i64, ptr %base.p
  %next = call i64 %f(ptr %ctx, i64 %pc, i64 %base)
  %refused = icmp eq i64 %next, {REFUSED}
  br i1 %refused, label %leave, label %ran
ran:
  %count = load i64, ptr %count.p
  %count.1 = add i64 %count, 1
  store i64 %count.1, ptr %count.p
  %stuck = icmp eq i64 %next, %pc
  br i1 %stuck, label %leave, label %look
look:
  %j0 = lshr i64 %next, 2
  %j = and i64 %j0, {PLACE_ENTRIES - 1}
  %slot.2 = getelementptr ptr, ptr %places, i64 %j
  %record.2 = load ptr, ptr %slot.2
  %there.2 = load i64, ptr %record.2
  %hit.2 = icmp eq i64 %there.2, %next
  br i1 %hit.2, label %on, label %leave
on:
  br label %go
leave:
  %end = phi i64 [ %pc, %go ], [ %pc, %enter ], [ %next, %ran ], [ %next, %look ]
  %home = icmp eq i64 %end, %at
  br i1 %home, label %nothing, label %other
other:
  %leaves.p = getelementptr i64, ptr %ctx, i64 {LEAVES}
  %leaves = load i64, ptr %leaves.p
  %leaves.1 = add i64 %leaves, 1
  store i64 %leaves.1, ptr %leaves.p
  store i64 %end, ptr %to
  %write.p = getelementptr i64, ptr %ctx, i64 {REG_WRITE}
  %write = load ptr, ptr %write.p
  %done = call i32 %write(ptr %uc, i32 {UC_ARM64_REG_PC}, ptr %to)
  ret void
}}
"""
