// SPDX-License-Identifier: BSD-2-Clause
// Waiting for files. What is inside is known; the rest is asked for in one request, which waits outside.
#include "waiting.h"
#include "process.h"
#include "signals.h"
#include "thread.h"

#define NAP 5000000ull // nanoseconds after which a set in a set is asked for outside again

static const u32 poll_key; // its address is where threads that wait stand

static u64 changes;

void poll_wake(void) {
    changes++;
    futex_wake((u64)&poll_key, ~0u, ~0u);
}

u64 watch_changes(void) { return changes; }

u64 watch_until(u64 timeout) {
    u64 now = time_monotonic();
    return timeout >= FOREVER - now ? FOREVER : now + timeout;
}

struct eh_watch *watch_room(u32 count, struct eh_watch here[WATCHED_HERE]) {
    return count <= WATCHED_HERE ? here : arena_own(EH_PAGE_UP(count * sizeof *here));
}

void watch_done(struct eh_watch *w, u32 count, struct eh_watch here[WATCHED_HERE]) {
    if (w != here)
        arena_disown(w, EH_PAGE_UP(count * sizeof *w));
}

// A set among the files: nobody outside waits for what it holds.
static u32 ready_set(struct eh_file *file, u64 *first) {
    int outside = 0;
    u32 ready = epoll_ready(file, &outside);
    if (outside)
        *first = EH_MIN(*first, time_monotonic() + NAP);
    return ready;
}

// The normal world is asked about it.
static int asked_for(const struct eh_file *file) {
    return file->kind == FILE_STREAM || file->kind == FILE_SOCKET || file->watches;
}

// What an inside file has; 1 in *outside when the normal world has to be asked. *first: when a timer runs out.
static u32 ready_inside(struct eh_file *file, int *outside, u64 *first) {
    *outside = asked_for(file);
    if (*outside)
        return 0;
    switch (file->kind) {
    case FILE_PIPE:
        return pipe_ready(file);
    case FILE_QUEUE:
        return queue_ready(file);
    case FILE_EPOLL:
        return ready_set(file, first);
    case FILE_SIGNALS:
        return signals_ready(file) ? POLLIN : 0;
    case FILE_TIMER:
        if (file->offset && file->offset <= time_monotonic())
            return POLLIN;
        if (file->offset)
            *first = EH_MIN(*first, file->offset);
        return 0;
    default:
        if (file->itself)
            return 0;
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    }
}

// The ready ones inside; how many are outside, and until when waiting makes sense.
static s64 look(struct eh_watch *w, u32 count, u32 *outside, u64 *first) {
    s64 ready = 0;
    *outside = 0;
    for (u32 i = 0; i < count; i++) {
        int out = 0;
        struct eh_file *file = w[i].file == NO_FILE ? 0 : fd_file_at(w[i].file);
        w[i].revents = 0;
        if (!file)
            continue;
        w[i].revents = (u16)(ready_inside(file, &out, first) & (w[i].events | POLLERR | POLLHUP));
        *outside += (u32)out;
        ready += w[i].revents != 0;
    }
    return ready;
}

enum { ASKED = 0x8000 }; // in `revents`, while the answer is not there

static int is_outside(const struct eh_watch *w) {
    const struct eh_file *file = w->file == NO_FILE ? 0 : fd_file_at(w->file);
    return file && asked_for(file);
}

// The answer, held to what was asked: the files in their order, no event that nobody asked for.
static s64 take(struct eh_watch *w, u32 count, const u8 *answer, u32 asked) {
    struct eh_watch told;
    s64 ready = 0;
    for (u32 i = 0, k = 0; i < count && k < asked; i++) {
        if (w[i].revents != ASKED)
            continue;
        memcpy(&told, answer + k++ * sizeof told, sizeof told);
        u16 possible = w[i].events | POLLERR | POLLHUP | POLLNVAL;
        if (told.revents & ~possible)
            wire_violated(EH_RULE_ANSWERS);
        w[i].revents = told.revents & possible;
        ready += w[i].revents != 0;
    }
    return ready;
}

