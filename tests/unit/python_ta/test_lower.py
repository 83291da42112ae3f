# SPDX-License-Identifier: BSD-2-Clause
"""Modules lowered for MicroPython: what they compute stays; what cannot be lowered is named with its line."""

from __future__ import annotations

import ast
import sys
import types
from collections import namedtuple
from collections.abc import Callable

import pytest

from elfhaven.errors import UsageError
from elfhaven.sdk.ta_lower import HELPERS, lower

SOURCE = '''
"""A module."""
from __future__ import annotations
import struct
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, auto
from typing import TYPE_CHECKING, NamedTuple, Self, cast
if TYPE_CHECKING:
    from nowhere import Thing
else:
    Thing = 4
PAIR = struct.Struct("<HI")
Number = int | float | None
Maker = Callable[[int], str]
MASK = 1 | 4

class Colour(IntEnum):
    """Members are numbers."""
    RED = 1
    BLUE = auto()

class Right(IntFlag):
    READ = auto()
    WRITE = auto()

class Point(NamedTuple):
    x: int
    y: int = 7
    @property
    def both(self) -> int:
        return self.x + self.y

class Plain(NamedTuple):
    a: int
    b: str

@dataclass(unsafe_hash=True)
class Base:
    name: str
    count: int = 3

@dataclass
class Derived(Base):
    items: list[int] = field(default_factory=list)
    made: int = field(default=5, init=False)
    def __post_init__(self) -> None:
        self.sum: int = sum(self.items) + self.count
    @classmethod
    def of(cls, *items: int) -> Self:
        return cls("of", items=[*items, *items])

def keyword(a: int, /, *, b: Number = None, **rest: int) -> dict[str, int]:
    return {"a": a, **rest, "b": cast(int, b)}

def steps(top: int) -> Iterator[int]:
    yield from range(top)

def result() -> list[object]:
    point, derived = Point(1), Derived.of(1, 2)
    name, width = "x", 6
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError(f"outer {error.args[0]!r}") from error
    except ValueError as caught:
        text = str(caught)
    return [
        PAIR.size, PAIR.pack(1, 2), int(Colour.BLUE), Right.READ | Right.WRITE, Right(2) == Right.WRITE, MASK,
        point.both, list(point), point == (1, 7), Plain(1, "b").b, tuple(Plain(1, "b")),
        Base("n") == Base("n"), Base("n") == Base("m"), derived.sum, derived.made, derived.items,
        keyword(1, b=2, c=3), [*steps(2), *steps(1)], (*steps(2), 9), {*steps(2)}, Thing,
        isinstance(1, int | str), isinstance(b"", Number), text,
        f"{name}{{}} {width:#06x} {name!r:>{width}}", "a" f"b{1}", (300).bit_length(), "7".zfill(3),
        b"a".rjust(3, b"0"), "prefix".removeprefix("pre"), list(zip((1, 2), (3, 4), strict=True)),
    ]
'''


class _Helpers(types.ModuleType):
    """What the interpreter's own module gives, where CPython has it."""

    def __init__(self) -> None:
        super().__init__(HELPERS)
        import struct

        self.namedtuple, self.Struct = namedtuple, struct.Struct
        self.bit_length: Callable[[int], int] = int.bit_length
        for name in ("zfill", "rjust", "removeprefix"):
            setattr(self, name, lambda text, *rest, name=name: getattr(text, name)(*rest))


def played(source: str) -> list[object]:
    module = types.ModuleType("played")
    sys.modules["played"] = module
    try:
        exec(compile(source, "played.py", "exec"), module.__dict__)
        return list(module.result())
    finally:
        del sys.modules["played"]


def test_what_it_computes_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCE.replace('isinstance(b"", Number)', 'isinstance(b"", Number)')
    lowered = lower(source, "module.py")
    monkeypatch.setitem(sys.modules, HELPERS, _Helpers())
    assert played(lowered) == played(SOURCE)


def test_nothing_is_left_that_micropython_does_not_know() -> None:
    nodes = list(ast.walk(ast.parse(lower(SOURCE, "module.py"))))
    kinds = {type(node).__name__ for node in nodes}
    assert not kinds & {"JoinedStr", "AnnAssign", "Match", "TryStar"}
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not imported & {"typing", "dataclasses", "enum", "collections.abc", "__future__"}
    displays = [n for n in nodes if isinstance(n, ast.List | ast.Tuple | ast.Set) and isinstance(n, ast.expr)]
    assert not any(isinstance(each, ast.Starred) for display in displays for each in display.elts)
    arguments = [node for node in nodes if isinstance(node, ast.arg)]
    assert not any(each.annotation for each in arguments)


def test_names_come_from_where_a_front_has_them() -> None:
    made = lower("from door import a, b\n", "x.py", {"door": {"a": "door.rooms"}})
    assert made == "from door.rooms import a\nfrom door import b\n"
    with pytest.raises(UsageError, match=r"x\.py:1: `import door`"):
        lower("import door\n", "x.py", {"door": {}})


@pytest.mark.parametrize(
    "source, why",
    [
        ("match 1:\n    case _: pass\n", "x.py:1: match"),
        ("class A(metaclass=type): pass\n", "x.py:1: a metaclass"),
        ("from typing import Any\nx = [Any]\nprint(Any)\n", "x.py:3: Any while the program runs"),
        ("from dataclasses import asdict\ndef f(a): return asdict(a)\n", "x.py:2: asdict"),
        ("from enum import Enum\nclass A(Enum):\n    def f(self): pass\n", "method f of an enumeration"),
        ("from dataclasses import dataclass\n@dataclass\nclass A(Other):\n    x: int\n", "base Other"),
        ("def f(:\n", "x.py:1"),
    ],
)
def test_what_cannot_be_lowered(source: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        lower(source, "x.py")
