# SPDX-License-Identifier: BSD-2-Clause
"""Reference pages of a front door: every name of its `__all__`, with signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from enum import Enum
from types import ModuleType

from elfhaven.errors import ElfhavenError
from elfhaven.tee_errors import TeeResultError

WIDTH = 100
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_QUOTED = re.compile(r"(: |-> )'([^']*)'")
_DEFAULT = re.compile(r"<(?:Storage|Access|Login|Direction|Whence)\.([A-Z_|]+): [^>]*>")


def parts(module: ModuleType) -> Iterator[str]:
    """One part a name: classes, functions, then constants; errors of the TEE are in a table elsewhere."""
    named = {name: getattr(module, name) for name in module.__all__}
    kinds = {name: value for name, value in named.items() if isinstance(value, type)}
    for name, kind in kinds.items():
        if not issubclass(kind, TeeResultError) or kind is TeeResultError:
            yield from _class(name, kind)
    for name, value in named.items():
        if inspect.isfunction(value):
            yield f"## {name}\n\n{_code(signature(name, value))}\n\n{_doc(value)}".rstrip()
    others = [name for name, value in named.items() if name not in kinds and not inspect.isfunction(value)]
    if others:
        lines = "\n".join(f"    {name} = {_value(named[name])}" for name in others)
        yield f"## Constants and types\n\n{lines}"
    errors = [name for name, kind in kinds.items() if issubclass(kind, TeeResultError)]
    yield "## Errors\n\n[ta-api.md](ta-api.md#errors) says what each means: " + ", ".join(errors) + "."


def _value(value: object) -> str:
    return str(value).replace("typing.", "").replace("elfhaven.normal.transport.", "")


def _class(name: str, kind: type) -> Iterator[str]:
    if issubclass(kind, Enum):
        members = "\n".join(f"    {member.name} = {member.value:#x}" for member in kind)
        yield f"## {name}\n\n{_doc(kind)}\n\n{members}"
        return
    head = f"## {name}"
    if issubclass(kind, ElfhavenError):
        yield f"{head}({', '.join(base.__name__ for base in kind.__bases__)})\n\n{_doc(kind)}"
        return
    shown = [head, *_made(name, kind), _doc(kind)]
    shown += [_member(kind, member) for member in _members(kind)]
    yield "\n\n".join(filter(None, shown))


def _made(name: str, kind: type) -> list[str]:
    try:
        line = signature(name, kind)
    except (ValueError, TypeError):  # a protocol has none
        return []
    init = kind.__dict__.get("__init__")
    told = inspect.getdoc(init) if init is not None and init.__doc__ else ""
    own = "" if not told or told.startswith(("Initialize self", "Create and return")) else told
    return [_code(line), own] if "*args" not in line or own else []


def _members(kind: type) -> Iterator[str]:
    """Public methods and properties: of the bases in this project too."""
    seen: set[str] = set()
    for owner in kind.__mro__:
        if not owner.__module__.startswith("elfhaven"):
            continue
        for name, value in owner.__dict__.items():
            shown = not name.startswith("_") and name not in seen and not isinstance(value, type)
            if shown and (callable(value) or isinstance(value, property | classmethod | staticmethod)):
                seen.add(name)
                yield name


def _member(kind: type, name: str) -> str:
    value = inspect.getattr_static(kind, name)
    doc = inspect.getdoc(getattr(kind, name)) or ""
    if isinstance(value, property):
        returned = value.fget.__annotations__.get("return", "") if value.fget else ""
        line = f"{name}: {returned}" if returned else name
    else:
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        line = signature(name, function, bound=not isinstance(value, staticmethod))
        before = "classmethod " if isinstance(value, classmethod) else ""
        line = f"{before}{'async ' if inspect.iscoroutinefunction(function) else ''}{line}"
    return f"### {kind.__name__}.{name}\n\n{_code(line)}" + (f"\n\n{doc}" if doc else "")


def signature(name: str, value: Callable[..., object], *, bound: bool = False) -> str:
    """One parameter a line where one line is too short. Annotations are shown as they are written."""
    found = inspect.signature(value)
    parameters = list(found.parameters.values())[1 if bound else 0 :]
    found = found.replace(parameters=parameters)
    line = plain(f"{name}{found}")
    if len(line) <= WIDTH:
        return line
    first = next((p for p in parameters if p.kind is p.KEYWORD_ONLY), None)
    star = first is not None and not any(p.kind is p.VAR_POSITIONAL for p in parameters)
    lines = [f"    {parameter}," for parameter in parameters]
    if star and first is not None:
        lines.insert(parameters.index(first), "    *,")
    tail = f"{found}".rpartition(")")[2]
    return plain("\n".join((f"{name}(", *lines, f"){tail}")))


def plain(text: str) -> str:
    """A signature without quotes around its annotations, and without what changes from run to run."""
    text = _DEFAULT.sub(r"\1", _ADDRESS.sub("", _QUOTED.sub(r"\1\2", text)))
    return re.sub(r"<function [\w.]*<lambda>>", "...", text)


def _code(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _doc(value: object) -> str:
    doc = getattr(value, "__dict__", {}).get("__doc__") or getattr(value, "__doc__", "") or ""
    return "" if doc.startswith("An enumeration") else inspect.cleandoc(doc)
