# SPDX-License-Identifier: BSD-2-Clause
"""Writes LLVM IR for one region: registers, flags, memory, ways out.

The guest's registers are allocas that LLVM turns into values. The last setting of the flags is kept as a kind
and two operands, so that NZCV is computed only where somebody wants it. Values are IR operands as text;
their types are i64 or i32 (`sf`), <2 x i64> for a whole vector register. Addresses of text are written
relative to %base, so that the same text gives the same IR wherever it lies.

Going back to the interpreter happens at the start of a stretch: instructions of one block of which none but
the last stores to memory. What a stretch changes is put back as it was, and the interpreter does it anew. So
doubts about results (`doubt`, `doubt_number`) gather, and are resolved once, at the stretch's end or before
its store. While there are none a stretch is kept short: what is put back has to be kept in registers.

An access names its address as a root and a constant (`offset`). Those of one block with the same root are
checked together, where the first of them is (accesses.py).
"""

from __future__ import annotations

from collections.abc import Set

from elfhaven.machine.native.accesses import Group
from elfhaven.machine.native.blocks import Block, Exit
from elfhaven.machine.native.doubts import Doubts
from elfhaven.machine.native.flags import Flags, Known, nzcv, test
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.loops import Loop, stop_lines
from elfhaven.machine.native.sums import Sums
from elfhaven.machine.native.writer import UNLIKELY

VECTOR = "<2 x i64>"
_SHORT = 3  # registers that a stretch changes where there is no doubt
STATE = {"saturated": VECTOR, "exclusive": "i64", "exclusive_low": "i64", "exclusive_high": "i64"}
_GUEST = ", !tbaa !4"
_UNKNOWN = None, None
_ORDERED = ("oeq", "uge", "olt", "uno", "ugt", "oge", "ogt")  # comparisons of floats, by condition


