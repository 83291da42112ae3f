# SPDX-License-Identifier: BSD-2-Clause
"""IR that every module of regions has: flags from operands, the way to the extents of memory."""

from __future__ import annotations

from elfhaven.machine.native.context import (
    AGAIN,
    EXTENT,
    EXTENT_WORDS,
    EXTENTS,
    READ_EXTENTS,
    READ_TABLE,
    RENEWED,
    STOP,
    TLB_ENTRIES,
)

_RESULT = """
{name}:
  {narrow}
  %r{name} = {operation} {type} %a{name}, %b{name}
  %n{name} = icmp slt {type} %r{name}, 0
  %z{name} = icmp eq {type} %r{name}, 0
  %c{name} = icmp {carry}
  %x{name} = xor {type} {first}, %r{name}
  %y{name} = xor {type} %a{name}, {second}
  %o{name} = and {type} %x{name}, %y{name}
  %v{name} = icmp slt {type} %o{name}, 0
  br label %pack
"""
_LOGIC = """
{name}:
  {narrow}
  %n{name} = icmp slt {type} %a{name}, 0
  %z{name} = icmp eq {type} %a{name}, 0
  br label %pack
"""
_FLOAT = """
{name}:
  {narrow}
  %f{name} = call preserve_allcc i64 @ordered{width}(i{width} %a{name}, i{width} %b{name})
  ret i64 %f{name}
"""
_ORDERED = """
define internal preserve_allcc i64 @ordered{width}(i{width} %a, i{width} %b) noinline nounwind strictfp {{
  %x = bitcast i{width} %a to {type}
  %y = bitcast i{width} %b to {type}
  %less = {compare}, metadata !"olt", metadata !"fpexcept.strict") #1
  %same = {compare}, metadata !"oeq", metadata !"fpexcept.strict") #1
  %none = {compare}, metadata !"uno", metadata !"fpexcept.strict") #1
  %r0 = select i1 %same, i64 6, i64 2
  %r1 = select i1 %less, i64 8, i64 %r0
  %r2 = select i1 %none, i64 3, i64 %r1
  ret i64 %r2
}}
"""


def _ordered(width: int, type: str) -> str:
    """NZCV of a comparison that has been made: it raises nothing more."""
    compare = f"call i1 @llvm.experimental.constrained.fcmp.f{width}({type} %x, {type} %y"
    return _ORDERED.format(width=width, type=type, compare=compare)


_KINDS = ("sub64", "sub32", "add64", "add32", "logic64", "logic32")  # 1.. of flags.Flags
_FLOATS = ("float64", "float32")  # the next


def _part(name: str) -> str:
    width = name[-2:]
    type = f"i{width}"
    verb = "trunc i64 %{0} to i32" if width == "32" else "or i64 %{0}, 0"
    narrow = "\n  ".join(f"%{r}{name} = {verb.format(r)}" for r in "ab")
    if name.startswith("float"):
        return _FLOAT.format(name=name, narrow=narrow, width=width)
    if name.startswith("logic"):
        return _LOGIC.format(name=name, narrow=narrow, type=type)
    if name.startswith("sub"):
        carry, first, second = f"uge {type} %a{name}, %b{name}", f"%a{name}", f"%b{name}"
    else:
        carry, first, second = f"ult {type} %r{name}, %a{name}", f"%b{name}", f"%r{name}"
    return _RESULT.format(
        name=name, narrow=narrow, type=type, operation=name[:3], carry=carry, first=first, second=second
    )


def _flag(flag: str) -> str:
    """A phi over the kinds; logic clears C and V."""
    values = ", ".join(
        f"[ {'false' if flag in 'cv' and name.startswith('logic') else f'%{flag}{name}'}, %{name} ]"
        for name in _KINDS
    )
    return f"  %{flag} = phi i1 {values}\n"


def _nzcv() -> str:
    cases = " ".join(f"i32 {i + 1}, label %{name}" for i, name in enumerate(_KINDS + _FLOATS))
    packed = ["  %s4 = add i64 0, 0\n"]
    for i, flag in enumerate("vczn"):
        packed.append(
            f"  %w{i} = zext i1 %{flag} to i64\n  %h{i} = shl i64 %w{i}, {i}\n"
            f"  %s{i + 5} = or i64 %s{i + 4}, %h{i}\n"
        )
    return (
        "define internal i64 @nzcv(i32 %k, i64 %a, i64 %b) alwaysinline {\nentry:\n"
        f"  switch i32 %k, label %plain [ {cases} ]\nplain:\n  ret i64 %a\n"
        + "".join(_part(name) for name in _KINDS + _FLOATS)
        + "pack:\n"
        + "".join(_flag(flag) for flag in "nzcv")
        + "".join(packed)
        + "  ret i64 %s8\n}\n"
    )


