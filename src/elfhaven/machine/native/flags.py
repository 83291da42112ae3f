# SPDX-License-Identifier: BSD-2-Clause
"""The guest's flags, as what they come from: a kind and two operands. Conditions are numbered as in
Arm ARM C1.2.4, without their lowest bit, which inverts them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from elfhaven.machine.native.writer import Writer


class Flags(IntEnum):
    """How `fa` and `fb` hold NZCV."""

    PLAIN = 0  # fa is NZCV, in bits 3..0
    SUB64 = 1  # of fa - fb
    SUB32 = 2
    ADD64 = 3
    ADD32 = 4
    LOGIC64 = 5  # of the result fa
    LOGIC32 = 6
    FLOAT64 = 7  # of a comparison of the doubles whose bits are fa and fb
    FLOAT32 = 8


_NARROW = (Flags.SUB32, Flags.ADD32, Flags.LOGIC32, Flags.FLOAT32)
_OF_BOTH = ("eq", "uge", "", "", "ugt", "sge", "sgt")  # operands of a subtraction
_OF_RESULT = {
    "sub": ("", "", "slt"),
    "add": ("eq", "", "slt"),
    "": ("eq", "false", "slt", "false", "false", "sge", "sgt"),
}


@dataclass(frozen=True)
class Known:
    """Flags that code has set, of integers. The operands have the width of the kind; PLAIN's has 64 bits."""

    kind: Flags
    a: str
    b: str = "0"
    held: str = ""  # i1: where it is not set, the flags are `other`
    other: int = 0

    @property
    def type(self) -> str:
        return "i32" if self.kind in _NARROW else "i64"

    def test(self, writer: Writer, condition: int) -> str:
        """A condition as i1."""
        found = self._of_operands(writer, condition)
        if not self.held:
            return found
        other = "true" if _holds(self.other, condition) else "false"
        return writer.op(f"select i1 {self.held}, i1 {found}, i1 {other}")

    def _of_operands(self, writer: Writer, condition: int) -> str:
        verb = {"S": "sub", "A": "add"}.get(self.kind.name[0], "")
        if verb == "sub" and _OF_BOTH[condition]:
            return writer.op(f"icmp {_OF_BOTH[condition]} {self.type} {self.a}, {self.b}")
        found = dict(enumerate(_OF_RESULT[verb])).get(condition, "") if self.kind else ""
        if found in ("", "false"):
            return found or test(writer, self.nzcv(writer), condition)
        result = writer.op(f"{verb} {self.type} {self.a}, {self.b}") if verb else self.a
        return writer.op(f"icmp {found} {self.type} {result}, 0")

    def nzcv(self, writer: Writer) -> str:
        """Those of the operands, as an i64, N in bit 3."""
        return self.a if not self.kind else nzcv(writer, str(int(self.kind)), *self.words(writer))

    def words(self, writer: Writer) -> list[str]:
        """The operands as i64."""
        both = [self.a, self.b]
        return both if self.type == "i64" else [writer.op(f"zext i32 {value} to i64") for value in both]


def nzcv(writer: Writer, kind: str, a: str, b: str) -> str:
    """The flags as an i64, N in bit 3, of a kind (i32) and operands (i64)."""
    return writer.op(f"call i64 @nzcv(i32 {kind}, i64 {a}, i64 {b})")


def test(writer: Writer, nzcv: str, condition: int) -> str:
    """A condition as i1."""
    return writer.op(f"call i1 @holds(i64 {nzcv}, i32 {condition})")


def _holds(nzcv: int, condition: int) -> bool:
    n, z, c, v = (bool(nzcv & bit) for bit in (8, 4, 2, 1))
    return (z, c, n, v, c and not z, n == v, n == v and not z)[condition]
