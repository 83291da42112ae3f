// SPDX-License-Identifier: BSD-2-Clause
// Children: other packed programs, each in a session of its own. A child begins as a vfork: it runs on the memory of
// the thread that made it, alone, with descriptors, signal actions, limits and directory of its own, until execve or
// its end. execve (exec.c) asks the normal world to start the program; a thread of the runtime then waits to be told
// how it ends.
#include "children.h"
#include "audit.h"
#include "exec.h"
#include "files.h"
#include "frame.h"
#include "memory.h"
#include "process.h"
#include "signals.h"
#include "thread.h"

enum { CHILDREN_MOST = 64, SIGKILL = 9, SIGCHLD = 17, CLD_EXITED = 1, CLD_KILLED = 2, SIGNALS = 64 };
enum { CLONE_VM = 0x100, CLONE_VFORK = 0x4000, AT_FDCWD = -100 };
enum { WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000 };
enum { P_ALL = 0, P_PID, P_PGID, USAGE_SIZE = 144 };
#define WAIT4_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | 0xe0000000u) // and __WALL, __WCLONE, __WNOTHREAD
enum { FREE = 0, BEGINS, RUNS, ENDED };

struct child {
    u32 pid, state, status;
};

struct kept { // the parent's, while a vfork has its own
    struct eh_descriptor descriptors[DESCRIPTORS];
    struct eh_action actions[SIGNALS];
    struct eh_process process;
    u32 cwd_length;
    char cwd[EH_PATH_MAX];
};

static struct {
    struct child list[CHILDREN_MOST];
    struct eh_context *forked;
    struct kept *kept;
    u32 reaping;
} children;

static struct child *child_of(u32 pid, u32 state) {
    for (u32 i = 0; i < CHILDREN_MOST; i++)
        if (children.list[i].state == state && children.list[i].pid == pid)
            return &children.list[i];
    return 0;
}

int children_forked(const struct eh_context *c) { return c == children.forked; }

// ---- a vfork

static int keep(void) {
    struct kept *k = children.kept = arena_own(sizeof *k);
    if (!k)
        return -ENOMEM;
    fd_keep(k->descriptors);
    memcpy(k->actions, signal_actions(), sizeof k->actions);
    k->process = *process_state();
    const char *cwd = path_cwd(&k->cwd_length);
    memcpy(k->cwd, cwd, k->cwd_length);
    return 0;
}

static void give_back(void) {
    struct kept *k = children.kept;
    fd_restore(k->descriptors);
    memcpy(signal_actions(), k->actions, sizeof k->actions);
    *process_state() = k->process;
    path_set_cwd(k->cwd, k->cwd_length);
    arena_disown(k, sizeof *k);
}

s64 children_vfork(struct eh_context *c) {
    u64 pushed[2], stack = c->x[1] ? c->x[1] : c->sp + 16;
    struct child *child = child_of(0, FREE);
    if ((u32)c->x[0] & ~(u32)(CLONE_VM | CLONE_VFORK | 255))
        return -EINVAL;
    if (!child || children.forked || eh_service_busy())
        return -EAGAIN;
    if ((stack & 15) || user_in(pushed, c->sp, sizeof pushed) || user_out(stack - 16, pushed, sizeof pushed))
        return -EFAULT;
    if (keep())
        return -ENOMEM;
    struct eh_context *made = thread_child(c, stack, c->tpidr, eh_thread_begin);
    if (!made) {
        give_back();
        return -EAGAIN;
    }
    u32 pid = made->tid;
    *child = (struct child){pid, BEGINS, 0};
    children.forked = made;
    thread_only(made);
    while (children.forked)
        thread_hold_at((u64)&children.forked);
    user_out(c->sp, pushed, sizeof pushed); // where the child had its stack too
    return pid;
}

// The parent has its own again, and goes on.
static void depart(struct eh_context *c) EH_NORETURN;
static void depart(struct eh_context *c) {
    give_back();
    children.forked = 0;
    thread_only(0);
    futex_wake((u64)&children.forked, ~0u, ~0u);
    thread_exit(c);
}

static struct eh_siginfo told_of(u32 pid, u32 status) {
    u32 killed = status & 127;
    return (struct eh_siginfo){
        SIGCHLD, killed ? CLD_KILLED : CLD_EXITED, pid, eh_start.uid, killed ? killed : status >> 8};
}

static void ended(struct child *child, u32 status) {
    enum { SIG_IGN = 1, SA_NOCLDWAIT = 2 };
    const struct eh_action *action = &signal_actions()[SIGCHLD - 1];
    struct eh_siginfo info = told_of(child->pid, status);
    *child = (struct child){child->pid, ENDED, status};
    if (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT))
        *child = (struct child){0, FREE, 0}; // nobody waits for it
    futex_wake((u64)&children.list, ~0u, ~0u);
    signal_send(0, &info);
}

void children_end(struct eh_context *c, u32 status) {
    struct eh_action *action = &signal_actions()[SIGCHLD - 1];
    *action = children.kept->actions[SIGCHLD - 1]; // the signal is the parent's
    ended(child_of(c->tid, BEGINS), status);
    depart(c);
}

// ---- children that run outside

static struct child *any(u32 state) {
    for (u32 i = 0; i < CHILDREN_MOST; i++)
        if (children.list[i].state == state)
            return &children.list[i];
    return 0;
}

