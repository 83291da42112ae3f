# SPDX-License-Identifier: BSD-2-Clause
"""The yardstick of a delegated call: an InvokeCommand that the TA answers at once."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import elfhaven
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory


def bare(program: Path, work: Path, count: int) -> float:
    """Microseconds of one InvokeCommand (a command that the container refuses) on a session of `program`."""
    packed = elfhaven.pack(program)
    with (
        Emulator(
            StateDirectory(str(work / "state")), images={packed.uuid: packed.path.read_bytes()}
        ) as device,
        device.context.open_session(packed.uuid) as session,
    ):
        start = time.perf_counter()
        for _ in range(count):
            with contextlib.suppress(elfhaven.TeeError):
                session.invoke(0)
        return (time.perf_counter() - start) / count * 1e6
