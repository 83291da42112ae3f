# SPDX-License-Identifier: BSD-2-Clause
"""Programs run inside under an agent of the test's choosing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tests.support import zig

from elfhaven import manifest as manifests
from elfhaven.abi.container import State
from elfhaven.errors import ElfhavenError
from elfhaven.manifest import Policy, decode
from elfhaven.normal.agent import Agent
from elfhaven.normal.audit import AuditLog
from elfhaven.normal.client import Session
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process
from elfhaven.packing import PackedTa, pack, signer
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

SomeAgent = TypeVar("SomeAgent", bound=Agent)
MakeAgent = Callable[[RootPolicy, tuple[int, int, int]], SomeAgent]
MANIFEST = 'debug = true\n[files]\nread = ["in/"]\nwrite = ["out/"]\n'

# What the programs share: a call by number with its errno, and a line of output for each.
PRELUDE = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#define CALL(...) ({ long r_ = syscall(__VA_ARGS__); r_ < 0 ? -(long)errno : r_; })
static void say(const char *form, ...) {
    char line[512];
    va_list args;
    va_start(args, form);
    int n = vsnprintf(line, sizeof line - 1, form, args);
    va_end(args);
    line[n++] = '\n';
    if (write(1, line, n) != n)
        _exit(99);
}
/* A buffer between two guards: `intact` says whether they stand. */
static struct { unsigned char before[64], data[4096], after[4096]; } room;
static void guard(void) { memset(&room, 0xa5, sizeof room); }
static int intact(unsigned long used) {
    for (unsigned long i = 0; i < sizeof room.before; i++)
        if (room.before[i] != 0xa5)
            return 0;
    for (unsigned char *p = room.data + used; p < room.after + sizeof room.after; p++)
        if (*p != 0xa5)
            return 0;
    return 1;
}
"""


@dataclass
class Outcome(Generic[SomeAgent]):
    """How a run ended. `error` is what run() raised; `status` is None then."""

    agent: SomeAgent
    status: int | None
    output: bytes
    denied: tuple[str, ...]
    violated: tuple[str, ...]
    error: ElfhavenError | None
    state: int

    @property
    def lines(self) -> list[str]:
        return self.output.decode(errors="replace").splitlines()


class Device:
    """One emulated device for the tests of a module; `place` has `in` (readable) and `out` (writable)."""

    def __init__(self, root: Path) -> None:
        self.place = root / "place"
        for name in ("in", "out", "secret"):
            (self.place / name).mkdir(parents=True, exist_ok=True)
        (self.place / "in/data").write_bytes(bytes(range(256)) * 4)
        (self.place / "secret/key").write_bytes(b"not for programs")
        self._packed: dict[tuple[str, str], PackedTa] = {}
        self.state = StateDirectory(root / "state")
        self.emulator = Emulator(self.state)

    def close(self) -> None:
        self.emulator.context.close()
        self.emulator.driver.close()  # gives back the buffers that it kept for reuse
        leaks = self.emulator.core.leaks()
        self.emulator.close()
        assert not any(leaks.values()), leaks

    def pack(self, source: str, text: str = MANIFEST) -> PackedTa:
        key = (source, text)
        if key not in self._packed:
            program = zig.compile_program(PRELUDE + source)
            packed = pack(program, manifests.loads(text), self.place, signer(None))
            self.state.install(packed.uuid, packed.path.read_bytes())
            self._packed[key] = packed
        return self._packed[key]

    @contextmanager
    def session(self, packed: PackedTa) -> Iterator[Session]:
        with self.emulator.context.open_session(packed.uuid) as session:
            yield session

    def policy(self, packed: PackedTa) -> RootPolicy:
        decoded = decode(packed.policy) if packed.policy else Policy()
        return RootPolicy.of(decoded, str(self.place))

    def run(
        self,
        source: str,
        make: MakeAgent[SomeAgent],
        *arguments: str,
        text: str = MANIFEST,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        audit: AuditLog | None = None,
        hook: Callable[[SomeAgent, Session], None] | None = None,
    ) -> Outcome[SomeAgent]:
        """Runs a C program to its end. `hook` gets the agent and the session before it starts."""
        packed = self.pack(source, text)
        with _streams(stdin) as (streams, output), self.session(packed) as session:
            agent = make(self.policy(packed), streams)
            if hook is not None:
                hook(agent, session)
            process = Process(session, agent, audit=audit)
            status, error = _finish(process, ["prog", *arguments], env or {}, str(self.place))
            agent.close()
            last = process.last
            state = last.state if last else State.NONE
            return Outcome(agent, status, output(), process.denied, process.violated, error, state)


def _finish(
    process: Process, argv: Sequence[str], env: Mapping[str, str], cwd: str
) -> tuple[int | None, ElfhavenError | None]:
    try:
        return process.run(argv, env, cwd), None
    except ElfhavenError as error:
        return None, error


@contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[tuple[int, int, int], Callable[[], bytes]]]:
    """Standard streams: a pipe with `stdin` in it and closed behind it, and a file for the output."""
    reader, writer = os.pipe()
    os.write(writer, stdin)
    os.close(writer)
    out = os.memfd_create("output")
    try:
        yield (reader, out, out), lambda: os.pread(out, 1 << 20, 0)
    finally:
        os.close(reader)
        os.close(out)
