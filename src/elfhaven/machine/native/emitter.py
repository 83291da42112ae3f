# SPDX-License-Identifier: BSD-2-Clause
"""Writes LLVM IR for one region: registers, flags, memory, ways out.

The guest's registers are allocas that LLVM turns into values. The last setting of the flags is kept as a kind
and two operands, so that NZCV is computed only where somebody wants it. Values are IR operands as text;
their types are i64 or i32 (`sf`), <2 x i64> for a whole vector register.

`leave_if` goes back to the interpreter at the instruction being written: it must come before anything that
this instruction changes.
"""

from __future__ import annotations

from enum import IntEnum

from elfhaven.machine.native.context import READ_TABLE, STOP, TLB_ENTRIES, WRITE_TABLE

VECTOR = "<2 x i64>"
_UNLIKELY = ", !prof !0"
_GUEST = ", !tbaa !4"
_TLB = ", !tbaa !5"
PAGE_MASK = -4096


class Flags(IntEnum):
    """How `fa` and `fb` hold NZCV."""

    PLAIN = 0  # fa is NZCV, in bits 3..0
    SUB64 = 1  # of fa - fb
    SUB32 = 2
    ADD64 = 3
    ADD32 = 4
    LOGIC64 = 5  # of the result fa
    LOGIC32 = 6


