# SPDX-License-Identifier: BSD-2-Clause
"""The callback for Unicorn's block hook, as IR: from the interpreter to compiled code and back. Where nothing
is compiled yet it counts, and tells when a block is hot.

Regions lead into one another by themselves, where the first entry of a place's hash has it; otherwise they
come back here, where the others are looked at. While they run, the host's floating point works as the guest's
does by default, and its flags are merged into FPSR at the end.

Regions are compiled for a mode of FPCR, the default or FZ alone, and entered in no other. With FZ what is
tiny is left to the interpreter, but not before the host has noticed it. So regions are entered only when the
guest has IXC already, and raise no UFC.
"""

from __future__ import annotations

from elfhaven.machine.native.context import (
    AGAIN,
    ENTRIES,
    FLAG_A,
    FLAG_B,
    FLAG_KIND,
    HEAT,
    HEAT_ENTRIES,
    HOT,
    LEAVES,
    MAIN_HOST,
    MAIN_REACH,
    MAIN_SKEW,
    MODE,
    NEWS,
    PLACE_ENTRIES,
    PLACES,
    PROBES,
    RECORD_FUNCTION,
    REG_WRITE,
    STOP,
)
from elfhaven.machine.native.layout import FPCR_MODES, NativeLayout

CONVENTION = "preserve_nonecc"  # of regions: they keep no register of the host for who called them
MAIN = "i64 %skew, i64 %reach, ptr %main"  # the main extent, as the context has it
PARAMETERS = f"ptr %ctx, ptr %record, ptr %env, {MAIN}"
OFTEN = 1024
_SELDOM, _SELDOM_AFTER = 16, 64  # so much less often is told what was told so many times
_MASK_ALL = 0x1F80  # MXCSR: no exception traps, to nearest, no flag set
RAISED = 0x3D  # what of it Arm has: all but the host's denormal operand
_UNDERFLOW, _INEXACT = 0x10, 0x20


