# SPDX-License-Identifier: BSD-2-Clause
"""The policy as the host applies it: which places of the file system a program may reach through the agent.

The runtime inside checks paths as they are written; the agent checks where they really lead, because only
the host sees symbolic links. Both must agree before a call is performed.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from elfhaven import manifest
from elfhaven.abi.container import NetFamily, NetKind, RuleFlag, RuleKind

READ = "files.read"
WRITE = "files.write"
CONNECT = "net.connect"  # of a Unix socket, by its path
LISTEN = "net.listen"
LOOK = "files.look"  # no rule of its own: what may be read, and the directories on the way there

# /proc/<pid> of this process or another: what lies there belongs to the host's processes, not to the program
_PROCESSES = re.compile(r"/proc/(?:\d+|self|thread-self)(?:/|$)")


class Policy(Protocol):
    """Decides about real paths: absolute, without symbolic links, '.' or '..'."""

    def allows(self, rule: str, path: str) -> bool:
        """Whether `rule` (a name of container.RULES) lets the program reach `path`."""
        ...

    def names(self, rule: str, path: str) -> bool:
        """Whether the rule as it is written covers `path`: what the runtime says, which sees no links."""
        ...

    def allows_address(self, kind: NetKind, address: bytes) -> bool:
        """Whether the program may use an address, the bytes of a struct sockaddr that holds no path."""
        ...


@dataclass(frozen=True, slots=True)
class Root:
    """A place that a rule allows: `path` alone, or with everything under it where `tree` is set."""

    path: str
    tree: bool = False


class RootPolicy:
    """A policy of roots. Links in the roots themselves are resolved once, when the program starts.

    `files.write` implies `files.read`. A relative root is taken from `cwd`.
    """

    def __init__(
        self,
        read: Iterable[Root],
        write: Iterable[Root],
        cwd: str,
        pinned: Iterable[Root] = (),
        net: Iterable[manifest.NetRule] = (),
    ) -> None:
        written, fixed = tuple(write), tuple(pinned)
        readable = (*read, *written, *fixed)
        self._read = _Places(readable, cwd)
        self._write = _Places(written, cwd)
        self._pinned = _Places(fixed, cwd)
        self._above = _above((*(root.path for root in readable), "."), cwd)
        self._read_as_written = _Places(readable, cwd, _written)
        self._write_as_written = _Places(written, cwd, _written)
        self._net = tuple(net)
        self._connect = _Places(_sockets(self._net, NetKind.CONNECT, cwd), cwd)
        self._listen = _Places(_sockets(self._net, NetKind.LISTEN, cwd), cwd)

    @classmethod
    def of(cls, policy: manifest.Policy, cwd: str) -> RootPolicy:
        """The policy of an image, for a program whose first working directory is `cwd`."""
        roots: dict[RuleKind, list[Root]] = {RuleKind.READ: [], RuleKind.WRITE: []}
        for rule in policy.rules:
            roots[rule.kind].append(_root(rule.path, rule.flags, cwd))
        pinned = [_root(pin.path, flags, cwd) for pin, flags in policy.pinned]
        return cls(roots[RuleKind.READ], roots[RuleKind.WRITE], cwd, pinned, policy.net)

    def allows(self, rule: str, path: str) -> bool:
        if _PROCESSES.match(path):
            return False
        if rule == WRITE:
            return self._write.hold(path) and not self._pinned.hold(path)
        if rule == LOOK:
            return self._read.hold(path) or path in self._above
        if rule in (CONNECT, LISTEN):
            return (self._connect if rule == CONNECT else self._listen).hold(path)
        return rule == READ and self._read.hold(path)

    def names(self, rule: str, path: str) -> bool:
        places = {READ: self._read_as_written, WRITE: self._write_as_written}.get(rule)
        return places is not None and places.hold(path)

    def allows_address(self, kind: NetKind, address: bytes) -> bool:
        family, body = int.from_bytes(address[:2], "little"), address[2:]
        if family == NetFamily.UNIX:
            name = "@" + os.fsdecode(body[1:])
            return body[:1] == b"\0" and any(
                rule.kind is kind and rule.family is NetFamily.UNIX and rule.path == name
                for rule in self._net
            )
        spans = {NetFamily.IPV4: slice(2, 6), NetFamily.IPV6: slice(6, 22)}
        span = spans.get(NetFamily(family)) if family in tuple(NetFamily) else None
        if span is None or len(body) < span.stop:
            return False
        port = int.from_bytes(body[:2])
        return any(rule.covers(kind, body[span], port) for rule in self._net)


def _root(path: str, flags: RuleFlag, cwd: str) -> Root:
    return Root(manifest.rule_base(path, flags, cwd), bool(flags & RuleFlag.TREE))


def _sockets(rules: Iterable[manifest.NetRule], kind: NetKind, cwd: str) -> list[Root]:
    """The paths of Unix sockets that the rules of a kind name."""
    unix = (rule for rule in rules if rule.kind is kind and rule.family is NetFamily.UNIX)
    return [_root(rule.path, rule.flags, cwd) for rule in unix if not rule.path.startswith("@")]


def _above(paths: Iterable[str], cwd: str) -> frozenset[str]:
    """The directories that lead to `paths`, as they are written and where they really lie.

    realpath() and databases look at each; they see what it is and no name in it.
    """
    found: set[str] = set()
    for path in paths:
        for form in _forms(os.path.join(cwd, path)):
            while form != "/":
                form = os.path.dirname(form)
                found.add(form)
    return frozenset(found)


class _Places:
    def __init__(
        self, roots: Iterable[Root], cwd: str, forms_of: Callable[[str], set[str]] | None = None
    ) -> None:
        exact: set[str] = set()
        prefixes: set[str] = set()
        for root in roots:
            forms = (forms_of or _forms)(os.path.join(cwd, root.path))
            exact |= forms
            if root.tree:
                prefixes |= {form.rstrip("/") + "/" for form in forms}
        self._exact = frozenset(exact)
        self._prefixes = tuple(sorted(prefixes))

    def hold(self, path: str) -> bool:
        return path in self._exact or path.startswith(self._prefixes)


def _written(path: str) -> set[str]:
    """A root as it is written."""
    return {manifest.normalise(path)}


def _forms(path: str) -> set[str]:
    """A root as written, with its directory resolved, and resolved whole: the last may be a link."""
    written = manifest.normalise(path)
    directory, name = os.path.split(written)
    return {written, os.path.join(os.path.realpath(directory), name), os.path.realpath(written)}
