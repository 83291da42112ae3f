# SPDX-License-Identifier: BSD-2-Clause
"""Calls about the process and its threads: clone, exit, futex, identities, limits."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

from elfhaven.abi import linux
from elfhaven.machine.engine import PC, SP
from elfhaven.normal.ree.calls.words import error, int32, uint32
from elfhaven.normal.ree.startup import STACK_SIZE
from elfhaven.normal.ree.threads import Outcome, Thread

if TYPE_CHECKING:
    from elfhaven.normal.ree.process import Process

CLONE_VM, CLONE_VFORK, CLONE_THREAD = 0x100, 0x4000, 0x10000
CLONE_SETTLS, CLONE_PARENT_SETTID = 0x80000, 0x100000
CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID = 0x200000, 0x1000000
_LONGEST_WORD: Final = 1 << 17
_CLONE_ARGS: Final = struct.Struct("<8Q")
_RLIMIT_STACK, _RLIMIT_NOFILE = 3, 7
_INFINITE: Final = (1 << 64) - 1
_PR_SET_NAME, _PR_GET_NAME, _PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 15, 16, 3, 4
_NO_FORK: Final = "the program wants another process (fork): not served here, it is told ENOSYS"


class ProcessCalls:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._memory = process.memory

    @property
    def _current(self) -> Thread:
        thread = self._process.scheduler.current
        assert thread is not None
        return thread

    # ---- threads

    def sys_clone(self, flags: int, stack: int, parent: int, tls: int, child: int) -> Outcome:
        return self._clone(flags, stack, parent, tls, child)

    def sys_clone3(self, address: int, size: int) -> Outcome:
        if size < _CLONE_ARGS.size:
            raise error("EINVAL")
        words = _CLONE_ARGS.unpack(self._memory.read(address, _CLONE_ARGS.size))
        flags, _, child, parent, _, stack, length, tls = words
        return self._clone(flags, stack + length, parent, tls, child)

    def _clone(self, flags: int, stack: int, parent: int, tls: int, child: int) -> Outcome:
        spawning = flags & CLONE_VM and flags & CLONE_VFORK
        if not flags & CLONE_VM or not (flags & CLONE_THREAD or spawning):
            self._process.warn(_NO_FORK)
            raise error("ENOSYS")
        engine = self._process.engine
        saved = engine.save()
        words = {0: 0, PC: engine.registers[PC]}
        if stack:
            words[SP] = stack
        number = self._process.next_thread()
        made = Thread(number, saved.with_words(words, tls if flags & CLONE_SETTLS else None))
        made.mask, made.name = self._current.mask, self._current.name
        made.clear_tid = child if flags & CLONE_CHILD_CLEARTID else 0
        for flag, address in ((CLONE_PARENT_SETTID, parent), (CLONE_CHILD_SETTID, child)):
            if flags & flag:
                self._memory.write_u32(address, number)
        if spawning and not flags & CLONE_THREAD:
            return self._process.children.vfork(self._current, made)
        self._process.scheduler.add(made)
        return number

    def sys_exit(self, status: int) -> None:
        """The last thread that exits ends the process."""
        process = self._process
        thread = self._current
        if process.children.is_spawning(thread):
            process.children.exit(thread, status)
            return
        process.futexes.end_of(thread)
        process.scheduler.remove(thread)
        if not process.scheduler.threads:
            process.end(status & 0xFF)

    def sys_exit_group(self, status: int) -> None:
        if self._process.children.is_spawning(self._current):
            self._process.children.exit(self._current, status)
            return
        self._process.end(status & 0xFF)

    def sys_set_tid_address(self, address: int) -> int:
        self._current.clear_tid = address
        return self._current.number

    def sys_set_robust_list(self, head: int, size: int) -> int:
        if size != 24:
            raise error("EINVAL")
        self._current.robust_list = head
        return 0

    def sys_get_robust_list(self, tid: int, head: int, size: int) -> int:
        thread = self._current if not uint32(tid) else self._process.scheduler.threads.get(uint32(tid))
        if thread is None:
            raise error("ESRCH")
        self._memory.write_u64(head, thread.robust_list)
        self._memory.write_u64(size, 24)
        return 0

    def sys_futex(self, address: int, op: int, value: int, extra: int, second: int, value3: int) -> Outcome:
        return self._process.futexes.call(address, op, value, extra, second, value3)

    def sys_sched_yield(self) -> int:
        self._process.scheduler.yield_turn()
        return 0

    def sys_gettid(self) -> int:
        return self._current.number

    # ---- other processes

    def sys_execve(self, path: int, argv: int, env: int) -> int | None:
        process, thread = self._process, self._current
        name = process.paths.absolute(process.directory, self._memory.string(path))
        variables = dict(word.partition(b"=")[::2] for word in self._words(env))
        program, arguments = process.paths.program_at(name), self._words(argv)
        if process.children.is_spawning(thread):
            process.children.exec(thread, program, arguments, variables)
        else:
            process.children.replace(program, arguments, variables)
        return None

    def _words(self, address: int) -> list[bytes]:
        """A list of strings that ends with a null pointer."""
        out: list[bytes] = []
        while address and (word := self._memory.read_u64(address + 8 * len(out))):
            out.append(self._memory.string(word, _LONGEST_WORD))
        return out

    def sys_wait4(self, pid: int, status: int, options: int, _usage: int) -> Outcome:
        def tell(number: int, word: int) -> int:
            if status:
                self._memory.write_u32(status, word)
            return number

        return self._process.children.wait(self._current, int32(pid), options, tell)

    # ---- identities

    def sys_getpid(self) -> int:
        return self._process.number

    def sys_getppid(self) -> int:
        return os.getppid()

    def sys_getpgid(self, pid: int) -> int:
        return os.getpgid(0 if uint32(pid) in (0, self._process.number) else uint32(pid))

    def sys_getsid(self, pid: int) -> int:
        return os.getsid(0 if uint32(pid) in (0, self._process.number) else uint32(pid))

    def sys_setsid(self) -> int:
        raise error("EPERM")

    sys_setpgid = sys_setsid

    def sys_getuid(self) -> int:
        return os.getuid()

    def sys_geteuid(self) -> int:
        return os.geteuid()

    def sys_getgid(self) -> int:
        return os.getgid()

    def sys_getegid(self) -> int:
        return os.getegid()

    def sys_getresuid(self, real: int, effective: int, saved: int) -> int:
        for address, value in zip((real, effective, saved), os.getresuid(), strict=True):
            self._memory.write_u32(address, value)
        return 0

    def sys_getresgid(self, real: int, effective: int, saved: int) -> int:
        for address, value in zip((real, effective, saved), os.getresgid(), strict=True):
            self._memory.write_u32(address, value)
        return 0

    def sys_getgroups(self, size: int, out: int) -> int:
        groups = os.getgroups()
        if int32(size) == 0:
            return len(groups)
        if int32(size) < len(groups):
            raise error("EINVAL")
        self._memory.write(out, struct.pack(f"<{len(groups)}I", *groups))
        return len(groups)

    def sys_setuid(self, wanted: int) -> int:
        """The host's rights are the caller's: an identity can only be set to what it is."""
        if uint32(wanted) not in os.getresuid():
            raise error("EPERM")
        return 0

    def sys_setgid(self, wanted: int) -> int:
        if uint32(wanted) not in os.getresgid():
            raise error("EPERM")
        return 0

    # ---- limits and the machine

    def sys_prlimit64(self, _pid: int, resource: int, _new: int, old: int) -> int:
        if resource > 15:
            raise error("EINVAL")
        soft = {_RLIMIT_STACK: STACK_SIZE, _RLIMIT_NOFILE: 1024}.get(resource, _INFINITE)
        if old:
            self._memory.write(
                old, struct.pack("<QQ", soft, 1024 if resource == _RLIMIT_NOFILE else _INFINITE)
            )
        return 0

    def sys_getrlimit(self, resource: int, out: int) -> int:
        return self.sys_prlimit64(0, resource, 0, out)

    def sys_getrusage(self, _who: int, out: int) -> int:
        times = os.times()
        words = [part for used in (times.user, times.system) for part in (int(used), int(used % 1 * 1e6))]
        self._memory.write(out, struct.pack("<4q", *words).ljust(144, b"\0"))
        return 0

    def sys_uname(self, out: int) -> int:
        host = os.uname()
        names = ("Linux", host.nodename, "6.12.0", "#1 SMP", "aarch64", "(none)")
        self._memory.write(out, b"".join(name.encode()[:64].ljust(65, b"\0") for name in names))
        return 0

    def sys_sysinfo(self, out: int) -> int:
        total = self._process.normal.region.size
        words = struct.pack("<10QHxxxxxxQQI", 1, 0, 0, 0, total, total // 2, 0, 0, 0, 0, 1, 0, 0, 1)
        self._memory.write(out, words.ljust(112, b"\0"))
        return 0

    def sys_getrandom(self, out: int, size: int, _flags: int) -> int:
        self._memory.write(out, os.urandom(size))
        return size

    def sys_sched_getaffinity(self, _pid: int, size: int, out: int) -> int:
        if size < 8:
            raise error("EINVAL")
        self._memory.write_u64(out, 1)
        return 8

    def sys_sched_setaffinity(self, _pid: int, _size: int, _mask: int) -> int:
        return 0

    def sys_getcpu(self, cpu: int, node: int) -> int:
        for address in (cpu, node):
            if address:
                self._memory.write_u32(address, 0)
        return 0

    def sys_sched_getscheduler(self, _pid: int) -> int:
        return 0

    def sys_sched_getparam(self, _pid: int, out: int) -> int:
        self._memory.write_u32(out, 0)
        return 0

    def sys_sched_get_priority_max(self, _policy: int) -> int:
        return 0

    sys_sched_get_priority_min = sys_sched_get_priority_max

    def sys_getpriority(self, _which: int, _who: int) -> int:
        return 20

    def sys_prctl(self, what: int, address: int) -> int:
        if what == _PR_SET_NAME:
            self._current.name = self._memory.string(address, 16)
            return 0
        if what == _PR_GET_NAME:
            self._memory.write(address, self._current.name[:15].ljust(16, b"\0"))
            return 0
        if what in (_PR_GET_DUMPABLE, _PR_SET_DUMPABLE):
            return 1 if what == _PR_GET_DUMPABLE else 0
        raise OSError(linux.EINVAL, "not served")
