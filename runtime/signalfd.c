// SPDX-License-Identifier: BSD-2-Clause
// Signals that are read like files. `offset` is the set of those that the file tells of. What waits for the process
// and for the thread that reads is told, and no longer waits.
#include "waiting.h"
#include "memory.h"
#include "process.h"
#include "signals.h"

enum { SIGKILL = 9, SIGCHLD = 17, SIGSTOP = 19, SET_SIZE = 8, TOLD = 128 };

struct told { // struct signalfd_siginfo
    u32 number, errno_;
    s32 code;
    u32 pid, uid, fd, tid, band, overrun, trap;
    s32 status, value;
    u64 pointer, rest[9];
};
_Static_assert(sizeof(struct told) == TOLD, "struct signalfd_siginfo");

static s64 make(u64 set, u32 flags) {
    s64 fd = fd_free(0);
    struct eh_file *file = fd < 0 ? 0 : file_new(FILE_SIGNALS, O_RDWR | (flags & O_NONBLOCK));
    if (!file)
        return fd < 0 ? fd : -ENFILE;
    file->offset = set;
    fd_set((u32)fd, file, (flags & O_CLOEXEC) != 0);
    return fd;
}

s64 sys_signalfd4(struct eh_context *c) {
    u64 set;
    u32 flags = (u32)c->x[3];
    if (c->x[2] != SET_SIZE)
        return -EINVAL;
    if (user_in(&set, c->x[1], sizeof set))
        return -EFAULT;
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    set &= ~(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
    if ((s32)c->x[0] == -1)
        return make(set, flags);
    struct eh_file *file = fd_file((u32)c->x[0]);
    if (!file || file->kind != FILE_SIGNALS)
        return file ? -EINVAL : -EBADF;
    file->offset = set;
    poll_wake();
    return (s32)c->x[0];
}

int signals_ready(const struct eh_file *file) {
    return ((pending_of(eh_current) | pending_of(0)) & file->offset) != 0;
}

static void tell(struct eh_span *s, const struct eh_siginfo *i) {
    struct told t = {.number = i->number, .code = i->code};
    if (i->code == SI_TIMER)
        t.tid = i->first, t.overrun = i->second;
    else
        t.pid = i->first, t.uid = i->second;
    if (i->number == SIGCHLD && i->code > 0)
        t.status = (s32)i->value;
    if (i->code == SI_TIMER || i->code == SI_QUEUE)
        t.pointer = i->value, t.value = (s32)i->value;
    span_write(s, &t, sizeof t);
}

s64 signals_read(struct eh_file *file, struct eh_span *s) {
    struct eh_siginfo info;
    s64 result = 0, done = 0;
    if (s->left < TOLD)
        return -EINVAL;
    file->references++;
    while (!result && s->left >= TOLD) {
        if (signal_take(eh_current, file->offset, &info)) {
            tell(s, &info);
            done += TOLD;
            continue;
        }
        struct eh_watch w = {file->number, POLLIN, 0};
        result = done || (file->flags & O_NONBLOCK) ? -EAGAIN : watch(&w, 1, FOREVER);
        result = result > 0 ? 0 : result;
    }
    file_drop(file);
    return done ? done : result;
}
