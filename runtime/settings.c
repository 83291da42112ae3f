// SPDX-License-Identifier: BSD-2-Clause
// What a program may set for itself and ask back, and what has no effect: one processor, given up at calls alone.
#include "memory.h"
#include "process.h"

enum { OTHER = 0, FIFO, RR, BATCH, IDLE = 5, DEADLINE, RESET_ON_FORK = 0x40000000, PRIORITY_MOST = 99 };
enum { NICE_MOST = 20, ATTRIBUTES = 48, NAME_SIZE = 16, IOPRIO_CLASSES = 3 };
enum { BARRIER_KNOWN = 0x1f, BARRIER_PRIVATE = 8, BARRIER_REGISTER = 16 };
enum { MEMORY_POLICIES = 6, TIMEX = 208 / 8, TIME_ERROR = 5, STA_UNSYNC = 64 };

enum setting { DEATH_SIGNAL, DUMPABLE, KEEP_CAPS, SLACK, REAPER, NO_NEW_PRIVS, NO_HUGE_PAGES, SETTINGS };
static const struct {
    u8 set, get, tells; // numbers of prctl; whether it answers at an address, not as the result
    u8 most;            // 0: any
} prctls[SETTINGS] = {{1, 2, 1, 64}, {4, 3, 0, 1}, {8, 7, 0, 1}, {29, 30, 0, 0}, {36, 37, 1, 1}, {38, 39, 0, 1}, {41, 42, 0, 1}};
enum { PR_SET_NAME = 15, PR_GET_NAME = 16, SLACK_USUAL = 50000 };

static struct {
    s32 nice;
    u32 policy, ioprio, barrier, memory_policy, named;
    u64 values[SETTINGS];
    char name[NAME_SIZE];
} settings = {.values = {[DUMPABLE] = 1, [SLACK] = SLACK_USUAL}};

static int unknown(u64 pid) { return (s32)pid < 0 || (process_other(pid) && !thread_of((u32)pid)); }

static s32 clamp(s32 nice) { return EH_MIN(EH_MAX(nice, -NICE_MOST), NICE_MOST - 1); }

s64 sys_getpriority(struct eh_context *c) {
    if ((u32)c->x[0] > 2)
        return -EINVAL;
    return unknown(c->x[1]) ? -ESRCH : NICE_MOST - settings.nice;
}

s64 sys_setpriority(struct eh_context *c) {
    s32 nice = clamp((s32)c->x[2]);
    if ((u32)c->x[0] > 2)
        return -EINVAL;
    if (unknown(c->x[1]))
        return -ESRCH;
    if (nice < settings.nice)
        return -EACCES;
    settings.nice = nice;
    return 0;
}

s64 sys_ioprio_get(struct eh_context *c) {
    return (u32)c->x[0] - 1 > 2 ? -EINVAL : unknown(c->x[1]) ? -ESRCH : (s64)settings.ioprio;
}

s64 sys_ioprio_set(struct eh_context *c) {
    u32 class = (u32)c->x[2] >> 13 & 7, level = (u32)c->x[2] & 7;
    if (class > IOPRIO_CLASSES || (!class && level) || (u32)c->x[0] - 1 > 2)
        return -EINVAL;
    if (class == 1)
        return -EPERM;
    if (unknown(c->x[1]))
        return -ESRCH;
    settings.ioprio = (u32)c->x[2] & 0xffff;
    return 0;
}

// ---- scheduling

static int policy_known(u32 policy) { return policy <= BATCH || policy == IDLE || policy == DEADLINE; }

static s64 schedule(u64 pid, u32 policy, u32 priority) {
    u32 real_time = policy == FIFO || policy == RR;
    if (unknown(pid))
        return -ESRCH;
    if (!policy_known(policy) || priority > PRIORITY_MOST || real_time != (priority != 0))
        return -EINVAL;
    if (real_time || policy == DEADLINE)
        return -EPERM;
    settings.policy = policy;
    return 0;
}

