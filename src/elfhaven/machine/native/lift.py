# SPDX-License-Identifier: BSD-2-Clause
"""A region of guest code as one function: i64 (context, where it is entered, its base).

It takes registers from the CPU's state, runs, and puts them back at one of the region's ways out. What it
gives is the address where the guest goes on, or REFUSED.
"""

from __future__ import annotations

from collections.abc import Set

from elfhaven.machine.native.context import ENV
from elfhaven.machine.native.decode import Flow, Instruction
from elfhaven.machine.native.dispatch import REFUSED
from elfhaven.machine.native.emitter import STATE, VECTOR, Emitter
from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.layout import NativeLayout

_MASK_ALL = 0x1F80  # MXCSR: no exception traps, to nearest, no flag set
_RAISED = 0x3D  # what of it Arm has: all but the host's denormal operand
_FPCR_MODES = 0x07F7_9F00


def lift(region: Region, name: str, layout: NativeLayout, features: Set[str] = frozenset()) -> str:
    """The text of the function, to be put behind prelude.PRELUDE; `features` as for Emitter."""
    region = region.rebased()
    e = Emitter(layout, features)
    _body(e, region)
    _leaves(e)
    attributes = "#0" if region.floats else "nounwind"
    parts = [
        f"define i64 @{name}(ptr %ctx, i64 %at, i64 %base) {attributes} {{",
        *_entry(e, region, layout),
        *e.lines,
        *e.tails,
        *_exit(e, region, layout),
        "}",
    ]
    return "\n".join(parts) + "\n"


def _body(e: Emitter, region: Region) -> None:
    leaders = _leaders(region)
    open_block = False
    for address in sorted(region.code):
        instruction = region.code[address]
        if address in leaders:
            if open_block:
                e.resolve()
                e.do(f"br label %at_{address:x}")
            e.start_block(address)
        e.begin(address)
        instruction.row.emit(e, instruction.fields)
        open_block = _flow(e, region, instruction)


def _leaders(region: Region) -> set[int]:
    """Where a block starts: at entries and targets, and behind whatever does not simply go on."""
    out = {*region.entries, min(region.code)}
    for address, instruction in region.code.items():
        if instruction.target is not None:
            out.add(instruction.target)
        if instruction.row.flow is not Flow.NEXT:
            out.add(address + 4)
        if address - 4 not in region.code:
            out.add(address)
    return out


def _flow(e: Emitter, region: Region, instruction: Instruction) -> bool:
    """Write how it goes on; whether the block is still open."""
    following, target = instruction.address + 4, instruction.target
    flow = instruction.row.flow
    if flow is not Flow.NEXT or following not in region.code:
        e.resolve()
    if flow in (Flow.INDIRECT, Flow.INDIRECT_CALL):
        _indirect(e, region)
        return False
    if target is None:
        if following in region.code:
            return True
        e.do(f"br label %{_place(e, region, following)}")
        return False
    if flow in (Flow.JUMP, Flow.CALL):
        _edge(e, region, instruction.address, target)
        return False
    taken = e.fresh("taken")
    e.do(f"br i1 {e.condition}, label %{taken}, label %{_place(e, region, following)}")
    e.label(taken)
    _edge(e, region, instruction.address, target)
    return False


def _indirect(e: Emitter, region: Region) -> None:
    """To where one of the region's calls comes back, or out of it."""
    e.do(f"store i64 {e.destination}, ptr %pc")
    known, stopped = e.fresh("known"), e.stop_wanted()
    e.do(f"br i1 {stopped}, label %out, label %{known}")
    e.label(known)
    cases = " ".join(f"i64 {at}, label %at_{at:x}" for at in region.returns)
    place = e.op(f"sub i64 {e.destination}, %base")
    e.do(f"switch i64 {place}, label %out [ {cases} ]")


def _edge(e: Emitter, region: Region, source: int, target: int) -> None:
    if target <= source and target in region.code:
        e.check_stop(target)
    e.do(f"br label %{_place(e, region, target)}")


def _place(e: Emitter, region: Region, address: int) -> str:
    """The label of a place in the region, or of the way out to it."""
    if address in region.code:
        return f"at_{address:x}"
    e.leaves.add(address)
    return f"leave_{address:x}"


def _leaves(e: Emitter) -> None:
    for address in sorted(e.leaves):
        e.label(f"leave_{address:x}")
        e.do(f"store i64 {e.address(address)}, ptr %pc")
        e.do("br label %out")


