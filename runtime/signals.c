// SPDX-License-Identifier: BSD-2-Clause
// Signals: who blocks what, what waits, and what is done about it. A signal that is ignored is forgotten; one whose
// default action ends the program ends it; one with a handler waits until its thread can take it (frame.c).
#include "signals.h"
#include "children.h"
#include "files.h"
#include "frame.h"
#include "memory.h"
#include "process.h"
#include "thread.h"

enum { SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21 };
enum { SIGTTOU = 22, SIGURG = 23, SIGWINCH = 28, SIGNALS = 64 };
enum { SIG_DFL = 0, SIG_IGN = 1, SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2, SIGSET_SIZE = 8 };
enum { SS_ONSTACK = 1, SS_DISABLE = 2, SS_MINIMUM = 5120, INFO_SIZE = 128 };
#define BIT(signal) (1ull << ((signal) - 1))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

static struct eh_action actions[SIGNALS];

struct eh_action *signal_actions(void) { return actions; }

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

static u64 handler_of(u32 number) { return actions[number - 1].handler; }

static int ignored(u32 number) {
    u64 handler = handler_of(number);
    return number != SIGKILL && (handler == SIG_IGN || (handler == SIG_DFL && harmless(number)));
}

static int fatal(u32 number) { return number == SIGKILL || handler_of(number) == SIG_DFL; }

static u64 waiting_for(const struct eh_context *c) { return pending_of(c) | pending_of(0); }

static u64 deliverable(const struct eh_context *c) { return waiting_for(c) & ~c->blocked; }

int signal_waits(const struct eh_context *c) { return (waiting_for(c) & (~c->blocked | c->awaited)) != 0; }

// Who takes a signal of the process: a thread that does not block it or waits for it, else the calling one.
static struct eh_context *taker(u64 bit) {
    struct eh_context *c = eh_current;
    do {
        if (((~c->blocked | c->awaited) & bit) && thread_lives(c))
            return c;
        c = thread_next(c);
    } while (c != eh_current);
    return c;
}

s64 signal_send(struct eh_context *to, const struct eh_siginfo *info) {
    u32 number = info->number;
    u64 bit = BIT(number);
    struct eh_context *c = to ? to : taker(bit);
    int open = !((c->blocked | c->awaited) & bit), wakes = ((~c->blocked | c->awaited) & bit) != 0;
    if (open && ignored(number))
        return 0;
    if (open && fatal(number))
        eh_killed(number);
    if (wakes && thread_idles(c))
        to = c; // whose wait it ends takes it
    int full = pending_add(to, info);
    if (wakes)
        thread_interrupt(c);
    else
        poll_wake(); // a descriptor may tell of it
    return full && number >= 32 && info->code == SI_QUEUE ? -EAGAIN : 0;
}

static struct eh_siginfo from_itself(u32 number, s32 code) {
    return (struct eh_siginfo){number, code, eh_start.pid, eh_start.uid, 0};
}

void signal_raise(u32 number) {
    struct eh_siginfo info = from_itself(number, SI_USER);
    signal_send(0, &info);
}

u32 signal_take(struct eh_context *c, u64 set, struct eh_siginfo *info) {
    u32 number = pending_take(c, set, info);
    if (number && info->code == SI_TIMER)
        timer_told(info);
    return number;
}

// The next signal that has to be handled; 0: none. What has become ignored meanwhile is forgotten.
static u32 next(struct eh_context *c, struct eh_siginfo *info) {
    u32 number;
    do
        number = signal_take(c, deliverable(c), info);
    while (number && ignored(number));
    return number;
}

// The frame of the next handler, if one has to run.
static int enter_one(struct eh_context *c, struct eh_where where) {
    struct eh_signal s;
    u32 number = next(c, &s.info);
    if (!number)
        return 0;
    if (fatal(number))
        eh_killed(number);
    struct eh_action *action = &actions[number - 1];
    s.mask = c->suspended ? c->suspended_mask : c->blocked;
    s.action = *action;
    c->suspended = 0;
    if (frame_build(c, &s, where))
        eh_killed(SIGSEGV);
    c->blocked |= action->mask | (action->flags & SA_NODEFER ? 0 : BIT(number));
    if (action->flags & SA_RESETHAND)
        action->handler = SIG_DFL;
    return 1;
}

// The frames of all that have to run: as on Linux, that of the last one is the uppermost.
static int enter(struct eh_context *c, struct eh_where where) {
    int entered = enter_one(c, where);
    while (entered && enter_one(c, (struct eh_where){FRAME_CALL, 0, 0}))
        ;
    return entered;
}

static int restarts(const struct eh_context *c) {
    u64 left = pending_of(c) & ~c->blocked;
    left = left ? left : deliverable(c);
    return left && (actions[__builtin_ctzll(left)].flags & SA_RESTART) != 0;
}

void signal_enter_call(struct eh_context *c, const u64 *again) {
    struct eh_where where = {FRAME_CALL, again && restarts(c), again ? *again : 0};
    enter(c, where);
    signal_mask_back(c); // only what is ignored has come
}

int signal_enter_check(struct eh_context *c) { return enter(c, (struct eh_where){FRAME_CHECK, 0, 0}); }

void signal_mask_back(struct eh_context *c) {
    if (c->suspended)
        c->blocked = c->suspended_mask;
    c->suspended = 0;
}

