# SPDX-License-Identifier: BSD-2-Clause
"""A program under gdb, in the emulator: `with debugging(...) as session`, then run it with
session.observe."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from elfhaven.errors import UsageError
from elfhaven.sdk.root import AnyPath, open_root
from elfhaven.target.gdb import Stub, Wire, listen
from elfhaven.target.gdb.wire import LOOPBACK
from elfhaven.target.inside import Inside
from elfhaven.target.symbols import files_of

if TYPE_CHECKING:
    from elfhaven.machine.watched_engine import WatchedEngine
    from elfhaven.packing import PackedTa

_SLICE = 0.2  # seconds


class Debugging:
    """A port that waits for gdb. `status` is to be set to the program's, for gdb to be told."""

    def __init__(
        self,
        listening: socket.socket,
        program: str,
        root: tuple[Path, str] | None,
        report: Callable[[str], None],
    ) -> None:
        self._listening = listening
        self._program, self._root = program, root
        self._report = report
        self._stub: Stub | None = None
        self.status: int | None = None

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def observe(self, packed: PackedTa) -> Stub:
        """For target.look.Look. UsageError where the signed manifest does not allow it."""
        if not packed.debug:
            raise UsageError(
                "--gdb looks inside, and this program's signed manifest does not allow that",
                "add `debug = true` to elfhaven.toml",
            )
        inside = Inside(packed)
        self._stub = Stub(inside, self._files(packed, inside), self._connect)
        return self._stub

    def close(self) -> None:
        if self._stub is not None:
            self._stub.ended(self.status)
        self._listening.close()

    def _files(self, packed: PackedTa, inside: Inside) -> Iterator[tuple[str, int]]:
        with as_file(files("elfhaven") / "runtime.elf") as runtime:
            yield str(runtime), 0
        root, path = self._root or (None, None)
        bases = {image.name: image.base for image in inside.images}
        for name, file in files_of(packed, self._program, root, path):
            yield str(Path(file).absolute()), bases[name]

    def _connect(self, engine: WatchedEngine) -> Wire | None:
        self._report(
            f"the program stands at its entry and waits for gdb: "
            f"gdb-multiarch -ex 'target remote {LOOPBACK}:{self.port}'"
        )
        while not engine.interrupted:
            if select.select([self._listening], [], [], _SLICE)[0]:
                connected, _ = self._listening.accept()
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                assert self._stub is not None
                return Wire(connected, self._stub.ask)
        return None


@contextmanager
def debugging(
    port: int,
    program: AnyPath,
    report: Callable[[str], None],
    *,
    sysroot: AnyPath | None = None,
    debian: Sequence[str] = (),
    suite: str = "",
) -> Iterator[Debugging]:
    """Waits on `port` of the loopback interface (0: any that is free). UsageError where it cannot be had."""
    listening = listen(port)
    root = open_root(sysroot, debian, suite, report)
    place = (root.path, root.program(str(program))) if root is not None else None
    session = Debugging(listening, str(program), place, report)
    try:
        yield session
    finally:
        session.close()
