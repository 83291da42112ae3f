# SPDX-License-Identifier: BSD-2-Clause
"""Doubts about results: what the host may do otherwise than the guest is left to the interpreter.

They gather, and are resolved at once. Of what several values have in common the extreme is compared: of those
that must not be zero, or not below something, the smallest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from elfhaven.machine.native.kinds import each, element, lanes, like, mangled
from elfhaven.machine.native.writer import UNLIKELY, Writer

_LEAST = {"i32": 1 << 23, "i64": 1 << 52}  # the least normal number, as an integer
_SIGN = {"i32": 1 << 31, "i64": 1 << 63}


class Doubts(Writer, ABC):
    """Types are of IR, scalars or vectors of them."""

    def __init__(self, flush: bool) -> None:
        """`flush`: for FPCR.FZ."""
        super().__init__()
        self.flush = flush
        self._doubts: dict[str, list[str]] = {}  # type of flags -> flags of which none may be set
        self._numbers: dict[str, str] = {}  # value -> type: it must be no NaN
        self._same: dict[str, str] = {}  # value -> one that is a NaN whenever it is
        self._low: dict[tuple[str, int], list[str]] = {}  # (type, n) -> integers that must not be below n
        self._results: list[tuple[str, str, tuple[str, ...]]] = []  # type, result, factors
        self._not_tiny: set[str] = set()  # values that are not denormal, or else there is a doubt

    @abstractmethod
    def leave_if(self, condition: str) -> None:
        """Back to the interpreter."""

    def doubt(self, flags: str, type: str) -> None:
        """Back to the interpreter, if one of the flags (i1, or a vector of them) is set."""
        self._doubts.setdefault(type, []).append(flags)

    def doubt_number(self, value: str, type: str, *operands: str) -> None:
        """The same, if `value` has a NaN, as it has wherever an operand has one."""
        for operand in operands:
            self._numbers.pop(self._same.get(operand, operand), None)
        self._numbers[value] = type

    def same_nan(self, value: str, other: str) -> None:
        """`value` has NaNs where `other` has."""
        self._same[value] = self._same.get(other, other)

    def doubt_least(self, type: str, value: str) -> None:
        """The same, if a number is the least normal one, or its negative."""
        words = _integers(type)
        moved = self.op(f"xor {words} {self._bits(type, value)}, {each(words, _LEAST[element(words)])}")
        self._low.setdefault((words, 1), []).append(self._size(words, moved))

    def doubt_tiny(self, type: str, *values: str) -> None:
        """With FPCR.FZ, the same, if a number is denormal."""
        for value in values if self.flush else ():
            if value not in self._not_tiny and value not in ("0.0", "zeroinitializer"):
                self._not_tiny.add(value)
                words = _integers(type)
                size = self._size(words, self._bits(type, value))
                less = self.op(f"sub {words} {size}, {each(words, 1)}")
                self._low.setdefault((words, _LEAST[element(words)] - 1), []).append(less)

    def doubt_flushed(self, type: str, value: str, *factors: str) -> None:
        """With FPCR.FZ, the same, if a result is tiny, or zero though none of its factors is."""
        self._not_tiny.add(value)
        self._results.append((type, value, factors))

    def resolve(self) -> None:
        """No doubt is left behind here."""
        for value, type in self._numbers.items():
            self.doubt(self.op(f"fcmp uno {type} {value}, {value}"), like(type, "i1"))
        for (words, least), values in self._low.items():
            held = self.op(f"icmp ult {words} {self._smallest(words, values)}, {each(words, least)}")
            self.doubt(held, like(words, "i1"))
        odd = [self._any(type, flags) for type, flags in self._doubts.items()]
        results = self._results
        self._numbers, self._doubts, self._same = {}, {}, {}
        self._low, self._results = {}, []
        if odd:
            self.leave_if(self._joined("i1", odd))
        if results:
            self._resolve_results(results)

    def _resolve_results(self, results: list[tuple[str, str, tuple[str, ...]]]) -> None:
        """Where one is tiny, and few are, it is looked at more closely."""
        sizes = [self._size(_integers(type), self._bits(type, value)) for type, value, _ in results]
        tiny: dict[str, list[str]] = {}
        for (type, _, _), size in zip(results, sizes, strict=True):
            tiny.setdefault(_integers(type), []).append(size)
        some = [
            self._any(like(words, "i1"), [self._tiny(words, self._smallest(words, values))])
            for words, values in tiny.items()
        ]
        closely, go_on = self.fresh("closely"), self.fresh("large")
        self.do(f"br i1 {self._joined('i1', some)}, label %{closely}, label %{go_on}{UNLIKELY}")
        self.label(closely)
        odd = []
        for (type, _, factors), size in zip(results, sizes, strict=True):
            flags = like(type, "i1")
            zeros = [self.op(f"fcmp oeq {type} {factor}, {_zero(type)}") for factor in factors]
            none = self.op(f"xor {flags} {self._joined(flags, zeros)}, {each(flags, 1)}")
            held = self.op(f"and {flags} {self._tiny(_integers(type), size)}, {none}")
            odd.append(self._any(flags, [held]))
        self.leave_if(self._joined("i1", odd))
        self.do(f"br label %{go_on}")
        self.label(go_on)

    def _tiny(self, words: str, size: str) -> str:
        return self.op(f"icmp ule {words} {size}, {each(words, _LEAST[element(words)])}")

    def _bits(self, type: str, value: str) -> str:
        return self.op(f"bitcast {type} {value} to {_integers(type)}")

    def _size(self, words: str, value: str) -> str:
        return self.op(f"and {words} {value}, {each(words, _SIGN[element(words)] - 1)}")

    def _smallest(self, words: str, values: list[str]) -> str:
        out = values[0]
        for one in values[1:]:
            out = self.op(f"call {words} @llvm.umin.{mangled(words)}({words} {out}, {words} {one})")
        return out

    def _any(self, type: str, flags: list[str]) -> str:
        found = self._joined(type, flags)
        if type == "i1":
            return found
        word = f"i{lanes(type)}"
        return self.op(f"icmp ne {word} {self.op(f'bitcast {type} {found} to {word}')}, 0")

    def _joined(self, type: str, flags: list[str]) -> str:
        out = flags[0]
        for one in flags[1:]:
            out = self.op(f"or {type} {out}, {one}")
        return out


def _integers(type: str) -> str:
    """Of the same shape."""
    return type.replace("float", "i32").replace("double", "i64")


def _zero(type: str) -> str:
    return "zeroinitializer" if type.startswith("<") else "0.0"