// What the normal world says of an end, as wait4 tells it; ~0: no end at all.
static u32 status_of(u64 told) {
    u64 signal = told - EH_CHILD_SIGNAL;
    return told < 256 ? (u32)told << 8 : signal - 1 < SIGNALS ? (u32)signal : ~0u;
}

static s64 next_end(u32 *status) {
    struct eh_request r = {.row = ROW_wait4, .rule = AUDIT_PROGRAMS};
    s64 pid = wire_call(&r, 0x7fffffff);
    *status = status_of(r.value);
    if (pid > 0 && *status != ~0u)
        return pid;
    return -EIO;
}

// A thread of the runtime's own, as long as children run.
static void reap(void) {
    u32 status;
    struct child *child;
    while (any(RUNS)) {
        s64 pid = next_end(&status);
        child = pid > 0 ? child_of((u32)pid, RUNS) : 0;
        if (child)
            ended(child, status);
        else
            wire_violated(EH_RULE_ANSWERS);
        while (!child && any(RUNS)) // nothing that is said of them can be believed any more
            ended(any(RUNS), SIGKILL);
    }
    children.reaping = 0;
    if (!thread_others())
        eh_exit(0);
    thread_exit(eh_current);
}

// The program goes on as another: this one stays to tell its end.
static void become(void) EH_NORETURN;
static void become(void) {
    u32 status;
    for (u32 fd = 0; fd < DESCRIPTORS; fd++)
        if (fd_file(fd))
            fd_close(fd);
    s64 pid = next_end(&status);
    if (pid != eh_start.pid) {
        wire_violated(EH_RULE_ANSWERS);
        status = SIGKILL;
    }
    if (status & 127)
        eh_killed(status & 127);
    eh_exit(status >> 8);
}

s64 sys_execve(struct eh_context *c) {
    struct eh_path path;
    int forked = children_forked(c);
    s64 result = path_get(&path, (u64)AT_FDCWD, c->x[0]);
    if (!result)
        result = exec_allowed(&path);
    if (!result && !forked && thread_others())
        result = -EAGAIN; // threads cannot be ended from outside
    if (!result && forked && !children.reaping) {
        struct eh_context *reaper = thread_child(c, 16, 0, reap);
        if (reaper)
            reaper->blocked = ~0ull; // signals are the program's
        children.reaping = reaper != 0;
        result = reaper ? 0 : -EAGAIN;
    }
    if (!result)
        result = exec_start(&path, forked ? c->tid : eh_start.pid, c->x[1], c->x[2]);
    if (result)
        return result;
    if (!forked)
        become();
    child_of(c->tid, BEGINS)->state = RUNS;
    depart(c);
}

// ---- waiting for them

static int meant(const struct child *child, s32 pid) {
    return child->state >= BEGINS && (pid == -1 || pid == 0 || (u32)pid == child->pid || (u32)-pid == eh_start.pid);
}

// One that has ended; 0 with *there for one that runs.
static struct child *find(s32 pid, int *there) {
    *there = 0;
    for (u32 i = 0; i < CHILDREN_MOST; i++) {
        struct child *child = &children.list[i];
        if (meant(child, pid) && child->state == ENDED)
            return child;
        *there |= meant(child, pid);
    }
    return 0;
}

// Waits for one that has ended: 0 with *found, which stays 0 where WNOHANG says not to wait; or -ECHILD, -EINTR.
static s64 wait_for(s32 pid, u32 options, struct child **found) {
    int there;
    while (!(*found = find(pid, &there)) && !(options & WNOHANG)) {
        s64 result = there ? thread_sleep_at((u64)&children.list, NO_DEADLINE) : -ECHILD;
        if (result)
            return result;
    }
    return *found || there ? 0 : -ECHILD;
}

static s64 no_usage(u64 to) {
    u8 usage[USAGE_SIZE] = {0};
    return to ? user_out(to, usage, sizeof usage) : 0;
}

s64 sys_wait4(struct eh_context *c) {
    struct child *child;
    u32 options = (u32)c->x[2];
    if (options & ~WAIT4_OPTIONS)
        return -EINVAL;
    s64 result = wait_for((s32)c->x[0], options, &child);
    if (result || !child)
        return result;
    struct child told = *child;
    child->state = FREE;
    child->pid = 0;
    if ((c->x[1] && user_out(c->x[1], &told.status, sizeof told.status)) || no_usage(c->x[3]))
        return -EFAULT;
    return told.pid;
}

s64 sys_waitid(struct eh_context *c) {
    struct child *child;
    u32 which = (u32)c->x[0], options = (u32)c->x[3], info[32] = {0};
    s32 pid = which == P_ALL ? -1 : which == P_PGID ? -(s32)c->x[1] : (s32)c->x[1];
    if ((options & ~(u32)(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT | 0xe0000000u)) ||
        !(options & (WUNTRACED | WEXITED | WCONTINUED)) || which > P_PGID || (which == P_PID && pid <= 0))
        return -EINVAL;
    s64 result = wait_for(pid, options, &child);
    if (result)
        return result;
    if (child) {
        info[0] = SIGCHLD;
        info[2] = child->status & 127 ? CLD_KILLED : CLD_EXITED;
        info[4] = child->pid;
        info[5] = eh_start.uid;
        info[6] = child->status & 127 ? child->status & 127 : child->status >> 8;
        if (!(options & WNOWAIT))
            *child = (struct child){0, FREE, 0};
    }
    return (c->x[2] && user_out(c->x[2], info, sizeof info)) || no_usage(c->x[4]) ? -EFAULT : 0;
}
