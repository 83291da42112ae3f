# SPDX-License-Identifier: BSD-2-Clause
"""A process by its number and the moment it started, so that a number used again is not taken for it."""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

_STATE, _START = 0, 19  # fields of /proc/<pid>/stat behind the name, proc_pid_stat(5): 3 and 22
_GONE = ("Z", "X")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """`start`: clock ticks since the host's boot."""

    pid: int
    start: int

    @classmethod
    def parse(cls, stat: str) -> ProcessId | None:
        """From a line of /proc/<pid>/stat; None for anything else."""
        fields = _fields(stat)
        number = stat.partition(" ")[0]
        if len(fields) <= _START or not number.isdigit() or not fields[_START].isdigit():
            return None
        return cls(int(number), int(fields[_START]))

    @property
    def alive(self) -> bool:
        """Whether this very process runs; one that only waits to be reaped does not."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        return self.parse(stat) == self and _fields(stat)[_STATE] not in _GONE

    def end(self, patience: float = 3.0) -> None:
        """Ends the process: politely, then by force. Returns when it is gone, at once if it was."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, None)):
                if not self.alive:  # looked at behind the handle: a number used again is never hit
                    return
                signal.pidfd_send_signal(handle, number)
                if select.select([handle], [], [], seconds)[0]:
                    return
        finally:
            os.close(handle)


def boot_id() -> str:
    """Names this boot of the host: pids and start times are of one boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _fields(stat: str) -> list[str]:
    return stat.rpartition(")")[2].split()
