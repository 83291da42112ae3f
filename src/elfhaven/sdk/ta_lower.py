# SPDX-License-Identifier: BSD-2-Clause
"""Python as CPython has it, lowered to what MicroPython takes: the same program with less of the language.

Annotations and what exists for them go; data classes, named tuples and enumerations become plain classes
(the members of an enumeration are the numbers themselves); f-strings, stars in displays and unions in
isinstance are written out. Names that only type checkers want may not be used while the program runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from elfhaven.errors import UsageError
from elfhaven.sdk import ta_classes as classes

HELPERS = "_elfhaven"  # the module of what MicroPython lacks
_FOR_CHECKERS = frozenset({"typing", "collections.abc", "types", "__future__", "typing_extensions"})
_LOWERED = frozenset({"dataclasses", "enum"})
_HELPED = {("struct", "Struct"), ("math", "gcd"), ("math", "isqrt")}
_TYPES = frozenset(
    {
        "int",
        "str",
        "bytes",
        "bool",
        "float",
        "bytearray",
        "memoryview",
        "list",
        "tuple",
        "dict",
        "set",
        "type",
    }
)
_METHODS = frozenset(  # of int, str and bytes
    {"bit_length", "bit_count", "ljust", "rjust", "zfill", "removeprefix", "removesuffix"}
)
_UNSUPPORTED = (ast.Match, ast.TryStar)
_Function = TypeVar("_Function", ast.FunctionDef, ast.AsyncFunctionDef)


def lower(source: str, name: str, fronts: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The source of a module for MicroPython; `name` is its file. UsageError for what cannot be lowered.

    `fronts` are packages that only gather names: of each, the module that a name comes from.
    """
    try:
        tree = ast.parse(source, name)
    except SyntaxError as error:
        raise UsageError(f"{name}:{error.lineno}: {error.msg}", "mend the file") from None
    lowering = _Lowering(name, fronts or {})
    made = lowering.visit(tree)
    lowering.check(made)
    if lowering.helped:
        made.body.insert(0, ast.Import([ast.alias(HELPERS)]))
    return ast.unparse(ast.fix_missing_locations(made)) + "\n"