class Emitter(Doubts, Sums):
    """The body of one function."""

    def __init__(self, layout: NativeLayout, features: Set[str] = frozenset(), flush: bool = False) -> None:
        """`flush`: for FPCR.FZ. `features`: of the host beyond host.NEEDED, of which rows may make use."""
        super().__init__(features, flush)
        self.layout = layout
        self.blocks: dict[int, Block] = {}
        self.block = Block(0)
        self.checks = 0  # of accesses
        self.exits: list[Exit] = []
        self.pc = 0
        self.condition: str | None = None  # of the branch just written
        self.destination = ""  # of the indirect branch just written
        self.known: Known | None = None  # flags of integers, where it is known what set them
        self._compared: tuple[str, str, str, int] | None = None  # the same of floats, see compare_floats
        self._knew: dict[int, tuple[Known | None, tuple[str, str, str, int] | None]] = {}  # blocks' ends
        self._spare = ""  # how a comparison starts that is made for what it raises alone
        self._start = 0  # of the stretch
        self._stored = False
        self._before: dict[str, str] = {}  # allocas that the stretch has changed, and what they held
        self._kept: frozenset[str] = frozenset()  # what the block had written where the stretch starts
        self._ways: dict[tuple[tuple[str, str], ...], str] = {}  # what is put back -> the way out
        self._held: dict[tuple[str, str], str] = {}  # (register, type) -> its value, in this block
        self._groups: dict[str, Group] = {}  # by root, of this block
        self.loops: dict[int, Loop] = {}  # by block

    # ---- stretches

    def begin(self, address: int, floats: bool) -> None:
        """The instruction at `address` comes next; `floats` as for Row."""
        if floats and self.astray:
            self.resolve()
        if self._stored or (len(self._before) >= _SHORT and not self.doubtful):
            self._stretch(address)
        self.pc, self.condition = address, None
        self.block.size += 1

    def _stretch(self, address: int) -> None:
        self._start, self._stored = address, False
        self._before, self._kept, self._ways = {}, frozenset(self.block.defines), {}
        self._spare = ""  # from here on one may leave without comparing again

    def change(self, alloca: str, type: str, value: str) -> None:
        """Set an alloca; the first time in a stretch, its value before is kept."""
        if alloca not in self._before:
            self._before[alloca] = f"{type} {self.op(f'load {type}, ptr %{alloca}')}"
        self.do(f"store {type} {value}, ptr %{alloca}")

    def _way_out(self) -> str:
        """The label of a block that puts back what the stretch has changed, and leaves."""
        undone = tuple(self._before.items())
        if undone not in self._ways:
            lines = [f"store {value}, ptr %{alloca}" for alloca, value in undone]
            self._ways[undone] = self._exit(self._start, self._kept, lines)
        return self._ways[undone]

    def _exit(self, to: int | str, written: Set[str], lines: list[str], linked: bool = False) -> str:
        name = self.fresh("exit")
        made = Exit(name, self.block.address, to, frozenset(written), tuple(lines), linked)
        self.exits.append(made)
        self.block.exits.append(made)
        return name

    def leave(self, address: int, linked: bool = False) -> str:
        """The label of a way out to a place, with the state that is reached; `linked`: to compiled code,
        where there is some."""
        return self._exit(address, self.block.defines, [], linked)

    def leave_to(self, destination: str) -> str:
        """The same, for an address that was computed."""
        return self._exit(destination, self.block.defines, [], True)

    def leave_if(self, condition: str) -> None:
        """Back to the interpreter."""
        way, go_on = self._way_out(), self.fresh("on")
        self.do(f"br i1 {condition}, label %{way}, label %{go_on}{UNLIKELY}")
        self.label(go_on)

    # ---- text

    def thread_pointer(self) -> str:
        return self.held(self.layout.thread_pointer, "i64")

    def held(self, offset: int, type: str) -> str:
        """What lies in the CPU's state, where no row writes it."""
        place = self.op(f"getelementptr i8, ptr %env, i64 {offset}")
        return self.op(f"load {type}, ptr {place}")

    def start_block(self, address: int, after: int | None = None, loop: bool = False) -> None:
        """What follows is jumped to; `after`: from the end of that block alone; `loop`: at its own end
        too."""
        self._knew[self.block.address] = self.known, self._compared
        self.label(f"at_{address:x}")
        self.block = self.blocks[address] = Block(address)
        self.known, self._compared = self._knew.get(after, _UNKNOWN) if after is not None else _UNKNOWN
        self._spare = ""
        self.start_sums(address)
        self._held.clear()
        self._groups.clear()
        self._not_tiny.clear()
        self._stretch(address)
        if loop:
            made = self.loops[address] = Loop(address, self.leave(address))
            self.lines.append(made)
            self.label(f"body_{address:x}")

    # ---- registers

    def x(self, number: int, sf: int = 1, sp: bool = False) -> str:
        """A general register; 31 is zero, or SP."""
        if number == 31 and not sp:
            return "0"
        name = "sp" if number == 31 else f"x{number}"
        value = self._get(name, "i64")
        if sf:
            return value
        made = self.op(f"trunc i64 {value} to i32")
        self.strides.narrowed(made, value, 32)
        return made

    def set_x(self, number: int, value: str, sf: int = 1, sp: bool = False) -> None:
        """A 32-bit value clears the upper half."""
        if number == 31 and not sp:
            return
        wide = value if sf else self.op(f"zext i32 {value} to i64")
        if not sf:
            self.strides.narrowed(wide, value, 32)
        self._set("sp" if number == 31 else f"x{number}", wide, "i64")

    def _use(self, name: str) -> None:
        if name not in self.block.defines:
            self.block.uses.add(name)

    def _define(self, name: str) -> None:
        self.block.defines.add(name)

    def _get(self, name: str, type: str) -> str:
        self._use(name)
        known = self._held.get((name, type))
        if known is None:
            known = self._held[name, type] = self.op(f"load {type}, ptr %{name}")
            self.note_read(name, known)
        return known

    def _set(self, name: str, value: str, type: str) -> None:
        self.change(name, type, value)
        self._define(name)
        self.note_set(name, value)
        for key in [key for key in self._held if key[0] == name]:
            del self._held[key]
        self._held[name, type] = value

    def v(self, number: int, type: str = VECTOR) -> str:
        """A vector register, all 128 bits as `type`."""
        name = f"v{number}"
        self._use(name)
        known = self._held.get((name, type))
        if known is None:
            known = self.op(f"bitcast {VECTOR} {self._get(name, VECTOR)} to {type}")
            self._held[name, type] = known
        return known

    def set_v(self, number: int, value: str, type: str = VECTOR) -> None:
        name = f"v{number}"
        whole = value if type == VECTOR else self.op(f"bitcast {type} {value} to {VECTOR}")
        self._set(name, whole, VECTOR)
        self._held[name, type] = value

    def lane(self, number: int, type: str, index: int = 0) -> str:
        """One element of a vector register."""
        known = self._held.get((f"v{number}", type)) if index == 0 else None
        if known is not None:
            self._use(f"v{number}")
            return known
        whole = f"<{128 // bits(type)} x {type}>"
        return self.op(f"extractelement {whole} {self.v(number, whole)}, i32 {index}")

    def set_scalar(self, number: int, value: str, type: str) -> None:
        """The lowest element; the rest becomes zero."""
        if bits(type) == 128:
            self.set_v(number, value, type)
            return
        whole = f"<{128 // bits(type)} x {type}>"
        self.set_v(number, self.op(f"insertelement {whole} zeroinitializer, {type} {value}, i32 0"), whole)
        self._held[f"v{number}", type] = value

    def state(self, name: str) -> str:
        """What of STATE the CPU holds."""
        return self._get(name, STATE[name])

    def set_state(self, name: str, value: str) -> None:
        self._set(name, value, STATE[name])

    # ---- flags

    def set_flags(self, kind: Flags, a: str, b: str = "0") -> None:
        """See Flags; a and b are i64 or, for the 32-bit kinds, i32."""
        known = Known(kind, a, b)
        self._keep_flags(str(int(kind)), *known.words(self))
        if kind not in (Flags.FLOAT64, Flags.FLOAT32):
            self.known = known

    def set_flags_if(self, held: str, kind: Flags, a: str, b: str, other: int) -> None:
        """The same where `held` is set, else NZCV is `other`."""
        known = Known(kind, a, b, held, other)
        wide = known.words(self)
        self._keep_flags(
            self.op(f"select i1 {held}, i32 {int(kind)}, i32 0"),
            self.op(f"select i1 {held}, i64 {wide[0]}, i64 {other}"),
            self.op(f"select i1 {held}, i64 {wide[1]}, i64 0"),
        )
        if kind not in (Flags.FLOAT64, Flags.FLOAT32):
            self.known = known

    def compare_floats(self, type: str, a: str, b: str, signal: int) -> None:
        """The flags of a comparison of two doubles or two floats; `signal`: every NaN raises IOC."""
        self.doubt_tiny(type, a, b)
        made = self.op(self._comparing("uno", type, a, b, signal))
        words = [self.op(f"bitcast {type} {value} to i{bits(type)}") for value in (a, b)]
        self.set_flags(Flags.FLOAT64 if type == "double" else Flags.FLOAT32, *words)
        self._spare, self._compared = f"  {made} = ", (type, a, b, signal)

    def _comparing(self, predicate: str, type: str, a: str, b: str, signal: int) -> str:
        words = f'{type} {a}, {type} {b}, metadata !"{predicate}", metadata !"fpexcept.strict"'
        name = f"{'fcmps' if signal else 'fcmp'}.f{bits(type)}"
        return f"call i1 @llvm.experimental.constrained.{name}({words}) #1"

    def _keep_flags(self, kind: str, a: str, b: str) -> None:
        """A kind (i32) and operands (i64)."""
        self.change("fk", "i32", kind)
        self.change("fa", "i64", a)
        self.change("fb", "i64", b)
        self._define("flags")
        self.known = self._compared = None

    def nzcv(self) -> str:
        """The flags as an i64, N in bit 3."""
        if self.known is not None and not self.known.held:
            return self.known.nzcv(self)
        self._use("flags")
        kind, a, b = (
            self.op(f"load {t}, ptr %{n}") for t, n in (("i32", "fk"), ("i64", "fa"), ("i64", "fb"))
        )
        return nzcv(self, kind, a, b)

    def test(self, condition: int) -> str:
        """A condition code (Arm ARM C1.2.4) as i1."""
        if condition >= 14:
            return "true"
        if self.known is not None:
            held = self.known.test(self, condition >> 1)
        elif self._compared is not None:
            held = self._ordered(_ORDERED[condition >> 1], *self._compared)
        else:
            held = test(self, self.nzcv(), condition >> 1)
        return self.op(f"xor i1 {held}, true") if condition & 1 else held

    def _ordered(self, predicate: str, type: str, a: str, b: str, signal: int) -> str:
        """A condition, by comparing so instead of what compare_floats did first."""
        if self._spare:
            at = len(self.lines) - 1
            while not str(self.lines[at]).startswith(self._spare):
                at -= 1
            del self.lines[at]
            self._spare = ""
        return self.op(self._comparing(predicate, type, a, b, signal))

    # ---- ways out

    def check_stop(self, address: int) -> None:
        """Leave at `address` if somebody wants the CPU."""
        way, go_on = self.leave(address), self.fresh("on")
        self.do(f"br i1 {self.stop_wanted()}, label %{way}, label %{go_on}{UNLIKELY}")
        self.label(go_on)

    def stop_wanted(self) -> str:
        """Whether somebody wants the CPU, as i1."""
        name = self.fresh("wanted")
        self.lines += stop_lines(name)
        return f"%{name}.stop"

    # ---- memory

    def host(self, address: str, size: int, write: bool) -> str:
        """A host pointer to `size` bytes of guest memory, or away with it: a page that the guest may not use
        so, an access over a page's end into one that lies elsewhere, is for the interpreter."""
        root, offset = self.root(address)
        group = self._groups.get(root)
        if group is None or not group.takes(offset, size):
            group = self._groups[root] = self._group(root)
        group.add(offset, size, write)
        return self.op(f"getelementptr i8, ptr %{group.name}.host, i64 {offset}")

    def _group(self, root: str) -> Group:
        made = Group(root, self.fresh("g"), self.checks, self._way_out())
        made.block, made.origin = self.block.address, self.origins.of(root)
        made.form = self.strides.of(root)
        self.checks += 1
        self.lines.append(made)
        return made

    def load(self, pointer: str, type: str) -> str:
        """From what `host` gave."""
        return self.op(f"load {type}, ptr {pointer}, align 1{_GUEST}")

    def settle(self) -> None:
        """The interpreter is not to do again what has been done so far."""
        self.resolve()
        self._stored = True

    def store(self, pointer: str, value: str, type: str) -> None:
        self.settle()
        self.do(f"store {type} {value}, ptr {pointer}, align 1{_GUEST}")


def bits(type: str) -> int:
    """The width of a scalar type."""
    return {"float": 32, "double": 64, "half": 16}.get(type) or int(type[1:])
