# SPDX-License-Identifier: BSD-2-Clause
"""How addresses change from one round to the next of a block that goes on at its own start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_M64 = (1 << 64) - 1
_NARROW = 16  # bits of what is known to be small


@dataclass(frozen=True, slots=True)
class Linear:
    """A sum of registers as they were when the block started, each times a factor, a constant, and something
    from 0 to `spread`; modulo 2^64."""

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0
    spread: int = 0

    def plus(self, other: Linear) -> Linear:
        terms = dict(self.terms)
        for name, factor in other.terms:
            terms[name] = terms.get(name, 0) + factor
        return Linear(
            tuple(sorted(terms.items())), self.constant + other.constant, self.spread + other.spread
        )

    def times(self, factor: int) -> Linear:
        """A factor above 0."""
        terms = tuple((name, factor * n) for name, n in self.terms)
        return Linear(terms, factor * self.constant, factor * self.spread)

    def lines(self, name: str, more: int) -> Iterator[str]:
        """IR that computes it from the registers without its spread, and with a constant more, as %{name}."""
        sum = str(self.constant + more & _M64)
        for i, (register, factor) in enumerate(self.terms):
            yield f"  %{name}.r{i} = load i64, ptr %{register}"
            yield f"  %{name}.p{i} = mul i64 %{name}.r{i}, {factor & _M64}"
            yield f"  %{name}.s{i} = add i64 %{name}.p{i}, {sum}"
            sum = f"%{name}.s{i}"
        yield f"  %{name} = add i64 {sum}, 0"


class Strides:
    """Values are IR operands."""

    def __init__(self) -> None:
        self._of: dict[str, Linear] = {}
        self._ends: dict[int, dict[str, Linear | None]] = {}  # by block, what registers that it sets end as
        self._block = 0

    def start(self, block: int) -> None:
        self._block, self._ends[block] = block, {}

    def of(self, value: str) -> Linear | None:
        """In the block in which the value was made."""
        return self._of.get(value)

    def read(self, register: str, value: str) -> None:
        """`value` is what a register held when the block started."""
        self._of[value] = Linear(((register, 1),))

    def moved(self, value: str, base: str, constant: int) -> None:
        self.sum(value, base, Linear(constant=constant))

    def sum(self, value: str, base: str, other: str | Linear) -> None:
        first, second = self._of.get(base), self._of.get(other) if isinstance(other, str) else other
        if first is not None and second is not None:
            self._of[value] = first.plus(second)

    def scaled(self, value: str, base: str, amount: int, type: str) -> None:
        """Shifted to the left."""
        found = self._of.get(base)
        if found is not None and (type == "i64" or found.spread << amount < 1 << 32):
            self._of[value] = found.times(1 << amount)

    def narrowed(self, value: str, source: str, width: int) -> None:
        """`value` is the lowest bits of another, and no sign is extended."""
        found = self._of.get(source)
        known = found is not None and not found.terms and found.constant == 0 and not found.spread >> width
        if known or width <= _NARROW:
            most = found.spread if known and found is not None else (1 << width) - 1
            self._of[value] = Linear(spread=most)

    def set(self, register: str, value: str) -> None:
        self._ends[self._block][register] = self._of.get(value)

    def stride(self, block: int, form: Linear) -> int | None:
        """By how much it grows each round; None where that is not always the same."""
        ends, out = self._ends[block], 0
        for register, factor in form.terms:
            end = ends.get(register, Linear(((register, 1),)))
            if end is None or end.terms != ((register, 1),) or end.spread:
                return None
            out += factor * end.constant
        return out
