# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls on memory, time, identity, signals and the life of a program: all served inside."""

from __future__ import annotations

from elfhaven.calls.linux_rows import delegated, inside, refused
from elfhaven.calls.row import Result, Row

MEMORY_REASON = "memory is the TEE's own"
TIME_REASON = "the TEE's clock; the normal world's date is read through the core and never runs backwards"
SIGNAL_REASON = "handlers run at calls, and at the checks of a stoppable program"
ALONE = "the program is the only one of its session and leads it"
CHILDREN = "a program that [programs] names, in a session of its own"
IDENTITY = "told once at the start by the caller; nothing rests on it"

MEMORY: tuple[Row, ...] = (
    inside(214, "brk", "address:hex", Result.POINTER, MEMORY_REASON),
    inside(215, "munmap", "address:hex length:size", reason=MEMORY_REASON),
    inside(
        216,
        "mremap",
        "address:hex old:size new:size flags:hex target:hex",
        Result.POINTER,
        MEMORY_REASON,
    ),
    inside(
        222,
        "mmap",
        "address:hex length:size protection:hex flags:hex fd:fd offset:offset",
        Result.POINTER,
        "memory is the TEE's own; a private mapping of a file reads it by pread64",
    ),
    inside(226, "mprotect", "address:hex length:size protection:hex", reason=MEMORY_REASON),
    inside(233, "madvise", "address:hex length:size advice:uint", reason=MEMORY_REASON),
)

TIME: tuple[Row, ...] = (
    inside(101, "nanosleep", "request:in(16) remaining:ptr", reason=TIME_REASON),
    inside(113, "clock_gettime", "clock:clock time:out(16)", reason=TIME_REASON),
    inside(114, "clock_getres", "clock:clock resolution:out(16)", reason=TIME_REASON),
    inside(115, "clock_nanosleep", "clock:clock flags:hex request:in(16) remaining:ptr", reason=TIME_REASON),
    inside(153, "times", "buf:out(32)", Result.VALUE, TIME_REASON),
    inside(165, "getrusage", "who:int usage:out(144)", reason="the time since the start; all else is 0"),
    inside(169, "gettimeofday", "time:out(16) zone:ptr", reason=TIME_REASON),
)

