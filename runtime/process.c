// SPDX-License-Identifier: BSD-2-Clause
// Identity, limits and the machine, as the program sees them. Nothing rests on what START told of them.
#include "process.h"
#include "memory.h"

enum { RLIMIT_STACK = 3, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7 };
enum { GRND_ALL = 7, GRND_BOTH = 6, RANDOM_MAX = 33554431 };
static struct eh_process process;

void process_init(u64 stack_size) {
    process.umask = eh_start.umask;
    identity_init();
    memset(process.limits, 0xff, sizeof process.limits);
    process.limits[RLIMIT_STACK][0] = stack_size;
    process.limits[RLIMIT_NOFILE][0] = process.limits[RLIMIT_NOFILE][1] = 1024;
    process.limits[RLIMIT_NPROC][0] = process.limits[RLIMIT_NPROC][1] = 1;
}

struct eh_process *process_state(void) { return &process; }

u32 process_umask(void) { return process.umask; }

u64 process_most_files(void) { return process.limits[RLIMIT_NOFILE][0]; }

int process_other(u64 pid) { return (u32)pid && (u32)pid != eh_start.pid; }

s64 sys_getpid(struct eh_context *c) { return (void)c, eh_start.pid; }
s64 sys_getppid(struct eh_context *c) { return (void)c, eh_start.ppid; }
s64 sys_gettid(struct eh_context *c) { return c->tid; }

// The program leads its session and its group, and nobody else is in them.
static s64 led_by(u64 pid) { return process_other(pid) ? -ESRCH : (s64)eh_start.pid; }

s64 sys_getpgid(struct eh_context *c) { return led_by(c->x[0]); }
s64 sys_getsid(struct eh_context *c) { return led_by(c->x[0]); }
s64 sys_setsid(struct eh_context *c) { return (void)c, -EPERM; }

s64 sys_setpgid(struct eh_context *c) {
    s32 pid = (s32)c->x[0], group = (s32)c->x[1];
    if ((group ? group : pid) < 0)
        return -EINVAL;
    return process_other(c->x[0]) ? -ESRCH : -EPERM;
}

s64 sys_getgroups(struct eh_context *c) { return (s32)c->x[0] < 0 ? -EINVAL : 0; }

s64 sys_umask(struct eh_context *c) {
    u32 old = process.umask;
    process.umask = (u32)c->x[0] & 0777;
    return old;
}

s64 sys_set_tid_address(struct eh_context *c) {
    c->clear_tid = c->x[0];
    return c->tid;
}

s64 sys_sched_getaffinity(struct eh_context *c) {
    u64 mask = 1;
    if (c->x[1] < sizeof mask || (c->x[1] & 7))
        return -EINVAL;
    if (process_other(c->x[0]))
        return -ESRCH;
    s64 result = user_out(c->x[2], &mask, sizeof mask);
    return result ? result : (s64)sizeof mask;
}

static s64 limit(u64 pid, u32 resource, u64 from, u64 to) {
    u64 wanted[2], old[2];
    if (resource >= RLIMITS)
        return -EINVAL;
    if (from && user_in(wanted, from, sizeof wanted))
        return -EFAULT;
    if (process_other(pid))
        return -ESRCH;
    memcpy(old, process.limits[resource], sizeof old);
    if (from && wanted[0] > wanted[1])
        return -EINVAL;
    if (from && wanted[1] > old[1])
        return -EPERM;
    if (from)
        memcpy(process.limits[resource], wanted, sizeof wanted);
    return to ? user_out(to, old, sizeof old) : 0;
}

s64 sys_prlimit64(struct eh_context *c) { return limit(c->x[0], (u32)c->x[1], c->x[2], c->x[3]); }

s64 sys_getrlimit(struct eh_context *c) {
    s64 result = limit(0, (u32)c->x[0], 0, c->x[1]);
    return !result && !c->x[1] ? -EFAULT : result;
}

s64 sys_setrlimit(struct eh_context *c) { return c->x[1] ? limit(0, (u32)c->x[0], c->x[1], 0) : -EFAULT; }

static void name(char *to, const char *text) { memcpy(to, text, eh_length(text)); }

s64 sys_uname(struct eh_context *c) {
    char names[6][65];
    memset(names, 0, sizeof names);
    name(names[0], "Linux");
    name(names[1], "elfhaven");
    name(names[2], "6.1.0-elfhaven");
    name(names[3], "#1");
    name(names[4], "aarch64");
    name(names[5], "(none)");
    return user_out(c->x[0], names, sizeof names);
}

s64 sys_sysinfo(struct eh_context *c) {
    struct {
        s64 uptime;
        u64 loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
        u16 processes, padding;
        u64 total_high, free_high;
        u32 unit;
    } info;
    _Static_assert(sizeof info == 112, "struct sysinfo");
    memset(&info, 0, sizeof info);
    info.uptime = (s64)(time_monotonic() / 1000000000);
    info.total_ram = arena_size();
    info.free_ram = arena_unused();
    info.processes = 1;
    info.unit = 1;
    return user_out(c->x[0], &info, sizeof info);
}

s64 sys_getrandom(struct eh_context *c) {
    u64 to = c->x[0], size = EH_MIN(c->x[1], (u64)RANDOM_MAX);
    u32 flags = (u32)c->x[2];
    if ((flags & ~(u32)GRND_ALL) || (flags & GRND_BOTH) == GRND_BOTH)
        return -EINVAL;
    u64 usable = vma_prefix(&eh_map, to, size, PROT_WRITE);
    if (size && !usable)
        return -EFAULT;
    utee_random((void *)to, usable);
    return (s64)usable;
}
