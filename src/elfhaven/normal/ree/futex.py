# SPDX-License-Identifier: BSD-2-Clause
"""futex(2): wait and wake by the address of a word. Private and shared are alike: there is one process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.normal.ree.memory import UserMemory
from elfhaven.normal.ree.scheduler import Scheduler
from elfhaven.normal.ree.threads import Outcome, Thread, Wait

WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET = 0, 1, 3, 4, 5, 9, 10
CLOCK_REALTIME: Final = 256
_COMMAND: Final = 0x7F
ANY: Final = 0xFFFF_FFFF
_WAITERS: Final = 0x8000_0000
_OWNER_DIED: Final = 0x4000_0000
_TID: Final = 0x3FFF_FFFF
_ROBUST_LIMIT: Final = 2048
EAGAIN: Final = linux.ERRNO["EAGAIN"]
ETIMEDOUT: Final = linux.ERRNO["ETIMEDOUT"]


@dataclass(slots=True, eq=False)
class Waiter:
    thread: Thread
    address: int
    bits: int


class Futexes:
    """Who waits where, in the order of coming."""

    def __init__(self, memory: UserMemory, scheduler: Scheduler) -> None:
        self._memory = memory
        self._scheduler = scheduler
        self._waiters: dict[int, list[Waiter]] = {}

    def call(self, address: int, op: int, value: int, extra: int, second: int, value3: int) -> Outcome:
        """The system call. `extra` is the address of a timeout, or a count."""
        if address % 4:
            raise OSError(linux.EINVAL, "a futex is aligned")
        command = op & _COMMAND
        value &= ANY
        if command in (WAIT, WAIT_BITSET):
            bits = ANY if command == WAIT else value3 & ANY
            return self._wait(address, value, bits, self._deadline(extra, command, op))
        if command in (WAKE, WAKE_BITSET):
            return self.wake(address, value, ANY if command == WAKE else value3 & ANY)
        if command in (REQUEUE, CMP_REQUEUE):
            if command == CMP_REQUEUE and self._memory.read_u32(address) != value3 & ANY:
                raise OSError(EAGAIN, "the value has changed")
            return self._requeue(address, value, extra & ANY, second)
        if command == WAKE_OP:
            return self._wake_op(address, value, extra & ANY, second, value3 & ANY)
        raise OSError(linux.ENOSYS, "a futex operation that is not served")

    def _deadline(self, address: int, command: int, op: int) -> int | None:
        if not address:
            return None
        seconds, nanoseconds = (self._memory.read_u64(address + at) for at in (0, 8))
        if nanoseconds >= 10**9 or seconds >> 63:
            raise OSError(linux.EINVAL, "no time")
        at = seconds * 10**9 + nanoseconds
        if command == WAIT:
            return time.monotonic_ns() + at
        return at - time.time_ns() + time.monotonic_ns() if op & CLOCK_REALTIME else at

    def _wait(self, address: int, value: int, bits: int, deadline: int | None) -> Outcome:
        if not bits:
            raise OSError(linux.EINVAL, "no bits")
        if self._memory.read_u32(address) != value:
            raise OSError(EAGAIN, "the value has changed")
        thread = self._scheduler.current
        assert thread is not None
        waiter = Waiter(thread, address, bits)
        self._waiters.setdefault(address, []).append(waiter)

        def leave() -> None:
            waiting = self._waiters.get(waiter.address, [])
            if waiter in waiting:
                waiting.remove(waiter)

        def expired() -> int:
            leave()
            return -ETIMEDOUT

        return Wait(expired, (), deadline, leave)

    def wake(self, address: int, count: int, bits: int = ANY) -> int:
        """Wakes up to `count`; how many."""
        waiting = self._waiters.get(address)
        if not waiting:
            return 0
        chosen = [waiter for waiter in waiting if waiter.bits & bits][:count]
        for waiter in chosen:
            waiting.remove(waiter)
            self._scheduler.wake(waiter.thread, 0)
        if not waiting:
            del self._waiters[address]
        return len(chosen)

    def _requeue(self, address: int, count: int, limit: int, second: int) -> int:
        woken = self.wake(address, count)
        moved = self._waiters.get(address, [])[:limit]
        for waiter in moved:
            self._waiters[address].remove(waiter)
            waiter.address = second
            self._waiters.setdefault(second, []).append(waiter)
        return woken + len(moved)

    def _wake_op(self, address: int, count: int, limit: int, second: int, code: int) -> int:
        operation, comparison = code >> 28 & 0xF, code >> 24 & 0xF
        argument, compared = _signed12(code >> 12), _signed12(code)
        if operation & 8:
            argument = 1 << (argument & 31)
        old = self._memory.read_u32(second)
        new = {0: argument, 1: old + argument, 2: old | argument, 3: old & ~argument, 4: old ^ argument}
        if operation & 7 not in new:
            raise OSError(linux.ENOSYS, "no such operation")
        self._memory.write_u32(second, new[operation & 7])
        woken = self.wake(address, count)
        seen = old - (1 << 32) if old >> 31 else old
        holds = {
            0: seen == compared, 1: seen != compared, 2: seen < compared, 3: seen <= compared,
            4: seen > compared, 5: seen >= compared,
        }  # fmt: skip
        return woken + (self.wake(second, limit) if holds.get(comparison) else 0)

    def end_of(self, thread: Thread) -> None:
        """What the kernel does for a thread that ends: robust locks, and the word that a join waits for."""
        try:
            self._release_robust(thread)
            if thread.clear_tid:
                self._memory.write_u32(thread.clear_tid, 0)
                self.wake(thread.clear_tid, 1)
        except OSError:
            return  # its memory is gone

    def _release_robust(self, thread: Thread) -> None:
        head = thread.robust_list
        if not head:
            return
        read = self._memory.read_u64
        offset, pending = read(head + 8), read(head + 16)
        entry, count = read(head), 0
        while entry != head and count < _ROBUST_LIMIT:
            following = read(entry & ~1)
            if entry != pending:
                self._died(thread, entry + offset)
            entry, count = following, count + 1
        if pending:
            self._died(thread, pending + offset)

    def _died(self, thread: Thread, address: int) -> None:
        address &= (1 << 64) - 1
        word = self._memory.read_u32(address & ~3)
        if word & _TID != thread.number:
            return
        self._memory.write_u32(address, word & _WAITERS | _OWNER_DIED)
        if word & _WAITERS:
            self.wake(address, 1)


def _signed12(value: int) -> int:
    value &= 0xFFF
    return value - 0x1000 if value & 0x800 else value
