# SPDX-License-Identifier: BSD-2-Clause
"""The table of Linux calls for arm64 (asm-generic numbers): every number that Linux defines has a row."""

from __future__ import annotations

from elfhaven.calls.linux_data import DATA_ROWS
from elfhaven.calls.linux_files import FILES
from elfhaven.calls.linux_process import MEMORY, PROCESS, TIME
from elfhaven.calls.linux_refused import REFUSED
from elfhaven.calls.linux_settings import IDENTITY, SETTINGS
from elfhaven.calls.linux_sockets import SOCKETS, WAITS
from elfhaven.calls.row import Row, Served, Table

_ABSENT = """
    setxattr:5 lsetxattr:6 fsetxattr:7 getxattr:8 lgetxattr:9 fgetxattr:10 listxattr:11 llistxattr:12
    flistxattr:13 removexattr:14 lremovexattr:15 fremovexattr:16 inotify_init1:26 inotify_add_watch:27
    inotify_rm_watch:28 flock:32 mknodat:33 symlinkat:36 linkat:37 statfs:43 fstatfs:44 fchmod:52
    fchmodat:53 fchownat:54 fchown:55 sendfile:71 vmsplice:75 splice:76 tee:77 sync:81
    sync_file_range:84 utimensat:88 mq_open:180 mq_unlink:181
    mq_timedsend:182 mq_timedreceive:183 mq_notify:184 mq_getsetattr:185 msgget:186 msgctl:187
    msgrcv:188 msgsnd:189 semget:190 semctl:191 semtimedop:192 semop:193 shmget:194 shmctl:195 shmat:196
    shmdt:197 readahead:213 msync:227 mlock:228 munlock:229 mlockall:230 munlockall:231 mincore:232
    syncfs:267 process_vm_readv:270 process_vm_writev:271 kcmp:272
    memfd_create:279 mlock2:284 copy_file_range:285 pkey_mprotect:288 pidfd_send_signal:424
    pidfd_open:434 openat2:437 pidfd_getfd:438 process_madvise:440 futex_waitv:449
    set_mempolicy_home_node:450 cachestat:451 fchmodat2:452 map_shadow_stack:453 futex_wake:454
    futex_wait:455 futex_requeue:456 mseal:462 setxattrat:463 getxattrat:464 listxattrat:465
    removexattrat:466 file_getattr:468 file_setattr:469 rseq_slice_yield:471
"""


def _absent(word: str) -> Row:
    name, _, number = word.partition(":")
    return Row(int(number), name, Served.ABSENT, reason="not served yet")


LINUX = Table(
    "linux",
    tuple(
        sorted(
            (
                *FILES,
                *DATA_ROWS,
                *MEMORY,
                *TIME,
                *PROCESS,
                *IDENTITY,
                *SETTINGS,
                *SOCKETS,
                *WAITS,
                *REFUSED,
                *map(_absent, _ABSENT.split()),
            ),
            key=lambda row: row.number,
        )
    ),
)
