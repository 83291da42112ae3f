// SPDX-License-Identifier: BSD-2-Clause
// The queue of signals. Those below 32 wait once each; the others as often as they were sent, in that order. What has
// no room in the queue is still known to wait, as on Linux.
#include "pending.h"
#include "thread.h"

enum { QUEUED_MOST = 128, FIRST_QUEUED = 32 };
#define BIT(signal) (1ull << ((signal) - 1))

static struct {
    u64 process; // what waits for it
    u32 count;
    struct {
        u32 owner, reserved; // its thread; 0: the process
        struct eh_siginfo info;
    } entries[QUEUED_MOST];
} queue;

static u64 *set_of(struct eh_context *c) { return c ? &c->signals : &queue.process; }

static u32 owner_of(const struct eh_context *c) { return c ? c->tid : 0; }

u64 pending_of(const struct eh_context *c) { return c ? c->signals : queue.process; }

int pending_add(struct eh_context *c, const struct eh_siginfo *info) {
    u64 bit = BIT(info->number), *set = set_of(c);
    if (info->number < FIRST_QUEUED && (*set & bit))
        return 0;
    *set |= bit;
    if (queue.count == QUEUED_MOST)
        return 1;
    queue.entries[queue.count].owner = owner_of(c);
    queue.entries[queue.count++].info = *info;
    return 0;
}

static void remove(u32 index) {
    memmove(&queue.entries[index], &queue.entries[index + 1],
            (--queue.count - index) * sizeof queue.entries[0]);
}

// The first entry of an owner and a number; the count if there is none.
static u32 find(u32 owner, u32 number) {
    u32 i = 0;
    while (i < queue.count && (queue.entries[i].owner != owner || queue.entries[i].info.number != number))
        i++;
    return i;
}

static u32 take_from(struct eh_context *c, u64 wanted, struct eh_siginfo *info) {
    u64 *set = set_of(c), found = *set & wanted;
    if (!found)
        return 0;
    u32 number = (u32)__builtin_ctzll(found) + 1, owner = owner_of(c), at = find(owner, number);
    *info = (struct eh_siginfo){number, SI_USER, 0, 0, 0};
    if (at < queue.count) {
        *info = queue.entries[at].info;
        remove(at);
    }
    if (find(owner, number) == queue.count)
        *set &= ~BIT(number);
    return number;
}

u32 pending_take(struct eh_context *c, u64 set, struct eh_siginfo *info) {
    u32 number = take_from(c, set, info);
    return number ? number : take_from(0, set, info);
}

void pending_forget(u64 set) {
    struct eh_context *c = eh_current;
    queue.process &= ~set;
    do {
        c->signals &= ~set;
        c = thread_next(c);
    } while (c != eh_current);
    for (u32 i = queue.count; i-- > 0;)
        if (set & BIT(queue.entries[i].info.number))
            remove(i);
}

void pending_end(struct eh_context *c) {
    c->signals = 0;
    for (u32 i = queue.count; i-- > 0;)
        if (queue.entries[i].owner == c->tid)
            remove(i);
}

struct eh_siginfo *pending_timer(u32 timer) {
    for (u32 i = 0; i < queue.count; i++)
        if (queue.entries[i].info.code == SI_TIMER && queue.entries[i].info.first == timer)
            return &queue.entries[i].info;
    return 0;
}
