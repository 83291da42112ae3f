// SPDX-License-Identifier: BSD-2-Clause
// pselect6: three sets of descriptors as bits.
#include "waiting.h"
#include "memory.h"
#include "process.h"
#include "signals.h"

enum { SETS = 3, WORDS = WATCHED_MOST / 64 };
// what makes a descriptor ready for each set
static const u16 asked[SETS] = {POLLIN, POLLOUT, POLLPRI};
static const u16 counts[SETS] = {POLLIN | POLLHUP | POLLERR | POLLNVAL, POLLOUT | POLLERR | POLLNVAL, POLLPRI};

struct sets {
    u64 bits[SETS][WORDS];
};

static u64 bytes_of(u32 count) { return (count + 63) / 64 * 8; }

static int has(const struct sets *s, u32 set, u32 fd) { return s->bits[set][fd / 64] >> (fd % 64) & 1; }

static s64 read_sets(struct eh_context *c, u32 count, struct sets *s) {
    memset(s, 0, sizeof *s);
    for (u32 i = 0; i < SETS; i++)
        if (c->x[1 + i] && user_in(s->bits[i], c->x[1 + i], bytes_of(count)))
            return -EFAULT;
    return 0;
}

static s64 watches(const struct sets *s, u32 count, struct eh_watch *w, u32 *made) {
    *made = 0;
    for (u32 fd = 0; fd < count; fd++) {
        u16 events = 0;
        for (u32 i = 0; i < SETS; i++)
            events |= has(s, i, fd) ? asked[i] : 0;
        struct eh_file *file = events ? fd_file(fd) : 0;
        if (events && !file)
            return -EBADF;
        if (events)
            w[(*made)++] = (struct eh_watch){file->number, events, 0};
    }
    return 0;
}

// The ready bits of each set, in the order in which watches() made them.
static s64 answer(struct eh_context *c, u32 count, struct sets *s, const struct eh_watch *w) {
    s64 total = 0;
    u32 next = 0;
    for (u32 fd = 0; fd < count; fd++) {
        if (!has(s, 0, fd) && !has(s, 1, fd) && !has(s, 2, fd))
            continue;
        for (u32 i = 0; i < SETS; i++) {
            if (!has(s, i, fd))
                continue;
            if (w[next].revents & counts[i])
                total++;
            else
                s->bits[i][fd / 64] &= ~(1ull << (fd % 64));
        }
        next++;
    }
    for (u32 i = 0; i < SETS; i++)
        if (c->x[1 + i] && user_out(c->x[1 + i], s->bits[i], bytes_of(count)))
            return -EFAULT;
    return total;
}

s64 sys_pselect6(struct eh_context *c) {
    struct sets s;
    struct eh_watch w[WATCHED_MOST];
    u64 timeout = FOREVER;
    u64 mask[2] = {0, 0}; // its address and size
    u32 count = (u32)c->x[0], made;
    if (c->x[5] && user_in(mask, c->x[5], sizeof mask))
        return -EFAULT;
    s64 result = c->x[4] ? time_read(c->x[4], &timeout) : 0;
    if (!result)
        result = signal_mask(c, mask[0], mask[1]);
    if (!result && (s32)count < 0)
        result = -EINVAL;
    count = EH_MIN(count, (u32)WATCHED_MOST);
    if (!result)
        result = read_sets(c, count, &s);
    if (!result)
        result = watches(&s, count, w, &made);
    if (result)
        return result;
    u64 until = watch_until(timeout);
    do
        result = watch(w, made, until);
    while (!result && time_monotonic() < until);
    return result < 0 ? result : answer(c, count, &s, w);
}
