# SPDX-License-Identifier: BSD-2-Clause
"""Calls on signals."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.normal.ree import signals as rules
from elfhaven.normal.ree.calls.words import error, int32, uint32
from elfhaven.normal.ree.signals import LAST, SIGSTOP, Action
from elfhaven.normal.ree.threads import Outcome, SignalInfo, Thread, Wait

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

_ACTION: Final = struct.Struct("<4Q")
_STACK: Final = struct.Struct("<QiiQ")
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
_FIXED: Final = 1 << linux.SIGKILL - 1 | 1 << SIGSTOP - 1
_SMALLEST_STACK: Final = 2048


class SignalCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory
        self._signals = process.signals

    @property
    def _current(self) -> Thread:
        thread = self._process.scheduler.current
        assert thread is not None
        return thread

    def sys_rt_sigaction(self, number: int, new: int, old: int, size: int) -> int:
        number = uint32(number)
        if not 1 <= number <= LAST or size != 8 or (new and number in (linux.SIGKILL, SIGSTOP)):
            raise error("EINVAL")
        before = self._signals.actions.get(number, Action())
        if new:
            words = _ACTION.unpack(self._memory.read(new, _ACTION.size))
            self._signals.actions[number] = Action(*words)
        if old:
            self._memory.write(old, _ACTION.pack(before.handler, before.flags, before.restorer, before.mask))
        return 0

    def sys_rt_sigprocmask(self, how: int, new: int, old: int, size: int) -> int:
        thread = self._current
        if size != 8:
            raise error("EINVAL")
        before = thread.mask
        if new:
            wanted = self._memory.read_u64(new)
            if how > SIG_SETMASK:
                raise error("EINVAL")
            changed = {SIG_BLOCK: before | wanted, SIG_UNBLOCK: before & ~wanted, SIG_SETMASK: wanted}[how]
            thread.mask = changed & ~_FIXED
            if self._signals.waits_for(thread):
                self._process.scheduler.leave = True
        if old:
            self._memory.write_u64(old, before)
        return 0

    def sys_rt_sigreturn(self) -> None:
        self._signals.sigreturn(self._current)

    def sys_rt_sigpending(self, out: int, _size: int) -> int:
        waiting = (*self._current.pending, *self._signals.pending)
        self._memory.write_u64(out, sum({1 << info.number - 1 for info in waiting}))
        return 0

    def sys_rt_sigsuspend(self, mask: int, _size: int) -> Outcome:
        thread = self._current
        thread.mask_to_restore = thread.mask
        thread.mask = self._memory.read_u64(mask) & ~_FIXED
        if self._signals.waits_for(thread):
            self._process.scheduler.leave = True
            return -linux.EINTR
        return Wait(restart=False)

    def sys_rt_sigtimedwait(self, wanted: int, info: int, timeout: int, _size: int) -> Outcome:
        thread, bits = self._current, self._memory.read_u64(wanted)
        deadline = None
        if timeout:
            seconds, nanoseconds = struct.unpack("<qq", self._memory.read(timeout, 16))
            deadline = time.monotonic_ns() + int(seconds) * 10**9 + int(nanoseconds)

        def attempt() -> Outcome:
            for queue in (thread.pending, self._signals.pending):
                for found in queue:
                    if bits >> found.number - 1 & 1:
                        queue.remove(found)
                        if info:
                            head = struct.pack(
                                "<iiiiiI", found.number, 0, found.code, 0, found.pid, found.uid
                            )
                            self._memory.write(info, head.ljust(128, b"\0"))
                        return found.number
            now = time.monotonic_ns()
            if deadline is not None and now >= deadline:
                raise error("EAGAIN")
            soon = now + 5_000_000  # signals come seldom enough to look for them
            return Wait(attempt, (), soon if deadline is None else min(soon, deadline), restart=False)

        return attempt()

    def sys_sigaltstack(self, new: int, old: int) -> int:
        thread = self._current
        if old:
            sp, flags, size = thread.alternate_stack
            self._memory.write(old, _STACK.pack(sp, flags, 0, size))
        if new:
            sp, flags, _, size = _STACK.unpack(self._memory.read(new, _STACK.size))
            if flags & rules.SS_DISABLE:
                sp, size = 0, 0
            elif size < _SMALLEST_STACK:
                raise error("ENOMEM")
            thread.alternate_stack = (sp, flags & rules.SS_DISABLE, size)
        return 0

    # ---- sending

    def sys_kill(self, pid: int, number: int) -> int:
        if int32(pid) not in (self._process.number, 0, -1):
            raise error("ESRCH")  # processes of the host are none of the program's
        return self._send(int32(number), rules.SI_USER, None)

    def sys_tkill(self, tid: int, number: int) -> int:
        thread = self._process.scheduler.threads.get(uint32(tid))
        if thread is None:
            raise error("ESRCH")
        return self._send(int32(number), rules.SI_TKILL, thread)

    def sys_tgkill(self, group: int, tid: int, number: int) -> int:
        if uint32(group) != self._process.number:
            raise error("ESRCH")
        return self.sys_tkill(tid, number)

    def sys_rt_sigqueueinfo(self, pid: int, number: int, info: int) -> int:
        if uint32(pid) != self._process.number:
            raise error("ESRCH")
        _, _, code, _, sender, user, value = struct.unpack("<iiiiiIQ", self._memory.read(info, 32))
        self._signals.send(SignalInfo(int32(number), code, sender, user, 0, value))
        return 0

    def sys_rt_tgsigqueueinfo(self, group: int, tid: int, number: int, info: int) -> int:
        thread = self._process.scheduler.threads.get(uint32(tid))
        if thread is None or uint32(group) != self._process.number:
            raise error("ESRCH")
        _, _, code, _, sender, user, value = struct.unpack("<iiiiiIQ", self._memory.read(info, 32))
        self._signals.send(SignalInfo(int32(number), code, sender, user, 0, value), thread)
        return 0

    def _send(self, number: int, code: int, thread: Thread | None) -> int:
        if number:
            user = self._process.user
            self._signals.send(SignalInfo(number, code, self._process.number, user), thread)
        return 0
