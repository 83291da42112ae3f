// SPDX-License-Identifier: BSD-2-Clause
// Time. The TEE's clock counts milliseconds since the device started; the date is the normal world's word,
// read once, carried on by the TEE's clock, corrected once a minute at most and never backwards.
#include "memory.h"
#include "process.h"
#include "thread.h"

enum { REALTIME = 0, MONOTONIC, PROCESS_CPU, THREAD_CPU, MONOTONIC_RAW, REALTIME_COARSE, MONOTONIC_COARSE };
enum { BOOTTIME = 7, REALTIME_ALARM = 8, BOOTTIME_ALARM = 9, TAI = 11, TIMER_ABSTIME = 1 };
#define SECOND 1000000000ull
#define MILLISECOND 1000000ull
#define COUNTER_PER_MS 62500 // 62.5 MHz
#define LONGEST_MS (1ull << 40)
#define REFRESH_MS 60000
#define NAP_MS 50 // a sleep is cut into naps, between which the program can be asked to end

static struct {
    u64 start_ms;
    u64 date_ms, date_at_ms; // the date at a moment of the TEE's clock; 0: not read yet
    u64 last_date_ms;
} clock;

void time_init(void) { clock.start_ms = utee_monotonic_ms(); }

u64 time_monotonic(void) { return utee_monotonic_ms() * MILLISECOND; }

u64 time_counter(void) { return utee_monotonic_ms() * COUNTER_PER_MS; }

static u64 date_ms(void) {
    u64 now = utee_monotonic_ms();
    if (!clock.date_ms || now - clock.date_at_ms >= REFRESH_MS) {
        clock.date_ms = utee_ree_ms();
        clock.date_at_ms = now;
    }
    clock.last_date_ms = EH_MAX(clock.last_date_ms, clock.date_ms + (now - clock.date_at_ms));
    return clock.last_date_ms;
}

// Nanoseconds of a clock; -EINVAL for one that is not there.
static s64 read_clock(u32 id) {
    switch (id) {
    case REALTIME:
    case REALTIME_COARSE:
    case REALTIME_ALARM:
    case TAI:
        return (s64)(date_ms() * MILLISECOND);
    case MONOTONIC:
    case MONOTONIC_RAW:
    case MONOTONIC_COARSE:
    case BOOTTIME:
    case BOOTTIME_ALARM:
        return (s64)time_monotonic();
    case PROCESS_CPU:
    case THREAD_CPU:
        return (s64)((utee_monotonic_ms() - clock.start_ms) * MILLISECOND);
    default:
        return -EINVAL;
    }
}

u64 time_now(int realtime) { return realtime ? date_ms() * MILLISECOND : time_monotonic(); }

static s64 put_time(u64 address, u64 first, u64 second) {
    u64 pair[2] = {first, second};
    return user_out(address, pair, sizeof pair);
}

s64 time_read(u64 address, u64 *nanoseconds) {
    s64 pair[2];
    if (user_in(pair, address, sizeof pair))
        return -EFAULT;
    if (pair[0] < 0 || pair[1] < 0 || pair[1] >= (s64)SECOND)
        return -EINVAL;
    s64 most = (s64)(~0ull >> 1) / (s64)SECOND - 1;
    *nanoseconds = (u64)EH_MIN(pair[0], most) * SECOND + (u64)pair[1];
    return 0;
}

void time_nap(u64 nanoseconds) {
    utee_wait((u32)EH_MIN((nanoseconds + MILLISECOND - 1) / MILLISECOND, (u64)NAP_MS));
    poll_asked();
}

s64 time_sleep(u64 nanoseconds) {
    u64 milliseconds = nanoseconds / MILLISECOND + (nanoseconds % MILLISECOND != 0);
    if (!milliseconds)
        return 0;
    s64 result = thread_wait(time_monotonic() + EH_MIN(milliseconds, LONGEST_MS) * MILLISECOND);
    return result == -EINTR ? result : 0;
}

// A sleep of the program; `left` is where it wants to know what a signal left of it, 0: nowhere.
static s64 sleep_for(u64 nanoseconds, u64 left) {
    u64 until = time_monotonic() + nanoseconds;
    s64 result = time_sleep(nanoseconds);
    u64 now = time_monotonic(), rest = until > now ? until - now : 0;
    if (result && left && put_time(left, rest / SECOND, rest % SECOND))
        return -EFAULT;
    return result;
}

s64 sys_clock_gettime(struct eh_context *c) {
    s64 now = read_clock((u32)c->x[0]);
    return now < 0 ? now : put_time(c->x[1], (u64)now / SECOND, (u64)now % SECOND);
}

s64 sys_clock_getres(struct eh_context *c) {
    s64 now = read_clock((u32)c->x[0]);
    if (now < 0)
        return now;
    return c->x[1] ? put_time(c->x[1], 0, MILLISECOND) : 0;
}

s64 sys_nanosleep(struct eh_context *c) {
    u64 duration;
    s64 result = time_read(c->x[0], &duration);
    return result ? result : sleep_for(duration, c->x[1]);
}

s64 sys_clock_nanosleep(struct eh_context *c) {
    u32 id = (u32)c->x[0];
    u64 duration;
    if (id == THREAD_CPU)
        return -EINVAL;
    if (id == MONOTONIC_RAW || id == REALTIME_COARSE || id == MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    s64 now = read_clock(id), result = now < 0 ? now : time_read(c->x[2], &duration);
    if (result)
        return result;
    if (c->x[1] & TIMER_ABSTIME)
        duration = duration > (u64)now ? duration - (u64)now : 0;
    return sleep_for(duration, c->x[1] & TIMER_ABSTIME ? 0 : c->x[3]);
}

s64 sys_gettimeofday(struct eh_context *c) {
    u64 now = date_ms(), zone = 0;
    s64 result = c->x[0] ? put_time(c->x[0], now / 1000, now % 1000 * 1000) : 0;
    return !result && c->x[1] ? user_out(c->x[1], &zone, sizeof zone) : result;
}

s64 sys_getrusage(struct eh_context *c) {
    enum { RUSAGE_CHILDREN = -1, RUSAGE_SELF, RUSAGE_THREAD };
    s32 who = (s32)c->x[0];
    u64 usage[18] = {0}, used = utee_monotonic_ms() - clock.start_ms;
    if (who < RUSAGE_CHILDREN || who > RUSAGE_THREAD)
        return -EINVAL;
    if (who != RUSAGE_CHILDREN) { // user time
        usage[0] = used / 1000;
        usage[1] = used % 1000 * 1000;
    }
    return user_out(c->x[1], usage, sizeof usage);
}

s64 sys_times(struct eh_context *c) {
    u64 now = utee_monotonic_ms();
    u64 ticks[4] = {(now - clock.start_ms) / 10, 0, 0, 0};
    s64 result = c->x[0] ? user_out(c->x[0], ticks, sizeof ticks) : 0;
    return result ? result : (s64)(now / 10);
}
