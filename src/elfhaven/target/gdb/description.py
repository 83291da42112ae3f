# SPDX-License-Identifier: BSD-2-Clause
"""What gdb is told of a target: its registers (gdb's manual, appendix G.5.1) and where its files lie."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

GENERAL, VECTORS = 33, 32  # x0..x30, sp, pc; q0..q31
CPSR, FIRST_VECTOR = GENERAL, GENERAL + 1
FPSR, FPCR = FIRST_VECTOR + VECTORS, FIRST_VECTOR + VECTORS + 1
REGISTERS = FPCR + 1


def size(number: int) -> int:
    """Bytes of a register, by gdb's number."""
    if number in (CPSR, FPSR, FPCR):
        return 4
    return 16 if number >= FIRST_VECTOR else 8


def _core() -> str:
    lines = [f'<reg name="x{i}" bitsize="64"/>' for i in range(31)]
    lines.append('<reg name="sp" bitsize="64" type="data_ptr"/>')
    lines.append('<reg name="pc" bitsize="64" type="code_ptr"/>')
    lines.append('<reg name="cpsr" bitsize="32"/>')
    return "\n".join(lines)


_PARTS = (("d", "ieee_double", 2), ("u", "uint64", 2), ("s", "ieee_single", 4), ("b", "uint8", 16))


def _vectors() -> str:
    lines = [f'<vector id="v16{name}" type="{kind}" count="{count}"/>' for name, kind, count in _PARTS]
    fields = "".join(f'<field name="{name}" type="v16{name}"/>' for name, _, _ in _PARTS)
    lines.append(f'<union id="vreg">{fields}</union>')
    lines += [f'<reg name="v{i}" bitsize="128" type="vreg"/>' for i in range(VECTORS)]
    lines += ['<reg name="fpsr" bitsize="32"/>', '<reg name="fpcr" bitsize="32"/>']
    return "\n".join(lines)


def target() -> bytes:
    """target.xml. No OS ABI is named: a TA has none, and libraries are told by us, not found in memory."""
    return (
        '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">\n'
        '<target version="1.0"><architecture>aarch64</architecture><osabi>none</osabi>\n'
        f'<feature name="org.gnu.gdb.aarch64.core">\n{_core()}\n</feature>\n'
        f'<feature name="org.gnu.gdb.aarch64.fpu">\n{_vectors()}\n</feature>\n</target>\n'
    ).encode()


def libraries(files: Iterable[tuple[str, int]]) -> bytes:
    """A list of files and the addresses at which they lie."""
    rows = "".join(
        f'<library name="{escape(file)}"><segment address="{address:#x}"/></library>'
        for file, address in files
    )
    return f'<library-list version="1.0">{rows}</library-list>'.encode()


def piece(document: bytes, text: str) -> bytes:
    """The answer to qXfer `offset,length`: `m` and a piece, or `l` and the last one."""
    offset, length = (int(word, 16) for word in text.split(","))
    part = document[offset : offset + length]
    return (b"l" if offset + length >= len(document) else b"m") + part
