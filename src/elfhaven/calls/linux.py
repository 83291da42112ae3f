# SPDX-License-Identifier: BSD-2-Clause
"""The table of Linux calls for arm64 (asm-generic numbers): every number that Linux defines has a row."""

from __future__ import annotations

from elfhaven.calls.linux_data import DATA_ROWS
from elfhaven.calls.linux_files import FILES
from elfhaven.calls.linux_process import MEMORY, PROCESS, TIME
from elfhaven.calls.linux_sockets import SOCKETS, WAITS
from elfhaven.calls.row import Row, Served, Table

_ABSENT = """
    io_setup:0 io_destroy:1 io_submit:2 io_cancel:3 io_getevents:4 setxattr:5 lsetxattr:6 fsetxattr:7
    getxattr:8 lgetxattr:9 fgetxattr:10 listxattr:11 llistxattr:12 flistxattr:13 removexattr:14
    lremovexattr:15 fremovexattr:16 lookup_dcookie:18
    inotify_init1:26 inotify_add_watch:27 inotify_rm_watch:28 ioprio_set:30 ioprio_get:31
    flock:32 mknodat:33 symlinkat:36 linkat:37 umount2:39 mount:40 pivot_root:41 nfsservctl:42 statfs:43
    fstatfs:44 chroot:51 fchmod:52 fchmodat:53 fchownat:54 fchown:55 vhangup:58
    quotactl:60 sendfile:71 signalfd4:74 vmsplice:75 splice:76 tee:77
    sync:81 sync_file_range:84 utimensat:88
    acct:89 capget:90 capset:91 personality:92 waitid:95 unshare:97
    kexec_load:104 init_module:105 delete_module:106
    clock_settime:112 syslog:116
    sched_setparam:118 sched_setscheduler:119 sched_getscheduler:120 sched_getparam:121
    sched_setaffinity:122 sched_get_priority_max:125 sched_get_priority_min:126
    sched_rr_get_interval:127 restart_syscall:128
    rt_sigqueueinfo:138 setpriority:140 getpriority:141 reboot:142 setregid:143
    setgid:144 setreuid:145 setuid:146 setresuid:147 getresuid:148 setresgid:149 getresgid:150
    setfsuid:151 setfsgid:152 setgroups:159
    sethostname:161 setdomainname:162 getrlimit:163 setrlimit:164 prctl:167 getcpu:168
    settimeofday:170 adjtimex:171 mq_open:180 mq_unlink:181 mq_timedsend:182 mq_timedreceive:183
    mq_notify:184 mq_getsetattr:185 msgget:186 msgctl:187 msgrcv:188 msgsnd:189 semget:190 semctl:191
    semtimedop:192 semop:193 shmget:194 shmctl:195 shmat:196 shmdt:197
    readahead:213 add_key:217
    request_key:218 keyctl:219 swapon:224 swapoff:225 msync:227 mlock:228 munlock:229
    mlockall:230 munlockall:231 mincore:232 remap_file_pages:234 mbind:235 get_mempolicy:236
    set_mempolicy:237 migrate_pages:238 move_pages:239 rt_tgsigqueueinfo:240 perf_event_open:241
    wait4:260 fanotify_init:262 fanotify_mark:263 name_to_handle_at:264
    open_by_handle_at:265 clock_adjtime:266 syncfs:267 setns:268 process_vm_readv:270
    process_vm_writev:271 kcmp:272 finit_module:273 sched_setattr:274 sched_getattr:275 seccomp:277
    memfd_create:279 bpf:280 userfaultfd:282 membarrier:283 mlock2:284 copy_file_range:285
    pkey_mprotect:288 pkey_alloc:289 pkey_free:290 io_pgetevents:292 kexec_file_load:294
    pidfd_send_signal:424 io_uring_setup:425 io_uring_enter:426 io_uring_register:427 open_tree:428
    move_mount:429 fsopen:430 fsconfig:431 fsmount:432 fspick:433 pidfd_open:434
    openat2:437 pidfd_getfd:438 process_madvise:440 mount_setattr:442 quotactl_fd:443
    landlock_create_ruleset:444 landlock_add_rule:445 landlock_restrict_self:446 memfd_secret:447
    process_mrelease:448 futex_waitv:449 set_mempolicy_home_node:450 cachestat:451 fchmodat2:452
    map_shadow_stack:453 futex_wake:454 futex_wait:455 futex_requeue:456 statmount:457 listmount:458
    lsm_get_self_attr:459 lsm_set_self_attr:460 lsm_list_modules:461 mseal:462 setxattrat:463
    getxattrat:464 listxattrat:465 removexattrat:466 open_tree_attr:467 file_getattr:468
    file_setattr:469 listns:470 rseq_slice_yield:471
"""


def _absent(word: str) -> Row:
    name, _, number = word.partition(":")
    return Row(int(number), name, Served.ABSENT, reason="not served yet")


LINUX = Table(
    "linux",
    tuple(
        sorted(
            (*FILES, *DATA_ROWS, *MEMORY, *TIME, *PROCESS, *SOCKETS, *WAITS, *map(_absent, _ABSENT.split())),
            key=lambda row: row.number,
        )
    ),
)
