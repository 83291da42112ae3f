// SPDX-License-Identifier: BSD-2-Clause
// Futexes: threads that wait for a word of the program's memory. Only the program's own threads see them, so a word
// changes at a call alone and needs no atomic access.
#include "memory.h"
#include "process.h"
#include "thread.h"

enum {
    WAIT = 0,
    WAKE,
    REQUEUE = 3,
    CMP_REQUEUE,
    WAKE_OP,
    LOCK_PI,
    UNLOCK_PI,
    TRYLOCK_PI,
    WAIT_BITSET,
    WAKE_BITSET,
    LOCK_PI2 = 13
};
enum { CLOCK_REALTIME = 256, COMMAND = 127, ROBUST_MOST = 2048, ROBUST_HEAD = 24 };
#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u
#define TID_MASK 0x3fffffffu
#define ANY 0xffffffffu

static s64 word_at(u64 address, u32 *value) {
    return address & 3 ? -EINVAL : user_in(value, address, sizeof *value);
}

// The nanoseconds of time_monotonic at which the wait in x3 ends.
static s64 deadline_of(struct eh_context *c, int absolute, u64 *deadline) {
    u64 time;
    *deadline = NO_DEADLINE;
    if (!c->x[3])
        return 0;
    c->once = 1; // with a time of its own it is not made again
    s64 result = time_read(c->x[3], &time);
    if (result)
        return result;
    if (absolute) {
        u64 now = time_now((c->x[1] & CLOCK_REALTIME) != 0);
        time = time > now ? time - now : 0;
    }
    *deadline = time_monotonic() + time;
    return 0;
}

// What a call that may wait begins with: the word at x0, and when its wait ends.
static s64 word_and_deadline(struct eh_context *c, int absolute, u32 *value, u64 *deadline) {
    s64 result = word_at(c->x[0], value);
    return result ? result : deadline_of(c, absolute, deadline);
}

void futex_stand_at(u64 key, u32 bits) {
    static u64 arrivals;
    eh_current->futex = key;
    eh_current->futex_bits = bits;
    eh_current->arrival = ++arrivals;
}

static s64 wait_for(u64 address, u32 bits, u64 deadline) {
    futex_stand_at(address, bits);
    return thread_wait(deadline);
}

s64 thread_sleep_at(u64 key, u64 deadline) { return wait_for(key, ANY, deadline); }

void thread_hold_at(u64 key) {
    eh_current->for_room = 1; // no signal ends it
    thread_sleep_at(key, NO_DEADLINE);
    eh_current->for_room = 0;
}

// Who waits longest at a word; 0: nobody.
static struct eh_context *longest(u64 address, u32 bits) {
    struct eh_context *found = 0, *c = eh_current; // which may wait too, while time passes
    do {
        if (c->futex == address && (c->futex_bits & bits) && (!found || c->arrival < found->arrival))
            found = c;
        c = thread_next(c);
    } while (c != eh_current);
    return found;
}

s64 futex_wake(u64 address, u32 most, u32 bits) {
    u32 woken = 0;
    struct eh_context *c;
    while (woken < most && (c = longest(address, bits))) {
        thread_wake(c);
        woken++;
    }
    return woken;
}

static s64 futex_wait(struct eh_context *c, u32 bits, int absolute) {
    u32 value;
    u64 deadline;
    s64 result = word_and_deadline(c, absolute, &value, &deadline);
    if (result)
        return result;
    if (!bits)
        return -EINVAL;
    return value != (u32)c->x[2] ? -EAGAIN : wait_for(c->x[0], bits, deadline);
}

static s64 requeue(struct eh_context *c, int compare) {
    u32 value, most = (u32)c->x[3];
    s64 result = word_at(c->x[0], &value);
    if (!result && (c->x[4] & 3))
        result = -EINVAL;
    if (result || (s32)c->x[2] < 0 || (s32)most < 0)
        return result ? result : -EINVAL;
    if (compare && value != (u32)c->x[5])
        return -EAGAIN;
    s64 moved = 0, woken = futex_wake(c->x[0], (u32)c->x[2], ANY);
    struct eh_context *waiter;
    while (moved < most && c->x[0] != c->x[4] && (waiter = longest(c->x[0], ANY))) {
        waiter->futex = c->x[4];
        moved++;
    }
    return woken + moved;
}

// The second word is changed as the code in x5 says, and its waiters are woken if its old value compares.
static s64 wake_op(struct eh_context *c) {
    u32 code = (u32)c->x[5], old, new, kind = code >> 28 & 7, compare = code >> 24 & 15;
    u32 operand = code >> 12 & 0xfff, against = code & 0xfff;
    operand = operand & 0x800 ? operand | ~0xfffu : operand;
    against = against & 0x800 ? against | ~0xfffu : against;
    if (code >> 31)
        operand = 1u << (operand & 31);
    s64 result = word_at(c->x[4], &old);
    if (result || kind > 4 || compare > 5)
        return result ? result : -ENOSYS;
    const u32 made[] = {operand, old + operand, old | operand, old & ~operand, old ^ operand};
    new = made[kind];
    if (user_out(c->x[4], &new, sizeof new))
        return -EFAULT;
    const s32 a = (s32)old, b = (s32)against;
    const u8 holds[] = {a == b, a != b, a < b, a <= b, a > b, a >= b};
    s64 woken = futex_wake(c->x[0], (u32)c->x[2], ANY);
    return holds[compare] ? woken + futex_wake(c->x[4], (u32)c->x[3], ANY) : woken;
}

