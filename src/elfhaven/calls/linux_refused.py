# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls that are refused on purpose, with the error that such a program has to expect, and why."""

from __future__ import annotations

from elfhaven.calls.linux_rows import refused
from elfhaven.calls.row import Row

_REFUSED = (
    (
        "EPERM",
        "the machine outside is not the program's to change",
        (
            "umount2:39 mount:40 pivot_root:41 chroot:51 vhangup:58 quotactl:60 acct:89 kexec_load:104 "
            "init_module:105 delete_module:106 clock_settime:112 syslog:116 reboot:142 sethostname:161 "
            "setdomainname:162 settimeofday:170 swapon:224 swapoff:225 fanotify_init:262 fanotify_mark:263 "
            "open_by_handle_at:265 finit_module:273 bpf:280 userfaultfd:282 kexec_file_load:294 "
            "open_tree:428 move_mount:429 fsopen:430 fsconfig:431 fsmount:432 fspick:433 mount_setattr:442 "
            "quotactl_fd:443 statmount:457 listmount:458 open_tree_attr:467 listns:470"
        ),
    ),
    ("EPERM", "one user, without privileges, in one set of namespaces", "unshare:97 setgroups:159 setns:268"),
    ("EACCES", "nothing counts what the processor does inside", "perf_event_open:241"),
    ("EOPNOTSUPP", "a file is named by its path alone", "name_to_handle_at:264"),
    (
        "EOPNOTSUPP",
        "the signed policy already says what the program may do",
        "landlock_create_ruleset:444 landlock_add_rule:445 landlock_restrict_self:446",
    ),
    (
        "ENOSYS",
        "shares memory with the kernel, which is not inside: libc and programs do without",
        (
            "io_setup:0 io_destroy:1 io_submit:2 io_cancel:3 io_getevents:4 io_pgetevents:292 "
            "io_uring_setup:425 io_uring_enter:426 io_uring_register:427"
        ),
    ),
    (
        "ENOSYS",
        "keys belong in the TEE's storage or in sealed files",
        "add_key:217 request_key:218 keyctl:219",
    ),
    ("ENOSPC", "a TA has no protection keys", "pkey_alloc:289"),
    ("EINVAL", "a TA has no protection keys", "pkey_free:290"),
    ("ENOSYS", "Linux itself has taken it away", "lookup_dcookie:18 nfsservctl:42 remap_file_pages:234"),
    ("EINTR", "the runtime goes on with a call by itself", "restart_syscall:128"),
    ("ENOSYS", "the pages of a TA stay where they are", "migrate_pages:238 move_pages:239"),
    (
        "ENOSYS",
        "nothing to add to the policy, which is signed",
        "seccomp:277 lsm_get_self_attr:459 lsm_set_self_attr:460 lsm_list_modules:461",
    ),
    ("ENOSYS", "memory is the TEE's own already", "memfd_secret:447 process_mrelease:448"),
)


def _rows(errno: str, reason: str, names: str) -> tuple[Row, ...]:
    pairs = (word.split(":") for word in names.split())
    return tuple(refused(int(number), name, errno, reason) for name, number in pairs)


REFUSED: tuple[Row, ...] = tuple(row for group in _REFUSED for row in _rows(*group))
