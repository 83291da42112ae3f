# SPDX-License-Identifier: BSD-2-Clause
"""A region of guest code as one function: i64 (context, the record by which it is entered, the CPU's state,
and the three words of the main extent).

It takes registers from the CPU's state and puts them back as traffic.Traffic has it. Where it is left it
goes on in the region that the place belongs to, if there is one; else it gives the address where the guest
goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from elfhaven.machine.native.accesses import Group
from elfhaven.machine.native.blocks import Exit, Zones
from elfhaven.machine.native.context import FLAG_A, FLAG_B, FLAG_KIND
from elfhaven.machine.native.decode import Flow, Instruction
from elfhaven.machine.native.dispatch import CONVENTION, PARAMETERS
from elfhaven.machine.native.emitter import STATE, VECTOR, Emitter
from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.links import ENDS, START, Links
from elfhaven.machine.native.loops import Loop, Turn
from elfhaven.machine.native.traffic import Traffic

_FLAGS = (("fk", "i32", FLAG_KIND), ("fa", "i64", FLAG_A), ("fb", "i64", FLAG_B))
_WAY = re.compile(r"%(exit\d+)")
_LARGEST_LOOP = 256  # instructions of one whose registers are values
_FEW = 4  # targets of an indirect branch that are compared one after the other


@dataclass(frozen=True)
class Lifted:
    """The text of a function, to be put behind prelude.PRELUDE, how many checks of accesses it makes, and the
    places outside that it leads to, as addresses of the region rebased."""

    text: str
    checks: int
    links: tuple[int, ...] = ()


def lift(
    region: Region,
    name: str,
    layout: NativeLayout,
    features: Set[str] = frozenset(),
    flush: bool = False,
    apart: Set[str] = frozenset(),
) -> Lifted:
    """`features` and `flush` as for Emitter; `apart`: the registers that did not point into the main
    extent."""
    lifter = _Lifter(region.rebased(), name, Emitter(layout, features, flush), apart)
    return Lifted(lifter.text(), lifter.checks, tuple(lifter.links.places))


class _Lifter:
    def __init__(self, region: Region, name: str, emitter: Emitter, apart: Set[str]) -> None:
        self._apart = apart
        self._region, self._name, self._layout = region, name, emitter.layout
        self._e = emitter
        self._tables: list[str] = []
        self.links = Links()

    def text(self) -> str:
        self._body()
        zones = Zones(self._e.blocks, _LARGEST_LOOP)
        self._traffic = Traffic(self._e.blocks, zones, {*self._region.entries})
        # wide stores of what several blocks then load in parts would cost more than they save
        attributes = f"noimplicitfloat {'#0' if self._region.floats else 'nounwind'}"
        body = self._checked()
        edges = self._edges()
        reached = set(_WAY.findall("\n".join(body)))
        parts = [
            *self._tables,
            f"define {CONVENTION} i64 @{self._name}({PARAMETERS}) {attributes} {{",
            *self._entry(),
            *body,
            *edges,
            *(line for way in self._e.exits if way.label in reached for line in self._way(way)),
            *ENDS,
            "}",
        ]
        return "\n".join(parts) + "\n"

    @property
    def checks(self) -> int:
        return self._e.checks

    # ---- the instructions

    def _body(self) -> None:
        e, region = self._e, self._region
        leaders = _leaders(region)
        loops = _loops(region, leaders)
        before = _before(region, leaders)
        open_block = False
        for address in sorted(region.code):
            instruction = region.code[address]
            if address in leaders:
                if open_block:
                    e.resolve()
                    e.do(f"br label %{self._go(address)}")
                e.start_block(address, before.get(address), address in loops)
            e.begin(address, instruction.row.floats)
            instruction.row.emit(e, instruction.fields)
            open_block = self._flow(instruction)

    def _flow(self, instruction: Instruction) -> bool:
        """Write how it goes on; whether the block is still open."""
        e, code = self._e, self._region.code
        following, target = instruction.address + 4, instruction.target
        flow = instruction.row.flow
        if flow is not Flow.NEXT or following not in code:
            e.resolve()
        if flow in (Flow.INDIRECT, Flow.INDIRECT_CALL):
            self._indirect(instruction)
            return False
        if target is None:
            if following in code:
                return True
            e.do(f"br label %{self._go(following)}")
            return False
        if flow in (Flow.JUMP, Flow.CALL):
            self._edge(instruction.address, target)
            return False
        taken = e.fresh("taken")
        e.do(f"br i1 {e.condition}, label %{taken}, label %{self._go(following)}")
        e.label(taken)
        self._edge(instruction.address, target)
        return False

    def _edge(self, source: int, target: int) -> None:
        e = self._e
        if target == e.block.address and target in e.loops:
            go = self._go(target)
            e.lines.append(Turn(e.loops[target], go, e.leave(target)))
            return
        if target <= source and target in self._region.code:
            e.check_stop(target)
        e.do(f"br label %{self._go(target)}")

    def _go(self, address: int) -> str:
        """The label of a place in the region, or of the way out to it."""
        if address not in self._region.code:
            return self._e.leave(address, linked=True)
        self._e.block.nexts.add(address)
        return f"go_{self._e.block.address:x}_{address:x}"

    def _indirect(self, instruction: Instruction) -> None:
        """To a place of the region where it is known to lead, or out of it."""
        e = self._e
        out = e.leave_to(e.destination)
        targets = self._region.targets(instruction)
        if not targets:
            e.do(f"br label %{out}")
            return
        known = e.fresh("known")
        e.do(f"br i1 {e.stop_wanted()}, label %{out}, label %{known}, !prof !0")
        e.label(known)
        place = e.op(f"sub i64 {e.destination}, %base")
        if instruction.row.name == "br":
            self._look_up(place, targets, out)
            return
        cases = " ".join(f"i64 {at}, label %{self._go(at)}" for at in targets)
        e.do(f"switch i64 {place}, label %{out} [ {cases} ]")

    def _look_up(self, place: str, targets: Sequence[int], out: str) -> None:
        """By a table that tells of each word which target it is; 0 is none."""
        e, first = self._e, targets[0]
        which = {at: i + 1 for i, at in enumerate(targets)}
        held = [which.get(at, 0) for at in range(first, targets[-1] + 4, 4)]
        table = f"@{self._name}.{e.fresh('table')}"
        words = ", ".join(f"i16 {i}" for i in held)
        self._tables.append(f"{table} = private unnamed_addr constant [{len(held)} x i16] [{words}]")
        near = e.op(f"sub i64 {place}, {first}")
        index = e.op(f"call i64 @llvm.fshl.i64(i64 {near}, i64 {near}, i64 62)")  # its low bits must be 0
        within, inside = e.op(f"icmp ult i64 {index}, {len(held)}"), e.fresh("inside")
        e.do(f"br i1 {within}, label %{inside}, label %{out}, !prof !1")
        e.label(inside)
        cell = e.op(f"getelementptr i16, ptr {table}, i64 {index}")
        found = e.op(f"load i16, ptr {cell}")
        e.lines.append(e.block)
        cases = " ".join(f"i16 {i}, label %from_{at:x}" for at, i in which.items())
        e.do(f"switch i16 {found}, label %{out} [ {cases} ]")

    # ---- memory

    def _checked(self) -> list[str]:
        """The body, with the checks of its accesses."""
        out: list[str] = []
        self._sort()
        for line in self._e.lines:
            if isinstance(line, str):
                out.append(line)
            elif isinstance(line, Group | Loop | Turn):
                out += line.lines()
            else:
                out += self._put_back(self._e.fresh("b"), self._traffic.after(line.address))
        return out

    def _sort(self) -> None:
        """Accesses, by how they are checked."""
        e = self._e
        apart = e.origins.apart(self._apart, {at: block.nexts for at, block in e.blocks.items()})
        for group in [line for line in e.lines if isinstance(line, Group)]:
            at = group.block
            group.main = group.origin not in apart[at]
            group.brief = self._region.floats  # what it does most often is checked by loops
            stride = None if group.form is None else e.strides.stride(at, group.form)
            if stride is not None and at in e.loops and self._stays(at):
                e.loops[at].take(group, stride)

    def _stays(self, block: int) -> bool:
        """Whether no register is moved where a block goes on at its own start."""
        return not self._traffic.put_back(block, block) and not self._traffic.taken(block, block)

    # ---- in and out

    def _registers(self, names: Iterable[str]) -> list[tuple[str, str, str]]:
        """(name, type, what computes where it lies) of allocas."""
        out = []
        for name in sorted(names):
            if name == "flags":
                out += [(n, t, f"getelementptr i64, ptr %ctx, i64 {word}") for n, t, word in _FLAGS]
                continue
            if name in STATE:
                type, offset = STATE[name], self._layout.offset(name)
            elif name.startswith("v"):
                type, offset = VECTOR, self._layout.vectors + int(name[1:]) * self._layout.stride
            else:
                type, offset = "i64", 8 * (31 if name == "sp" else int(name[1:]))
            out.append((name, type, f"getelementptr i8, ptr %env, i64 {offset}"))
        return out

    def _entry(self) -> list[str]:
        blocks = self._e.blocks.values()
        touched = {"flags"}.union(*(block.uses | block.defines for block in blocks))
        out = [*START]
        out += [f"  %{name} = alloca {type}" for name, type, _ in self._registers(touched)]
        for loop in self._e.loops.values():
            out += [f"  {name} = alloca i64" for name in loop.allocas()]
        cases = " ".join(f"i64 {i}, label %from_{at:x}" for i, at in enumerate(self._region.entries))
        return [*out, f"  switch i64 %which, label %elsewhere [ {cases} ]", "elsewhere:", "  unreachable"]

    def _edges(self) -> list[str]:
        """Between blocks, and to those where the region is entered or that branches by register lead to."""
        out: list[str] = []
        traffic = self._traffic
        for at, block in self._e.blocks.items():
            for to in sorted(block.nexts):
                edge = f"go_{at:x}_{to:x}"
                out += [f"{edge}:", *self._put_back(edge, traffic.put_back(at, to))]
                out += [*self._take(f"{edge}.t", traffic.taken(at, to)), f"  br label %to_{to:x}"]
            out += [f"to_{at:x}:", *self._take(f"to.{at:x}", traffic.at_start(at)), f"  br label %at_{at:x}"]
        for at in self._region.entries:
            out += [f"from_{at:x}:", *self._take(f"from.{at:x}", traffic.at_entry(at))]
            out.append(f"  br label %to_{at:x}")
        return out

    def _take(self, stem: str, names: Iterable[str]) -> list[str]:
        """Registers from the CPU's state."""
        return self._moved(stem, names, "{slot}.p, align 8, !tbaa !10", "%{name}")

    def _put_back(self, stem: str, names: Iterable[str]) -> list[str]:
        return self._moved(stem, names, "%{name}", "{slot}.p, align 8, !tbaa !10")

    def _moved(self, stem: str, names: Iterable[str], source: str, target: str) -> list[str]:
        """From one place of each register to the other; `slot` stands for that in the CPU's state."""
        out = []
        for name, type, place in self._registers(names):
            slot = f"%{stem}.{name}"
            out += [
                f"  {slot}.p = {place}",
                f"  {slot} = load {type}, ptr {source.format(name=name, slot=slot)}",
                f"  store {type} {slot}, ptr {target.format(name=name, slot=slot)}",
            ]
        return out

    def _way(self, way: Exit) -> list[str]:
        return [
            f"{way.label}:",
            *(f"  {line}" for line in way.lines),
            *self._put_back(way.label, self._traffic.dirty[way.block] | way.written),
            *self.links.lines(way),
        ]


def _loops(region: Region, leaders: Set[int]) -> set[int]:
    """The blocks that go on at their own start."""
    out = set()
    starts = sorted(leaders)
    for at, one in region.code.items():
        start = starts[bisect_right(starts, at) - 1]
        if one.target == start and one.row.flow in (Flow.JUMP, Flow.BRANCH):
            out.add(start)
    return out


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


def _before(region: Region, leaders: Set[int]) -> dict[int, int]:
    """Of the blocks that are reached from one other alone, which that is."""
    found: dict[int, set[int]] = {}
    block = -1
    for address in sorted(region.code):
        instruction = region.code[address]
        block = address if address in leaders else block
        flow = instruction.row.flow
        following = address + 4 if flow in (Flow.NEXT, Flow.BRANCH) else None
        for to in (instruction.target, following):
            if to is not None and to in leaders:
                found.setdefault(to, set()).add(block)
    entries = {*region.entries}
    return {to: next(iter(blocks)) for to, blocks in found.items() if len(blocks) == 1 and to not in entries}