// Locks whose word is the owner's thread number; they are handed over, so nobody overtakes a waiter.
static s64 lock(struct eh_context *c, int wait, int absolute) {
    u32 value;
    u64 deadline;
    s64 result = word_and_deadline(c, absolute, &value, &deadline);
    if (result)
        return result;
    if ((value & TID_MASK) == c->tid)
        return -EDEADLK;
    if (!(value & TID_MASK)) {
        value = (value & (WAITERS | OWNER_DIED)) | c->tid;
        return user_out(c->x[0], &value, sizeof value);
    }
    if (!wait)
        return -EAGAIN;
    if (!thread_of(value & TID_MASK))
        return -ESRCH;
    value |= WAITERS;
    result = user_out(c->x[0], &value, sizeof value);
    return result ? result : wait_for(c->x[0], ANY, deadline);
}

static s64 hand_over(u64 address, u32 flags) {
    struct eh_context *next = longest(address, ANY);
    u32 value = flags | (next ? next->tid : 0);
    if (next)
        thread_wake(next);
    if (next && longest(address, ANY))
        value |= WAITERS;
    return user_out(address, &value, sizeof value);
}

static s64 unlock(struct eh_context *c) {
    u32 value;
    s64 result = word_at(c->x[0], &value);
    if (result)
        return result;
    return (value & TID_MASK) != c->tid ? -EPERM : hand_over(c->x[0], 0);
}

s64 sys_futex(struct eh_context *c) {
    u32 value;
    switch ((u32)c->x[1] & COMMAND) {
    case WAIT:
        return futex_wait(c, ANY, 0);
    case WAIT_BITSET:
        return futex_wait(c, (u32)c->x[5], 1);
    case WAKE:
    case WAKE_BITSET:
        if (c->x[0] & 3)
            return -EINVAL;
        if (user_in(&value, c->x[0], sizeof value))
            return -EFAULT;
        return futex_wake(c->x[0], (u32)c->x[2], ((u32)c->x[1] & COMMAND) == WAKE ? ANY : (u32)c->x[5]);
    case REQUEUE:
    case CMP_REQUEUE:
        return requeue(c, ((u32)c->x[1] & COMMAND) == CMP_REQUEUE);
    case WAKE_OP:
        return wake_op(c);
    case LOCK_PI:
        c->x[1] |= CLOCK_REALTIME;
        return lock(c, 1, 1);
    case LOCK_PI2:
        return lock(c, 1, 1);
    case TRYLOCK_PI:
        return lock(c, 0, 0);
    case UNLOCK_PI:
        return unlock(c);
    default:
        return -ENOSYS;
    }
}

s64 sys_set_robust_list(struct eh_context *c) {
    if (c->x[1] != ROBUST_HEAD)
        return -EINVAL;
    c->robust = c->x[0];
    return 0;
}

s64 sys_get_robust_list(struct eh_context *c) {
    struct eh_context *of = (u32)c->x[0] ? thread_of((u32)c->x[0]) : c;
    u64 size = ROBUST_HEAD;
    if (!of)
        return -ESRCH;
    s64 result = user_out(c->x[2], &size, sizeof size);
    return result ? result : user_out(c->x[1], &of->robust, sizeof of->robust);
}

// A mutex whose owner is gone says so, and one waiter goes on.
static void owner_died(struct eh_context *c, u64 address, int inherits) {
    u32 value;
    if (word_at(address, &value) || (value & TID_MASK) != c->tid)
        return;
    if (inherits && (value & WAITERS)) {
        hand_over(address, OWNER_DIED);
        return;
    }
    u32 left = (value & WAITERS) | OWNER_DIED;
    if (!user_out(address, &left, sizeof left) && (value & WAITERS))
        futex_wake(address, 1, ANY);
}

// struct robust_list_head: the first entry, where in an entry its futex lies, the entry being taken.
static void walk_robust(struct eh_context *c) {
    u64 head[3], entry, next;
    if (!c->robust || user_in(head, c->robust, sizeof head))
        return;
    entry = head[0];
    for (u32 i = 0; i < ROBUST_MOST && (entry & ~1ull) != c->robust; i++, entry = next) {
        int fault = user_in(&next, entry & ~1ull, sizeof next) != 0;
        if (entry != head[2])
            owner_died(c, (entry & ~1ull) + head[1], entry & 1);
        if (fault)
            return;
    }
    if (head[2])
        owner_died(c, (head[2] & ~1ull) + head[1], head[2] & 1);
}

void futex_died(struct eh_context *c) {
    u32 zero = 0;
    walk_robust(c);
    if (c->clear_tid && !user_out(c->clear_tid, &zero, sizeof zero))
        futex_wake(c->clear_tid, 1, ANY);
}