class Emitter:
    """The body of one function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.read: set[str] = set()  # names of registers
        self.written: set[str] = set()
        self.pc = 0
        self.leaves: set[int] = set()  # addresses at which the region is left
        self.condition: str | None = None  # of the branch just written
        self.known: tuple[Flags, str, str] | None = None  # flags, where this block has set them
        self._count = 0

    # ---- text

    def op(self, text: str) -> str:
        """An instruction with a result."""
        self._count += 1
        self.lines.append(f"  %t{self._count} = {text}")
        return f"%t{self._count}"

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    def fresh(self, stem: str) -> str:
        """A name for a label."""
        self._count += 1
        return f"{stem}{self._count}"

    def start_block(self, address: int) -> None:
        """What follows is jumped to."""
        self.label(f"at_{address:x}")
        self.known = None

    # ---- registers

    def x(self, number: int, sf: int = 1, sp: bool = False) -> str:
        """A general register; 31 is zero, or SP."""
        if number == 31 and not sp:
            return "0"
        name = "sp" if number == 31 else f"x{number}"
        self.read.add(name)
        value = self.op(f"load i64, ptr %{name}")
        return value if sf else self.op(f"trunc i64 {value} to i32")

    def set_x(self, number: int, value: str, sf: int = 1, sp: bool = False) -> None:
        """A 32-bit value clears the upper half."""
        if number == 31 and not sp:
            return
        name = "sp" if number == 31 else f"x{number}"
        self.written.add(name)
        wide = value if sf else self.op(f"zext i32 {value} to i64")
        self.do(f"store i64 {wide}, ptr %{name}")

    def v(self, number: int, type: str = VECTOR) -> str:
        """A vector register, all 128 bits as `type`."""
        self.read.add(f"v{number}")
        value = self.op(f"load {VECTOR}, ptr %v{number}")
        return value if type == VECTOR else self.op(f"bitcast {VECTOR} {value} to {type}")

    def set_v(self, number: int, value: str, type: str = VECTOR) -> None:
        self.written.add(f"v{number}")
        whole = value if type == VECTOR else self.op(f"bitcast {type} {value} to {VECTOR}")
        self.do(f"store {VECTOR} {whole}, ptr %v{number}")

    def lane(self, number: int, type: str, index: int = 0) -> str:
        """One element of a vector register."""
        whole = f"<{128 // bits(type)} x {type}>"
        return self.op(f"extractelement {whole} {self.v(number, whole)}, i32 {index}")

    def set_scalar(self, number: int, value: str, type: str) -> None:
        """The lowest element; the rest becomes zero."""
        if bits(type) == 128:
            self.set_v(number, value, type)
            return
        whole = f"<{128 // bits(type)} x {type}>"
        self.set_v(number, self.op(f"insertelement {whole} zeroinitializer, {type} {value}, i32 0"), whole)

    # ---- flags

    def set_flags(self, kind: Flags, a: str, b: str = "0") -> None:
        """See Flags; a and b are i64 or, for the 32-bit kinds, i32."""
        if kind in (Flags.SUB32, Flags.ADD32, Flags.LOGIC32):
            wide = [self.op(f"zext i32 {value} to i64") for value in (a, b)]
        else:
            wide = [a, b]
        self.written.add("flags")
        self.do(f"store i32 {int(kind)}, ptr %fk")
        self.do(f"store i64 {wide[0]}, ptr %fa")
        self.do(f"store i64 {wide[1]}, ptr %fb")
        self.known = kind, a, b

    def nzcv(self) -> str:
        """The flags as an i64, N in bit 3."""
        self.read.add("flags")
        kind, a, b = (
            self.op(f"load {t}, ptr %{n}") for t, n in (("i32", "fk"), ("i64", "fa"), ("i64", "fb"))
        )
        return self.op(f"call i64 @nzcv(i32 {kind}, i64 {a}, i64 {b})")

    def test(self, condition: int) -> str:
        """A condition code (Arm ARM C1.2.4) as i1."""
        if condition >= 14:
            return "true"
        if self.known is not None and self.known[0] in (Flags.SUB32, Flags.SUB64):
            direct = ("eq", "uge", None, None, "ugt", "sge", "sgt")[condition >> 1]
            if direct:
                return self._compared(direct, condition & 1)
        self.read.add("flags")
        held = self.op(f"call i1 @holds(i64 {self.nzcv()}, i32 {condition >> 1})")
        return self.op(f"xor i1 {held}, true") if condition & 1 else held

    def _compared(self, predicate: str, inverted: int) -> str:
        assert self.known is not None
        kind, a, b = self.known
        held = self.op(f"icmp {predicate} {'i64' if kind is Flags.SUB64 else 'i32'} {a}, {b}")
        return self.op(f"xor i1 {held}, true") if inverted else held

    # ---- ways out

    def leave_if(self, condition: str) -> None:
        """Back to the interpreter, with this instruction still to be done."""
        self.leaves.add(self.pc)
        go_on = self.fresh("on")
        self.do(f"br i1 {condition}, label %leave_{self.pc:x}, label %{go_on}{_UNLIKELY}")
        self.label(go_on)

    def check_stop(self, address: int) -> None:
        """Leave at `address` if somebody wants the CPU."""
        self.leaves.add(address)
        wanted = self.op(f"load volatile i64, ptr {self.context(STOP)}")
        go_on = self.fresh("on")
        stopped = self.op(f"icmp ne i64 {wanted}, 0")
        self.do(f"br i1 {stopped}, label %leave_{address:x}, label %{go_on}{_UNLIKELY}")
        self.label(go_on)

    def context(self, index: int) -> str:
        """A pointer to a word of the context."""
        return self.op(f"getelementptr i64, ptr %ctx, i64 {index}")

    # ---- memory

    def host(self, address: str, size: int, write: bool) -> str:
        """A host pointer to `size` bytes of guest memory, or away with it: a page that the guest may not use
        so, an access over a page's end, is for the interpreter."""
        last = self.op(f"add i64 {address}, {size - 1}")
        page = self.op(f"and i64 {last}, {PAGE_MASK}")
        shifted = self.op(f"lshr i64 {address}, 8")
        index = self.op(f"and i64 {shifted}, {(TLB_ENTRIES - 1) << 4}")
        table = self.op(f"load ptr, ptr {self.context(WRITE_TABLE if write else READ_TABLE)}, !tbaa !6")
        entry = self.op(f"getelementptr i8, ptr {table}, i64 {index}")
        tag = self.op(f"load i64, ptr {entry}{_TLB}")
        hit = self.op(f"icmp eq i64 {tag}, {page}")
        fast, slow, done = (self.fresh(stem) for stem in ("fast", "slow", "mem"))
        self.do(f"br i1 {hit}, label %{fast}, label %{slow}, !prof !1")
        self.label(slow)
        filled = self.op(f"call i64 @fill(ptr %ctx, i64 {address}, i64 {size}, i64 {int(write)})")
        self.leave_if(self.op(f"icmp eq i64 {filled}, 0"))
        slow = self.lines[-1][:-1]
        self.do(f"br label %{done}")
        self.label(fast)
        second = self.op(f"getelementptr i8, ptr {entry}, i64 8")
        near = self.op(f"load i64, ptr {second}{_TLB}")
        self.do(f"br label %{done}")
        self.label(done)
        addend = self.op(f"phi i64 [ {filled}, %{slow} ], [ {near}, %{fast} ]")
        return self.op(f"inttoptr i64 {self.op(f'add i64 {address}, {addend}')} to ptr")

    def load(self, pointer: str, type: str) -> str:
        """From what `host` gave."""
        return self.op(f"load {type}, ptr {pointer}, align 1{_GUEST}")

    def store(self, pointer: str, value: str, type: str) -> None:
        self.do(f"store {type} {value}, ptr {pointer}, align 1{_GUEST}")


def bits(type: str) -> int:
    """The width of a scalar type."""
    return {"float": 32, "double": 64, "half": 16}.get(type) or int(type[1:])