class _Lowering(ast.NodeTransformer):
    def __init__(self, name: str, fronts: Mapping[str, Mapping[str, str]]) -> None:
        self._name, self._fronts = name, fronts
        self._gone: set[str] = set()  # names that type checkers alone want
        self._fields: dict[str, list[classes.Field]] = {}  # of the data classes so far
        self.helped = False

    def refuse(self, node: ast.AST, what: str) -> UsageError:
        return UsageError(
            f"{self._name}:{getattr(node, 'lineno', 0)}: {what} is not to be had in MicroPython",
            "write it otherwise, or pack with --interpreter python",
        )

    def check(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in self._gone:
                raise self.refuse(node, f"{node.id} while the program runs")

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _UNSUPPORTED):
            raise self.refuse(node, type(node).__name__.lower())
        made = super().generic_visit(node)
        body = getattr(made, "body", None)
        if isinstance(body, list) and not body and not isinstance(made, ast.Module):
            body.append(ast.Pass())
        return made

    # ---- what goes

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        for alias in node.names:
            if alias.name in self._fronts:
                raise self.refuse(node, f"`import {alias.name}` (import names from it)")
        gone = [alias for alias in node.names if alias.name in _FOR_CHECKERS | _LOWERED]
        self._gone |= {alias.asname or alias.name.partition(".")[0] for alias in gone}
        node.names = [alias for alias in node.names if alias not in gone]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> Any:
        front = self._fronts.get(node.module or "")
        if front is not None:
            places = [front.get(alias.name, node.module) for alias in node.names]
            return [
                ast.ImportFrom(place, [alias], 0) for place, alias in zip(places, node.names, strict=True)
            ]
        if node.module in _FOR_CHECKERS | _LOWERED and not node.level:
            self._gone |= {alias.asname or alias.name for alias in node.names}
            return None
        if any((node.module, alias.name) in _HELPED for alias in node.names):
            if not all((node.module, alias.name) in _HELPED for alias in node.names):
                raise self.refuse(
                    node, f"{node.module}'s {', '.join(a.name for a in node.names)} in one import"
                )
            node.module = HELPERS
        return node

    def visit_If(self, node: ast.If) -> Any:
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            return self.generic_visit(node)
        made = {n.id for each in node.orelse for n in ast.walk(each) if isinstance(n, ast.Name)}
        for inner in node.body:
            if isinstance(inner, ast.ImportFrom):  # for annotations, which go
                self._gone |= {alias.asname or alias.name for alias in inner.names} - made
        return self.visit(ast.Module(node.orelse, [])).body

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return None
        return self.visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """A union of types becomes a tuple; what names nothing but types goes."""
        found = _union(node.value)
        if self._names(node.value) & self._gone and not _casts(node.value):
            self._gone |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            return None
        if found is not None:
            node.value = found
        return self.generic_visit(node)

    def _names(self, node: ast.AST) -> set[str]:
        return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        node.cause = None
        return self.generic_visit(node)

    # ---- functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST | None:
        return self._function(node)

    def _function(self, node: _Function) -> ast.AST | None:
        kept = [each for each in node.decorator_list if not self._names(each) & self._gone]
        if any(ast.unparse(each).endswith("overload") for each in node.decorator_list):
            return None
        node.decorator_list, node.returns = kept, None
        return self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args = [*node.posonlyargs, *node.args]
        node.posonlyargs = []
        for each in (*node.args, *node.kwonlyargs, node.vararg, node.kwarg):
            if each is not None:
                each.annotation = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if node.keywords:
            raise self.refuse(node, "a metaclass or another keyword of a class")
        try:
            made = classes.lower_class(node, self._gone, self._fields)
        except classes.CannotLower as error:
            raise self.refuse(node, str(error)) from None
        if not isinstance(made, ast.ClassDef):
            self.helped = True
            return made
        made.bases = [_plain(base) for base in made.bases if not self._names(base) & self._gone]
        return self.generic_visit(made)

    # ---- expressions

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        text, values = _format(node.values)
        call = ast.Call(ast.Attribute(ast.Constant(text), "format", ast.Load()), values, [])
        return self.generic_visit(ast.copy_location(call, node))

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._display(node, None)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        return self._display(node, "tuple")

    def visit_Set(self, node: ast.Set) -> ast.AST:
        return self._display(node, "set")

    def _display(self, node: ast.List | ast.Tuple | ast.Set, kind: str | None) -> ast.AST:
        loads = isinstance(getattr(node, "ctx", None), ast.Load) or isinstance(node, ast.Set)
        if not loads or not any(isinstance(each, ast.Starred) for each in node.elts):
            return self.generic_visit(node)
        whole = _sum(
            _called("list", each.value) if isinstance(each, ast.Starred) else ast.List([each], ast.Load())
            for each in node.elts
        )
        return self.generic_visit(whole if kind is None else _called(kind, whole))

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        if None not in node.keys:
            return self.generic_visit(node)
        parts: list[ast.expr] = [
            _called("dict", value) if key is None else ast.Dict([key], [value])
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        whole = parts[0]
        for part in parts[1:]:
            whole = ast.BinOp(whole, ast.BitOr(), part)
        return self.generic_visit(whole)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and (node.value.id, node.attr) in _HELPED:
            self.helped = True
            return ast.Attribute(ast.Name(HELPERS, ast.Load()), node.attr, ast.Load())
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        if name in ("cast", "typing.cast") and len(node.args) == 2:
            return self.visit(node.args[1])
        if name in ("isinstance", "issubclass") and len(node.args) == 2:
            node.args[1] = _union(node.args[1]) or node.args[1]
        elif name == "zip":
            node.keywords = []
        elif name == "vars" and len(node.args) == 1:
            return self.visit(ast.Attribute(node.args[0], "__dict__", ast.Load()))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            self.helped = True
            helper = ast.Attribute(ast.Name(HELPERS, ast.Load()), node.func.attr, ast.Load())
            return self.generic_visit(ast.Call(helper, [node.func.value, *node.args], node.keywords))
        return self.generic_visit(node)


def _union(node: ast.expr) -> ast.expr | None:
    """`A | B | None` of types as a tuple; None for anything else."""
    leaves: list[ast.expr] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
            waiting += [part.right, part.left]
        else:
            leaves.append(_plain(part))
    if len(leaves) < 2 or not _names_types(leaves):
        return None
    made = [leaf for leaf in leaves if not (isinstance(leaf, ast.Constant) and leaf.value is None)]
    return ast.copy_location(ast.Tuple(made, ast.Load()), node)


def _names_types(leaves: list[ast.expr]) -> bool:
    """Whether these are names of types. Constants are combined by | too: not every name may look like one."""
    names = [leaf.id for leaf in leaves if isinstance(leaf, ast.Name)]
    nothing = [leaf for leaf in leaves if isinstance(leaf, ast.Constant) and leaf.value is None]
    capital = [name for name in names if name.lstrip("_")[:1].isupper()]
    sure = len(nothing) + sum(name in _TYPES or (name in capital and not name.isupper()) for name in names)
    known = all(name in _TYPES or name in capital for name in names)
    return sure > 0 and known and len(names) + len(nothing) == len(leaves)


def _casts(node: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Call) and ast.unparse(each.func).endswith("cast") for each in ast.walk(node)
    )


def _plain(node: ast.expr) -> ast.expr:
    """`list[int]` as `list`."""
    return node.value if isinstance(node, ast.Subscript) else node


def _called(name: str, value: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [value], [])


def _sum(parts: Iterable[ast.expr]) -> ast.expr:
    whole: ast.expr | None = None
    for part in parts:
        whole = part if whole is None else ast.BinOp(whole, ast.Add(), part)
    assert whole is not None
    return whole


def _format(parts: list[ast.expr]) -> tuple[str, list[ast.expr]]:
    """What str.format makes of an f-string's parts."""
    text, values = "", []
    for part in parts:
        if isinstance(part, ast.Constant):
            text += str(part.value).replace("{", "{{").replace("}", "}}")
        elif isinstance(part, ast.FormattedValue):
            values.append(part.value)
            spec, more = (
                _format(part.format_spec.values) if isinstance(part.format_spec, ast.JoinedStr) else ("", [])
            )
            values += more
            text += (
                "{"
                + ("!" + chr(part.conversion) if part.conversion > 0 else "")
                + (":" + spec if spec else "")
                + "}"
            )
    return text, values