_HOLDS = """
define internal i1 @holds(i64 %f, i32 %k) alwaysinline {
  %n3 = lshr i64 %f, 3
  %z2 = lshr i64 %f, 2
  %c1 = lshr i64 %f, 1
  %n = trunc i64 %n3 to i1
  %z = trunc i64 %z2 to i1
  %c = trunc i64 %c1 to i1
  %v = trunc i64 %f to i1
  %nz = xor i1 %z, true
  %hi = and i1 %c, %nz
  %lt = xor i1 %n, %v
  %ge = xor i1 %lt, true
  %gt = and i1 %ge, %nz
  switch i32 %k, label %is6 [ i32 0, label %is0 i32 1, label %is1 i32 2, label %is2
    i32 3, label %is3 i32 4, label %is4 i32 5, label %is5 ]
is0:
  ret i1 %z
is1:
  ret i1 %c
is2:
  ret i1 %n
is3:
  ret i1 %v
is4:
  ret i1 %hi
is5:
  ret i1 %ge
is6:
  ret i1 %gt
}
"""

# The extent that holds an access, as a pointer to its words: among those that are known, else the engine is
# asked, and then null where there is none. What the engine raises of the host's flags is not the guest's.
_EXTENT = f"""
define internal preserve_allcc ptr @extent(ptr %ctx, i64 %a, i64 %size, i64 %w) noinline cold nounwind {{
  %kept = alloca i32
  %row = mul i64 %w, {EXTENTS * EXTENT_WORDS}
  %first = add i64 %row, {READ_EXTENTS}
  br label %look
look:
  %i = phi i64 [ 0, %0 ], [ %i.1, %more ]
  %skip = mul i64 %i, {EXTENT_WORDS}
  %at = add i64 %first, %skip
  %p = getelementptr i64, ptr %ctx, i64 %at
  %lo = load i64, ptr %p
  %size.p = getelementptr i64, ptr %p, i64 1
  %bytes = load i64, ptr %size.p
  %from = sub i64 %a, %lo
  %within = icmp ult i64 %from, %bytes
  %rest = sub i64 %bytes, %from
  %whole = icmp uge i64 %rest, %size
  %hit = and i1 %within, %whole
  br i1 %hit, label %found, label %more
more:
  %i.1 = add i64 %i, 1
  %end = icmp eq i64 %i.1, {EXTENTS}
  br i1 %end, label %ask, label %look
found:
  ret ptr %p
ask:
  %f.p = getelementptr i64, ptr %ctx, i64 {EXTENT}
  %f = load ptr, ptr %f.p
  call void @llvm.x86.sse.stmxcsr(ptr %kept)
  %r = call ptr %f(i64 %a, i64 %size, i64 %w)
  call void @llvm.x86.sse.ldmxcsr(ptr %kept)
  %renewed.p = getelementptr i64, ptr %ctx, i64 {RENEWED}
  %renewed = load i64, ptr %renewed.p
  %same = icmp eq i64 %renewed, 0
  br i1 %same, label %done, label %again
again:
  store i64 0, ptr %renewed.p
  %stop.p = getelementptr i64, ptr %ctx, i64 {STOP}
  %old = cmpxchg ptr %stop.p, i64 0, i64 {AGAIN} seq_cst seq_cst
  br label %done
done:
  ret ptr %r
}}
"""

# Where the host has accesses of a check, 0 where they may not be done. `what` is twice their size, plus one
# where they write. Their slot holds the extent from then on.
_REACH = """
define internal preserve_allcc i64 @reach(ptr %ctx, i64 %a, ptr %slot, i64 %what) noinline cold nounwind {
  %lo = load i64, ptr %slot
  %lim.p = getelementptr i64, ptr %slot, i64 1
  %lim = load i64, ptr %lim.p
  %from = sub i64 %a, %lo
  %hit = icmp ult i64 %from, %lim
  br i1 %hit, label %there, label %elsewhere, !prof !1
there:
  %add.p = getelementptr i64, ptr %slot, i64 2
  %add = load i64, ptr %add.p
  %sum = add i64 %a, %add
  ret i64 %sum
elsewhere:
  %r = musttail call preserve_allcc i64 @look(ptr %ctx, i64 %a, ptr %slot, i64 %what)
  ret i64 %r
}
"""

