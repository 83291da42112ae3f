# SPDX-License-Identifier: BSD-2-Clause
"""Children of a running program: each a session of its own, driven by a thread of this process.

A child that runs when its parent ends is asked to end too, as a container ends with its first process.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from elfhaven.abi.gp import TEE_ERROR_OUT_OF_MEMORY
from elfhaven.errors import ElfhavenError, ProgramFault, TeeError
from elfhaven.manifest import Policy, decode, decode_tree
from elfhaven.normal.control import Identity
from elfhaven.normal.linux.children import Birth, End, Start
from elfhaven.normal.linux.system import SystemFiles
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process
from elfhaven.packing import PackedTa

if TYPE_CHECKING:
    from elfhaven.normal.client import Session
    from elfhaven.target.look import MakeAgent
    from elfhaven.target.targets import Target

_PATIENCE: Final = 2.0  # seconds in which a child that was asked to end does so


@dataclass(frozen=True, slots=True)
class Family:
    """What children of one run have in common. `members`: the packed programs that can be started."""

    target: Target
    members: Mapping[UUID, PackedTa]
    agent: MakeAgent
    report: Callable[[str], None]
    trace: Callable[[str], None] | None = None
    root: Path | None = None

    def starter(self, policy: Policy, cwd: str, pid: int) -> Start:
        """Starts what `policy` names, for the program `pid` whose first working directory is `cwd`."""

        def start(birth: Birth) -> Running:
            program = policy.program(birth.path, cwd)
            packed = self.members.get(program.uuid) if program is not None else None
            if packed is None:
                raise OSError(errno.EACCES, "no program that the policy names")
            if packed.audit_required:
                self.report(f"{birth.path}: its signed manifest wants an audit log, and a child has none")
                raise OSError(errno.EACCES, "no audit log")
            return Running(self, packed, self._open(packed, birth.path), birth, pid)

        return start

    def _open(self, packed: PackedTa, path: str) -> Session:
        try:
            return self.target.context.open_session(packed.uuid)
        except TeeError as error:
            self.report(f"{path} could not be started: {error.cause}")
            code = errno.ENOMEM if error.code == TEE_ERROR_OUT_OF_MEMORY else errno.EACCES
            raise OSError(code, error.cause) from None


class Running:
    """A child that was started; see normal.linux.children.Child."""

    def __init__(self, family: Family, packed: PackedTa, session: Session, birth: Birth, parent: int) -> None:
        self._family = family
        self._session = session
        self._birth = birth
        self._end = End(0, signal.SIGKILL)
        policy = decode(packed.policy) if packed.policy else Policy()
        system = system_of(packed, family.root)
        self._agent = family.agent(RootPolicy.of(policy, birth.cwd), birth.streams, system)
        self._agent.handlers.children.start = family.starter(policy, birth.cwd, birth.pid)
        trace = family.trace if packed.debug else None
        self._process = Process(session, self._agent, trace=trace, report=self._report)
        self._env = environment(policy, birth.env)
        self._identity = replace(Identity.of_this_process(), pid=birth.pid, ppid=parent)
        self.done, self._over = os.pipe()
        self._thread = threading.Thread(target=self._run, name=birth.path, daemon=True)
        self._thread.start()

    def end(self) -> End:
        return self._end

    def close(self) -> None:
        if self._thread.is_alive():
            self._process.ask(signal.SIGHUP)
            self._thread.join(_PATIENCE)
        os.close(self.done)

    def _run(self) -> None:
        try:
            status = self._process.run(self._birth.argv, self._env, self._birth.cwd, self._identity)
            last = self._process.last
            self._end = End(status, last.exit_signal if last is not None else 0)
        except ProgramFault as error:
            self._report(f"died inside: {error.cause}")
            self._end = End(0, signal.SIGSEGV)
        except ElfhavenError as error:
            self._report(error.cause)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._agent.close()
        for fd in self._birth.streams:
            with suppress(OSError):
                os.close(fd)
        with suppress(ElfhavenError):
            self._session.close()
        os.close(self._over)

    def _report(self, line: str) -> None:
        self._family.report(f"{os.path.basename(self._birth.path)}: {line}")


def environment(policy: Policy, given: Mapping[str, str]) -> dict[str, str]:
    """Only what the policy lets in is sent; fixed values are the runtime's own."""
    return {name: given[name] for name, value in policy.env if value is None and name in given}


def system_of(
    packed: PackedTa, root: Path | None, report: Callable[[str], None] | None = None
) -> SystemFiles:
    """The files of the system that the program comes from, in `root` on this machine."""
    entries = decode_tree(packed.tree) if packed.tree else ()
    return SystemFiles(root, (entry.path for entry in entries if stat.S_ISREG(entry.mode)), report)
