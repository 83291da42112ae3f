# SPDX-License-Identifier: BSD-2-Clause
"""A region of guest code as one function: a callback for Unicorn's block hook at the region's head.

It takes registers from the CPU's state, runs, and puts them back at one of the region's ways out, each with
the address where the guest goes on. Where that is not the head itself, Unicorn is told to go there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unicorn.arm64_const import UC_ARM64_REG_PC

from elfhaven.machine.native.context import ENTRIES, ENV, REG_WRITE, STOP
from elfhaven.machine.native.decode import Flow, Instruction
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.layout import NativeLayout

_MASK_ALL = 0x1F80  # MXCSR: no exception traps, to nearest, no flag set
_RAISED = 0x3D  # what of it Arm has: all but the host's denormal operand
_FPCR_MODES = 0x07F7_9F00


@dataclass(frozen=True)
class Region:
    """Instructions by address; `head` is where it is entered."""

    head: int
    code: Mapping[int, Instruction]

    @property
    def floats(self) -> bool:
        return any(instruction.row.floats for instruction in self.code.values())

    @property
    def words(self) -> dict[int, int]:
        """What must stand in memory for the region to hold."""
        return {at: instruction.word for at, instruction in self.code.items()}


def lift(region: Region, name: str, layout: NativeLayout) -> str:
    """The text of the function, to be put behind prelude.PRELUDE."""
    e = Emitter()
    _body(e, region)
    _leaves(e)
    attributes = "#0" if region.floats else "nounwind"
    parts = [
        f"define void @{name}(ptr %uc, i64 %at, i32 %size, ptr %ctx) {attributes} {{",
        *_entry(e, region, layout),
        *e.lines,
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
                e.do(f"br label %at_{address:x}")
            e.start_block(address)
        e.pc, e.condition = address, None
        instruction.row.emit(e, instruction.fields)
        open_block = _flow(e, region, instruction)


def _leaders(region: Region) -> set[int]:
    """Where a block starts: at targets, and behind whatever does not go on."""
    out = {region.head, min(region.code)}
    for address, instruction in region.code.items():
        if instruction.target is not None:
            out |= {instruction.target, address + 4}
        if address - 4 not in region.code:
            out.add(address)
    return out


def _flow(e: Emitter, region: Region, instruction: Instruction) -> bool:
    """Write how it goes on; whether the block is still open."""
    following, target = instruction.address + 4, instruction.target
    if target is None:
        if following in region.code:
            return True
        e.do(f"br label %{_place(e, region, following)}")
        return False
    if instruction.row.flow is Flow.JUMP:
        _edge(e, region, instruction.address, target)
        return False
    taken = e.fresh("taken")
    e.do(f"br i1 {e.condition}, label %{taken}, label %{_place(e, region, following)}")
    e.label(taken)
    _edge(e, region, instruction.address, target)
    return False


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
        e.do(f"store i64 {address}, ptr %pc")
        e.do("br label %out")


def _registers(names: set[str], layout: NativeLayout) -> list[tuple[str, str, int]]:
    """(name, type, offset in the CPU's state)."""
    out = []
    for name in sorted(names - {"flags"}):
        if name.startswith("v"):
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
    out += ["  %env = load ptr, ptr %ctx, align 8", *_gate(region, layout), "start:"]
    count = f"getelementptr i64, ptr %ctx, i64 {ENTRIES}"
    out += [
        f"  %ec = {count}",
        "  %en = load i64, ptr %ec",
        "  %em = add i64 %en, 1",
        "  store i64 %em, ptr %ec",
    ]
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
    return [*out, f"  br label %at_{region.head:x}"]


def _gate(region: Region, layout: NativeLayout) -> list[str]:
    """Do nothing while somebody wants the CPU, or with a rounding mode other than the default."""
    assert ENV == 0
    out = [f"  %sp.p = getelementptr i64, ptr %ctx, i64 {STOP}", "  %sp.w = load volatile i64, ptr %sp.p"]
    out.append("  %g0 = icmp eq i64 %sp.w, 0")
    if region.floats:
        out += [
            f"  %fpcr.p = getelementptr i8, ptr %env, i64 {layout.fpcr}",
            "  %fpcr = load i32, ptr %fpcr.p",
            f"  %modes = and i32 %fpcr, {_FPCR_MODES}",
            "  %g1 = icmp eq i32 %modes, 0",
            "  %g = and i1 %g0, %g1",
        ]
    else:
        out.append("  %g = or i1 %g0, false")
    return [*out, "  br i1 %g, label %start, label %nothing", "nothing:", "  ret void"]


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
    return [
        *out,
        "  %end = load i64, ptr %pc",
        f"  %home = icmp eq i64 %end, {region.head}",
        "  br i1 %home, label %same, label %other",
        "same:",
        "  ret void",
        "other:",
        f"  %rw.p = getelementptr i64, ptr %ctx, i64 {REG_WRITE}",
        "  %rw = load ptr, ptr %rw.p",
        f"  %rw.r = call i32 %rw(ptr %uc, i32 {UC_ARM64_REG_PC}, ptr %pc)",
        "  ret void",
    ]


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
