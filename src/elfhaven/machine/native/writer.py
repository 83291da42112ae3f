# SPDX-License-Identifier: BSD-2-Clause
"""Lines of LLVM IR, with names for what they make."""

from __future__ import annotations

from elfhaven.machine.native.accesses import Group
from elfhaven.machine.native.blocks import Block
from elfhaven.machine.native.loops import Loop, Turn

UNLIKELY = ", !prof !0"


class Writer:
    """Values are IR operands as text."""

    def __init__(self) -> None:
        self.lines: list[str | Group | Block | Loop | Turn] = []  # a block: what it has written is put back
        self._count = 0

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
