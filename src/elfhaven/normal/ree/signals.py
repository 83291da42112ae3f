# SPDX-License-Identifier: BSD-2-Clause
"""Signals: dispositions, masks, what is pending; handlers are called on a frame as arm64 Linux has it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from elfhaven.abi import linux
from elfhaven.machine.engine import PC, SP, X30, Fault, FaultKind
from elfhaven.machine.user_engine import Registers, UserEngine
from elfhaven.normal.ree.memory import UserMemory
from elfhaven.normal.ree.scheduler import Scheduler
from elfhaven.normal.ree.threads import WORD, SignalInfo, Thread

SIG_DFL, SIG_IGN = 0, 1
SA_SIGINFO, SA_RESTORER, SA_ONSTACK, SA_RESTART = 4, 0x0400_0000, 0x0800_0000, 0x1000_0000
SA_NODEFER, SA_RESETHAND = 0x4000_0000, 0x8000_0000
SS_ONSTACK, SS_DISABLE = 1, 2
SI_USER, SI_KERNEL, SI_TKILL = 0, 0x80, -6
SIGILL, SIGTRAP, SIGBUS, SIGSTOP, SIGCONT = 4, 5, 7, 19, 18
_IGNORED: Final = frozenset((17, 18, 23, 28))  # by default: CHLD, CONT, URG, WINCH
_STOPPING: Final = frozenset((19, 20, 21, 22))
_UNBLOCKABLE: Final = 1 << linux.SIGKILL - 1 | 1 << SIGSTOP - 1
LAST: Final = 64

# struct rt_sigframe: siginfo 128, ucontext: flags, link, stack (sp, flags, size), mask, unused 120, pad 8,
# then sigcontext: fault address, x0..x30, sp, pc, pstate, pad 8, and 4096 bytes of records
_INFO: Final = struct.Struct("<iiiiiI")
_UCONTEXT: Final = struct.Struct("<QQQiiQQ128x")
_CONTEXT_AT: Final = 128 + _UCONTEXT.size
_WORDS: Final = struct.Struct("<35Q8x")  # fault address, 31 registers, sp, pc, pstate
_RECORDS_AT: Final = _CONTEXT_AT + _WORDS.size
_FPSIMD: Final = struct.Struct("<IIII")  # magic, size, fpsr, fpcr; 32 vectors behind
_FPSIMD_MAGIC, _FPSIMD_SIZE = 0x4650_8001, 528
FRAME_SIZE: Final = _RECORDS_AT + 4096
_CLASS_ACCESS: Final = 0x24
_CLASS_BREAKPOINT: Final = 0x3C
TRAMPOLINE: Final = struct.pack("<2I", 0xD2801168, 0xD4000001)  # mov x8, #139; svc #0


@dataclass(frozen=True, slots=True)
class Action:
    """struct sigaction as the kernel has it."""

    handler: int = SIG_DFL
    flags: int = 0
    restorer: int = 0
    mask: int = 0


class Signals:
    """One process's. `end` is called with the signal that ends it."""

    def __init__(
        self,
        memory: UserMemory,
        engine: UserEngine,
        scheduler_of: Callable[[], Scheduler],
        end: Callable[[int], None],
        trampoline: int,
    ) -> None:
        self._memory = memory
        self._engine = engine
        self._scheduler_of = scheduler_of
        self._end = end
        self._trampoline = trampoline
        self.actions: dict[int, Action] = {}
        self.pending: list[SignalInfo] = []  # of the process: for any thread that does not block it

    # ---- sending

    def send(self, info: SignalInfo, thread: Thread | None = None) -> None:
        """To one thread, or to any."""
        if not 1 <= info.number <= LAST:
            raise OSError(linux.EINVAL, "no such signal")
        threads = list(self._scheduler_of().threads.values())
        blocked = all(t.mask & 1 << info.number - 1 for t in ([thread] if thread else threads))
        if not blocked and self._is_ignored(info.number):
            return
        queue = thread.pending if thread else self.pending
        if info.number >= 32 or all(other.number != info.number for other in queue):
            queue.append(info)
        if info.number == linux.SIGKILL:
            self._end(linux.SIGKILL)
            return
        for candidate in [thread] if thread else threads:
            if not candidate.mask & 1 << info.number - 1:
                self._rouse(candidate)
                return

    def _rouse(self, thread: Thread) -> None:
        """Have a thread look at its signals soon."""
        scheduler = self._scheduler_of()
        wait = thread.wait
        if wait is None:
            if scheduler.current is thread:
                scheduler.leave = True
            return
        if wait.firm:
            return
        wait.leave()
        thread.restarting = wait.restart
        scheduler.wake(thread, None if wait.restart else -linux.EINTR)

    def _is_ignored(self, number: int) -> bool:
        handler = self.actions.get(number, Action()).handler
        return handler == SIG_IGN or (handler == SIG_DFL and number in _IGNORED)

    def fault(self, thread: Thread, fault: Fault) -> None:
        """The signal for an exception; it ends the process where the program blocks or ignores it."""
        syndrome_class = fault.syndrome >> 26
        if syndrome_class == _CLASS_BREAKPOINT:
            info = SignalInfo(SIGTRAP, 1, address=fault.pc)
        elif fault.kind is FaultKind.UNDEFINED:
            info = SignalInfo(SIGILL, 1, address=fault.pc)
        elif fault.syndrome & 0x3F == 0x21:
            info = SignalInfo(SIGBUS, 1, address=fault.address)
        else:
            code = 2 if self._memory.find(fault.address) else 1  # SEGV_ACCERR, SEGV_MAPERR
            info = SignalInfo(linux.SIGSEGV, code, address=fault.address)
        bit = 1 << info.number - 1
        if thread.mask & bit or self.actions.get(info.number, Action()).handler in (SIG_DFL, SIG_IGN):
            self._end(info.number)
            return
        thread.pending.append(info)

    # ---- delivery

    def waits_for(self, thread: Thread) -> bool:
        """Whether a signal can be delivered to the thread."""
        return any(not thread.mask & 1 << i.number - 1 for i in (*thread.pending, *self.pending))

    def before(self, thread: Thread) -> None:
        """Delivers to a thread whose registers are in the engine, before it goes on."""
        while info := self._next(thread):
            action = self.actions.get(info.number, Action())
            if action.handler == SIG_IGN or (action.handler == SIG_DFL and info.number in _IGNORED):
                continue
            if action.handler == SIG_DFL:
                if info.number not in _STOPPING:
                    self._end(info.number)
                    return
                continue
            self._resolve(thread, bool(action.flags & SA_RESTART))
            self._call(thread, info, action)
        self._resolve(thread, True)
        if thread.mask_to_restore is not None:
            thread.mask, thread.mask_to_restore = thread.mask_to_restore, None

    def _resolve(self, thread: Thread, again: bool) -> None:
        """A call that a signal interrupted begins anew, or ends with EINTR."""
        if not thread.restarting:
            return
        thread.restarting = False
        if again:
            self._engine.registers[PC] -= 4
        else:
            self._engine.registers[0] = -linux.EINTR & WORD

    def _next(self, thread: Thread) -> SignalInfo | None:
        for queue in (thread.pending, self.pending):
            for info in queue:
                if not thread.mask & 1 << info.number - 1:
                    queue.remove(info)
                    return info
        return None

    def _call(self, thread: Thread, info: SignalInfo, action: Action) -> None:
        """Makes a frame and has the thread go on in the handler."""
        saved = self._engine.save()
        sp = saved.word(SP)
        stack, flags, size = thread.alternate_stack
        if action.flags & SA_ONSTACK and not flags & SS_DISABLE and not stack < sp <= stack + size:
            sp = stack + size
        record = (sp - 16) & -16
        at = (record - FRAME_SIZE) & -16
        mask = thread.mask if thread.mask_to_restore is None else thread.mask_to_restore
        thread.mask_to_restore = None
        try:
            self._memory.write(at, self._frame(thread, info, saved, mask))
            self._memory.write(record, struct.pack("<QQ", saved.word(29), saved.word(X30)))
        except OSError:
            self._end(linux.SIGSEGV)  # no stack to run on
            return
        registers = self._engine.registers
        registers[0], registers[1], registers[2] = info.number, at, at + 128
        registers[29], registers[SP], registers[PC] = record, at, action.handler
        registers[X30] = action.restorer if action.flags & SA_RESTORER else self._trampoline
        thread.mask |= action.mask & ~_UNBLOCKABLE
        if not action.flags & SA_NODEFER:
            thread.mask |= 1 << info.number - 1
        if action.flags & SA_RESETHAND:
            self.actions[info.number] = Action()

    def _frame(self, thread: Thread, info: SignalInfo, saved: Registers, mask: int) -> bytes:
        body = _INFO.pack(info.number, 0, info.code, 0, info.pid, info.uid)
        if info.address:
            body = _INFO.pack(info.number, 0, info.code, 0, 0, 0)[:16] + struct.pack("<Q", info.address)
        elif info.value:
            body += struct.pack("<Q", info.value)
        words = struct.unpack("<33Q", saved.general)
        records = _FPSIMD.pack(_FPSIMD_MAGIC, _FPSIMD_SIZE, saved.fpsr, saved.fpcr)
        records += self._engine.pack_vectors(saved)
        stack, flags, size = thread.alternate_stack
        return b"".join(
            (
                body.ljust(128, b"\0"),
                _UCONTEXT.pack(0, 0, stack, flags, 0, size, mask),
                _WORDS.pack(info.address, *words, saved.pstate),
                records.ljust(4096, b"\0"),
            )
        )

    def sigreturn(self, thread: Thread) -> None:
        """rt_sigreturn: everything back from the frame at SP. A broken frame ends the process."""
        sp = self._engine.registers[SP]
        try:
            frame = self._memory.read(sp, FRAME_SIZE)
        except OSError:
            self._end(linux.SIGSEGV)
            return
        thread.mask = _UCONTEXT.unpack_from(frame, 128)[6] & ~_UNBLOCKABLE
        _, *words, pstate = _WORDS.unpack_from(frame, _CONTEXT_AT)
        magic, size, fpsr, fpcr = _FPSIMD.unpack_from(frame, _RECORDS_AT)
        old = self._engine.save()
        vectors = old.vectors
        if magic == _FPSIMD_MAGIC and size == _FPSIMD_SIZE:
            at = _RECORDS_AT + _FPSIMD.size
            vectors = self._engine.unpack_vectors(frame[at : at + 512])
        general = struct.pack("<33Q", *words)
        pstate &= 0xF000_0000  # the flags alone are the program's
        self._engine.restore(Registers(general, vectors, pstate, fpcr, fpsr, old.thread_pointer))
        self._scheduler_of().leave = True