def _registers(names: set[str], layout: NativeLayout) -> list[tuple[str, str, int]]:
    """(name, type, offset in the CPU's state)."""
    out = []
    for name in sorted(names - {"flags"}):
        if name in STATE:
            out.append((name, STATE[name], layout.offset(name)))
        elif name.startswith("v"):
            out.append((name, VECTOR, layout.vectors + int(name[1:]) * layout.stride))
        else:
            out.append((name, "i64", 8 * (31 if name == "sp" else int(name[1:]))))
    return out


def _entry(e: Emitter, region: Region, layout: NativeLayout) -> list[str]:
    touched = e.read | e.written
    registers = _registers(touched, layout)
    out = ["entry:", "  %pc = alloca i64", "  %mxcsr = alloca i32", "  %kept = alloca i32"]
    out += [f"  %{name} = alloca {type}" for name, type, _ in registers]
    out += ["  %fk = alloca i32", "  %fa = alloca i64", "  %fb = alloca i64"]
    out += ["  %env = load ptr, ptr %ctx, align 8", *_gate(region, layout)]
    for name, type, offset in registers:
        out += [
            f"  %p.{name} = getelementptr i8, ptr %env, i64 {offset}",
            f"  %l.{name} = load {type}, ptr %p.{name}, align 8",
            f"  store {type} %l.{name}, ptr %{name}",
        ]
    out += _load_flags(layout) if "flags" in touched else []
    if region.floats:
        out += [
            "  call void @llvm.x86.sse.stmxcsr(ptr %kept) #1",
            f"  store i32 {_MASK_ALL}, ptr %mxcsr",
            "  call void @llvm.x86.sse.ldmxcsr(ptr %mxcsr) #1",
        ]
    cases = " ".join(f"i64 {at}, label %at_{at:x}" for at in region.entries)
    return [
        *out,
        "  %place = sub i64 %at, %base",
        f"  switch i64 %place, label %elsewhere [ {cases} ]",
        "elsewhere:",
        "  unreachable",
    ]


def _gate(region: Region, layout: NativeLayout) -> list[str]:
    """Do nothing with a rounding mode other than the default."""
    assert ENV == 0
    if not region.floats:
        return []
    return [
        f"  %fpcr.p = getelementptr i8, ptr %env, i64 {layout.fpcr}",
        "  %fpcr = load i32, ptr %fpcr.p",
        f"  %modes = and i32 %fpcr, {_FPCR_MODES}",
        "  %g = icmp eq i32 %modes, 0",
        "  br i1 %g, label %start, label %nothing",
        "nothing:",
        f"  ret i64 {REFUSED}",
        "start:",
    ]


def _load_flags(layout: NativeLayout) -> list[str]:
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
    return [*out, "  store i32 0, ptr %fk", "  store i64 %f.s4, ptr %fa", "  store i64 0, ptr %fb"]


def _exit(e: Emitter, region: Region, layout: NativeLayout) -> list[str]:
    out = ["out:"]
    for name, type, _ in _registers(e.written, layout):
        out += [
            f"  %s.{name} = load {type}, ptr %{name}",
            f"  store {type} %s.{name}, ptr %p.{name}, align 8",
        ]
    out += _store_flags() if "flags" in e.written else []
    if region.floats:
        out += [
            "  call void @llvm.x86.sse.stmxcsr(ptr %mxcsr) #1",
            "  call void @llvm.x86.sse.ldmxcsr(ptr %kept) #1",
            "  %r.word = load i32, ptr %mxcsr",
            "  %r.byte = trunc i32 %r.word to i8",
            f"  %r.arm = and i8 %r.byte, {_RAISED}",
            f"  %r.p = getelementptr i8, ptr %env, i64 {layout.raised}",
            "  %r.old = load i8, ptr %r.p",
            "  %r.new = or i8 %r.old, %r.arm",
            "  store i8 %r.new, ptr %r.p",
        ]
    return [*out, "  %end = load i64, ptr %pc", "  ret i64 %end"]


def _store_flags() -> list[str]:
    out = ["  %o.k = load i32, ptr %fk", "  %o.a = load i64, ptr %fa", "  %o.b = load i64, ptr %fb"]
    out.append("  %o = call i64 @nzcv(i32 %o.k, i64 %o.a, i64 %o.b)")
    for flag, bit, shift in (("n", 8, 31), ("z", 4, 0), ("c", 2, 0), ("v", 1, 31)):
        out += [
            f"  %o.{flag}m = and i64 %o, {bit}",
            f"  %o.{flag}t = icmp {'eq' if flag == 'z' else 'ne'} i64 %o.{flag}m, 0",
            f"  %o.{flag}z = zext i1 %o.{flag}t to i32",
            f"  %o.{flag}s = shl i32 %o.{flag}z, {shift}",
            f"  store i32 %o.{flag}s, ptr %f.{flag}p",
        ]
    return out