PROCESS: tuple[Row, ...] = (
    inside(19, "eventfd2", "count:uint flags:hex", Result.VALUE, "a counter inside"),
    inside(59, "pipe2", "fds:out(8) flags:hex", reason="a pipe inside, between the program's own threads"),
    inside(93, "exit", "status:int", Result.NEVER, "ends the thread; the last one ends the program"),
    inside(94, "exit_group", "status:int", Result.NEVER, "the status crosses in the control block"),
    inside(96, "set_tid_address", "address:hex", Result.VALUE),
    inside(98, "futex", "address:hex op:hex value:uint timeout:ptr address2:hex value3:uint", Result.VALUE),
    inside(99, "set_robust_list", "head:hex length:size"),
    inside(123, "sched_getaffinity", "pid:pid size:size mask:out(size)", Result.VALUE, "one processor"),
    inside(124, "sched_yield"),
    inside(129, "kill", "pid:pid signal:signal", reason="to the program itself; ESRCH for any other"),
    inside(130, "tkill", "tid:pid signal:signal", reason="to the program itself; ESRCH for any other"),
    inside(131, "tgkill", "pid:pid tid:pid signal:signal", reason="to the program itself"),
    inside(132, "sigaltstack", "new:ptr old:ptr"),
    inside(102, "getitimer", "which:uint value:out(32)", reason=SIGNAL_REASON),
    inside(103, "setitimer", "which:uint new:in(32) old:ptr", reason="real time alone"),
    inside(107, "timer_create", "clock:clock event:ptr timer:out(4)", reason=SIGNAL_REASON),
    inside(108, "timer_gettime", "timer:uint value:out(32)", reason=SIGNAL_REASON),
    inside(109, "timer_getoverrun", "timer:uint", Result.VALUE, SIGNAL_REASON),
    inside(110, "timer_settime", "timer:uint flags:hex new:in(32) old:ptr", reason=SIGNAL_REASON),
    inside(111, "timer_delete", "timer:uint", reason=SIGNAL_REASON),
    inside(133, "rt_sigsuspend", "mask:in(size) size:size", Result.VALUE, SIGNAL_REASON),
    inside(134, "rt_sigaction", "signal:signal new:ptr old:ptr size:size", reason=SIGNAL_REASON),
    inside(135, "rt_sigprocmask", "how:uint new:ptr old:ptr size:size", reason=SIGNAL_REASON),
    inside(136, "rt_sigpending", "set:out(size) size:size", reason=SIGNAL_REASON),
    inside(137, "rt_sigtimedwait", "set:ptr info:ptr timeout:ptr size:size", Result.VALUE, SIGNAL_REASON),
    inside(138, "rt_sigqueueinfo", "pid:pid signal:signal info:in(128)", reason="to the program itself"),
    inside(
        240,
        "rt_tgsigqueueinfo",
        "pid:pid tid:pid signal:signal info:in(128)",
        reason="to the program itself",
    ),
    inside(139, "rt_sigreturn", "", Result.VALUE, SIGNAL_REASON),
    inside(154, "setpgid", "pid:pid group:pid", reason=ALONE),
    inside(155, "getpgid", "pid:pid", Result.VALUE, ALONE),
    inside(156, "getsid", "pid:pid", Result.VALUE, ALONE),
    inside(157, "setsid", "", Result.VALUE, ALONE),
    inside(158, "getgroups", "size:int list:ptr", Result.VALUE, "none is told"),
    inside(160, "uname", "buf:out(390)"),
    inside(166, "umask", "mask:mode", Result.VALUE),
    inside(172, "getpid", "", Result.VALUE, IDENTITY),
    inside(173, "getppid", "", Result.VALUE, IDENTITY),
    inside(174, "getuid", "", Result.VALUE, IDENTITY),
    inside(175, "geteuid", "", Result.VALUE, IDENTITY),
    inside(176, "getgid", "", Result.VALUE, IDENTITY),
    inside(177, "getegid", "", Result.VALUE, IDENTITY),
    inside(178, "gettid", "", Result.VALUE, IDENTITY),
    inside(179, "sysinfo", "info:out(112)", reason="the memory of the TEE"),
    inside(
        220,
        "clone",
        "flags:hex stack:hex parent_tid:ptr tls:hex child_tid:ptr",
        Result.VALUE,
        "a thread, or a vfork; ENOSYS for a copy of the process",
    ),
    inside(
        95, "waitid", "which:uint id:pid info:ptr options:hex usage:ptr", reason="children, as wait4 told"
    ),
    delegated(
        221,
        "execve",
        "path:path argv:ptr envp:ptr",
        "pid:uint argc:uint envc:uint size:size program:path given:in(size)",
        errors="EACCES EAGAIN EIO EMFILE ENFILE ENOENT ENOMEM",
        policy="programs",
        reason=CHILDREN + "; its arguments, environment and streams cross",
    ),
    delegated(
        260,
        "wait4",
        "pid:pid status:ptr options:hex usage:ptr",
        "options:hex",
        errors="EINTR",
        policy="programs",
        result=Result.VALUE,
        reason="the next child that ends, and how: the runtime asks for all its threads",
    ),
    inside(100, "get_robust_list", "tid:pid head:out(8) size:out(8)"),
    inside(261, "prlimit64", "pid:pid resource:uint new:ptr old:ptr"),
    inside(278, "getrandom", "buf:out(count) count:size flags:hex", Result.COUNT, "the TEE's generator"),
    refused(117, "ptrace", "EPERM", "nothing may look into the program"),
    refused(281, "execveat", "ENOSYS", "a program is named by its path: execve"),
    refused(435, "clone3", "ENOSYS", "libc falls back to clone"),
    refused(293, "rseq", "ENOSYS", "one processor, no preemption: libc does without"),
)
