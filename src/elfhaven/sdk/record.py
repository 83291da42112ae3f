# SPDX-License-Identifier: BSD-2-Clause
"""A manifest written by watching: the program runs once with nothing denied, and what it used is allowed.

The agent is asked what the program needed: it sees each path as the runtime sends it and as it really
lies, and the rule that each call wants. What the runtime serves itself (the system's own files of a packed
root, memory, time) needs no rule and is not seen.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import WHERE, Record
from elfhaven.errors import StateError, UsageError
from elfhaven.manifest import Manifest
from elfhaven.normal.handlers import Call
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.policy import LOOK, RootPolicy
from elfhaven.sdk.program import Result, run
from elfhaven.sdk.record_text import Recorded, Use, Variable, text_of
from elfhaven.sdk.root import SUITE, AnyPath, open_root
from elfhaven.target.look import CountingAgent, Look

if TYPE_CHECKING:
    from elfhaven.sdk.root import Root

NAME = "elfhaven.toml"
_ROUNDS = 8  # of opening libraries that open libraries
_OWN = ("proc", "sys", "dev", "run")  # of every machine: a program that brings its system does without
_EXECUTE = 4
_OF_LIBRARIES = re.compile(r"LANG|LANGUAGE|LC_\w+|TZ|TZDIR|TERM|TMPDIR|HOME")
_LOUD = (
    "recording: for this one run the program may read and write every file that you may, "
    "and sees all variables"
)


@dataclass(slots=True)
class _Seen:
    uses: dict[str, Use] = field(default_factory=dict)  # by path as written
    libraries: dict[str, str] = field(default_factory=dict)  # path: the call that wanted it
    opened: dict[int, str] = field(default_factory=dict)  # descriptors of the program

    def agent(self, policy: RootPolicy, streams: tuple[int, int, int], system: SystemFiles) -> _Recorder:
        return _Recorder(self, policy, streams, system)

    def use(self, path: str, rule: str, call: str, result: int) -> None:
        self.uses.setdefault(path, Use(path)).add(rule, call, result)

    def record(self, record: Record) -> None:
        """Follows which library is mapped as code: only of those that are packed can be."""
        if record.name == "openat" and record.result >= 0 and 1 in record.texts:
            self.opened[record.result] = os.fsdecode(record.texts[1])
        elif record.name == "mmap" and record.served == WHERE[3] and record.args[2] & _EXECUTE:
            path = self.opened.get(record.args[4] & 0xFFFF_FFFF)
            if path is not None:
                self.libraries[path] = "mmap"


class _Policy(RootPolicy):
    """Allows what RootPolicy allows, and keeps what was asked."""

    asked: list[tuple[str, str]]

    def allows(self, rule: str, path: str) -> bool:
        self.asked.append((rule, path))
        return super().allows(rule, path)


class _Recorder(CountingAgent):
    def __init__(
        self, seen: _Seen, policy: RootPolicy, streams: tuple[int, int, int], system: SystemFiles
    ) -> None:
        watched = _Policy.__new__(_Policy)
        watched.__dict__.update(policy.__dict__)
        watched.asked = []
        super().__init__(watched, streams, system)
        self._policy, self._seen, self._system = watched, seen, system
        self._names = {row.number: row.name for row in LINUX.rows}

    def perform(self, call: Call) -> int:
        self._policy.asked.clear()
        result = super().perform(call)
        rules = [rule for rule, _ in self._policy.asked]
        name = self._names[call.number]
        for raw, rule in zip(call.paths, rules or [LOOK] * len(call.paths), strict=False):
            path = os.path.normpath(os.fsdecode(raw))
            if not self._system.holds(path):  # the program's own, not the normal world's
                self._seen.use(path, rule, name, result)
        for rule, real in self._policy.asked:
            self._seen.use(os.path.normpath(real), rule, name, result)
        return result


def record(
    program: AnyPath,
    *arguments: str,
    output: AnyPath = NAME,
    force: bool = False,
    any_arguments: bool = False,
    sysroot: AnyPath | None = None,
    debian: Sequence[str] = (),
    suite: str = SUITE,
    cwd: AnyPath | None = None,
    on_note: Callable[[str], None] = print,
    **how: Any,
) -> Result:
    """Runs a program in the emulator, allowed everything, and writes the smallest manifest for it.

    With `any_arguments` the manifest leaves the arguments to the caller. `how` is for run(). Raises
    UsageError where `output` is there already and `force` is not set, and what run() raises.
    """
    target = Path(output)
    if target.exists() and not force:
        raise UsageError(f"{target} is there already", "name another file with -o, or take --force")
    root = open_root(sysroot, debian, suite, on_note)
    place = os.path.abspath(cwd) if cwd is not None else os.getcwd()
    on_note(_LOUD)
    result, seen = _watch(program, arguments, root, place, on_note, sysroot, debian, suite, how)
    argv = () if any_arguments else (os.fspath(program), *arguments)
    variables = _variables(_images(program, root), how.get("env") or os.environ)
    found = Recorded(place, seen.uses, seen.libraries, variables, argv, result.most_memory)
    try:
        target.write_text(text_of(found))
    except OSError as error:
        raise StateError(
            f"{target} cannot be written: {error.strerror}", "name another file with -o"
        ) from None
    return result


def _watch(
    program: AnyPath,
    arguments: tuple[str, ...],
    root: Root | None,
    cwd: str,
    on_note: Callable[[str], None],
    sysroot: AnyPath | None,
    debian: Sequence[str],
    suite: str,
    how: dict[str, Any],
) -> tuple[Result, _Seen]:
    """Again with the libraries that it opened, until it opens no more: they must be packed."""
    libraries: dict[str, str] = {}
    for _ in range(_ROUNDS):
        seen = _Seen(libraries=dict(libraries))
        result = run(
            program,
            *arguments,
            manifest=_permissive(root, cwd, tuple(libraries)),
            look=Look(agent=seen.agent),
            on_call=seen.record,
            sysroot=sysroot,
            debian=debian,
            suite=suite,
            cwd=cwd,
            on_note=on_note,
            **how,
        )
        if seen.libraries == libraries:
            break
        libraries = seen.libraries
        on_note(f"it opens {len(libraries)} libraries while it runs: it runs again with them")
    return result, seen


def _permissive(root: Root | None, cwd: str, libraries: tuple[str, ...]) -> Manifest:
    """Everything; of a program that brings its system, everything that this system does not have."""
    from elfhaven.manifest import Environment, Files

    write: tuple[str, ...] = ("/",)
    if root is not None:
        taken = {entry.name for entry in root.path.iterdir() if not entry.is_dir() or any(entry.iterdir())}
        others = (entry.path for entry in os.scandir("/") if entry.name not in taken | {*_OWN})
        write = (*sorted(others), cwd)
    names = tuple(sorted(name for name in os.environ if name and "=" not in name))
    files = Files(write=write, libraries=libraries)
    return Manifest(debug=True, env=Environment(allow=names), files=files)


def _images(program: AnyPath, root: Root | None) -> list[bytes]:
    if root is None:
        return [Path(program).read_bytes()]
    from elfhaven.image.libraries import collect

    return [each.elf.data for each in collect(root.path, root.program(os.fspath(program)))]


def _variables(images: Sequence[bytes], env: Any) -> tuple[Variable, ...]:
    """Those of the caller's variables whose names stand in the program, and what libraries read for everyone:
    reading one is no call."""
    found = []
    for name in sorted(env):
        raw = b"\0" + os.fsencode(name) + b"\0"
        own = len(name) > 1 and any(raw in image for image in images[:1])
        if own or (_OF_LIBRARIES.fullmatch(name) and any(raw in image for image in images)):
            found.append(Variable(name, own))
    return tuple(found)
