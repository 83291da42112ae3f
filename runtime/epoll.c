// SPDX-License-Identifier: BSD-2-Clause
// Sets of files to wait for. An edge is told once, and again when the file was used or changed since: at times more
// often than Linux would, never less often.
#include "waiting.h"
#include "memory.h"
#include "process.h"
#include "signals.h"

enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL, EPOLL_CTL_MOD, SETS_MOST = 64 };
enum { EVENTS_KNOWN = 0x3fff, FIRST_ROOM = (EH_PAGE - 16) / 40 };
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)
#define MILLISECOND 1000000ull

struct member {
    u32 fd, file;
    u32 events;   // asked for, with the flags
    u32 reported; // edges that were told
    u64 data;
    u64 used; // what the file was used for when they were told
    u32 off;  // a oneshot that was told
    u32 reserved;
};
_Static_assert(sizeof(struct member) == 40, "members");

struct eh_epoll {
    u32 count, room;
    u64 reserved;
    struct member members[];
};

static struct eh_epoll *sets[SETS_MOST]; // all there are

static u64 bytes_of(u32 room) { return EH_PAGE_UP(sizeof(struct eh_epoll) + room * sizeof(struct member)); }

static struct eh_epoll *make(u32 room) {
    struct eh_epoll *e = arena_own(bytes_of(room));
    if (e)
        e->room = room;
    return e;
}

static struct eh_epoll **place_of(const struct eh_epoll *e) {
    for (u32 i = 0; i < SETS_MOST; i++)
        if (sets[i] == e)
            return &sets[i];
    return 0;
}

s64 sys_epoll_create1(struct eh_context *c) {
    u32 flags = (u32)c->x[0];
    if (flags & ~(u32)O_CLOEXEC)
        return -EINVAL;
    s64 fd = fd_free(0);
    struct eh_epoll **place = place_of(0), *e = fd < 0 || !place ? 0 : make(FIRST_ROOM);
    struct eh_file *file = e ? file_new(FILE_EPOLL, O_RDWR) : 0;
    if (!file) {
        if (e)
            arena_disown(e, bytes_of(e->room));
        return fd < 0 ? fd : place ? -ENOMEM : -EMFILE;
    }
    *place = file->epoll = e;
    fd_set((u32)fd, file, (flags & O_CLOEXEC) != 0);
    return fd;
}

void epoll_closed(struct eh_file *file) {
    *place_of(file->epoll) = 0;
    arena_disown(file->epoll, bytes_of(file->epoll->room));
}

static void drop(struct eh_epoll *e, u32 index) { e->members[index] = e->members[--e->count]; }

void epoll_forget(const struct eh_file *file) {
    for (u32 i = 0; i < SETS_MOST; i++)
        for (u32 k = sets[i] ? sets[i]->count : 0; k-- > 0;)
            if (sets[i]->members[k].file == file->number)
                drop(sets[i], k);
}

static struct member *find(struct eh_epoll *e, u32 fd, u32 file) {
    for (u32 i = 0; i < e->count; i++)
        if (e->members[i].fd == fd && e->members[i].file == file)
            return &e->members[i];
    return 0;
}

static s64 grow(struct eh_file *set) {
    struct eh_epoll *old = set->epoll, *e = old->count < old->room ? old : make(old->room * 2 + 8);
    if (!e)
        return -ENOMEM;
    if (e == old)
        return 0;
    memcpy(e->members, old->members, old->count * sizeof *old->members);
    e->count = old->count;
    *place_of(old) = set->epoll = e;
    arena_disown(old, bytes_of(old->room));
    return 0;
}

struct event { // arm64: not packed
    u32 events, padding;
    u64 data;
};

static s64 change(struct eh_file *set, u32 operation, u32 fd, u32 file, const struct event *event) {
    struct member *m = find(set->epoll, fd, file);
    if (operation == EPOLL_CTL_ADD ? m != 0 : !m)
        return operation == EPOLL_CTL_ADD ? -EEXIST : -ENOENT;
    if (operation == EPOLL_CTL_DEL) {
        drop(set->epoll, (u32)(m - set->epoll->members));
        return 0;
    }
    if (!m) {
        if (set->epoll->count >= WATCHED_MOST)
            return -ENOSPC;
        if (grow(set))
            return -ENOMEM;
        m = &set->epoll->members[set->epoll->count++];
    }
    *m = (struct member){.fd = fd, .file = file, .events = event->events, .data = event->data};
    return 0;
}

