// SPDX-License-Identifier: BSD-2-Clause
// Signals, recorded. A signal that the program sends itself has its default action, or none when the program
// ignores it. A handler is recorded and not called yet: a signal with a handler is taken as ignored, but for
// SIGABRT, which ends the program, because abort() counts on it.
#include "memory.h"
#include "process.h"

enum { SIGABRT = 6, SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21 };
enum { SIGTTOU = 22, SIGURG = 23, SIGWINCH = 28, SIGNALS = 64 };
enum { SIG_DFL = 0, SIG_IGN = 1, SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2, SIGSET_SIZE = 8 };
enum { SS_DISABLE = 2, SS_MINIMUM = 5120 };
#define BIT(signal) (1ull << ((signal) - 1))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

struct action { // arm64 struct sigaction of the kernel
    u64 handler, flags, restorer, mask;
};

static struct {
    struct action actions[SIGNALS];
    u64 blocked, pending;
    u64 stack[3]; // stack_t: address, flags, size
} signals;

static int harmless(u32 n) {
    return n == SIGCHLD || n == SIGCONT || n == SIGURG || n == SIGWINCH || n == SIGSTOP || n == SIGTSTP ||
           n == SIGTTIN || n == SIGTTOU;
}

static void act(u32 number) {
    u64 handler = signals.actions[number - 1].handler;
    int handled = handler > SIG_IGN && number != SIGABRT;
    if (number == SIGKILL || (handler != SIG_IGN && !handled && !harmless(number)))
        eh_exit(128 + number);
}

void signal_raise(u32 number) {
    if (signals.blocked & BIT(number))
        signals.pending |= BIT(number);
    else
        act(number);
}

static s64 send(u32 number) {
    if (number > SIGNALS)
        return -EINVAL;
    if (number)
        signal_raise(number);
    return 0;
}

s64 sys_kill(struct eh_context *c) {
    s32 pid = (s32)c->x[0];
    if ((u32)c->x[1] > SIGNALS)
        return -EINVAL;
    return pid == 0 || (u32)pid == eh_start.pid ? send((u32)c->x[1]) : -ESRCH;
}

s64 sys_tkill(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (u32)c->x[1] > SIGNALS)
        return -EINVAL;
    return (u32)c->x[0] == c->tid ? send((u32)c->x[1]) : -ESRCH;
}

s64 sys_tgkill(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (s32)c->x[1] <= 0 || (u32)c->x[2] > SIGNALS)
        return -EINVAL;
    int own = (u32)c->x[0] == eh_start.pid && (u32)c->x[1] == c->tid;
    return own ? send((u32)c->x[2]) : -ESRCH;
}

s64 sys_rt_sigaction(struct eh_context *c) {
    u32 number = (u32)c->x[0];
    struct action wanted, old;
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

static void deliver(void) {
    for (u32 n = 1; n <= SIGNALS; n++) {
        if (signals.pending & ~signals.blocked & BIT(n)) {
            signals.pending &= ~BIT(n);
            act(n);
        }
    }
}

static s64 change_mask(u32 how, u64 set) {
    if (how == SIG_BLOCK)
        signals.blocked |= set;
    else if (how == SIG_UNBLOCK)
        signals.blocked &= ~set;
    else if (how == SIG_SETMASK)
        signals.blocked = set;
    else
        return -EINVAL;
    signals.blocked &= ~UNBLOCKABLE;
    deliver();
    return 0;
}

s64 sys_rt_sigprocmask(struct eh_context *c) {
    u64 old = signals.blocked, set;
    if (c->x[3] != SIGSET_SIZE)
        return -EINVAL;
    if (c->x[1] && user_in(&set, c->x[1], sizeof set))
        return -EFAULT;
    s64 result = c->x[1] ? change_mask((u32)c->x[0], set) : 0;
    return !result && c->x[2] ? user_out(c->x[2], &old, sizeof old) : result;
}

s64 sys_rt_sigreturn(struct eh_context *c) {
    (void)c;
    eh_exit(128 + 11); // no handler runs: nothing to return from, which Linux answers with SIGSEGV
}

s64 sys_sigaltstack(struct eh_context *c) {
    u64 wanted[3], old[3];
    memcpy(old, signals.stack, sizeof old);
    if (!old[2])
        old[1] = SS_DISABLE;
    if (c->x[0] && user_in(wanted, c->x[0], sizeof wanted))
        return -EFAULT;
    if (c->x[0]) {
        u32 flags = (u32)wanted[1] & 0x7fffffff;
        if (flags & ~3u)
            return -EINVAL;
        if (!(flags & SS_DISABLE) && wanted[2] < SS_MINIMUM)
            return -ENOMEM;
        if (flags & SS_DISABLE)
            memset(wanted, 0, sizeof wanted);
        wanted[1] = 0;
        memcpy(signals.stack, wanted, sizeof wanted);
    }
    return c->x[1] ? user_out(c->x[1], old, sizeof old) : 0;
}
