# SPDX-License-Identifier: BSD-2-Clause
"""Data classes, named tuples and enumerations as plain classes, for an interpreter that has none of them."""

from __future__ import annotations

import ast
from typing import NamedTuple

_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum"})
_FLAGS = frozenset({"Flag", "IntFlag"})
_SKIP = ("ClassVar", "typing.ClassVar")


class CannotLower(Exception):
    """A class that has no plain form; the text says what it is."""


class Field(NamedTuple):
    name: str
    default: str | None  # its source
    factory: bool  # the default is made by calling it
    given: bool  # it is a parameter of the constructor


def lower_class(
    node: ast.ClassDef, gone: set[str], known: dict[str, list[Field]]
) -> ast.ClassDef | ast.Assign:
    """The class without what MicroPython does not know; `known` are the data classes so far, and grows."""
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    if bases & (_ENUMS | _FLAGS):
        return _enumeration(node, bool(bases & _FLAGS))
    if "NamedTuple" in bases and "NamedTuple" in gone | {"NamedTuple"}:
        return _named_tuple(node)
    decorator = next((d for d in node.decorator_list if _name(d) == "dataclass"), None)
    if decorator is not None:
        node.decorator_list.remove(decorator)
        return _data_class(node, decorator, known)
    return node


def _name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(called).rpartition(".")[2]


def _options(decorator: ast.expr) -> dict[str, bool]:
    words = decorator.keywords if isinstance(decorator, ast.Call) else []
    return {
        word.arg: bool(word.value.value)
        for word in words
        if word.arg and isinstance(word.value, ast.Constant)
    }


def _fields(node: ast.ClassDef) -> list[Field]:
    """The annotated names of a class; they leave its body."""
    found, rest = [], []
    for statement in node.body:
        plain = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        if plain and not ast.unparse(statement.annotation).startswith(_SKIP):  # type: ignore[attr-defined]
            found.append(_field(statement))  # type: ignore[arg-type]
        else:
            rest.append(statement)
    node.body = rest
    return found


def _field(statement: ast.AnnAssign) -> Field:
    assert isinstance(statement.target, ast.Name)
    name, value = statement.target.id, statement.value
    if not isinstance(value, ast.Call) or ast.unparse(value.func).rpartition(".")[2] != "field":
        return Field(name, None if value is None else ast.unparse(value), False, True)
    words = {word.arg: word.value for word in value.keywords}
    given = "init" not in words or ast.unparse(words["init"]) != "False"
    if "default_factory" in words:
        return Field(name, ast.unparse(words["default_factory"]), True, given)
    return Field(name, ast.unparse(words["default"]) if "default" in words else None, False, given)


def _has(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == name for each in node.body)


def _add(node: ast.ClassDef, source: str) -> None:
    """A method, unless the class has it."""
    made = ast.parse(source).body[0]
    assert isinstance(made, ast.FunctionDef)
    if not _has(node, made.name):
        node.body.append(made)


def _data_class(node: ast.ClassDef, decorator: ast.expr, known: dict[str, list[Field]]) -> ast.ClassDef:
    fields: list[Field] = []
    for base in node.bases:
        if ast.unparse(base) in known:
            fields += known[ast.unparse(base)]
        elif ast.unparse(base) not in ("object", "Exception", "Protocol"):
            raise CannotLower(f"a data class with the base {ast.unparse(base)}")
    own = _fields(node)
    fields = [each for each in fields if each.name not in {field.name for field in own}] + own
    known[node.name] = fields
    options = _options(decorator)
    _add(node, _constructor(fields, _has(node, "__post_init__"), options.get("kw_only", False)))
    _add(node, _representation(node.name, fields))
    if options.get("eq", True):
        mine, other = (_tuple(fields, of) for of in ("self", "other"))
        _add(node, f"def __eq__(self, other):\n return type(other) is type(self) and {mine} == {other}")
        if options.get("frozen") or options.get("unsafe_hash"):
            _add(node, f"def __hash__(self):\n return hash({mine})")
    return node


def _tuple(fields: list[Field], of: str) -> str:
    return "(" + "".join(f"{of}.{field.name}, " for field in fields) + ")"


def _constructor(fields: list[Field], more: bool, by_name: bool) -> str:
    given = [field for field in fields if field.given]
    words = ["self", *(["*"] if by_name and given else [])]
    words += [
        field.name if field.default is None else f"{field.name}={'None' if field.factory else field.default}"
        for field in given
    ]
    lines = [f"def __init__({', '.join(words)}):", " pass"]
    for field in fields:
        value = field.name
        if not field.given:
            value = f"{field.default}()" if field.factory else str(field.default)
        elif field.factory:
            value = f"{field.default}() if {field.name} is None else {field.name}"
        lines.append(f" self.{field.name} = {value}")
    return "\n".join([*lines, *([" self.__post_init__()"] if more else [])])


def _representation(name: str, fields: list[Field]) -> str:
    text = name + "(" + ", ".join(f"{field.name}={{!r}}" for field in fields) + ")"
    return f"def __repr__(self):\n return {text!r}.format(*{_tuple(fields, 'self')})"


def _named_tuple(node: ast.ClassDef) -> ast.ClassDef | ast.Assign:
    """One without methods and defaults is the interpreter's own; else a class that behaves like one."""
    fields = _fields(node)
    node.bases = []
    body = [
        each
        for each in node.body
        if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]
    if not body and not any(field.default for field in fields):
        names = repr(tuple(field.name for field in fields))
        made = ast.parse(f"{node.name} = _elfhaven.namedtuple({node.name!r}, {names})").body[0]
        assert isinstance(made, ast.Assign)
        return made
    mine = _tuple(fields, "self")
    _add(node, _constructor(fields, False, False))
    _add(node, _representation(node.name, fields))
    _add(node, f"def __iter__(self):\n return iter({mine})")
    _add(node, f"def __len__(self):\n return {len(fields)}")
    _add(node, f"def __getitem__(self, place):\n return {mine}[place]")
    _add(node, f"def __eq__(self, other):\n return {mine} == tuple(other)")
    _add(node, f"def __hash__(self):\n return hash({mine})")
    return node


def _enumeration(node: ast.ClassDef, flags: bool) -> ast.ClassDef:
    """Its members are the values themselves; called, it gives a value back that it knows."""
    names, last = [], 0
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            raise CannotLower(f"the method {statement.name} of an enumeration")
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            names.append(statement.targets[0].id)
            if ast.unparse(statement.value) in ("auto()", "enum.auto()"):
                statement.value = ast.Constant((last << 1 or 1) if flags else last + 1)
            if isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, int):
                last = statement.value.value
    known = "True" if flags else f"value in ({''.join(f'cls.{name}, ' for name in names)})"
    _add(node, f"def __new__(cls, value):\n if {known}:\n  return value\n raise ValueError(value)")
    node.bases = []
    return node
