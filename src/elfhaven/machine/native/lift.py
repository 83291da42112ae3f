# SPDX-License-Identifier: BSD-2-Clause
"""A region of guest code as one function: i64 (context, which of its entries, its base).

It takes from the CPU's state the registers that are of use from that entry on, runs, and puts back what it
may have changed at one of its ways out. There it goes on in the region that the place belongs to, if there is
one; else it gives the address where the guest goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

from elfhaven.machine.native.accesses import Group
from elfhaven.machine.native.blocks import Exit, loops, needed_before, written_before
from elfhaven.machine.native.context import ENV, FLAG_A, FLAG_B, FLAG_KIND, PLACE_ENTRIES, PLACES, STOP
from elfhaven.machine.native.decode import Flow, Instruction
from elfhaven.machine.native.dispatch import CONVENTION
from elfhaven.machine.native.emitter import STATE, VECTOR, Emitter
from elfhaven.machine.native.flow import Region
from elfhaven.machine.native.layout import NativeLayout

_FLAGS = (("fk", "i32", FLAG_KIND), ("fa", "i64", FLAG_A), ("fb", "i64", FLAG_B))
_FEW = 4  # targets of an indirect branch that are compared one after the other


def lift(region: Region, name: str, layout: NativeLayout, features: Set[str] = frozenset()) -> str:
    """The text of the function, to be put behind prelude.PRELUDE; `features` as for Emitter."""
    return _Lifter(region.rebased(), name, layout, features).text()


class _Lifter:
    def __init__(self, region: Region, name: str, layout: NativeLayout, features: Set[str]) -> None:
        self._region, self._name, self._layout = region, name, layout
        self._e = Emitter(layout, features)
        self._tables: list[str] = []

    def text(self) -> str:
        self._body()
        e = self._e
        written = written_before(e.blocks)
        needed = needed_before(e.blocks, written)
        attributes = "#0" if self._region.floats else "nounwind"
        ways = self._ways_out(written)
        parts = [
            *self._tables,
            f"define {CONVENTION} i64 @{self._name}(ptr %ctx, i64 %which, i64 %base) {attributes} {{",
            *self._entry(needed),
            *self._checked(),
            *ways,
            "}",
        ]
        return "\n".join(parts) + "\n"

    # ---- the instructions

    def _body(self) -> None:
        e, region = self._e, self._region
        leaders = _leaders(region)
        open_block = False
        for address in sorted(region.code):
            instruction = region.code[address]
            if address in leaders:
                if open_block:
                    e.resolve()
                    e.do(f"br label %{self._go(address)}")
                e.start_block(address)
            e.begin(address)
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
        if target <= source and target in self._region.code:
            self._e.check_stop(target)
        self._e.do(f"br label %{self._go(target)}")

    def _go(self, address: int) -> str:
        """The label of a place in the region, or of the way out to it."""
        if address not in self._region.code:
            return self._e.leave(address, linked=True)
        self._e.block.nexts.add(address)
        return f"at_{address:x}"

    def _indirect(self, instruction: Instruction) -> None:
        """To a place of the region where it is known to lead, or out of it."""
        e = self._e
        out = e.leave_to(f"or i64 {e.destination}, 0")
        targets = self._region.targets(instruction)
        if not targets:
            e.do(f"br label %{out}")
            return
        known = e.fresh("known")
        e.do(f"br i1 {e.stop_wanted()}, label %{out}, label %{known}, !prof !0")
        e.label(known)
        e.block.nexts.update(targets)
        place = e.op(f"sub i64 {e.destination}, %base")
        if len(targets) > _FEW:
            self._look_up(place, targets, out)
            return
        cases = " ".join(f"i64 {at}, label %at_{at:x}" for at in targets)
        e.do(f"switch i64 {place}, label %{out} [ {cases} ]")

    def _look_up(self, place: str, targets: Iterable[int], out: str) -> None:
        """By a table that tells of each word which target it is; 0 is none."""
        e = self._e
        row = sorted(targets)
        size = (row[-1] - row[0]) // 4 + 1
        held = [0] * size
        for i, at in enumerate(row):
            held[(at - row[0]) // 4] = i + 1
        table = f"@{self._name}.{e.fresh('table')}"
        words = ", ".join(f"i16 {i}" for i in held)
        self._tables.append(f"{table} = private unnamed_addr constant [{size} x i16] [{words}]")
        near = e.op(f"sub i64 {place}, {row[0]}")
        index = e.op(f"call i64 @llvm.fshl.i64(i64 {near}, i64 {near}, i64 62)")  # its low bits must be 0
        within, inside = e.op(f"icmp ult i64 {index}, {size}"), e.fresh("inside")
        e.do(f"br i1 {within}, label %{inside}, label %{out}, !prof !1")
        e.label(inside)
        cell = e.op(f"getelementptr i16, ptr {table}, i64 {index}")
        which = e.op(f"load i16, ptr {cell}")
        cases = " ".join(f"i16 {i + 1}, label %at_{at:x}" for i, at in enumerate(row))
        e.do(f"switch i16 {which}, label %{out} [ {cases} ]")

    # ---- memory

    def _checked(self) -> list[str]:
        """The body, with the checks of its accesses."""
        blocks = self._e.blocks
        looping = loops({at: block.nexts for at, block in blocks.items()})
        largest = self._largest(looping)
        out: list[str] = []
        for line in self._e.lines:
            if isinstance(line, str):
                out.append(line)
            elif line.block in looping:
                out += line.in_loop(largest[line.extent])
            else:
                out += line.once()
        self._extents = sorted(largest)
        return out

    def _largest(self, looping: set[int]) -> dict[str, int]:
        """By extent, how many bytes are checked at once at most."""
        out: dict[str, int] = {}
        for group in self._e.lines:
            if isinstance(group, Group) and group.block in looping:
                out[group.extent] = max(out.get(group.extent, 0), group.size)
        return out

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

    def _entry(self, needed: dict[int, frozenset[str]]) -> list[str]:
        assert ENV == 0
        e, region = self._e, self._region
        touched = set().union(*(block.uses | block.defines for block in e.blocks.values())) | {"flags"}
        out = ["entry:", "  %pc = alloca i64", "  %env = load ptr, ptr %ctx, align 8"]
        out += [f"  %{name} = alloca {type}" for name, type, _ in self._registers(touched)]
        for extent in sorted(self._largest(loops({at: b.nexts for at, b in e.blocks.items()}))):
            out += [f"  %{extent}.{word} = alloca i64" for word in ("lo", "lim", "add")]
            out += [f"  store i64 0, ptr %{extent}.{word}" for word in ("lo", "lim", "add")]
        cases = " ".join(f"i64 {i}, label %from_{at:x}" for i, at in enumerate(region.entries))
        out += [f"  switch i64 %which, label %elsewhere [ {cases} ]", "elsewhere:", "  unreachable"]
        for at in region.entries:
            out.append(f"from_{at:x}:")
            for name, type, place in self._registers(needed[at]):
                stem = f"%from.{at:x}.{name}"
                out += [
                    f"  {stem}.p = {place}",
                    f"  {stem} = load {type}, ptr {stem}.p, align 8, !tbaa !10",
                    f"  store {type} {stem}, ptr %{name}",
                ]
            out.append(f"  br label %at_{at:x}")
        return out

    def _ways_out(self, written: dict[int, frozenset[str]]) -> list[str]:
        """One for each set of registers that may have changed."""
        block_of = {way.label: at for at, block in self._e.blocks.items() for way in block.exits}
        ends: dict[tuple[frozenset[str], bool], str] = {}
        out: list[str] = []
        for way in self._e.exits:
            changed = (written[block_of[way.label]] | way.written, way.linked)
            if changed not in ends:
                ends[changed] = f"end{len(ends)}"
            out += self._way(way, ends[changed])
        for (names, linked), label in ends.items():
            out += self._end(label, names, linked)
        return out

    def _way(self, way: Exit, end: str) -> list[str]:
        return [
            f"{way.label}:",
            *(f"  {line}" for line in way.lines),
            f"  %{way.label}.pc = {way.place}",
            f"  store i64 %{way.label}.pc, ptr %pc",
            f"  br label %{end}",
        ]

    def _end(self, label: str, names: Iterable[str], linked: bool) -> list[str]:
        out = [f"{label}:"]
        for name, type, place in self._registers(names):
            stem = f"%{label}.{name}"
            out += [
                f"  {stem}.p = {place}",
                f"  {stem} = load {type}, ptr %{name}",
                f"  store {type} {stem}, ptr {stem}.p, align 8, !tbaa !10",
            ]
        out.append(f"  %{label}.pc = load i64, ptr %pc")
        return [*out, *(_link(label) if linked else [f"  ret i64 %{label}.pc"])]


def _link(end: str) -> list[str]:
    """On to the region that a place belongs to, if it is there and nobody wants the CPU."""
    e = f"%{end}"
    return [
        f"  {e}.stop.p = getelementptr i64, ptr %ctx, i64 {STOP}",
        f"  {e}.stop = load volatile i64, ptr {e}.stop.p",
        f"  {e}.free = icmp eq i64 {e}.stop, 0",
        f"  {e}.places.p = getelementptr i64, ptr %ctx, i64 {PLACES}",
        f"  {e}.places = load ptr, ptr {e}.places.p, !tbaa !6",
        f"  {e}.i0 = lshr i64 {e}.pc, 2",
        f"  {e}.i = and i64 {e}.i0, {PLACE_ENTRIES - 1}",
        f"  {e}.slot = getelementptr ptr, ptr {e}.places, i64 {e}.i",
        f"  {e}.record = load ptr, ptr {e}.slot, !tbaa !5",
        f"  {e}.there = load i64, ptr {e}.record, !tbaa !5",
        f"  {e}.hit = icmp eq i64 {e}.there, {e}.pc",
        f"  {e}.both = and i1 {e}.hit, {e}.free",
        f"  br i1 {e}.both, label {e}.go, label {e}.home, !prof !1",
        f"{end}.go:",
        f"  {e}.f.p = getelementptr i64, ptr {e}.record, i64 1",
        f"  {e}.f = load ptr, ptr {e}.f.p, !tbaa !5",
        f"  {e}.base.p = getelementptr i64, ptr {e}.record, i64 2",
        f"  {e}.base = load i64, ptr {e}.base.p, !tbaa !5",
        f"  {e}.which.p = getelementptr i64, ptr {e}.record, i64 3",
        f"  {e}.which = load i64, ptr {e}.which.p, !tbaa !5",
        f"  {e}.r = musttail call {CONVENTION} i64 {e}.f(ptr %ctx, i64 {e}.which, i64 {e}.base)",
        f"  ret i64 {e}.r",
        f"{end}.home:",
        f"  ret i64 {e}.pc",
    ]


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
