// SPDX-License-Identifier: BSD-2-Clause
// The program as a file of its own, and which of its files are one: there is no other process to name.
#include "files.h"
#include "memory.h"
#include "process.h"

enum { NONBLOCK = 04000, THREAD = 0200, KCMP_FILE = 0, KCMP_TYPES = 8, SPAN_MOST = 1024 };
enum { TO_ANY = 7 }; // a thread, the process, its group: all the program

static int is_self(const struct eh_file *file) { return file->kind == FILE_OTHER && file->itself; }

s64 sys_pidfd_open(struct eh_context *c) {
    u32 flags = (u32)c->x[1];
    if ((flags & ~(u32)(NONBLOCK | THREAD)) || (s32)c->x[0] <= 0)
        return -EINVAL;
    if (process_other(c->x[0]) && (!(flags & THREAD) || !thread_of((u32)c->x[0])))
        return thread_of((u32)c->x[0]) ? -EINVAL : -ESRCH;
    s64 fd = fd_free(0);
    struct eh_file *file = fd < 0 ? 0 : file_new(FILE_OTHER, O_RDWR | (flags & NONBLOCK));
    if (!file)
        return fd < 0 ? fd : -ENFILE;
    file->itself = 1;
    fd_set((u32)fd, file, 1);
    return fd;
}

static s64 itself(u64 fd) {
    const struct eh_file *file = fd_file(fd);
    return file && is_self(file) ? 0 : -EBADF;
}

s64 sys_pidfd_send_signal(struct eh_context *c) {
    s64 result = (u32)c->x[3] & ~(u32)TO_ANY ? -EINVAL : itself(c->x[0]);
    if (result)
        return result;
    u64 info[16];
    if (c->x[2] && user_in(info, c->x[2], sizeof info))
        return -EFAULT;
    if (c->x[2] && (u32)info[0] != (u32)c->x[1])
        return -EINVAL;
    c->x[0] = eh_start.pid;
    return sys_kill(c);
}

s64 sys_pidfd_getfd(struct eh_context *c) {
    s64 result = (u32)c->x[2] ? -EINVAL : itself(c->x[0]);
    struct eh_file *file = result ? 0 : fd_file(c->x[1]);
    if (!file)
        return result ? result : -EBADF;
    s64 fd = fd_free(0);
    if (fd >= 0)
        fd_set((u32)fd, file, 1);
    return fd;
}

s64 sys_process_madvise(struct eh_context *c) {
    u64 pair[2], done = 0;
    s64 result = (u32)c->x[4] || c->x[2] > SPAN_MOST ? -EINVAL : itself(c->x[0]);
    struct eh_context asked = {.x = {0}};
    for (u64 i = 0; i < c->x[2] && !result; i++) {
        if (user_in(pair, c->x[1] + i * sizeof pair, sizeof pair))
            return -EFAULT;
        asked.x[0] = pair[0];
        asked.x[1] = pair[1];
        asked.x[2] = c->x[3];
        result = sys_madvise(&asked);
        done += result ? 0 : pair[1];
    }
    return done ? (s64)done : result;
}

s64 sys_kcmp(struct eh_context *c) {
    if ((process_other(c->x[0]) && !thread_of((u32)c->x[0])) || (process_other(c->x[1]) && !thread_of((u32)c->x[1])) ||
        !(u32)c->x[0] || !(u32)c->x[1])
        return -ESRCH;
    u32 type = (u32)c->x[2];
    if (type != KCMP_FILE)
        return type < KCMP_TYPES - 1 ? 0 : -EINVAL;
    const struct eh_file *a = fd_file(c->x[3]), *b = fd_file(c->x[4]);
    return !a || !b ? -EBADF : a == b ? 0 : a < b ? 1 : 2;
}
