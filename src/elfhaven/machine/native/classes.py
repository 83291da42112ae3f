# SPDX-License-Identifier: BSD-2-Clause
"""What an instruction is that no row covers, in a few words for people: its class (Arm ARM C4.1)."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row, Table
from elfhaven.machine.native.emitter import Emitter


def _none(_e: Emitter, _f: Fields) -> None:
    """A class has no meaning."""


def _class(name: str, pattern: str) -> Row:
    return Row(name, pattern, _none)


_CLASSES = Table(
    (
        _class("undefined (udf)", "0000000000000000 imm16:16"),
        _class("SME", "1 a:2 0000 b:25"),
        _class("SVE", "a:3 0010 b:25"),
        _class("svc", "11010100000 imm16:16 00001"),
        _class("brk", "11010100001 imm16:16 00000"),
        _class("exception", "11010100 a:24"),
        _class("hint", "11010101000000110010 a:12"),
        _class("barrier", "11010101000000110011 a:12"),
        _class("mrs", "11010101001 a:21"),
        _class("msr", "110101010001 a:20"),
        _class("cache or address operation", "1101010100 a 01 b:19"),
        _class("branch with pointer authentication", "1101011 a:25"),
        _class("pointer authentication", "110110101100 a:20"),
        _class("compare and swap (LSE)", "a:2 0010001 b 1 c:21"),
        _class("compare and swap of a pair (LSE)", "0 a 0010000 b 1 c:21"),
        _class("exclusive or ordered access", "a:2 001000 b:24"),
        _class("memory tags (MTE)", "11011001 a:2 1 b:21"),
        _class("ordered access, unscaled (RCPC)", "a:2 011001 b:2 0 c:21"),
        _class("memory copy and set (MOPS)", "a:2 011 b 01 c:2 0 d:21"),
        _class("ordered load (RCPC)", "a:2 111000 b:2 1 c:5 1100 00 d:10"),
        _class("atomic operation on memory (LSE)", "a:2 111000 b:2 1 c:9 00 d:10"),
        _class("load with pointer authentication", "a:2 111 b 00 c:2 1 d:10 1 e:10"),
        _class("unprivileged access", "a:2 111 b 00 c:2 0 d:9 10 e:10"),
        _class("load or store of structures", "0 a 001101 b:24"),
        _class("load or store", "a:4 1 b 0 c:25"),
        _class("SHA512, SHA3, SM3, SM4", "11001110 a:24"),
        _class(
            "dot products, complex numbers, rounding multiply and add", "0 a:2 01110 b:2 0 c:5 1 d:4 1 e:10"
        ),
        _class("half precision in vectors", "0 a:2 01110 b 10 c:5 00 d:3 1 e:10"),
        _class("half precision in vectors", "0 a:2 01110 b 111100 c:5 10 d:10"),
        _class("Advanced SIMD", "0 a:2 0111 b:25"),
        _class("Advanced SIMD of a scalar", "01 a 1111 b:25"),
        _class("arithmetic of half precision", "a:3 1111 b 11 c:22"),
        _class("floating point", "a:3 1111 b:25"),
        _class("arithmetic of registers", "a:4 101 b:25"),
        _class("arithmetic with a constant", "a:3 100 b:26"),
        _class("branch", "a:3 101 b:26"),
    )
)
_SYSTEM = ("mrs", "msr")


def describe(word: int) -> str:
    """The class of an instruction, and of a system register its name as assemblers take it."""
    found = _CLASSES.decode(0, word)
    if found is None:
        return "reserved"
    if found.row.name in _SYSTEM:
        op1, crn, crm, op2 = word >> 16 & 7, word >> 12 & 15, word >> 8 & 15, word >> 5 & 7
        return f"{found.row.name} s{2 + (word >> 19 & 1)}_{op1}_c{crn}_c{crm}_{op2}"
    return found.row.name
