# SPDX-License-Identifier: BSD-2-Clause
"""What was recorded as the text of a manifest: rules that cover it and little else, each with its reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from elfhaven.normal.policy import LOOK, READ, WRITE

MANY = 6  # files of one directory that become the directory
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt"),
    *("/etc", "/var", "/run", "/proc", "/sys", "/dev"),
)
_WIDE = ("/", "/tmp", "/home", "/root", *_SYSTEM)  # never a rule by themselves because of what lies in them
_RANK = {LOOK: 0, READ: 1, WRITE: 2}
_MIB = 1 << 20


@dataclass(slots=True)
class Use:
    """What was done with one path: the strongest rule that was wanted, by which calls, whether it was
    there."""

    path: str
    rule: str = LOOK
    calls: dict[str, None] = field(default_factory=dict)
    there: bool = False

    def add(self, rule: str, call: str, result: int) -> None:
        if _RANK.get(rule, 1) > _RANK[self.rule]:
            self.rule = rule if rule in _RANK else READ
        self.calls[call] = None
        self.there = self.there or result >= 0

    @property
    def reason(self) -> str:
        missing = "" if self.there else "; it was not there"
        return ", ".join(self.calls) + missing


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    by_program: bool  # named by the program itself, and not by a library alone


@dataclass(frozen=True, slots=True)
class Recorded:
    """One run. `argv` is empty where the caller shall choose; `memory` in bytes."""

    cwd: str
    uses: Mapping[str, Use]
    libraries: Mapping[str, str]
    variables: tuple[Variable, ...]
    argv: tuple[str, ...]
    memory: int


def text_of(found: Recorded) -> str:
    """The manifest."""
    return "\n".join(
        (
            "# Written by `elfhaven record` from one run: what another run needs more is denied, and said.",
            *_memory(found.memory),
            *_arguments(found.argv),
            *_environment(found.variables),
            *_files(found),
            "",
        )
    )


def _memory(size: int) -> Iterator[str]:
    yield "[memory]"
    yield f"# it held {size} bytes at most; a quarter more is allowed"
    yield f'heap = "{max(-(-size * 5 // 4 // _MIB), 1)} MiB"'


def _arguments(argv: tuple[str, ...]) -> Iterator[str]:
    yield "[args]"
    if not argv:
        yield 'mode = "any"  # whoever runs it chooses the arguments'
        return
    yield '# exactly those of the recorded run; `mode = "any"` without `fixed` leaves them to the caller'
    yield 'mode = "fixed"'
    yield f"fixed = [{', '.join(map(_quoted, argv))}]"


def _environment(variables: tuple[Variable, ...]) -> Iterator[str]:
    if not variables:
        return
    yield "[env]"
    yield "# set in the recorded run and named in the program's files; whether it was read no call tells"
    yield "allow = ["
    for variable in variables:
        who = "the program" if variable.by_program else "a library"
        yield f"    {_quoted(variable.name)},  # {who} names it"
    yield "]"


def _files(found: Recorded) -> Iterator[str]:
    written = _collapsed([use for use in found.uses.values() if use.rule == WRITE])
    covers = tuple(written)
    read = _collapsed(
        [use for use in found.uses.values() if use.rule == READ and not _covered(use.path, covers)]
    )
    covers += tuple(read)
    looked = [use for use in found.uses.values() if use.rule == LOOK and not _covered(use.path, covers)]
    ways = (found.cwd, *covers)
    read |= _collapsed([use for use in looked if not _on_the_way(use.path, ways)])
    if not (read or written or found.libraries):
        return
    yield "[files]"
    yield from _rules("read", read, found.cwd)
    yield from _rules("write", written, found.cwd)
    if found.libraries:
        yield "libraries = ["
        yield from (
            f"    {_quoted(path)},  # {call}: opened while it runs"
            for path, call in sorted(found.libraries.items())
        )
        yield "]"


def _rules(key: str, rules: Mapping[str, str], cwd: str) -> Iterator[str]:
    if not rules:
        return
    own = {path: reason for path, reason in rules.items() if not _is_system(path)}
    system = {path: reason for path, reason in rules.items() if path not in own}
    yield f"{key} = ["
    yield from (f"    {_quoted(_shown(path, cwd))},  # {own[path]}" for path in sorted(own))
    if system:
        yield "    # of the system"
        yield from (f"    {_quoted(path)},  # {system[path]}" for path in sorted(system))
    yield "]"


def _collapsed(uses: Iterable[Use]) -> dict[str, str]:
    """Paths and reasons; where many lie in one directory, the directory (with a slash behind it)."""
    by_directory: dict[str, list[Use]] = {}
    for use in uses:
        by_directory.setdefault(os.path.dirname(use.path), []).append(use)
    rules: dict[str, str] = {}
    for directory, inside in by_directory.items():
        if len(inside) >= MANY and directory not in _WIDE:
            calls = dict.fromkeys(call for use in inside for call in use.calls)
            rules[f"{directory}/"] = f"{', '.join(calls)}: {len(inside)} files there"
        else:
            rules |= {_with_slash(use): use.reason for use in inside}
    covers = tuple(rules)
    return {path: reason for path, reason in rules.items() if not _covered(path, covers)}


def _with_slash(use: Use) -> str:
    return (
        f"{use.path}/"
        if use.path != "/" and os.path.isdir(use.path) and not os.path.islink(use.path)
        else use.path
    )


def _covered(path: str, rules: Iterable[str]) -> bool:
    """Whether another of `rules` covers a path."""
    plain = path.rstrip("/")
    return any(
        (plain.startswith(rule) if rule.endswith("/") else False)
        or (rule.rstrip("/") == plain and rule != path)
        for rule in rules
    )


def _on_the_way(path: str, ways: Iterable[str]) -> bool:
    """To what a rule names: what lies there may be asked anyway."""
    above = path.rstrip("/") + "/"
    return any(f"{way.rstrip('/')}/".startswith(above) for way in ways)


def _is_system(path: str) -> bool:
    return any(path == place or path.startswith(place + "/") for place in _SYSTEM)


def _shown(path: str, cwd: str) -> str:
    if path.rstrip("/") == cwd:
        return "."
    return path.removeprefix(cwd.rstrip("/") + "/")


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text.encode(errors="surrogateescape").decode(errors="replace"), ensure_ascii=False)
