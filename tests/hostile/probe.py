# SPDX-License-Identifier: BSD-2-Clause
"""The program of the hostile tests: `prog ACT [times]` makes one kind of call inside and says what it saw.

A line is `ACT result intact`: the result as the kernel gives it (negative: an errno), and whether the bytes
around the buffer stand.
"""

from __future__ import annotations

PROBE = r"""
#include <sys/file.h>
#define DATA "in/data"
static int file;
static char path[64];
static int nth;

static long act(const char *what) {
    struct stat st;
    struct iovec iov[2] = {{room.data, 10}, {room.data + 10, 6}};
    guard();
    if (!strcmp(what, "read"))
        return CALL(SYS_read, 0, room.data, 16);
    if (!strcmp(what, "readv"))
        return CALL(SYS_readv, 0, iov, 2);
    if (!strcmp(what, "pread64"))
        return CALL(SYS_pread64, file, room.data, 16, 8);
    if (!strcmp(what, "write"))
        return CALL(SYS_write, file, room.data, 16);
    if (!strcmp(what, "pwrite64"))
        return CALL(SYS_pwrite64, file, room.data, 16, 0);
    if (!strcmp(what, "getdents64"))
        return CALL(SYS_getdents64, file, room.data, 512);
    if (!strcmp(what, "readlinkat"))
        return CALL(SYS_readlinkat, AT_FDCWD, "in/link", room.data, 16);
    if (!strcmp(what, "newfstatat"))
        return CALL(SYS_newfstatat, AT_FDCWD, DATA, room.data, 0);
    if (!strcmp(what, "fstat"))
        return CALL(SYS_fstat, file, room.data);
    if (!strcmp(what, "statx"))
        return CALL(SYS_statx, AT_FDCWD, DATA, 0, 0x7ff, room.data);
    if (!strcmp(what, "faccessat2"))
        return CALL(SYS_faccessat2, AT_FDCWD, DATA, R_OK, 0);
    if (!strcmp(what, "openat"))
        return CALL(SYS_openat, AT_FDCWD, DATA, O_RDONLY);
    if (!strcmp(what, "close"))
        return CALL(SYS_close, CALL(SYS_openat, AT_FDCWD, DATA, O_RDONLY));
    if (!strcmp(what, "mkdirat")) {
        sprintf(path, "out/d%d", nth++);
        return CALL(SYS_mkdirat, AT_FDCWD, path, 0700);
    }
    if (!strcmp(what, "unlinkat"))
        return CALL(SYS_unlinkat, AT_FDCWD, "out/none", 0);
    if (!strcmp(what, "renameat2"))
        return CALL(SYS_renameat2, AT_FDCWD, "out/none", AT_FDCWD, "out/other", 0);
    if (!strcmp(what, "truncate"))
        return CALL(SYS_truncate, "out/append", 0);
    if (!strcmp(what, "ftruncate"))
        return CALL(SYS_ftruncate, file, 0);
    if (!strcmp(what, "fallocate"))
        return CALL(SYS_fallocate, file, 0, 0, 100);
    if (!strcmp(what, "fsync"))
        return CALL(SYS_fsync, file);
    if (!strcmp(what, "fdatasync"))
        return CALL(SYS_fdatasync, file);
    if (!strcmp(what, "chdir"))
        return CALL(SYS_chdir, "in");
    if (!strcmp(what, "lseek"))
        return CALL(SYS_lseek, 0, 0, SEEK_CUR);
    if (!strcmp(what, "ioctl"))
        return CALL(SYS_ioctl, 0, 0x5401, room.data);
    if (!strcmp(what, "fcntl"))
        return CALL(SYS_fcntl, file, F_SETFL, O_APPEND | O_NONBLOCK);
    if (!strcmp(what, "ppoll")) {
        struct pollfd fds[2] = {{0, POLLIN, 0}, {1, 0, 0}};
        long r = CALL(SYS_ppoll, fds, 2, 0, 0, 8);
        if (r >= 0)
            say("events %x %x", (unsigned)fds[0].revents, (unsigned)fds[1].revents);
        return r;
    }
    if (!strcmp(what, "fchmod"))
        return CALL(SYS_fchmod, file, 0600);
    if (!strcmp(what, "fchmodat2"))
        return CALL(SYS_fchmodat, AT_FDCWD, "out/plain", 0600);
    if (!strcmp(what, "fchown"))
        return CALL(SYS_fchown, file, -1, -1);
    if (!strcmp(what, "fchownat"))
        return CALL(SYS_fchownat, AT_FDCWD, "out/plain", -1, -1, 0);
    if (!strcmp(what, "utimensat"))
        return CALL(SYS_utimensat, AT_FDCWD, "out/plain", 0, 0);
    if (!strcmp(what, "linkat"))
        return CALL(SYS_linkat, AT_FDCWD, "out/none", AT_FDCWD, "out/other", 0);
    if (!strcmp(what, "symlinkat")) {
        sprintf(path, "out/s%d", nth++);
        return CALL(SYS_symlinkat, "target", AT_FDCWD, path);
    }
    if (!strcmp(what, "mknodat")) {
        sprintf(path, "out/n%d", nth++);
        return CALL(SYS_mknodat, AT_FDCWD, path, 0600, 0);
    }
    if (!strcmp(what, "statfs"))
        return CALL(SYS_statfs, "in", room.data);
    if (!strcmp(what, "fstatfs"))
        return CALL(SYS_fstatfs, file, room.data);
    if (!strcmp(what, "setxattr"))
        return CALL(SYS_setxattr, "out/plain", "user.a", "value", 5, 0);
    if (!strcmp(what, "getxattr"))
        return CALL(SYS_fgetxattr, file, "user.a", room.data, 16);
    if (!strcmp(what, "listxattr"))
        return CALL(SYS_flistxattr, file, room.data, 16);
    if (!strcmp(what, "removexattr"))
        return CALL(SYS_removexattr, "out/plain", "user.none");
    if (!strcmp(what, "flock"))
        return CALL(SYS_flock, file, LOCK_EX | LOCK_NB);
    if (!strcmp(what, "inotify_init1")) {
        long made = CALL(SYS_inotify_init1, 0);
        return made < 0 ? made : CALL(SYS_close, made);
    }
    if (!strcmp(what, "inotify_add_watch"))
        return CALL(SYS_inotify_add_watch, file, "in", 2);
    if (!strcmp(what, "inotify_rm_watch"))
        return CALL(SYS_inotify_rm_watch, file, 1);
    (void)st;
    return -1000;
}

static unsigned long used(const char *what) {
    if (!strcmp(what, "getdents64"))
        return 512;
    if (strstr(what, "statfs"))
        return 120;
    if (strstr(what, "stat") == what || !strcmp(what, "newfstatat") || !strcmp(what, "fstat"))
        return !strcmp(what, "statx") ? 256 : 128;
    return !strcmp(what, "ioctl") ? 36 : 16;
}

int main(int argc, char **argv) {
    const char *what = argv[1];
    int times = argc > 2 ? atoi(argv[2]) : 1;
    signal(SIGPIPE, SIG_IGN);
    if (!strcmp(what, "getdents64"))
        file = open("in", O_RDONLY | O_DIRECTORY);
    else if (!strcmp(what, "write") || strstr("ftruncate fallocate fsync fdatasync fcntl", what))
        file = open("out/append", O_RDWR | O_CREAT | O_APPEND, 0600);
    else if (!strcmp(what, "pwrite64"))
        file = open("out/plain", O_RDWR | O_CREAT, 0600);
    else if (!strcmp(what, "pread64") || !strcmp(what, "fstat"))
        file = open(DATA, O_RDONLY);
    if (strstr("fchmod fchown fstatfs getxattr listxattr flock", what) && !file)
        file = open("out/plain", O_RDWR | O_CREAT, 0600);
    if (strstr(what, "inotify_") && strcmp(what, "inotify_init1"))
        file = CALL(SYS_inotify_init1, 0);
    if (strstr("setxattr removexattr utimensat fchmodat2 fchownat", what))
        close(open("out/plain", O_RDWR | O_CREAT, 0600));
    if (file < 0) {
        say("cannot open: %d", errno);
        return 9;
    }
    for (int i = 0; i < times; i++) {
        long result = act(what);
        say("%s %ld %d", what, result, intact(used(what)));
    }
    return 0;
}
"""
