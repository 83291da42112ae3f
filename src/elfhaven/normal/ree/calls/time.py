# SPDX-License-Identifier: BSD-2-Clause
"""Calls on time: the host's clocks, sleeping, and the interval timer."""

from __future__ import annotations

import os
import struct
import time
from typing import TYPE_CHECKING, Final

from elfhaven.normal.ree.calls.words import error, int32
from elfhaven.normal.ree.threads import Outcome, SignalInfo, Wait

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_TIME: Final = struct.Struct("<qq")
_NSEC: Final = 10**9
_TIMER_ABSTIME: Final = 1
_REALTIME: Final = (0, 5, 11)
_SIGALRM: Final = 14


class TimeCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory

    def sys_clock_gettime(self, clock: int, out: int) -> int:
        now = time.clock_gettime_ns(int32(clock)) if int32(clock) >= 0 else time.process_time_ns()
        self._memory.write(out, _TIME.pack(*divmod(now, _NSEC)))
        return 0

    def sys_clock_getres(self, clock: int, out: int) -> int:
        if not 0 <= int32(clock) <= 11:
            raise error("EINVAL")
        if out:
            self._memory.write(out, _TIME.pack(0, 1))
        return 0

    def sys_gettimeofday(self, out: int, zone: int) -> int:
        seconds, nanoseconds = divmod(time.time_ns(), _NSEC)
        if out:
            self._memory.write(out, _TIME.pack(seconds, nanoseconds // 1000))
        if zone:
            self._memory.write(zone, bytes(8))
        return 0

    def sys_times(self, out: int) -> int:
        used = os.times()
        if out:
            ticks = [int(part * 100) for part in used[:4]]
            self._memory.write(out, struct.pack("<4q", *ticks))
        return int(used.elapsed * 100)

    def sys_nanosleep(self, wanted: int, left: int) -> Outcome:
        return self._sleep(time.monotonic_ns() + self._duration(wanted), left)

    def sys_clock_nanosleep(self, clock: int, flags: int, wanted: int, left: int) -> Outcome:
        span = self._duration(wanted)
        if not flags & _TIMER_ABSTIME:
            return self._sleep(time.monotonic_ns() + span, left)
        ahead = time.time_ns() - time.monotonic_ns() if int32(clock) in _REALTIME else 0
        return self._sleep(span - ahead, 0)

    def _duration(self, address: int) -> int:
        seconds, nanoseconds = _TIME.unpack(self._memory.read(address, _TIME.size))
        if seconds < 0 or not 0 <= nanoseconds < _NSEC:
            raise error("EINVAL")
        return int(seconds) * _NSEC + int(nanoseconds)

    def _sleep(self, deadline: int, left: int) -> Outcome:
        if deadline <= time.monotonic_ns():
            return 0

        def tell() -> None:
            if left:
                rest = max(deadline - time.monotonic_ns(), 0)
                self._memory.write(left, _TIME.pack(*divmod(rest, _NSEC)))

        return Wait(lambda: 0, (), deadline, tell, restart=False)

    # ---- the interval timer

    def sys_setitimer(self, which: int, new: int, old: int) -> int:
        """ITIMER_REAL alone: the others count a CPU time that has no meaning here."""
        if which != 0:
            raise error("EINVAL")
        words = struct.unpack("<4q", self._memory.read(new, 32)) if new else (0, 0, 0, 0)
        if old:
            self.sys_getitimer(which, old)
        interval = int(words[0]) * _NSEC + int(words[1]) * 1000
        value = int(words[2]) * _NSEC + int(words[3]) * 1000
        self._process.scheduler.set_alarm(
            time.monotonic_ns() + value if value else None, interval, self._ring
        )
        return 0

    def sys_getitimer(self, which: int, out: int) -> int:
        if which != 0:
            raise error("EINVAL")
        deadline, interval = self._process.scheduler.alarm
        left = 0 if deadline is None else max(deadline - time.monotonic_ns(), 1000)
        words = (*divmod(interval // 1000, 10**6), *divmod(left // 1000, 10**6))
        self._memory.write(out, struct.pack("<4q", *words))
        return 0

    def _ring(self) -> None:
        self._process.signals.send(SignalInfo(_SIGALRM))