s64 signal_mask(struct eh_context *c, u64 address, u64 size) {
    u64 set;
    if (!address)
        return 0;
    if (size != SIGSET_SIZE)
        return -EINVAL;
    if (user_in(&set, address, sizeof set))
        return -EFAULT;
    c->suspended_mask = c->blocked;
    c->suspended = 1;
    c->blocked = set & ~UNBLOCKABLE;
    return 0;
}

// ---- sending

static s64 send(struct eh_context *to, u32 number, s32 code) {
    struct eh_siginfo info = from_itself(number, code);
    return number ? signal_send(to, &info) : 0;
}

s64 sys_kill(struct eh_context *c) {
    s32 pid = (s32)c->x[0];
    if ((u32)c->x[1] > SIGNALS)
        return -EINVAL;
    u32 to = pid < -1 ? (u32)-pid : (u32)pid; // its group is itself
    return pid == 0 || to == eh_start.pid ? send(0, (u32)c->x[1], SI_USER) : -ESRCH;
}

s64 sys_tkill(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (u32)c->x[1] > SIGNALS)
        return -EINVAL;
    struct eh_context *to = thread_of((u32)c->x[0]);
    return to ? send(to, (u32)c->x[1], SI_TKILL) : -ESRCH;
}

static struct eh_context *thread_in(u64 pid, u64 tid) {
    return (u32)pid == eh_start.pid ? thread_of((u32)tid) : 0;
}

s64 sys_tgkill(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (s32)c->x[1] <= 0 || (u32)c->x[2] > SIGNALS)
        return -EINVAL;
    struct eh_context *to = thread_in(c->x[0], c->x[1]);
    return to ? send(to, (u32)c->x[2], SI_TKILL) : -ESRCH;
}

// What the program tells itself in a siginfo of its own; signal 0 only asks whether it could.
static s64 tell(struct eh_context *to, u64 number, u64 address, int there) {
    u64 words[INFO_SIZE / 8];
    if (user_in(words, address, sizeof words))
        return -EFAULT;
    if ((u32)number > SIGNALS)
        return -EINVAL;
    struct eh_siginfo info = {(u32)number, (s32)words[1], (u32)words[2], (u32)(words[2] >> 32), words[3]};
    return !there ? -ESRCH : (u32)number ? signal_send(to, &info) : 0;
}

s64 sys_rt_sigqueueinfo(struct eh_context *c) {
    return tell(0, c->x[1], c->x[2], (u32)c->x[0] == eh_start.pid);
}

s64 sys_rt_tgsigqueueinfo(struct eh_context *c) {
    if ((s32)c->x[0] <= 0 || (s32)c->x[1] <= 0)
        return -EINVAL;
    struct eh_context *to = thread_in(c->x[0], c->x[1]);
    return tell(to, c->x[2], c->x[3], to != 0);
}

// ---- actions and masks

s64 sys_rt_sigaction(struct eh_context *c) {
    u32 number = (u32)c->x[0];
    struct eh_action wanted, old;
    if (c->x[3] != SIGSET_SIZE)
        return -EINVAL;
    if (c->x[1] && user_in(&wanted, c->x[1], sizeof wanted))
        return -EFAULT;
    if (number < 1 || number > SIGNALS || (c->x[1] && (number == SIGKILL || number == SIGSTOP)))
        return -EINVAL;
    old = actions[number - 1];
    if (c->x[1]) {
        wanted.mask &= ~UNBLOCKABLE;
        actions[number - 1] = wanted;
        if (ignored(number))
            pending_forget(BIT(number));
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
    u64 waiting = waiting_for(c) & c->blocked;
    return c->x[1] > SIGSET_SIZE ? -EINVAL : user_out(c->x[0], &waiting, c->x[1]);
}

s64 sys_rt_sigsuspend(struct eh_context *c) {
    if (c->x[1] != SIGSET_SIZE)
        return -EINVAL;
    s64 result = c->x[0] ? signal_mask(c, c->x[0], SIGSET_SIZE) : -EFAULT;
    while (!result)
        result = thread_wait(NO_DEADLINE);
    return result;
}

// Waits until one of a set has come; 0: not in time.
static s64 await(struct eh_context *c, u64 set, u64 until, struct eh_siginfo *info) {
    s64 number, result = 0;
    while (!(number = signal_take(c, set, info)) && !result) {
        c->awaited = set;
        result = thread_wait(until);
        c->awaited = 0;
    }
    return number ? number : result == -ETIMEDOUT ? -EAGAIN : result;
}

s64 sys_rt_sigtimedwait(struct eh_context *c) {
    u64 set, time;
    struct eh_siginfo info;
    if (c->x[3] != SIGSET_SIZE)
        return -EINVAL;
    if (user_in(&set, c->x[0], sizeof set))
        return -EFAULT;
    s64 result = c->x[2] ? time_read(c->x[2], &time) : 0;
    if (!result)
        result = await(c, set & ~UNBLOCKABLE, c->x[2] ? time_monotonic() + time : NO_DEADLINE, &info);
    if (result <= 0 || !c->x[1])
        return result;
    u64 words[INFO_SIZE / 8] = {info.number, (u32)info.code, info.first | (u64)info.second << 32, info.value};
    return user_out(c->x[1], words, sizeof words) ? -EFAULT : result;
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