# The same where the slot does not help. Pages that are known are found in the table.
_LOOK = f"""
define internal preserve_allcc i64 @look(ptr %ctx, i64 %a, ptr %slot, i64 %what) noinline cold nounwind {{
  %size = lshr i64 %what, 1
  %w = and i64 %what, 1
  %less = sub i64 %size, 1
  %last = add i64 %a, %less
  %page = and i64 %last, -4096
  %which = add i64 %w, {READ_TABLE}
  %t.p = getelementptr i64, ptr %ctx, i64 %which
  %t = load ptr, ptr %t.p
  %shifted = lshr i64 %a, 7
  %index = and i64 %shifted, {(TLB_ENTRIES - 1) << 5}
  %entry = getelementptr i8, ptr %t, i64 %index
  %entry.add = getelementptr i64, ptr %entry, i64 1
  %entry.lo = getelementptr i64, ptr %entry, i64 2
  %entry.bytes = getelementptr i64, ptr %entry, i64 3
  %tag = load i64, ptr %entry
  %hit = icmp eq i64 %tag, %page
  br i1 %hit, label %known, label %far, !prof !1
far:
  %e = call preserve_allcc ptr @extent(ptr %ctx, i64 %a, i64 %size, i64 %w)
  %none = icmp eq ptr %e, null
  br i1 %none, label %nothing, label %found
nothing:
  ret i64 0
found:
  %e.bytes = getelementptr i64, ptr %e, i64 1
  %e.add = getelementptr i64, ptr %e, i64 2
  %far.lo = load i64, ptr %e
  %far.bytes = load i64, ptr %e.bytes
  %far.add = load i64, ptr %e.add
  %first = and i64 %a, -4096
  store i64 %first, ptr %entry
  store i64 %far.add, ptr %entry.add
  store i64 %far.lo, ptr %entry.lo
  store i64 %far.bytes, ptr %entry.bytes
  br label %known
known:
  %lo = load i64, ptr %entry.lo
  %bytes = load i64, ptr %entry.bytes
  %lim = sub i64 %bytes, %less
  %add = load i64, ptr %entry.add
  store i64 %lo, ptr %slot
  %slot.1 = getelementptr i64, ptr %slot, i64 1
  store i64 %lim, ptr %slot.1
  %slot.2 = getelementptr i64, ptr %slot, i64 2
  store i64 %add, ptr %slot.2
  %sum = add i64 %a, %add
  ret i64 %sum
}}
"""

# How many rounds may be done of a loop whose accesses move by `stride` each round: 0 if none, and without a
# stride any number. Their slot holds the extent from then on.
_ROUNDS = """
define internal preserve_allcc i64 @rounds(ptr %ctx, i64 %a, ptr %slot, i64 %what, i64 %stride)
    noinline cold nounwind {
  %host = call preserve_allcc i64 @reach(ptr %ctx, i64 %a, ptr %slot, i64 %what)
  %none = icmp eq i64 %host, 0
  br i1 %none, label %away, label %there
away:
  ret i64 0
there:
  %still = icmp eq i64 %stride, 0
  br i1 %still, label %all, label %moves
all:
  ret i64 -1
moves:
  %lo = load i64, ptr %slot
  %from = sub i64 %a, %lo
  %lim.p = getelementptr i64, ptr %slot, i64 1
  %lim = load i64, ptr %lim.p
  %last = sub i64 %lim, 1
  %up = sub i64 %last, %from
  %falls = icmp slt i64 %stride, 0
  %way = select i1 %falls, i64 %from, i64 %up
  %step = call i64 @llvm.abs.i64(i64 %stride, i1 false)
  %more = udiv i64 %way, %step
  %n = add i64 %more, 1
  ret i64 %n
}
"""

METADATA = """
attributes #0 = { strictfp nounwind }
attributes #1 = { strictfp }
!0 = !{!"branch_weights", i32 1, i32 100000}
!1 = !{!"branch_weights", i32 100000, i32 1}
!2 = !{!"memory"}
!3 = !{!"kinds", !2, i64 0}
!4 = !{!7, !7, i64 0}
!5 = !{!8, !8, i64 0}
!6 = !{!9, !9, i64 0}
!7 = !{!"guest", !3, i64 0}
!8 = !{!"entry", !3, i64 0}
!9 = !{!"context", !3, i64 0}
!10 = !{!11, !11, i64 0}
!11 = !{!"state", !3, i64 0}
"""
PRELUDE = (
    _ordered(64, "double") + _ordered(32, "float") + _nzcv() + _HOLDS + _EXTENT + _LOOK + _REACH + _ROUNDS
)