s64 sys_epoll_ctl(struct eh_context *c) {
    struct eh_file *set = fd_file(c->x[0]), *file = fd_file(c->x[2]);
    u32 operation = (u32)c->x[1];
    struct event event = {0};
    if (operation != EPOLL_CTL_DEL && user_in(&event, c->x[3], sizeof event))
        return -EFAULT;
    if (!set || !file || (file->flags & O_PATH))
        return -EBADF;
    if (file->kind == FILE_REGULAR || file->kind == FILE_DIRECTORY)
        return -EPERM;
    if (set->kind != FILE_EPOLL || set == file || operation < EPOLL_CTL_ADD || operation > EPOLL_CTL_MOD)
        return -EINVAL;
    s64 result = change(set, operation, (u32)c->x[2], file->number, &event);
    poll_wake();
    return result;
}

static u64 used_of(const struct eh_file *file) { return file->kind == FILE_SOCKET ? file->sequel : watch_changes(); }

// What is still to be told of a member.
static struct eh_watch wanted(struct member *m) {
    const struct eh_file *file = fd_file_at(m->file);
    u32 events = m->events & EVENTS_KNOWN;
    if (!file || m->off)
        return (struct eh_watch){NO_FILE, 0, 0};
    if (!(m->events & EPOLLET))
        return (struct eh_watch){m->file, (u16)events, 0};
    if (m->used != used_of(file))
        m->reported = 0;
    m->used = used_of(file);
    events &= ~m->reported;
    int over = m->reported & (POLLERR | POLLHUP) || !(events & ~(POLLERR | POLLHUP | POLLNVAL));
    return (struct eh_watch){m->reported && over ? NO_FILE : m->file, (u16)events, 0};
}

// The ready members, told to the program from `to` on; the set may have changed while the thread waited.
static s64 tell(struct eh_epoll *e, const struct eh_watch *w, u32 count, u64 to, u32 most) {
    u32 told = 0;
    for (u32 i = 0; i < e->count && i < count && told < most; i++) {
        struct member *m = &e->members[i];
        u32 ready = w[i].revents & ~m->reported;
        if (w[i].file != m->file || !ready)
            continue;
        struct event event = {ready, 0, m->data};
        if (user_out(to + told * sizeof event, &event, sizeof event))
            return told ? (s64)told : -EFAULT;
        told++;
        if (m->events & EPOLLET)
            m->reported |= ready;
        m->off = (m->events & EPOLLONESHOT) != 0;
    }
    return told;
}

static s64 wait_on(struct eh_file *set, u64 to, u32 most, u64 until) {
    struct eh_watch here[WATCHED_HERE];
    s64 result;
    do {
        u32 count = set->epoll->count;
        struct eh_watch *w = watch_room(count, here);
        if (!w)
            return -ENOMEM;
        for (u32 i = 0; i < count; i++)
            w[i] = wanted(&set->epoll->members[i]);
        result = watch(w, count, until);
        if (result > 0)
            result = tell(set->epoll, w, count, to, most);
        watch_done(w, count, here);
    } while (!result && time_monotonic() < until);
    return result;
}

u32 epoll_ready(struct eh_file *file, int *outside) {
    struct eh_watch here[WATCHED_HERE];
    u32 count = EH_MIN(file->epoll->count, (u32)WATCHED_HERE);
    for (u32 i = 0; i < count; i++) {
        const struct eh_file *member = fd_file_at(file->epoll->members[i].file);
        here[i] = wanted(&file->epoll->members[i]);
        *outside |= member && (member->kind == FILE_SOCKET || member->kind == FILE_STREAM);
        if (member && member->kind == FILE_EPOLL)
            here[i].file = NO_FILE; // a set in a set in a set
    }
    return watch(here, count, 0) > 0 ? POLLIN : 0;
}

static s64 epoll_wait(struct eh_context *c, u64 timeout) {
    s64 masked = signal_mask(c, c->x[4], c->x[5]);
    struct eh_file *set = fd_file(c->x[0]);
    s32 most = (s32)c->x[2];
    if (masked || most <= 0)
        return masked ? masked : -EINVAL;
    if (!set)
        return -EBADF;
    if (set->kind != FILE_EPOLL)
        return -EINVAL;
    set->references++;
    s64 result = wait_on(set, c->x[1], (u32)most, watch_until(timeout));
    file_drop(set);
    return result == -EINTR && !timeout ? 0 : result;
}

s64 sys_epoll_pwait(struct eh_context *c) {
    s32 timeout = (s32)c->x[3];
    return epoll_wait(c, timeout < 0 ? FOREVER : (u64)timeout * MILLISECOND);
}

s64 sys_epoll_pwait2(struct eh_context *c) {
    u64 timeout = FOREVER;
    s64 result = c->x[3] ? time_read(c->x[3], &timeout) : 0;
    return result ? result : epoll_wait(c, timeout);
}
