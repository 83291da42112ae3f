# SPDX-License-Identifier: BSD-2-Clause
"""Sums that may be addresses, with what is known of them: what they were made from, where they lead to
(origins.py), how they change from round to round (strides.py)."""

from __future__ import annotations

from elfhaven.machine.native.origins import APART, Origins
from elfhaven.machine.native.strides import Strides
from elfhaven.machine.native.writer import Writer

_M64 = (1 << 64) - 1


class Sums(Writer):
    """Values are IR operands."""

    def __init__(self) -> None:
        super().__init__()
        self.origins, self.strides = Origins(), Strides()
        self._roots: dict[str, tuple[str, int]] = {}  # address -> what it was made from, and what was added

    def start_sums(self, block: int) -> None:
        """A block starts."""
        self.origins.start(block)
        self.strides.start(block)

    def note_read(self, register: str, value: str) -> None:
        """`value` is what a register held when the block started."""
        self.origins.note(value, register)
        self.strides.read(register, value)

    def note_set(self, register: str, value: str) -> None:
        self.origins.set(register, value)
        self.strides.set(register, value)

    def root(self, address: str) -> tuple[str, int]:
        """What an address was made from, and the constant that was added."""
        return self._roots.get(address, (address, 0))

    def address(self, place: int) -> str:
        """A place in the guest's text, as an i64."""
        made = self.op(address_of(place))
        self.origins.note(made, APART)
        return made

    def offset(self, base: str, constant: int) -> str:
        """An i64 and a constant; of an address, it stays known what it was made from."""
        if not constant:
            return base
        made = self.op(f"add i64 {base}, {constant & _M64}")
        root, before = self.root(base)
        self._roots[made] = root, before + constant
        self.origins.note(made, self.origins.of(base))
        self.strides.moved(made, base, constant)
        return made

    def index(self, base: str, offset: str, type: str = "i64") -> str:
        """The sum of what may be an address and something else."""
        made = self.op(f"add {type} {base}, {offset}")
        if type == "i64":
            self.origins.note(made, self.origins.of(base))
            self.strides.sum(made, base, offset)
        return made

    def shift(self, value: str, amount: int, type: str = "i64") -> str:
        """To the left."""
        made = self.op(f"shl {type} {value}, {amount}")
        self.strides.scaled(made, value, amount, type)
        return made


def address_of(place: int) -> str:
    """What computes the address of a place in the guest's text."""
    return f"add i64 %base, {place & _M64}"
