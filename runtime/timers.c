// SPDX-License-Identifier: BSD-2-Clause
// Timers that end in a signal: the interval timer of real time, and POSIX timers.
#include "memory.h"
#include "process.h"
#include "signals.h"
#include "thread.h"

enum { TIMERS = 32, SIGALRM = 14, SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4, TIMER_ABSTIME = 1 };
enum { REALTIME = 0, MONOTONIC = 1, BOOTTIME = 7 };
#define SECOND 1000000000ull

static struct timer {
    u32 used, signal, tid, overrun; // tid 0: the process; overrun of the signal that was told last
    u64 value, clock;               // what its signal carries; what it is set by
    u64 expires, interval;          // nanoseconds; expires 0: not armed
} timers[TIMERS];                   // the first is the interval timer

u64 timer_next(void) {
    u64 first = NO_DEADLINE;
    for (u32 i = 0; i < TIMERS; i++)
        if (timers[i].expires && (first == NO_DEADLINE || timers[i].expires < first))
            first = timers[i].expires;
    return first;
}

static void expire(struct timer *t, u32 index, u64 now) {
    u64 missed = EH_MIN(t->interval ? (now - t->expires) / t->interval : 0, 0x7ffffffeull);
    t->expires = t->interval ? t->expires + (missed + 1) * t->interval : 0;
    struct eh_context *to = t->tid ? thread_of(t->tid) : 0;
    struct eh_siginfo *waits = index ? pending_timer(index) : 0, info = {t->signal, SI_KERNEL, 0, 0, 0};
    if (!t->signal || (t->tid && !to))
        return;
    if (waits)
        waits->second = (u32)EH_MIN(waits->second + missed + 1, 0x7fffffffull);
    if (waits)
        return;
    if (index)
        info = (struct eh_siginfo){t->signal, SI_TIMER, index, (u32)missed, t->value};
    signal_send(to, &info);
}

void timer_told(const struct eh_siginfo *info) {
    if (info->first < TIMERS)
        timers[info->first].overrun = info->second;
}

void timer_fire(u64 now) {
    for (u32 i = 0; i < TIMERS; i++)
        if (timers[i].expires && timers[i].expires <= now)
            expire(&timers[i], i, now);
}

static void set(struct timer *t, u64 value, u64 interval) {
    t->expires = value ? time_monotonic() + value : 0;
    t->interval = interval;
    t->overrun = 0;
    poll_changed();
}

static u64 left(const struct timer *t) {
    u64 now = time_monotonic();
    return !t->expires ? 0 : t->expires > now ? t->expires - now : 1000;
}

// Two times of the program: the interval, then the value; `unit` nanoseconds are one of their smaller part.
static s64 read_pair(u64 address, u64 unit, u64 *interval, u64 *value) {
    s64 w[4];
    if (user_in(w, address, sizeof w))
        return -EFAULT;
    for (u32 i = 0; i < 4; i++)
        if (w[i] < 0 || ((i & 1) && w[i] >= (s64)(SECOND / unit)) || (!(i & 1) && w[i] >> 32))
            return -EINVAL;
    *interval = (u64)w[0] * SECOND + (u64)w[1] * unit;
    *value = (u64)w[2] * SECOND + (u64)w[3] * unit;
    return 0;
}

static s64 write_pair(u64 address, u64 unit, const struct timer *t) {
    u64 rest = left(t);
    u64 w[4] = {t->interval / SECOND, t->interval % SECOND / unit, rest / SECOND, rest % SECOND / unit};
    return address ? user_out(address, w, sizeof w) : 0;
}

s64 sys_getitimer(struct eh_context *c) {
    struct timer none = {0};
    if ((u32)c->x[0] > 2)
        return -EINVAL;
    return c->x[1] ? write_pair(c->x[1], 1000, (u32)c->x[0] ? &none : &timers[0]) : -EFAULT;
}

s64 sys_setitimer(struct eh_context *c) {
    u64 interval = 0, value = 0;
    if ((u32)c->x[0] > 2)
        return -EINVAL;
    s64 result = c->x[1] ? read_pair(c->x[1], 1000, &interval, &value) : 0;
    if (result)
        return result;
    if ((u32)c->x[0])
        return value ? -ENOSYS : 0; // processor time is not told apart from time
    struct timer old = timers[0];
    timers[0].signal = SIGALRM;
    set(&timers[0], value, interval);
    return write_pair(c->x[2], 1000, &old);
}

static struct timer *of(u64 id) {
    return (u32)id && (u32)id < TIMERS && timers[(u32)id].used ? &timers[(u32)id] : 0;
}

s64 sys_timer_create(struct eh_context *c) {
    struct {
        u64 value;
        u32 signal, notify, tid, rest[11];
    } event = {0, SIGALRM, SIGEV_SIGNAL, 0, {0}};
    u32 clock = (u32)c->x[0], id = 1;
    if (clock != REALTIME && clock != MONOTONIC && clock != BOOTTIME)
        return -EINVAL;
    if (c->x[1] && user_in(&event, c->x[1], sizeof event))
        return -EFAULT;
    int known = event.notify == SIGEV_SIGNAL || event.notify == SIGEV_NONE ||
                event.notify == (SIGEV_SIGNAL | SIGEV_THREAD_ID);
    if (!known || (event.notify != SIGEV_NONE && (!event.signal || event.signal > 64)) ||
        (event.notify == SIGEV_THREAD_ID && !thread_of(event.tid)))
        return -EINVAL;
    while (id < TIMERS && timers[id].used)
        id++;
    if (id == TIMERS)
        return -EAGAIN;
    if (user_out(c->x[2], &id, sizeof id))
        return -EFAULT;
    timers[id] = (struct timer){.used = 1,
                                .value = c->x[1] ? event.value : id,
                                .clock = clock,
                                .signal = event.notify == SIGEV_NONE ? 0 : event.signal,
                                .tid = event.notify == SIGEV_THREAD_ID ? event.tid : 0};
    return 0;
}

s64 sys_timer_settime(struct eh_context *c) {
    struct timer *t = of(c->x[0]);
    u64 interval, value;
    s64 result = read_pair(c->x[2], 1, &interval, &value);
    if (!t || result)
        return t ? result : -EINVAL;
    if (value && ((u32)c->x[1] & TIMER_ABSTIME)) {
        u64 now = time_now(t->clock == REALTIME);
        value = value > now ? value - now : 1;
    }
    struct timer old = *t;
    set(t, value, interval);
    return write_pair(c->x[3], 1, &old);
}

s64 sys_timer_gettime(struct eh_context *c) {
    struct timer *t = of(c->x[0]);
    return !t ? -EINVAL : c->x[1] ? write_pair(c->x[1], 1, t) : -EFAULT;
}

s64 sys_timer_getoverrun(struct eh_context *c) {
    struct timer *t = of(c->x[0]);
    return t ? t->overrun : -EINVAL;
}

s64 sys_timer_delete(struct eh_context *c) {
    struct timer *t = of(c->x[0]);
    struct eh_siginfo *waits = t ? pending_timer((u32)c->x[0]) : 0;
    if (waits)
        waits->first = 0; // the next timer with this number is another
    if (t)
        memset(t, 0, sizeof *t);
    return t ? 0 : -EINVAL;
}
