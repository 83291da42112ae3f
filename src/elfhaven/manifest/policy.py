# SPDX-License-Identifier: BSD-2-Clause
"""The decisions of a policy: pure functions on paths and names.

The runtime decides by the same rules inside (runtime/policy.c); the agent decides a second time, for the
host's sake. Paths are compared after lexical normalisation; who resolves symbolic links asks again with
where they lead. Text stands for bytes as os.fsdecode makes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi.container import ArgvMode, RuleFlag, RuleKind
from elfhaven.manifest.net import NetRule
from elfhaven.manifest.pins import Pin

NO_FLAGS = RuleFlag(0)


@dataclass(frozen=True, slots=True)
class Rule:
    """A path that may be read, or read and written; relative ones start at the first working directory."""

    kind: RuleKind
    path: str
    flags: RuleFlag = NO_FLAGS


@dataclass(frozen=True, slots=True)
class Program:
    """What the program may start by execve under `path`: the Trusted Application `uuid`, packed in `file`."""

    path: str
    uuid: UUID
    file: str
    flags: RuleFlag = NO_FLAGS


@dataclass(frozen=True, slots=True)
class Policy:
    """What a signed image may ask of the normal world. Everything that no rule names is denied."""

    rules: tuple[Rule, ...] = ()
    pinned: tuple[tuple[Pin, RuleFlag], ...] = ()
    argv_mode: ArgvMode = ArgvMode.ANY
    argv: tuple[str, ...] = ()
    env: tuple[tuple[str, str | None], ...] = ()  # None: the caller's value
    net: tuple[NetRule, ...] = ()
    haven: str = ""  # whose key seals its files; "": the program's own
    programs: tuple[Program, ...] = ()
    pipes_open: bool = False  # pipes to its children may be seen outside

    def allows_read(self, path: str, cwd: str) -> bool:
        """`path`: absolute; `cwd`: the first working directory, absolute."""
        path = normalise(path)
        return any(covers(rule.path, rule.flags, path, cwd) for rule in self.rules) or bool(
            self.pin_of(path, cwd)
        )

    def allows_look(self, path: str, cwd: str) -> bool:
        """Whether the program may ask what `path` is: what it may read, and each directory on the way there
        or to its first working directory, so that realpath() works. Their content stays closed."""
        path = normalise(path)
        above = path if path == "/" else path + "/"
        ways = (cwd, *(rule_base(rule.path, rule.flags, cwd) for rule in self.rules),
                *(rule_base(pin.path, flags, cwd) for pin, flags in self.pinned))  # fmt: skip
        return self.allows_read(path, cwd) or any(f"{normalise(way)}/".startswith(above) for way in ways)

    def allows_write(self, path: str, cwd: str) -> bool:
        """True only where a `write` rule covers the path and no pin does: a pinned file never changes."""
        path = normalise(path)
        writers = (rule for rule in self.rules if rule.kind is RuleKind.WRITE)
        return any(covers(rule.path, rule.flags, path, cwd) for rule in writers) and not self.pin_of(
            path, cwd
        )

    def pin_of(self, path: str, cwd: str) -> Pin | None:
        """The pin of `path`, if it is a pinned file."""
        path = normalise(path)
        return next((pin for pin, flags in self.pinned if covers(pin.path, flags, path, cwd)), None)

    def program(self, path: str, cwd: str) -> Program | None:
        """What execve of `path` starts."""
        path = normalise(path)
        return next((p for p in self.programs if rule_base(p.path, p.flags, cwd) == path), None)

    def arguments(self, given: Iterable[str]) -> tuple[str, ...]:
        """The argv that the program gets when the caller gives `given`."""
        return self.argv if self.argv_mode is ArgvMode.FIXED else tuple(given)

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """The environment that the program gets when the caller's is `given`."""
        wanted = ((name, given.get(name) if value is None else value) for name, value in self.env)
        return {name: value for name, value in wanted if value is not None}


def covers(rule_path: str, flags: RuleFlag, path: str, cwd: str) -> bool:
    """Whether a rule's path covers the normalised absolute `path`."""
    base = rule_base(rule_path, flags, cwd)
    if path == base:
        return True
    return bool(flags & RuleFlag.TREE) and path.startswith(base if base == "/" else base + "/")


def rule_base(rule_path: str, flags: RuleFlag, cwd: str) -> str:
    """A rule's path, absolute and normalised, for a program whose first working directory is `cwd`."""
    return normalise(f"{cwd}/{rule_path}" if flags & RuleFlag.RELATIVE else rule_path)


def normalise(path: str) -> str:
    """An absolute path without '.', '..', repeated or trailing slashes; '..' of the root is the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