s64 sys_sched_setscheduler(struct eh_context *c) {
    u32 priority;
    if ((s32)c->x[1] < 0 || !c->x[2] || (s32)c->x[0] < 0)
        return -EINVAL;
    if (user_in(&priority, c->x[2], sizeof priority))
        return -EFAULT;
    return schedule(c->x[0], (u32)c->x[1] & ~(u32)RESET_ON_FORK, priority);
}

s64 sys_sched_setparam(struct eh_context *c) {
    c->x[2] = c->x[1];
    c->x[1] = settings.policy;
    return sys_sched_setscheduler(c);
}

s64 sys_sched_getscheduler(struct eh_context *c) {
    return (s32)c->x[0] < 0 ? -EINVAL : unknown(c->x[0]) ? -ESRCH : (s64)settings.policy;
}

s64 sys_sched_getparam(struct eh_context *c) {
    u32 none = 0;
    if (!c->x[1] || (s32)c->x[0] < 0)
        return -EINVAL;
    return unknown(c->x[0]) ? -ESRCH : user_out(c->x[1], &none, sizeof none);
}

s64 sys_sched_get_priority_max(struct eh_context *c) {
    u32 policy = (u32)c->x[0];
    return policy == FIFO || policy == RR ? PRIORITY_MOST : policy_known(policy) ? 0 : -EINVAL;
}

s64 sys_sched_get_priority_min(struct eh_context *c) {
    s64 most = sys_sched_get_priority_max(c);
    return most > 0 ? 1 : most;
}

s64 sys_sched_rr_get_interval(struct eh_context *c) {
    const u64 none[2] = {0, 0}; // nothing takes the processor from a thread
    if ((s32)c->x[0] < 0)
        return -EINVAL;
    return unknown(c->x[0]) ? -ESRCH : user_out(c->x[1], none, sizeof none);
}

s64 sys_sched_setaffinity(struct eh_context *c) {
    u8 first = 0;
    if (c->x[1] && user_in(&first, c->x[2], 1))
        return -EFAULT;
    return unknown(c->x[0]) ? -ESRCH : first & 1 ? 0 : -EINVAL;
}

struct attributes {
    u32 size, policy;
    u64 flags;
    s32 nice;
    u32 priority;
    u64 deadline[3];
};
_Static_assert(sizeof(struct attributes) == ATTRIBUTES, "struct sched_attr");

s64 sys_sched_setattr(struct eh_context *c) {
    struct attributes a;
    if (!c->x[1] || (s32)c->x[0] < 0 || (u32)c->x[2])
        return -EINVAL;
    if (user_in(&a, c->x[1], sizeof a))
        return -EFAULT;
    if (a.flags & ~0x7full)
        return -EINVAL;
    a.nice = clamp(a.nice);
    if (!unknown(c->x[0]) && a.policy == OTHER && a.nice < settings.nice)
        return -EPERM;
    s64 result = schedule(c->x[0], a.policy, a.priority);
    if (!result && a.policy != IDLE)
        settings.nice = a.nice;
    return result;
}

s64 sys_sched_getattr(struct eh_context *c) {
    struct attributes a = {.size = ATTRIBUTES, .policy = settings.policy, .nice = settings.nice};
    if (!c->x[1] || (s32)c->x[0] < 0 || (u32)c->x[2] < ATTRIBUTES || (u32)c->x[2] > EH_PAGE || (u32)c->x[3])
        return -EINVAL;
    return unknown(c->x[0]) ? -ESRCH : user_out(c->x[1], &a, sizeof a);
}

s64 sys_getcpu(struct eh_context *c) {
    u32 none = 0;
    for (u32 i = 0; i < 2; i++)
        if (c->x[i] && user_out(c->x[i], &none, sizeof none))
            return -EFAULT;
    return 0;
}

// ---- prctl

// The first letters of the program's name, until it sets another.
static void name_once(void) {
    const char *from = eh_config.images[0].name;
    u32 start = 0, i;
    if (settings.named)
        return;
    settings.named = 1;
    for (i = 0; i < sizeof eh_config.images[0].name && from[i]; i++)
        start = from[i] == '/' ? i + 1 : start;
    memcpy(settings.name, from + start, EH_MIN(i - start, NAME_SIZE - 1u));
}