// `since`: when the inside was looked at; what has changed there since lets nobody wait.
static s64 ask(struct eh_watch *w, u32 count, u32 outside, u64 timeout, u64 since) {
    u32 size = outside * (u32)sizeof *w, at = 0;
    struct eh_request r = {.row = ROW_ppoll,
                           .rule = AUDIT_STREAMS,
                           .args = {size, timeout},
                           .in_length = size,
                           .out_capacity = size,
                           .key = (u64)&poll_key};
    s64 result = wire_open(&r);
    if (result)
        return result;
    for (u32 i = 0; i < count && at < size; i++) {
        if (!is_outside(&w[i]))
            continue;
        struct eh_watch entry = {w[i].file, w[i].events, 0};
        memcpy(wire_input(&r) + at, &entry, sizeof entry);
        w[i].revents = ASKED;
        at += sizeof entry;
    }
    r.args[0] = r.in_length = at; // another thread may have closed one of them
    if (changes != since)
        r.args[1] = 0;
    result = wire_send(&r, outside);
    if (result == TAKEN_BACK)
        return 0; // something inside has changed
    return result < 0 ? result : take(w, count, wire_output(&r), at / sizeof *w);
}

s64 watch(struct eh_watch *w, u32 count, u64 until) {
    u32 outside;
    u64 first = until, now = time_monotonic(), since = changes;
    s64 ready = look(w, count, &outside, &first);
    u64 left = ready || first <= now ? 0 : first == FOREVER ? FOREVER : first - now;
    int signal = !ready && signal_waits(eh_current);
    if (outside) {
        s64 more = ask(w, count, outside, signal ? 0 : left, since);
        return more < 0 ? more : ready + more ? ready + more : signal ? -EINTR : 0;
    }
    if (signal)
        return -EINTR;
    if (ready || !left || changes != since)
        return ready;
    s64 result = thread_sleep_at((u64)&poll_key, first == FOREVER ? NO_DEADLINE : first);
    return result == -EINTR ? result : 0;
}

// ---- poll

struct poll_fd { // the program's
    s32 fd;
    u16 events, revents;
};

static s64 read_set(u64 fds, u32 count, struct eh_watch *w) {
    struct poll_fd p;
    s64 bad = 0;
    for (u32 i = 0; i < count; i++) {
        if (user_in(&p, fds + i * sizeof p, sizeof p))
            return -EFAULT;
        struct eh_file *file = p.fd < 0 ? 0 : fd_file((u32)p.fd);
        int there = file && !(file->flags & O_PATH);
        w[i] = (struct eh_watch){there ? file->number : NO_FILE, p.events, 0};
        p.revents = p.fd >= 0 && !there ? POLLNVAL : 0;
        bad += p.revents != 0;
        if (user_out(fds + i * sizeof p, &p, sizeof p))
            return -EFAULT;
    }
    return bad;
}

static void write_set(u64 fds, u32 count, const struct eh_watch *w) {
    for (u32 i = 0; i < count; i++)
        if (w[i].file != NO_FILE)
            user_out(fds + i * sizeof(struct poll_fd) + 6, &w[i].revents, sizeof w[i].revents);
}

static s64 poll_on(u64 fds, u32 count, struct eh_watch *w, u64 timeout) {
    s64 bad = read_set(fds, count, w), ready;
    if (bad < 0)
        return bad;
    u64 until = watch_until(bad ? 0 : timeout);
    do
        ready = watch(w, count, until);
    while (!ready && time_monotonic() < until);
    if (ready < 0)
        return ready;
    write_set(fds, count, w);
    return ready + bad;
}

s64 sys_ppoll(struct eh_context *c) {
    struct eh_watch here[WATCHED_HERE];
    u64 timeout = FOREVER;
    u32 count = (u32)c->x[1];
    s64 result = c->x[2] ? time_read(c->x[2], &timeout) : 0;
    if (result)
        return result;
    if (count > WATCHED_MOST)
        return -EINVAL;
    result = signal_mask(c, c->x[3], c->x[4]);
    if (result)
        return result;
    struct eh_watch *w = watch_room(count, here);
    if (!w)
        return -ENOMEM;
    result = poll_on(c->x[0], count, w, timeout);
    watch_done(w, count, here);
    return result;
}
