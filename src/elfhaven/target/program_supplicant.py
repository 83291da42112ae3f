# SPDX-License-Identifier: BSD-2-Clause
"""A system's own tee-supplicant as the supplicant of an emulator: a process of its normal world."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from elfhaven.errors import ElfhavenError, TargetError, UsageError
from elfhaven.normal.ree.paths import SUPPLICANT
from elfhaven.normal.ree.process import Process
from elfhaven.normal.ree.supplicant_device import SupplicantDevice
from elfhaven.normal.supplicant.forward import Forward
from elfhaven.normal.supplicant.requests import Requests

if TYPE_CHECKING:
    from elfhaven.normal.rpc import Service
    from elfhaven.target.emulator import Emulator

PROGRAM: Final = "usr/sbin/tee-supplicant"
PLUGINS: Final = "/usr/lib/tee-supplicant/plugins/"
_KEPT: Final = 20  # lines that it printed last
_START: Final = 30.0  # seconds that it has until it asks for its first request


class ProgramSupplicant:
    """tee-supplicant of the system at `root`. `services` are for the emulator that it serves, which is given
    to `start`; it must have stopped when that ends. Close it."""

    def __init__(self, root: Path) -> None:
        self._program = root / PROGRAM
        if not self._program.is_file():
            raise UsageError(f"there is no {self._program}", "unpack Debian's package tee-supplicant there")
        self._root = root
        self._requests = Requests()
        self._forward = Forward(self._requests)
        self._lines: deque[bytes] = deque(maxlen=_KEPT)
        self._process: Process | None = None
        self._thread: threading.Thread | None = None
        self._ended = "it was not started"

    def services(self) -> dict[int, Service]:
        return self._forward.services()

    def start(self, emulator: Emulator, files: Path, stores: Sequence[Path]) -> None:
        """Has it serve TAs of `stores` and keep its files in the directory `files`. TargetError where
        it does not begin to serve."""
        words = ["tee-supplicant", "-f", str(files.resolve()), "-p", PLUGINS]
        words += ["-l", ":".join(str(store.resolve()) for store in stores), SUPPLICANT]
        self._process = process = Process(
            emulator.driver,
            emulator.normal,
            sysroot=self._root,
            stdout=self._lines.append,
            stderr=self._lines.append,
            devices={SUPPLICANT: self._node},
        )
        self._thread = threading.Thread(
            target=self._run, args=(process, words), name="supplicant", daemon=True
        )
        self._thread.start()
        emulator.at_interrupt.append(self._requests.end)
        if not self._requests.served.wait(_START) or self._ended:
            raise TargetError(
                f"{self._program} does not serve: {self._ended or 'it asks for nothing'}{self._said()}"
            )

    def _node(self, process: Process) -> SupplicantDevice:
        made = SupplicantDevice(process, self._requests)
        self._forward.memory = made.shared
        return made

    def _run(self, process: Process, words: list[str]) -> None:
        self._ended = ""
        try:
            status = process.run(self._program, words, {"PATH": "/usr/bin:/usr/sbin"})
            self._ended = f"it ended with status {status}"
        except ElfhavenError as error:
            self._ended = str(error)
        finally:
            self._requests.end()

    def _said(self) -> str:
        text = b"".join(self._lines).decode(errors="replace").strip()
        return f"; it said: {text}" if text else ""

    def stop(self) -> None:
        """Ends it; what it is asked for from now on is answered as where there is no supplicant."""
        process, self._process = self._process, None
        if process is not None and self._thread is not None:
            process.kill()
            self._thread.join()

    def close(self) -> None:
        """After the emulator."""
        self.stop()
        self._requests.close()
