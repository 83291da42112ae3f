# SPDX-License-Identifier: BSD-2-Clause
"""Calls that wait for several files: ppoll, pselect6, epoll."""

from __future__ import annotations

import select
import struct
import time
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.normal.ree.calls.words import error, int32, uint32
from elfhaven.normal.ree.handles import Handle
from elfhaven.normal.ree.threads import Outcome, Thread, Wait

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_POLLFD: Final = struct.Struct("<iHH")
_ALWAYS: Final = linux.POLLERR | linux.POLLHUP | linux.POLLNVAL
_READABLE: Final = linux.POLLIN | linux.POLLHUP | linux.POLLERR
_WRITABLE: Final = linux.POLLOUT | linux.POLLERR
_EVENT: Final = struct.Struct("<IIQ")  # struct epoll_event, not packed on arm64
EPOLL_ADD, EPOLL_DEL, EPOLL_MOD = 1, 2, 3
_ONESHOT: Final = 1 << 30
_NSEC: Final = 10**9


class Epoll(Handle):
    """An epoll instance: (events, data) by descriptor."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: dict[int, tuple[int, int]] = {}


class PollCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._files = process.files

    # ---- ppoll

    def sys_ppoll(self, address: int, count: int, timeout: int, mask: int) -> Outcome:
        if count > 1024:
            raise error("EINVAL")
        entries = [e[:2] for e in _POLLFD.iter_unpack(self._memory.read(address, _POLLFD.size * count))]
        thread = self._masked(mask)

        def answer(found: dict[int, int]) -> int:
            out = [(fd, events, found.get(at, 0)) for at, (fd, events) in enumerate(entries)]
            self._memory.write(address, b"".join(_POLLFD.pack(*entry) for entry in out))
            self._unmask(thread, mask)
            return sum(bool(entry[2]) for entry in out)

        def attempt() -> Outcome:
            found = self._poll(entries)
            if found or (deadline is not None and time.monotonic_ns() >= deadline):
                return answer(found)
            return wait

        deadline = self._deadline(timeout)
        wait = Wait(attempt, self._hosts(entries), deadline, restart=False)
        return attempt()

    def _poll(self, entries: list[tuple[int, int]]) -> dict[int, int]:
        """Events by place in the list."""
        found: dict[int, int] = {}
        poller = select.poll()
        hosts: dict[int, int] = {}
        for at, (fd, events) in enumerate(entries):
            if fd < 0:
                continue
            if fd not in self._files:
                found[at] = linux.POLLNVAL
                continue
            host = self._files[fd].fileno()
            if host < 0:
                found[at] = events & (linux.POLLIN | linux.POLLOUT)
                continue
            poller.register(host, hosts.get(host, 0) | events)
            hosts[host] = hosts.get(host, 0) | events
        ready = dict(poller.poll(0)) if hosts else {}
        for at, (fd, events) in enumerate(entries):
            if at not in found and fd >= 0:
                found[at] = ready.get(self._files[fd].fileno(), 0) & (events | _ALWAYS)
        return {at: events for at, events in found.items() if events}

    def _hosts(self, entries: list[tuple[int, int]]) -> list[tuple[int, int]]:
        open_entries = [(fd, events) for fd, events in entries if fd >= 0 and fd in self._files]
        pairs = [(self._files[fd].fileno(), events) for fd, events in open_entries]
        return [pair for pair in pairs if pair[0] >= 0]

    def _deadline(self, timeout: int) -> int | None:
        if not timeout:
            return None
        seconds, nanoseconds = struct.unpack("<qq", self._memory.read(timeout, 16))
        if seconds < 0 or not 0 <= nanoseconds < _NSEC:
            raise error("EINVAL")
        return time.monotonic_ns() + int(seconds) * _NSEC + int(nanoseconds)

    def _masked(self, mask: int) -> Thread | None:
        """Sets the signal mask for the length of a call."""
        thread = self._process.scheduler.current
        if mask and thread is not None:
            thread.mask_to_restore = thread.mask
            thread.mask = self._memory.read_u64(mask)
        return thread

    def _unmask(self, thread: Thread | None, mask: int) -> None:
        if mask and thread is not None and thread.mask_to_restore is not None:
            thread.mask, thread.mask_to_restore = thread.mask_to_restore, None

    # ---- pselect6

    def sys_pselect6(self, count: int, reads: int, writes: int, rest: int, timeout: int) -> Outcome:
        count = int32(count)
        size = (count + 63) // 64 * 8
        sets = [self._read_set(address, size) for address in (reads, writes, rest)]
        wanted = (linux.POLLIN, linux.POLLOUT, linux.POLLPRI)
        entries = [
            (fd, sum(event for event, bits in zip(wanted, sets, strict=True) if bits >> fd & 1))
            for fd in range(count)
            if any(bits >> fd & 1 for bits in sets)
        ]
        if any(fd not in self._files for fd, _ in entries):
            raise error("EBADF")
        deadline = self._deadline(timeout)

        def attempt() -> Outcome:
            found = self._poll(entries)
            if not found and (deadline is None or time.monotonic_ns() < deadline):
                return Wait(attempt, self._hosts(entries), deadline, restart=False)
            masks = (_READABLE, _WRITABLE, linux.POLLPRI)
            total = 0
            for address, bits, mask in zip((reads, writes, rest), sets, masks, strict=True):
                out = sum(1 << entries[at][0] for at, events in found.items() if events & mask) & bits
                total += out.bit_count()
                if address:
                    self._memory.write(address, out.to_bytes(size, "little"))
            return total

        return attempt()

    def _read_set(self, address: int, size: int) -> int:
        return int.from_bytes(self._memory.read(address, size), "little") if address and size else 0

    # ---- epoll

    def sys_epoll_create1(self, flags: int) -> int:
        return self._files.add(Epoll(), flags)

    def sys_epoll_ctl(self, number: int, operation: int, fd: int, event: int) -> int:
        epoll = self._epoll(number)
        fd = uint32(fd)
        self._files[fd]
        if (operation == EPOLL_ADD) == (fd in epoll.watched):
            raise error("EEXIST" if operation == EPOLL_ADD else "ENOENT")
        if operation == EPOLL_DEL:
            del epoll.watched[fd]
        elif operation in (EPOLL_ADD, EPOLL_MOD):
            events, _, data = _EVENT.unpack(self._memory.read(event, _EVENT.size))
            epoll.watched[fd] = (events, data)
        else:
            raise error("EINVAL")
        return 0

    def sys_epoll_pwait(self, number: int, out: int, limit: int, timeout: int) -> Outcome:
        epoll, pause = self._epoll(number), int32(timeout)
        if int32(limit) <= 0:
            raise error("EINVAL")
        deadline = None if pause < 0 else time.monotonic_ns() + pause * 1_000_000

        def attempt() -> Outcome:
            watched = [(fd, how) for fd, how in epoll.watched.items() if fd in self._files]
            entries = [(fd, events & 0xFFFF) for fd, (events, _) in watched]
            found = list(self._poll(entries).items())[: int32(limit)]
            if not found and (deadline is None or time.monotonic_ns() < deadline):
                return Wait(attempt, self._hosts(entries), deadline, restart=False)
            made = b""
            for at, events in found:
                fd, (asked, data) = watched[at]
                made += _EVENT.pack(events, 0, data)
                if asked & _ONESHOT:
                    epoll.watched[fd] = (0, data)
            self._memory.write(out, made)
            return len(found)

        return attempt()

    def _epoll(self, number: int) -> Epoll:
        epoll = self._files[number]
        if not isinstance(epoll, Epoll):
            raise error("EINVAL")
        return epoll
