# SPDX-License-Identifier: BSD-2-Clause
"""What a program may ask of its streams beyond reading and writing: terminal state and readiness."""

from __future__ import annotations

import fcntl
import select
import struct
from collections.abc import Callable
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.linux.convert import status_flags_from_host, status_flags_to_host
from elfhaven.normal.linux.files import FileTable

POLL_ENTRY: Final = struct.Struct("<IHH")  # file number, events asked for, events found
MAX_POLLED: Final = 1024
_LONGEST_MS: Final = 0x7FFF_FFFF  # what poll takes: 24 days
_QUERIES: Final = {linux.TCGETS: linux.TERMIOS_SIZE, linux.TIOCGWINSZ: linux.WINSIZE_SIZE, linux.FIONREAD: 4}


class Streams:
    """Calls on open streams; every method returns the call's result or raises OSError."""

    def __init__(self, files: FileTable) -> None:
        self._files = files

    def ask(self, number: int, request: int, out: memoryview) -> int:
        """ioctl: TCGETS, TIOCGWINSZ and FIONREAD alone. The structures are the same on every architecture."""
        size = _QUERIES.get(request)
        if size is None or size > len(out):
            raise OSError(linux.ERRNO["ENOTTY"], "not a request that is served")
        out[:size] = fcntl.ioctl(self._files.fd(number), request, bytes(size))
        return 0

    def control(self, number: int, command: int, argument: int) -> int:
        """fcntl: F_GETFL, and F_SETFL for the flags O_APPEND and O_NONBLOCK."""
        fd = self._files.fd(number)
        if command == linux.F_GETFL:
            return status_flags_from_host(fcntl.fcntl(fd, fcntl.F_GETFL))
        if command != linux.F_SETFL:
            raise OSError(linux.EINVAL, "not a command that is served")
        fcntl.fcntl(fd, fcntl.F_SETFL, status_flags_to_host(argument))
        self._files.set_status(number, bool(argument & linux.O_APPEND))
        return 0

    def poll(self, wanted: memoryview, found: memoryview, timeout_ns: int) -> int:
        """ppoll: waits for `wanted` and writes the same entries with the events found; their number.

        A negative `timeout_ns` waits for ever. Interrupted by signals of the caller only.
        """
        entries = poll_entries(wanted)
        if len(found) < len(entries) * POLL_ENTRY.size:
            raise OSError(linux.EINVAL, "too little room for the answer")
        poller = select.poll()
        numbers: dict[int, int] = {}
        for number, events in entries:
            fd = self._files.fd(number)
            numbers[fd] = numbers.get(fd, 0) | events
            poller.register(fd, numbers[fd])
        ready = dict(poller.poll(milliseconds(timeout_ns)))
        return self._answer(entries, ready, found)

    def _answer(self, entries: list[tuple[int, int]], ready: dict[int, int], found: memoryview) -> int:
        count = 0
        always = linux.POLLERR | linux.POLLHUP | linux.POLLNVAL
        for index, (number, events) in enumerate(entries):
            seen = ready.get(self._files.fd(number), 0) & (events | always)
            POLL_ENTRY.pack_into(found, index * POLL_ENTRY.size, number, events, seen)
            count += 1 if seen else 0
        return count


class Readiness:
    """Which of several blocking requests can go on: descriptors with events, each with a deadline."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def wait(
        self, waits: list[tuple[list[tuple[int, int]], float | None]], until: float | None
    ) -> list[bool]:
        """For each (descriptors and events, deadline in seconds of the clock): ready or past its time.

        Blocks until one is, or until `until`, a time of the clock.
        """
        poller = select.poll()
        wanted: dict[int, int] = {}
        for descriptors, _ in waits:
            for fd, events in descriptors:
                wanted[fd] = wanted.get(fd, 0) | events
        for fd, events in wanted.items():
            poller.register(fd, events)
        while True:
            ready = dict(poller.poll(self._pause([*waits, ([], until)])))
            now = self._clock()
            result = [_is_ready(descriptors, deadline, ready, now) for descriptors, deadline in waits]
            if any(result) or (until is not None and now >= until):
                return result

    def _pause(self, waits: list[tuple[list[tuple[int, int]], float | None]]) -> float | None:
        deadlines = [deadline for _, deadline in waits if deadline is not None]
        if not deadlines:
            return None
        return min(max(0.0, min(deadlines) - self._clock()) * 1000 + 1, _LONGEST_MS)


def _is_ready(
    descriptors: list[tuple[int, int]], deadline: float | None, ready: dict[int, int], now: float
) -> bool:
    if deadline is not None and now >= deadline:
        return True
    always = linux.POLLERR | linux.POLLHUP | linux.POLLNVAL
    return any(ready.get(fd, 0) & (events | always) for fd, events in descriptors)


def poll_entries(wanted: memoryview) -> list[tuple[int, int]]:
    """(file number, events) of each entry; EINVAL for a size that is no multiple or too many."""
    count, rest = divmod(len(wanted), POLL_ENTRY.size)
    if rest or count > MAX_POLLED:
        raise OSError(linux.EINVAL, "a list of files that is malformed or too long")
    return [(number, events) for number, events, _ in POLL_ENTRY.iter_unpack(wanted)]


def milliseconds(timeout_ns: int) -> float | None:
    """A timeout for select.poll, rounded up; None waits for ever."""
    rounded = -(-timeout_ns // 1_000_000)
    return None if timeout_ns < 0 or rounded > _LONGEST_MS else rounded
