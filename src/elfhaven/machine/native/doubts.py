# SPDX-License-Identifier: BSD-2-Clause
"""Doubts about results: what the host may do otherwise than the guest is left to the interpreter.

They gather, and are resolved at once: first it is asked whether any number could be meant, by few
instructions (of those that must not be tiny, the smallest), and only then which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Set
from dataclasses import dataclass

from elfhaven.machine.native.kinds import each, element, lanes, like, mangled
from elfhaven.machine.native.writer import Writer

_HAS_RANGES = frozenset(("avx512dq", "avx512vl"))  # a host with VRANGE
_LEAST = {"i32": 1 << 23, "i64": 1 << 52}  # the least normal number, as an integer
_SIGN = {"i32": 1 << 31, "i64": 1 << 63}
_RANGES = {
    "float": ("ss", "<4 x float>"),
    "double": ("sd", "<2 x double>"),
    "<4 x float>": ("ps.128", "<4 x float>"),
    "<2 x double>": ("pd.128", "<2 x double>"),
}
_SMALLER = 0b1010  # of VRANGE: the smaller absolute value, with no sign


@dataclass(frozen=True)
class _Tiny:
    """A number that may be too small: it is doubted if it is the least normal one, or its negative; as an
    `operand`, if it is denormal; with `factors`, if it is none of both but zero, and no factor is."""

    type: str
    value: str
    operand: bool = False
    factors: tuple[str, ...] | None = None


class Doubts(Writer, ABC):
    """Types are of IR, scalars or vectors of them."""

    def __init__(self, features: Set[str], flush: bool) -> None:
        """`flush`: for FPCR.FZ."""
        super().__init__()
        self.features, self.flush = features, flush
        self._doubts: dict[str, list[str]] = {}  # type of flags -> flags of which none may be set
        self._numbers: dict[str, str] = {}  # value -> type: it must be no NaN
        self._same: dict[str, str] = {}  # value -> one that is a NaN whenever it is
        self._tiny: dict[str, list[_Tiny]] = {}  # by value
        self._not_tiny: set[str] = set()  # values that are not denormal, or else there is a doubt
        self.astray = False  # a value may be of another kind than the guest's, and raise what is not due

    @abstractmethod
    def leave_if(self, condition: str) -> None:
        """Back to the interpreter."""

    def doubt(self, flags: str, type: str) -> None:
        """Back to the interpreter, if one of the flags (i1, or a vector of them) is set."""
        self._doubts.setdefault(type, []).append(flags)
        self.astray = True

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
        self._doubt_tiny(_Tiny(type, value))

    def doubt_tiny(self, type: str, *values: str) -> None:
        """With FPCR.FZ, the same, if a number is denormal."""
        for value in values if self.flush else ():
            if value not in self._not_tiny and value not in ("0.0", "zeroinitializer"):
                self._not_tiny.add(value)
                self._doubt_tiny(_Tiny(type, value, operand=True))

    def doubt_flushed(self, type: str, value: str, *factors: str) -> None:
        """With FPCR.FZ, the same, if a result is tiny, or zero though none of its factors is."""
        self._not_tiny.add(value)
        self._doubt_tiny(_Tiny(type, value, factors=factors))

    def _doubt_tiny(self, tiny: _Tiny) -> None:
        self._tiny.setdefault(tiny.value, []).append(tiny)

    @property
    def doubtful(self) -> bool:
        """Whether something is to be resolved."""
        return bool(self._doubts or self._numbers or self._tiny)

    def resolve(self) -> None:
        """No doubt is left behind here."""
        if not self.doubtful:
            return
        tiny = [one for several in self._tiny.values() for one in several]
        sure = self._sure()
        if tiny:
            closely, go_on = self.fresh("closely"), self.fresh("large")
            self.do(f"br i1 {sure}, label %{go_on}, label %{closely}, !prof !1")
            self.label(closely)
            self.leave_if(self._certain(tiny))
            self.do(f"br label %{go_on}")
            self.label(go_on)
        else:
            self.leave_if(self.op(f"xor i1 {sure}, true"))
        self._numbers, self._doubts, self._same, self._tiny = {}, {}, {}, {}
        self.astray = False

    def _sure(self) -> str:
        """That nothing is odd, by few instructions: an i1. What is not may be odd."""
        good: dict[str, list[str]] = {}
        for type, flags in self._doubts.items():
            found = self._joined("or", type, flags)
            good.setdefault(type, []).append(self.op(f"xor {type} {found}, {each(type, 1)}"))
        for value, type in self._numbers.items():
            good.setdefault(like(type, "i1"), []).append(self.op(f"fcmp ord {type} {value}, {value}"))
        by_type: dict[str, list[str]] = {}
        for several in self._tiny.values():
            by_type.setdefault(several[0].type, []).append(several[0].value)
        for type, values in by_type.items():
            words = _integers(type)
            large = f"icmp ugt {words} {self._smallest(type, values)}, {each(words, _LEAST[element(words)])}"
            good.setdefault(like(words, "i1"), []).append(self.op(large))
        all = [self._all(type, flags) for type, flags in good.items()]
        return self._joined("and", "i1", all)

    def _certain(self, tiny: list[_Tiny]) -> str:
        """That something is odd: an i1."""
        odd = [self._any(type, self._joined("or", type, flags)) for type, flags in self._doubts.items()]
        for value, type in self._numbers.items():
            odd.append(self._any(like(type, "i1"), self.op(f"fcmp uno {type} {value}, {value}")))
        odd += [self._any(like(one.type, "i1"), self._is_odd(one)) for one in tiny]
        return self._joined("or", "i1", odd)

    def _is_odd(self, one: _Tiny) -> str:
        """Flags."""
        words, size = _integers(one.type), self._size(one.type, one.value)
        least, flags = each(words, _LEAST[element(words)]), like(one.type, "i1")
        if one.operand:
            less = self.op(f"sub {words} {size}, {each(words, 1)}")
            return self.op(f"icmp ult {words} {less}, {each(words, _LEAST[element(words)] - 1)}")
        if one.factors is None:
            return self.op(f"icmp eq {words} {size}, {least}")
        small = self.op(f"icmp ule {words} {size}, {least}")
        zeros = [self.op(f"fcmp oeq {one.type} {factor}, {_zero(one.type)}") for factor in one.factors]
        none = self.op(f"xor {flags} {self._joined('or', flags, zeros)}, {each(flags, 1)}")
        return self.op(f"and {flags} {small}, {none}")

    def _smallest(self, type: str, values: list[str]) -> str:
        """Of the absolute values, as integers."""
        if len(values) > 1 and type in _RANGES and self.features >= _HAS_RANGES:
            return self._bits(type, self._by_range(type, values))
        words, sizes = _integers(type), [self._size(type, value) for value in values]
        out = sizes[0]
        for one in sizes[1:]:
            out = self.op(f"call {words} @llvm.umin.{mangled(words)}({words} {out}, {words} {one})")
        return out

    def _by_range(self, type: str, values: list[str]) -> str:
        """As numbers. It raises nothing that counts: a signalling NaN is an operand of what raises the
        same."""
        name, whole = _RANGES[type]
        is_scalar = type != whole
        held = list(self._wide(values, whole) if is_scalar else values)
        last = f"i8 -1, i32 {_SMALLER}, i32 4" if is_scalar else f"i32 {_SMALLER}, {whole} poison, i8 -1"
        out = held[0]
        for one in held[1:]:
            words = f"{whole} {out}, {whole} {one}, {f'{whole} poison, ' if is_scalar else ''}{last}"
            out = self.op(f"call {whole} @llvm.x86.avx512.mask.range.{name}({words})")
        return self.op(f"extractelement {whole} {out}, i32 0") if is_scalar else out

    def _wide(self, values: list[str], whole: str) -> Iterator[str]:
        for value in values:
            yield self.op(f"insertelement {whole} poison, {element(whole)} {value}, i32 0")

    def _bits(self, type: str, value: str) -> str:
        return self.op(f"bitcast {type} {value} to {_integers(type)}")

    def _size(self, type: str, value: str) -> str:
        words = _integers(type)
        return self.op(f"and {words} {self._bits(type, value)}, {each(words, _SIGN[element(words)] - 1)}")

    def _any(self, type: str, flags: str) -> str:
        if type == "i1":
            return flags
        word = f"i{lanes(type)}"
        return self.op(f"icmp ne {word} {self.op(f'bitcast {type} {flags} to {word}')}, 0")

    def _all(self, type: str, flags: list[str]) -> str:
        found = self._joined("and", type, flags)
        if type == "i1":
            return found
        word = f"i{lanes(type)}"
        return self.op(f"icmp eq {word} {self.op(f'bitcast {type} {found} to {word}')}, -1")

    def _joined(self, how: str, type: str, flags: list[str]) -> str:
        out = flags[0]
        for one in flags[1:]:
            out = self.op(f"{how} {type} {out}, {one}")
        return out


def _integers(type: str) -> str:
    """Of the same shape."""
    return type.replace("float", "i32").replace("double", "i64")


def _zero(type: str) -> str:
    return "zeroinitializer" if type.startswith("<") else "0.0"
