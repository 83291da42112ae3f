// SPDX-License-Identifier: BSD-2-Clause
// Signals: who blocks what, what waits, and what is done about it. A signal that is ignored is forgotten; one whose
// default action ends the program ends it; one with a handler waits until its thread can take it (frame.c).
#include "signals.h"
#include "children.h"
#include "frame.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

enum { SIGABRT = 6, SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21 };
enum { SIGTTOU = 22, SIGURG = 23, SIGWINCH = 28, SIGNALS = 64, SI_USER = 0, SI_TKILL = -6 };
enum { SIG_DFL = 0, SIG_IGN = 1, SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2, SIGSET_SIZE = 8 };
enum { SS_ONSTACK = 1, SS_DISABLE = 2, SS_MINIMUM = 5120 };
#define BIT(signal) (1ull << ((signal) - 1))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

static struct {
    struct eh_action actions[SIGNALS];
    u64 pending; // of the process: any thread may take them
    s32 codes[SIGNALS];
} signals;

struct eh_action *signal_actions(void) { return signals.actions; }

void eh_killed(u32 signal) {
    if (children_forked(eh_current))
        children_end(eh_current, signal);
    wire_killed(signal);
    eh_exit(128 + signal);
}

static int harmless(u32 n) {
    return n == SIGCHLD || n == SIGCONT || n == SIGURG || n == SIGWINCH || n == SIGSTOP || n == SIGTSTP ||
           n == SIGTTIN || n == SIGTTOU;
}

static u64 handler_of(u32 number) { return signals.actions[number - 1].handler; }

static int ignored(u32 number) {
    u64 handler = handler_of(number);
    return number != SIGKILL && (handler == SIG_IGN || (handler == SIG_DFL && harmless(number)));
}

static int fatal(u32 number) { return number == SIGKILL || handler_of(number) == SIG_DFL; }

static u64 deliverable(const struct eh_context *c) {
    return (c->signals | signals.pending) & ~c->blocked;
}

int signal_waits(const struct eh_context *c) { return deliverable(c) != 0; }

// A signal has come for a thread, or for any: end the program, or let who can take it go on.
static void post(struct eh_context *c, u32 number, s32 code) {
    if (ignored(number) && !(c->blocked & BIT(number)))
        return;
    if (fatal(number) && !(c->blocked & BIT(number)))
        eh_killed(number);
    signals.codes[number - 1] = code;
    if (!(c->blocked & BIT(number)))
        thread_interrupt(c);
}

void signal_to(struct eh_context *c, u32 number, s32 code) {
    c->signals |= BIT(number);
    post(c, number, code);
    if (ignored(number) && !(c->blocked & BIT(number)))
        c->signals &= ~BIT(number);
}

static struct eh_context *taker(u32 number) {
    struct eh_context *c = eh_current;
    do {
        if (!(c->blocked & BIT(number)) && thread_lives(c))
            return c;
        c = thread_next(c);
    } while (c != eh_current);
    return c;
}

static void raise_with(u32 number, s32 code) {
    struct eh_context *c = taker(number);
    signals.pending |= BIT(number);
    post(c, number, code);
    if (ignored(number) && !(c->blocked & BIT(number)))
        signals.pending &= ~BIT(number);
}

void signal_raise(u32 number) { raise_with(number, SI_USER); }

void signal_raise_as(u32 number, s32 code) { raise_with(number, code); }

// The next signal for the thread; 0: none. What has become ignored meanwhile is forgotten.
static u32 take(struct eh_context *c, u64 from) {
    for (u64 left = from; left; left &= left - 1) {
        u32 number = (u32)__builtin_ctzll(left) + 1;
        if (c->signals & BIT(number))
            c->signals &= ~BIT(number);
        else
            signals.pending &= ~BIT(number);
        if (!ignored(number))
            return number;
    }
    return 0;
}

// The frame of the next handler, if one has to run.
static int enter(struct eh_context *c, struct eh_where where) {
    u32 number = take(c, deliverable(c));
    if (!number)
        return 0;
    if (fatal(number))
        eh_killed(number);
    struct eh_action *action = &signals.actions[number - 1];
    u64 mask = c->suspended ? c->suspended_mask : c->blocked;
    c->suspended = 0;
    struct eh_signal s = {number, signals.codes[number - 1], mask, *action};
    if (frame_build(c, &s, where))
        eh_killed(SIGSEGV);
    c->blocked |= action->mask | (action->flags & SA_NODEFER ? 0 : BIT(number));
    if (action->flags & SA_RESETHAND)
        action->handler = SIG_DFL;
    return 1;
}

static int restarts(const struct eh_context *c) {
    u64 left = deliverable(c);
    return left && (signals.actions[__builtin_ctzll(left)].flags & SA_RESTART) != 0;
}

void signal_enter_call(struct eh_context *c, const u64 *again) {
    struct eh_where where = {FRAME_CALL, again && restarts(c), again ? *again : 0};
    enter(c, where);
    if (c->suspended) { // only what is ignored has come
        c->suspended = 0;
        c->blocked = c->suspended_mask;
    }
}

int signal_enter_check(struct eh_context *c) { return enter(c, (struct eh_where){FRAME_CHECK, 0, 0}); }

static s64 send(struct eh_context *to, u32 number, s32 code) {
    if (number > SIGNALS)
        return -EINVAL;
    if (number && to)
        signal_to(to, number, code);
    else if (number)
        raise_with(number, code);
    return 0;
}

