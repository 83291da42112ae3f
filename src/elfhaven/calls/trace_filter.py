# SPDX-License-Identifier: BSD-2-Clause
"""Which calls of a trace are shown: the words of `-e`, as strace has them.

A filter is words with commas between them: names of calls, and the classes %file %desc %memory %process
%network %signal %time (the % may be left out). `!` in front turns the whole around; `trace=` may stand in
front.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Final

from elfhaven.calls.row import Row, Table
from elfhaven.calls.trace import Record
from elfhaven.errors import UsageError

_NAMED: Final = {
    "memory": "brk mmap munmap mremap mprotect madvise msync mlock munlock mlockall munlockall mincore "
    "mlock2 "
    "mbind shmat shmdt memfd_create process_madvise mseal remap_file_pages",
    "process": "clone clone3 execve execveat exit exit_group wait4 waitid kill tkill tgkill set_tid_address "
    "pidfd_open pidfd_send_signal unshare setns",
    "network": "socket socketpair bind listen accept accept4 connect getsockname getpeername sendto recvfrom "
    "setsockopt getsockopt shutdown sendmsg recvmsg sendmmsg recvmmsg",
    "signal": "kill tkill tgkill sigaltstack rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend "
    "rt_sigpending "
    "rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo signalfd4",
    "time": "nanosleep clock_gettime clock_getres clock_nanosleep clock_settime gettimeofday settimeofday "
    "times "
    "getitimer setitimer timer_create timer_settime timer_gettime timer_delete timer_getoverrun "
    "timerfd_create timerfd_settime timerfd_gettime",
    "desc": "epoll_create1 epoll_ctl epoll_pwait eventfd2 inotify_init1 inotify_add_watch inotify_rm_watch "
    "pipe2 "
    "ppoll pselect6 flock sendfile splice tee memfd_create signalfd4 timerfd_create timerfd_settime",
    "file": "setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr lremovexattr mknodat "
    "symlinkat "
    "linkat statfs fchmodat fchownat utimensat chroot openat2 fchmodat2",
}
CLASSES: Final = tuple(sorted(_NAMED))
_DESCRIPTORS: Final = ("fd", "dirfd", "file")

Chosen = Callable[[Record], bool]


def choose(text: str, table: Table) -> Chosen:
    """Whether a record is to be shown. UsageError for a word that is no call and no class."""
    words = text.removeprefix("trace=")
    inverted = words.startswith("!")
    names: set[str] = set()
    for word in words.lstrip("!").split(","):
        names |= _names(word.strip(), table)
    return lambda record: (record.name in names) is not inverted


def _names(word: str, table: Table) -> set[str]:
    every = {row.name for row in table.rows}
    kind = word.removeprefix("%")
    if word == "all":
        return every
    if kind in _NAMED:
        return {row.name for row in table.rows if _is(kind, row)} | set(_NAMED[kind].split())
    if word in every:
        return {word}
    near = difflib.get_close_matches(kind, [*every, *CLASSES], 1)
    raise UsageError(
        f"-e: {word!r} is no call and no class of calls",
        f"did you mean {near[0]}?" if near else f"classes are {', '.join('%' + name for name in CLASSES)}",
    )


def _is(kind: str, row: Row) -> bool:
    if kind == "file":
        return any(arg.kind == "path" for arg in row.args)
    return kind == "desc" and any(arg.kind in _DESCRIPTORS for arg in row.args)
