# SPDX-License-Identifier: BSD-2-Clause
"""A row of a table of calls, and the little language in which its arguments are written.

An argument is `name:kind`. Scalars: int uint hex size offset flags mode pid signal clock. Handles: fd dirfd
file (the runtime's file number on the wire). Pointers: path (NUL-terminated string), in(SIZE), out(SIZE),
inout(SIZE), ptr (the handler knows). SIZE is a number of bytes or the name of the argument that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Served(Enum):
    """Who serves a call."""

    INSIDE = "inside"  # by the runtime, without a message to the normal world
    DELEGATED = "delegated"  # by the normal world's agent, under the policy
    REFUSED = "refused"  # on purpose, with `refusal` as errno; `reason` says why
    ABSENT = "absent"  # not there (yet): ENOSYS


class Result(Enum):
    """What a successful result may be. The runtime holds an answer from outside to it."""

    ZERO = "zero"  # 0 alone
    COUNT = "count"  # 0 .. bytes asked for
    FD = "fd"  # a descriptor of the runtime's own choosing; on the wire 0 alone
    OFFSET = "offset"  # 0 .. 2^63 - 1
    VALUE = "value"  # any non-negative number
    POINTER = "pointer"
    NEVER = "never"  # the call does not return


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument; `size` is bytes or the name of another argument, for buffers only."""

    name: str
    kind: str
    size: int | str = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One call. `wire` is what crosses to the agent (delegated rows only): scalars fill slot.args in order,
    paths the two path fields, `in` and `out` the input bytes and the room for output bytes."""

    number: int
    name: str
    served: Served
    args: tuple[Arg, ...] = ()
    result: Result = Result.ZERO
    errors: frozenset[str] = frozenset()
    wire: tuple[Arg, ...] = ()
    policy: str | None = None
    refusal: str | None = None
    reason: str = ""


def parse_args(text: str) -> tuple[Arg, ...]:
    """Arguments from their declaration, `fd:fd buf:out(count) count:size`."""
    return tuple(_parse_arg(word) for word in text.split())


def _parse_arg(word: str) -> Arg:
    name, _, kind = word.partition(":")
    if "(" not in kind:
        return Arg(name, kind)
    kind, _, size = kind.rstrip(")").partition("(")
    return Arg(name, kind, int(size) if size.isdigit() else size)


@dataclass(frozen=True)
class Table:
    """Rows by number. `rows` has every number at most once; `by_number` gives None for an unknown one."""

    name: str
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        numbers = [row.number for row in self.rows]
        if len(set(numbers)) != len(numbers):
            raise ValueError(f"table {self.name}: a number stands twice")

    def by_number(self, number: int) -> Row | None:
        return next((row for row in self.rows if row.number == number), None)

    def by_name(self, name: str) -> Row:
        """The row of that name; KeyError if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)
