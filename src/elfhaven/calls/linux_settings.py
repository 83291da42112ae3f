# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls by which a program says who it is and how it wants to be run: kept inside, without effect."""

from __future__ import annotations

from elfhaven.calls.linux_rows import inside
from elfhaven.calls.row import Result, Row

ITSELF = "one user without privileges: it can become what it is already; EPERM for anyone else"
KEPT = "kept and told; one processor, which nothing takes from a thread"
NO_SWAP = "memory is the TEE's own and is never swapped out: checked, and nothing to do"

IDENTITY: tuple[Row, ...] = (
    inside(143, "setregid", "real:int effective:int", reason=ITSELF),
    inside(144, "setgid", "id:int", reason=ITSELF),
    inside(145, "setreuid", "real:int effective:int", reason=ITSELF),
    inside(146, "setuid", "id:int", reason=ITSELF),
    inside(147, "setresuid", "real:int effective:int saved:int", reason=ITSELF),
    inside(148, "getresuid", "real:out(4) effective:out(4) saved:out(4)", reason=ITSELF),
    inside(149, "setresgid", "real:int effective:int saved:int", reason=ITSELF),
    inside(150, "getresgid", "real:out(4) effective:out(4) saved:out(4)", reason=ITSELF),
    inside(151, "setfsuid", "id:int", Result.VALUE, ITSELF),
    inside(152, "setfsgid", "id:int", Result.VALUE, ITSELF),
    inside(90, "capget", "head:inout(8) data:ptr", reason="none"),
    inside(91, "capset", "head:inout(8) data:in(24)", reason="none can be had"),
    inside(92, "personality", "persona:hex", Result.VALUE, "kept and told"),
)

SETTINGS: tuple[Row, ...] = (
    inside(30, "ioprio_set", "which:int who:pid priority:hex", reason=KEPT),
    inside(31, "ioprio_get", "which:int who:pid", Result.VALUE, KEPT),
    inside(118, "sched_setparam", "pid:pid parameters:in(4)", reason=KEPT),
    inside(119, "sched_setscheduler", "pid:pid policy:int parameters:in(4)", reason=KEPT),
    inside(120, "sched_getscheduler", "pid:pid", Result.VALUE, KEPT),
    inside(121, "sched_getparam", "pid:pid parameters:out(4)", reason=KEPT),
    inside(122, "sched_setaffinity", "pid:pid size:size mask:in(size)", reason="one processor"),
    inside(125, "sched_get_priority_max", "policy:int", Result.VALUE, "as Linux"),
    inside(126, "sched_get_priority_min", "policy:int", Result.VALUE, "as Linux"),
    inside(127, "sched_rr_get_interval", "pid:pid interval:out(16)", reason="0: threads are cooperative"),
    inside(140, "setpriority", "which:int who:pid nice:int", reason=KEPT),
    inside(141, "getpriority", "which:int who:pid", Result.VALUE, KEPT),
    inside(163, "getrlimit", "resource:uint limit:out(16)"),
    inside(164, "setrlimit", "resource:uint limit:in(16)"),
    inside(
        167,
        "prctl",
        "option:int a:hex b:hex c:hex d:hex",
        Result.VALUE,
        "name, dumpable, no_new_privs, keepcaps, slack, death signal, reaper, huge pages: kept and told",
    ),
    inside(168, "getcpu", "cpu:ptr node:ptr", reason="0 and 0"),
    inside(171, "adjtimex", "timex:inout(208)", Result.VALUE, "read alone: an unsynchronised clock"),
    inside(
        235, "mbind", "address:hex length:size mode:uint nodes:ptr most:size flags:hex", reason="one node"
    ),
    inside(236, "get_mempolicy", "mode:ptr nodes:ptr most:size address:hex flags:hex", reason="one node"),
    inside(237, "set_mempolicy", "mode:uint nodes:ptr most:size", reason="one node"),
    inside(266, "clock_adjtime", "clock:clock timex:inout(208)", Result.VALUE, "as adjtimex"),
    inside(274, "sched_setattr", "pid:pid attributes:in(48) flags:hex", reason=KEPT),
    inside(275, "sched_getattr", "pid:pid attributes:out(size) size:uint flags:hex", reason=KEPT),
    inside(283, "membarrier", "command:int flags:hex cpu:int", Result.VALUE, "one processor"),
)

RESIDENCE: tuple[Row, ...] = (
    inside(272, "kcmp", "pid:pid other:pid type:int a:hex b:hex", Result.VALUE, "files; all else is one"),
    inside(424, "pidfd_send_signal", "fd:fd signal:signal info:ptr flags:hex", reason="as kill"),
    inside(434, "pidfd_open", "pid:pid flags:hex", Result.FD, "the program itself; ESRCH for any other"),
    inside(
        437,
        "openat2",
        "dirfd:dirfd path:path how:in(size) size:size",
        Result.FD,
        "as openat; EINVAL for any word on how to resolve the path",
    ),
    inside(438, "pidfd_getfd", "fd:fd target:fd flags:hex", Result.FD, "of the program itself"),
    inside(
        440,
        "process_madvise",
        "fd:fd iov:ptr count:size advice:int flags:hex",
        Result.VALUE,
        "the program's own memory, as madvise",
    ),
    inside(81, "sync", reason="every file that is open for writing, as fdatasync"),
    inside(84, "sync_file_range", "fd:fd offset:offset length:offset flags:hex", reason="as fdatasync"),
    inside(
        213, "readahead", "fd:fd offset:offset count:size", reason="checked; the runtime reads ahead itself"
    ),
    inside(
        227, "msync", "address:hex length:size flags:hex", reason="no mapping is shared with a file outside"
    ),
    inside(228, "mlock", "address:hex length:size", reason=NO_SWAP),
    inside(229, "munlock", "address:hex length:size", reason=NO_SWAP),
    inside(230, "mlockall", "flags:hex", reason=NO_SWAP),
    inside(231, "munlockall", reason=NO_SWAP),
    inside(232, "mincore", "address:hex length:size pages:ptr", reason=NO_SWAP),
    inside(267, "syncfs", "fd:fd", reason="as sync"),
    inside(
        270,
        "process_vm_readv",
        "pid:pid local:ptr count:size remote:ptr pieces:size flags:hex",
        Result.COUNT,
        "the program's own memory; ESRCH for any other",
    ),
    inside(
        271,
        "process_vm_writev",
        "pid:pid local:ptr count:size remote:ptr pieces:size flags:hex",
        Result.COUNT,
        "the program's own memory; ESRCH for any other",
    ),
    inside(284, "mlock2", "address:hex length:size flags:hex", reason=NO_SWAP),
    inside(
        288,
        "pkey_mprotect",
        "address:hex length:size protection:hex key:int",
        reason="without a key, as mprotect",
    ),
)