static s64 set_name(u64 address) {
    char name[NAME_SIZE] = {0};
    if (user_string(name, address, NAME_SIZE - 1) == -EFAULT)
        return -EFAULT;
    settings.named = 1;
    memcpy(settings.name, name, NAME_SIZE - 1);
    return 0;
}

static s64 set_value(u32 which, const struct eh_context *c) {
    u64 value = c->x[1];
    if (prctls[which].most && value > prctls[which].most && which != REAPER)
        return -EINVAL;
    if (which == NO_NEW_PRIVS && (value != 1 || c->x[2] || c->x[3] || c->x[4]))
        return -EINVAL;
    settings.values[which] = which == REAPER ? value != 0 : which == SLACK && (s64)value <= 0 ? SLACK_USUAL : value;
    return 0;
}

s64 sys_prctl(struct eh_context *c) {
    u32 option = (u32)c->x[0];
    name_once();
    if (option == PR_SET_NAME)
        return set_name(c->x[1]);
    if (option == PR_GET_NAME)
        return user_out(c->x[1], settings.name, NAME_SIZE);
    for (u32 i = 0; i < SETTINGS; i++) {
        u32 told = (u32)settings.values[i];
        if (option == prctls[i].set)
            return set_value(i, c);
        if (option == prctls[i].get)
            return prctls[i].tells ? user_out(c->x[1], &told, sizeof told) : (s64)told;
    }
    return -EINVAL;
}

// ---- barriers, nodes of memory, the clock's discipline

s64 sys_membarrier(struct eh_context *c) {
    u32 command = (u32)c->x[0];
    if ((u32)c->x[1])
        return -EINVAL;
    if (!command)
        return BARRIER_KNOWN;
    if ((command & (command - 1)) || (command & ~(u32)BARRIER_KNOWN))
        return -EINVAL;
    settings.barrier |= command & BARRIER_REGISTER;
    return command == BARRIER_PRIVATE && !settings.barrier ? -EPERM : 0;
}

// One node: a policy is kept, and nothing depends on it.
s64 sys_set_mempolicy(struct eh_context *c) {
    u32 mode = (u32)c->x[0];
    if (mode > MEMORY_POLICIES || (mode && mode != 1 && mode != 4 && !c->x[1]))
        return -EINVAL;
    settings.memory_policy = mode;
    return 0;
}

s64 sys_get_mempolicy(struct eh_context *c) {
    if (c->x[4] || (c->x[3]))
        return -EINVAL;
    return c->x[0] ? user_out(c->x[0], &settings.memory_policy, sizeof settings.memory_policy) : 0;
}

s64 sys_mbind(struct eh_context *c) {
    int bad = (c->x[0] & (EH_PAGE - 1)) || (u32)c->x[2] > MEMORY_POLICIES || ((u32)c->x[5] & ~7u);
    return bad ? -EINVAL : 0;
}

static s64 discipline(u64 address) {
    u64 timex[TIMEX] = {0}, now = time_now(1) / 1000;
    if (user_in(timex, address, sizeof timex))
        return -EFAULT;
    if ((u32)timex[0])
        return -EPERM; // the clock is not the program's to set
    memset(timex, 0, sizeof timex);
    timex[5] = STA_UNSYNC;
    timex[7] = 1; // a microsecond
    timex[9] = now / 1000000;
    timex[10] = now % 1000000;
    timex[11] = 10000; // microseconds a tick
    s64 result = user_out(address, timex, sizeof timex);
    return result ? result : TIME_ERROR;
}

s64 sys_adjtimex(struct eh_context *c) { return discipline(c->x[0]); }

s64 sys_clock_adjtime(struct eh_context *c) {
    u32 clock = (u32)c->x[0];
    return !clock ? discipline(c->x[1]) : clock < 12 && clock != 10 ? -EOPNOTSUPP : -EINVAL;
}