s64 sys_kill(struct eh_context *c) {
    s32 pid = (s32)c->x[0];
    if ((u32)c->x[1] > SIGNALS)
        return -EINVAL;
    return pid == 0 || (u32)pid == eh_start.pid ? send(0, (u32)c->x[1], SI_USER) : -ESRCH;
}

s64 sys_tkill(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (u32)c->x[1] > SIGNALS)
        return -EINVAL;
    struct eh_context *to = thread_of((u32)c->x[0]);
    return to ? send(to, (u32)c->x[1], SI_TKILL) : -ESRCH;
}

s64 sys_tgkill(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (s32)c->x[1] <= 0 || (u32)c->x[2] > SIGNALS)
        return -EINVAL;
    struct eh_context *to = (u32)c->x[0] == eh_start.pid ? thread_of((u32)c->x[1]) : 0;
    return to ? send(to, (u32)c->x[2], SI_TKILL) : -ESRCH;
}

s64 sys_rt_sigaction(struct eh_context *c) {
    u32 number = (u32)c->x[0];
    struct eh_action wanted, old;
    if (c->x[3] != SIGSET_SIZE)
        return -EINVAL;
    if (c->x[1] && user_in(&wanted, c->x[1], sizeof wanted))
        return -EFAULT;
    if (number < 1 || number > SIGNALS || (c->x[1] && (number == SIGKILL || number == SIGSTOP)))
        return -EINVAL;
    old = signals.actions[number - 1];
    if (c->x[1]) {
        wanted.mask &= ~UNBLOCKABLE;
        signals.actions[number - 1] = wanted;
    }
    return c->x[2] ? user_out(c->x[2], &old, sizeof old) : 0;
}

s64 sys_rt_sigprocmask(struct eh_context *c) {
    u64 old = c->blocked, set;
    if (c->x[3] != SIGSET_SIZE)
        return -EINVAL;
    if (c->x[1] && user_in(&set, c->x[1], sizeof set))
        return -EFAULT;
    if (c->x[1] && (u32)c->x[0] > SIG_SETMASK)
        return -EINVAL;
    if (c->x[1])
        c->blocked = (u32)c->x[0] == SIG_BLOCK     ? old | set
                     : (u32)c->x[0] == SIG_UNBLOCK ? old & ~set
                                                   : set;
    c->blocked &= ~UNBLOCKABLE;
    return c->x[2] ? user_out(c->x[2], &old, sizeof old) : 0;
}

s64 sys_rt_sigpending(struct eh_context *c) {
    u64 waiting = (c->signals | signals.pending) & c->blocked;
    return c->x[1] > SIGSET_SIZE ? -EINVAL : user_out(c->x[0], &waiting, c->x[1]);
}

s64 sys_rt_sigsuspend(struct eh_context *c) {
    u64 set;
    if (c->x[1] != SIGSET_SIZE)
        return -EINVAL;
    if (user_in(&set, c->x[0], sizeof set))
        return -EFAULT;
    c->suspended_mask = c->blocked;
    c->suspended = 1;
    c->blocked = set & ~UNBLOCKABLE;
    while (!thread_wait(NO_DEADLINE))
        ;
    return -EINTR;
}

s64 sys_rt_sigtimedwait(struct eh_context *c) {
    u64 set, time, info[16] = {0};
    s64 result = c->x[2] ? time_read(c->x[2], &time) : 0;
    if (c->x[3] != SIGSET_SIZE)
        return -EINVAL;
    if (result || user_in(&set, c->x[0], sizeof set))
        return result ? result : -EFAULT;
    u64 until = c->x[2] ? time_monotonic() + time : NO_DEADLINE, before = c->blocked;
    set &= ~UNBLOCKABLE;
    u32 number;
    while (!(number = take(c, (c->signals | signals.pending) & set))) {
        c->blocked = before & ~set;
        result = thread_wait(until);
        c->blocked = before;
        if (result == -ETIMEDOUT)
            return -EAGAIN;
        if (result && !((c->signals | signals.pending) & set))
            return result;
    }
    info[0] = number;
    info[1] = (u32)signals.codes[number - 1];
    info[2] = eh_start.pid | (u64)eh_start.uid << 32;
    if (c->x[1] && user_out(c->x[1], info, sizeof info))
        return -EFAULT;
    return number;
}

s64 sys_sigaltstack(struct eh_context *c) {
    u64 wanted[3], old[3];
    memcpy(old, c->alternate, sizeof old);
    int on = c->sp - old[0] < old[2];
    old[1] = !old[2] ? SS_DISABLE : on ? SS_ONSTACK : 0;
    if (c->x[0] && user_in(wanted, c->x[0], sizeof wanted))
        return -EFAULT;
    if (c->x[0]) {
        u32 flags = (u32)wanted[1] & 0x7fffffff;
        if (on)
            return -EPERM;
        if (flags & ~3u)
            return -EINVAL;
        if (!(flags & SS_DISABLE) && wanted[2] < SS_MINIMUM)
            return -ENOMEM;
        if (flags & SS_DISABLE)
            memset(wanted, 0, sizeof wanted);
        wanted[1] = 0;
        memcpy(c->alternate, wanted, sizeof wanted);
    }
    return c->x[1] ? user_out(c->x[1], old, sizeof old) : 0;
}
