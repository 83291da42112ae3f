# SPDX-License-Identifier: BSD-2-Clause
"""Programs made by crossing calls with bad arguments: descriptors, pointers, paths."""

from __future__ import annotations

BAD_FDS = ("-1", "99", "1000000", "INT_MIN", "closed")

FD_CALLS = {
    "close": "syscall(SYS_close, {fd})",
    "read": "syscall(SYS_read, {fd}, buf, 10)",
    "write": 'syscall(SYS_write, {fd}, "abc", 3)',
    "readv": "syscall(SYS_readv, {fd}, &iov, 1)",
    "writev": "syscall(SYS_writev, {fd}, &iov, 1)",
    "pread64": "syscall(SYS_pread64, {fd}, buf, 10, 0l)",
    "pwrite64": 'syscall(SYS_pwrite64, {fd}, "abc", 3, 0l)',
    "lseek": "syscall(SYS_lseek, {fd}, 0l, SEEK_CUR)",
    "fstat": "syscall(SYS_fstat, {fd}, buf)",
    "getdents64": "syscall(SYS_getdents64, {fd}, buf, 4096)",
    "ftruncate": "syscall(SYS_ftruncate, {fd}, 0l)",
    "fcntl_dupfd": "syscall(SYS_fcntl, {fd}, F_DUPFD, 3)",
    "fcntl_getfd": "syscall(SYS_fcntl, {fd}, F_GETFD)",
    "fcntl_setfd": "syscall(SYS_fcntl, {fd}, F_SETFD, 1)",
    "fcntl_getfl": "syscall(SYS_fcntl, {fd}, F_GETFL)",
    "fcntl_setfl": "syscall(SYS_fcntl, {fd}, F_SETFL, 0)",
    "ioctl": "syscall(SYS_ioctl, {fd}, TCGETS, buf)",
    "dup": "syscall(SYS_dup, {fd})",
    "dup3": "syscall(SYS_dup3, {fd}, 50, 0)",
    "fchdir": "syscall(SYS_fchdir, {fd})",
    "fsync": "syscall(SYS_fsync, {fd})",
    "fdatasync": "syscall(SYS_fdatasync, {fd})",
    "mmap": "syscall(SYS_mmap, 0l, 4096l, PROT_READ, MAP_PRIVATE, {fd}, 0l)",
}

_IN = 'int f = open("data.txt", 0); '
_OUT = 'int f = open("out", O_CREAT | O_RDWR, 0644); '
BAD_POINTERS = {
    "read": _IN + "R(syscall(SYS_read, f, {p}, 10)); R(syscall(SYS_read, f, buf, 5));",
    "write": _OUT + "R(syscall(SYS_write, f, {p}, 10)); R(lseek(f, 0, SEEK_END));",
    "readv_iov": _IN + "R(syscall(SYS_readv, f, {p}, 1));",
    "readv_base": _IN + "struct iovec v = {{ {p}, 10 }}; R(syscall(SYS_readv, f, &v, 1));",
    "writev_iov": _OUT + "R(syscall(SYS_writev, f, {p}, 1));",
    "writev_base": _OUT + "struct iovec v = {{ {p}, 10 }}; R(syscall(SYS_writev, f, &v, 1));",
    "pread64": _IN + "R(syscall(SYS_pread64, f, {p}, 10, 0l));",
    "pwrite64": _OUT + "R(syscall(SYS_pwrite64, f, {p}, 10, 0l));",
    "fstat": _IN + "R(syscall(SYS_fstat, f, {p}));",
    "getdents64": 'int f = open(".", O_DIRECTORY); R(syscall(SYS_getdents64, f, {p}, 4096));',
    "ppoll": "R(syscall(SYS_ppoll, {p}, 1, 0, 0, 8));",
}

PATH_CALLS = {
    "openat": "syscall(SYS_openat, AT_FDCWD, {p}, O_RDONLY, 0)",
    "openat_create": "syscall(SYS_openat, AT_FDCWD, {p}, O_RDWR | O_CREAT, 0644)",
    "newfstatat": "syscall(SYS_newfstatat, AT_FDCWD, {p}, buf, 0)",
    "lstat": "syscall(SYS_newfstatat, AT_FDCWD, {p}, buf, AT_SYMLINK_NOFOLLOW)",
    "statx": "syscall(SYS_statx, AT_FDCWD, {p}, 0, 0x7ff, buf)",
    "faccessat": "syscall(SYS_faccessat, AT_FDCWD, {p}, R_OK)",
    "faccessat2": "syscall(SYS_faccessat2, AT_FDCWD, {p}, R_OK, 0)",
    "readlinkat": "syscall(SYS_readlinkat, AT_FDCWD, {p}, buf, 100)",
    "mkdirat": "syscall(SYS_mkdirat, AT_FDCWD, {p}, 0755)",
    "unlinkat": "syscall(SYS_unlinkat, AT_FDCWD, {p}, 0)",
    "rmdir": "syscall(SYS_unlinkat, AT_FDCWD, {p}, AT_REMOVEDIR)",
    "rename_from": 'syscall(SYS_renameat2, AT_FDCWD, {p}, AT_FDCWD, "target", 0)',
    "rename_to": 'syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, {p}, 0)',
    "chdir": "syscall(SYS_chdir, {p})",
    "truncate": "syscall(SYS_truncate, {p}, 3l)",
}

BAD_PATHS = (
    "BAD",
    "HIGH",
    '""',
    "longpath",
    "longname",
    '"none/file"',
    '"data.txt/file"',
    '"loop"',
    '"loop/file"',
    '"dangling/x"',
    '"data.txt/"',
    '"."',
    '"sub/../none"',
)


_FD_SETUP = """struct iovec iov = {buf, 3};
(void)iov;
int closed = open("one", 0);
close(closed);
"""

_PATH_SETUP = """char *longpath = malloc(6000), longname[301];
memset(longpath, 'a', 5999);
longpath[5999] = 0;
for (int i = 99; i < 5999; i += 100) longpath[i] = '/';
memset(longname, 'b', 300);
longname[300] = 0;
"""


def programs() -> dict[str, str]:
    """The bodies, by name."""
    made = {}
    for name, call in FD_CALLS.items():
        made[f"badfd_{name}"] = _FD_SETUP + "\n".join(f"R({call.format(fd=fd)});" for fd in BAD_FDS)
    for name, body in BAD_POINTERS.items():
        blocks = ["{ " + body.format(p=p) + " }" for p in ("BAD", "HIGH", "(void *)-1l")]
        made[f"badptr_{name}"] = "\n".join(blocks)
    for name, call in PATH_CALLS.items():
        made[f"badpath_{name}"] = _PATH_SETUP + "\n".join(f"R({call.format(p=path)});" for path in BAD_PATHS)
    return made