def dispatcher(layout: NativeLayout, often: int = OFTEN) -> str:
    """The text of @dispatch, of @enter, which runs one region, and of @absent, which stands where none is:
    the guest goes on at its record's place. A block is told each time it has been met
    `often` times, a power of two."""
    from unicorn.arm64_const import UC_ARM64_REG_PC  # late: who compiles regions has no need of Unicorn

    return f"""
define internal ptr @find(ptr %ctx, i64 %at) alwaysinline {{
  %places.p = getelementptr i64, ptr %ctx, i64 {PLACES}
  %places = load ptr, ptr %places.p
  %i0 = lshr i64 %at, 2
  %i = and i64 %i0, {PLACE_ENTRIES - 1}
  br label %look
look:
  %k = phi i64 [ 0, %0 ], [ %k.1, %more ]
  %j = add i64 %i, %k
  %slot = getelementptr ptr, ptr %places, i64 %j
  %record = load ptr, ptr %slot
  %there = load i64, ptr %record
  %hit = icmp eq i64 %there, %at
  br i1 %hit, label %found, label %more
more:
  %k.1 = add i64 %k, 1
  %end = icmp eq i64 %k.1, {PROBES}
  br i1 %end, label %none, label %look
found:
  ret ptr %record
none:
  ret ptr null
}}

define void @dispatch(ptr %uc, i64 %at, i32 %size, ptr %ctx) nounwind {{
entry:
  %to = alloca i64
  %kept = alloca i32
  %mxcsr = alloca i32
  %record = call ptr @find(ptr %ctx, i64 %at)
  %miss = icmp eq ptr %record, null
  br i1 %miss, label %count, label %begin
count:
  %heat.p = getelementptr i64, ptr %ctx, i64 {HEAT}
  %heat = load ptr, ptr %heat.p
  %h0 = lshr i64 %at, 2
  %h = and i64 %h0, {HEAT_ENTRIES - 1}
  %met.p = getelementptr i64, ptr %heat, i64 %h
  %met = load i64, ptr %met.p
  %more = add i64 %met, 1
  store i64 %more, ptr %met.p
  %old = icmp ugt i64 %more, {often * _SELDOM_AFTER}
  %mask = select i1 %old, i64 {often * _SELDOM - 1}, i64 {often - 1}
  %low = and i64 %more, %mask
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
  %env = load ptr, ptr %ctx
  %fpcr.p = getelementptr i8, ptr %env, i64 {layout.fpcr}
  %fpcr = load i32, ptr %fpcr.p
  %modes = and i32 %fpcr, {FPCR_MODES}
  %mode.p = getelementptr i64, ptr %ctx, i64 {MODE}
  %mode.w = load i64, ptr %mode.p
  %mode = trunc i64 %mode.w to i32
  %odd = icmp ne i32 %modes, %mode
  %stop.p = getelementptr i64, ptr %ctx, i64 {STOP}
  %stop = load volatile i64, ptr %stop.p
  %wanted = icmp ne i64 %stop, 0
  br i1 %wanted, label %whether, label %free, !prof !0
whether:
  %again.p = cmpxchg ptr %stop.p, i64 {AGAIN}, i64 0 seq_cst seq_cst
  %again = extractvalue {{ i64, i1 }} %again.p, 1
  br i1 %again, label %free, label %nothing
free:
  br i1 %odd, label %count, label %right, !prof !0
right:
  %r.p = getelementptr i8, ptr %env, i64 {layout.raised}
  %r.old = load i8, ptr %r.p
  %exact.b = and i8 %r.old, {_INEXACT}
  %exact = icmp eq i8 %exact.b, 0
  %flushes = icmp ne i32 %mode, 0
  %early = and i1 %exact, %flushes
  br i1 %early, label %nothing, label %ready
ready:
{_begin(layout)}
{_MAIN_WORDS}
  br label %go
go:
  %pc = phi i64 [ %at, %ready ], [ %next, %on ]
  %r = phi ptr [ %record, %ready ], [ %record.2, %on ]
  %f.p = getelementptr i64, ptr %r, i64 {RECORD_FUNCTION}
  %f = load ptr, ptr %f.p
  %next = call {CONVENTION} i64 %f(ptr %ctx, ptr %r, ptr %env, {MAIN})
  %stop.2 = load volatile i64, ptr %stop.p
  %wanted.2 = icmp ne i64 %stop.2, 0
  %stuck = icmp eq i64 %next, %pc
  %enough = or i1 %wanted.2, %stuck
  br i1 %enough, label %leave, label %look
look:
  %record.2 = call ptr @find(ptr %ctx, i64 %next)
  %gone = icmp eq ptr %record.2, null
  br i1 %gone, label %leave, label %on
on:
  br label %go
leave:
  %count.p = getelementptr i64, ptr %ctx, i64 {ENTRIES}
  %count.0 = load i64, ptr %count.p
  %count.1 = add i64 %count.0, 1
  store i64 %count.1, ptr %count.p
{_end(layout)}
  %home = icmp eq i64 %next, %at
  br i1 %home, label %nothing, label %other
other:
  %leaves.p = getelementptr i64, ptr %ctx, i64 {LEAVES}
  %leaves = load i64, ptr %leaves.p
  %leaves.1 = add i64 %leaves, 1
  store i64 %leaves.1, ptr %leaves.p
  store i64 %next, ptr %to
  %write.p = getelementptr i64, ptr %ctx, i64 {REG_WRITE}
  %write = load ptr, ptr %write.p
  %done = call i32 %write(ptr %uc, i32 {UC_ARM64_REG_PC}, ptr %to)
  ret void
}}

define {CONVENTION} i64 @absent({PARAMETERS}) nounwind {{
  %place = load i64, ptr %record
  ret i64 %place
}}

define i64 @enter(ptr %ctx, ptr %record) nounwind {{
  %kept = alloca i32
  %mxcsr = alloca i32
  %env = load ptr, ptr %ctx
  %r.p = getelementptr i8, ptr %env, i64 {layout.raised}
  %r.old = load i8, ptr %r.p
  %mode.p = getelementptr i64, ptr %ctx, i64 {MODE}
  %mode = load i64, ptr %mode.p
  %flushes = icmp ne i64 %mode, 0
  %stop.p = getelementptr i64, ptr %ctx, i64 {STOP}
  %again = cmpxchg ptr %stop.p, i64 {AGAIN}, i64 0 seq_cst seq_cst
{_begin(layout)}
{_MAIN_WORDS}
  %f.p = getelementptr i64, ptr %record, i64 {RECORD_FUNCTION}
  %f = load ptr, ptr %f.p
  %next = call {CONVENTION} i64 %f(ptr %ctx, ptr %record, ptr %env, {MAIN})
{_end(layout)}
  ret i64 %next
}}
"""


