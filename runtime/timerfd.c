// SPDX-License-Identifier: BSD-2-Clause
// Timers that are read like files. `offset` is when the timer runs out, in nanoseconds of time_monotonic, 0: it is not
// armed; `size` is its interval; `special` its clock.
#include "waiting.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

enum { REALTIME = 0, MONOTONIC = 1, BOOTTIME = 7, REALTIME_ALARM = 8, BOOTTIME_ALARM = 9 };
enum { ABSOLUTE = 1, CANCEL_ON_SET = 2 };
#define SECOND 1000000000ull

s64 sys_timerfd_create(struct eh_context *c) {
    u32 id = (u32)c->x[0], flags = (u32)c->x[1];
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (id == REALTIME_ALARM || id == BOOTTIME_ALARM)
        return -EPERM;
    if (id != REALTIME && id != MONOTONIC && id != BOOTTIME)
        return -EINVAL;
    s64 fd = fd_free(0);
    struct eh_file *file = fd < 0 ? 0 : file_new(FILE_TIMER, O_RDWR | (flags & O_NONBLOCK));
    if (!file)
        return fd < 0 ? fd : -ENFILE;
    file->special = id;
    fd_set((u32)fd, file, (flags & O_CLOEXEC) != 0);
    return fd;
}

static struct eh_file *timer_of(u64 fd, s64 *error) {
    struct eh_file *file = fd_file(fd);
    *error = !file ? -EBADF : file->kind == FILE_TIMER ? 0 : -EINVAL;
    return *error ? 0 : file;
}

// How often it has run out by now; it then stands before the next time.
static u64 expirations(struct eh_file *file, int take) {
    u64 now = time_monotonic();
    if (!file->offset || file->offset > now)
        return 0;
    u64 times = file->size ? 1 + (now - file->offset) / file->size : 1;
    if (take)
        file->offset = file->size ? file->offset + times * file->size : 0;
    return times;
}

// struct itimerspec: the interval, then what is left.
static s64 tell(const struct eh_file *file, u64 to) {
    u64 now = time_monotonic(), left = 0;
    if (file->offset > now)
        left = file->offset - now;
    else if (file->offset && file->size)
        left = file->size - (now - file->offset) % file->size;
    u64 words[4] = {file->size / SECOND, file->size % SECOND, left / SECOND, left % SECOND};
    return user_out(to, words, sizeof words);
}

s64 sys_timerfd_gettime(struct eh_context *c) {
    s64 result;
    struct eh_file *file = timer_of(c->x[0], &result);
    return result ? result : tell(file, c->x[1]);
}

s64 sys_timerfd_settime(struct eh_context *c) {
    u32 flags = (u32)c->x[1];
    u64 interval, value;
    s64 result = time_read(c->x[2], &interval);
    if (!result)
        result = time_read(c->x[2] + 16, &value);
    if (!result && (flags & ~(u32)(ABSOLUTE | CANCEL_ON_SET)))
        result = -EINVAL;
    struct eh_file *file = result ? 0 : timer_of(c->x[0], &result);
    if (!result && c->x[3])
        result = tell(file, c->x[3]);
    if (result)
        return result;
    u64 clock = time_now(file->special == REALTIME), now = time_monotonic();
    if (value && (flags & ABSOLUTE))
        value = value > clock ? value - clock : 1;
    file->offset = value ? now + EH_MIN(value, FOREVER - now) : 0;
    file->size = interval;
    poll_wake();
    return 0;
}

s64 timer_read(struct eh_file *file, struct eh_span *s) {
    s64 result = 0;
    u64 times = 0;
    if (s->left < sizeof times)
        return -EINVAL;
    file->references++;
    while (!result && !(times = expirations(file, 1))) {
        struct eh_watch w = {file->number, POLLIN, 0};
        result = file->flags & O_NONBLOCK ? -EAGAIN : watch(&w, 1, FOREVER);
        result = result > 0 ? 0 : result;
    }
    file_drop(file);
    if (times)
        span_write(s, &times, sizeof times);
    return times ? (s64)sizeof times : result;
}