_MAIN_WORDS = f"""  %skew.p = getelementptr i64, ptr %ctx, i64 {MAIN_SKEW}
  %skew = load i64, ptr %skew.p
  %reach.p = getelementptr i64, ptr %ctx, i64 {MAIN_REACH}
  %reach = load i64, ptr %reach.p
  %main.p = getelementptr i64, ptr %ctx, i64 {MAIN_HOST}
  %main = load ptr, ptr %main.p"""


def _begin(layout: NativeLayout) -> str:
    """Before regions run: %kept is the host's MXCSR."""
    return f"""{_flags_in(layout)}
  call void @llvm.x86.sse.stmxcsr(ptr %kept)
  store i32 {_MASK_ALL}, ptr %mxcsr
  call void @llvm.x86.sse.ldmxcsr(ptr %mxcsr)"""


def _end(layout: NativeLayout) -> str:
    return f"""  call void @llvm.x86.avx.vzeroupper()
  call void @llvm.x86.sse.stmxcsr(ptr %mxcsr)
  call void @llvm.x86.sse.ldmxcsr(ptr %kept)
  %r.word = load i32, ptr %mxcsr
  %r.byte = trunc i32 %r.word to i8
  %r.arm = and i8 %r.byte, {RAISED}
  %r.may = select i1 %flushes, i8 {RAISED & ~_UNDERFLOW}, i8 {RAISED}
  %r.more = and i8 %r.arm, %r.may
  %r.new = or i8 %r.old, %r.more
  store i8 %r.new, ptr %r.p
{_flags_out(layout)}"""


def _flags_in(layout: NativeLayout) -> str:
    """From the CPU's state to the context."""
    out = []
    for flag, test in (("n", "slt"), ("z", "eq"), ("c", "ne"), ("v", "slt")):
        out += [
            f"  %f.{flag}p = getelementptr i8, ptr %env, i64 {getattr(layout, flag)}",
            f"  %f.{flag}w = load i32, ptr %f.{flag}p",
            f"  %f.{flag}b = icmp {test} i32 %f.{flag}w, 0",
            f"  %f.{flag} = zext i1 %f.{flag}b to i64",
        ]
    out.append("  %f.s0 = add i64 0, 0")
    for at, flag in enumerate("nzcv"):
        out += [f"  %f.d{at} = shl i64 %f.s{at}, 1", f"  %f.s{at + 1} = or i64 %f.d{at}, %f.{flag}"]
    for name, word, value in (("k", FLAG_KIND, "0"), ("a", FLAG_A, "%f.s4"), ("b", FLAG_B, "0")):
        out += [
            f"  %f.{name}q = getelementptr i64, ptr %ctx, i64 {word}",
            f"  store i64 {value}, ptr %f.{name}q",
        ]
    return "\n".join(out)


def _flags_out(layout: NativeLayout) -> str:
    """And back."""
    out = [f"  %o.{name} = load i64, ptr %f.{name}q" for name in "kab"]
    out.append("  %o.kind = trunc i64 %o.k to i32")
    out.append("  %o = call i64 @nzcv(i32 %o.kind, i64 %o.a, i64 %o.b)")
    for flag, bit, shift in (("n", 8, 31), ("z", 4, 0), ("c", 2, 0), ("v", 1, 31)):
        out += [
            f"  %o.{flag}m = and i64 %o, {bit}",
            f"  %o.{flag}t = icmp {'eq' if flag == 'z' else 'ne'} i64 %o.{flag}m, 0",
            f"  %o.{flag}z = zext i1 %o.{flag}t to i32",
            f"  %o.{flag}s = shl i32 %o.{flag}z, {shift}",
            f"  store i32 %o.{flag}s, ptr %f.{flag}p",
        ]
    return "\n".join(out)
