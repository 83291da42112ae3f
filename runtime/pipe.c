// SPDX-License-Identifier: BSD-2-Clause
// Pipes and event counters inside the program: for its own threads, and for a program that talks to itself. Nothing of
// them leaves the TEE. Who waits is woken by whoever changes the pipe.
#include "memory.h"
#include "process.h"
#include "thread.h"
#include "files.h"

enum { CAPACITY = 65536, ATOMIC = 4096, SIGPIPE = 13, EFD_SEMAPHORE = 1 };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16 };
#define COUNTER_MOST (~0ull - 1)

struct eh_pipe { // a page: this, then the descriptions that use it; the bytes lie in memory of their own
    u8 *bytes;   // 0: an event counter
    u64 from, used;
    u32 readers, writers;
    u64 counter;
    u32 semaphore;
};

static int is_counter(const struct eh_pipe *p) { return !p->bytes; }

static struct eh_pipe *make(u64 bytes) {
    struct eh_pipe *p = arena_own(EH_PAGE);
    if (p && bytes && !(p->bytes = arena_own(bytes))) {
        arena_disown(p, EH_PAGE);
        return 0;
    }
    return p;
}

static void destroy(struct eh_pipe *p) {
    if (p->bytes)
        arena_disown(p->bytes, CAPACITY);
    arena_disown(p, EH_PAGE);
}

static void changed(struct eh_pipe *p) {
    futex_wake((u64)p, ~0u, ~0u);
    poll_wake();
}

// The file that a program holds of a pipe; 0: too many files.
static struct eh_file *end(struct eh_pipe *p, u32 flags) {
    struct eh_file *file = file_new(FILE_PIPE, flags);
    if (file)
        file->pipe = p;
    return file;
}

s64 sys_pipe2(struct eh_context *c) {
    u32 flags = (u32)c->x[1], fds[2];
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    s64 first = fd_free(0), second = first < 0 ? first : fd_free((u32)first + 1);
    if (second < 0)
        return second;
    struct eh_pipe *p = make(CAPACITY);
    if (!p)
        return -ENFILE;
    struct eh_file *reads = end(p, O_RDONLY | (flags & O_NONBLOCK));
    struct eh_file *writes = reads ? end(p, O_WRONLY | (flags & O_NONBLOCK)) : 0;
    fds[0] = (u32)first;
    fds[1] = (u32)second;
    if (!writes || user_out(c->x[0], fds, sizeof fds)) {
        s64 result = writes ? -EFAULT : -ENFILE;
        if (writes)
            writes->kind = FILE_FREE;
        if (reads)
            reads->kind = FILE_FREE;
        destroy(p);
        return result;
    }
    p->readers = p->writers = 1;
    fd_set(fds[0], reads, (flags & O_CLOEXEC) != 0);
    fd_set(fds[1], writes, (flags & O_CLOEXEC) != 0);
    return 0;
}

s64 sys_eventfd2(struct eh_context *c) {
    u32 flags = (u32)c->x[1];
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    s64 fd = fd_free(0);
    struct eh_pipe *p = fd < 0 ? 0 : make(0);
    struct eh_file *file = p ? end(p, O_RDWR | (flags & O_NONBLOCK)) : 0;
    if (!file) {
        if (p)
            destroy(p);
        return fd < 0 ? fd : -ENFILE;
    }
    p->counter = (u32)c->x[0];
    p->semaphore = flags & EFD_SEMAPHORE;
    p->readers = 1;
    fd_set((u32)fd, file, (flags & O_CLOEXEC) != 0);
    return fd;
}

static int writes(const struct eh_file *file) { return (file->flags & O_ACCMODE) == O_WRONLY; }

void pipe_closed(struct eh_file *file) {
    struct eh_pipe *p = file->pipe;
    u32 *side = writes(file) ? &p->writers : &p->readers;
    --*side;
    changed(p);
    if (!p->readers && !p->writers)
        destroy(p);
}

u32 pipe_ready(const struct eh_file *file) {
    const struct eh_pipe *p = file->pipe;
    if (is_counter(p))
        return (p->counter ? POLLIN : 0) | (p->counter < COUNTER_MOST ? POLLOUT : 0);
    if (writes(file))
        return !p->readers ? POLLOUT | POLLERR : CAPACITY - p->used >= ATOMIC ? POLLOUT : 0;
    return (p->used ? POLLIN : 0) | (p->writers ? 0 : POLLHUP);
}

// Another thread may close the descriptor meanwhile; the file itself is kept for the call.
static s64 wait_for_change(const struct eh_file *file) {
    return file->flags & O_NONBLOCK ? -EAGAIN : thread_sleep_at((u64)file->pipe, NO_DEADLINE);
}

// The same at an end of a pipe, which may lie outside by then: the program asks again.
static s64 wait_here(const struct eh_file *file) {
    s64 result = wait_for_change(file);
    return file->kind == FILE_PIPE ? result : -EINTR;
}

static s64 read_counter(struct eh_file *file, struct eh_span *s) {
    struct eh_pipe *p = file->pipe;
    if (s->left < sizeof p->counter)
        return -EINVAL;
    while (!p->counter) {
        s64 result = wait_for_change(file);
        if (result)
            return result;
    }
    u64 told = p->semaphore ? 1 : p->counter;
    p->counter -= told;
    span_write(s, &told, sizeof told);
    changed(p);
    return sizeof told;
}

static s64 write_counter(struct eh_file *file, struct eh_span *s) {
    struct eh_pipe *p = file->pipe;
    u64 more;
    if (s->left < sizeof more)
        return -EINVAL;
    span_read(s, &more, sizeof more);
    if (more == ~0ull)
        return -EINVAL;
    while (more > COUNTER_MOST - p->counter) {
        s64 result = wait_for_change(file);
        if (result)
            return result;
    }
    p->counter += more;
    changed(p);
    return sizeof more;
}

static s64 take(struct eh_pipe *p, struct eh_span *s) {
    u64 done = 0;
    while (s->left && p->used) {
        u64 piece = EH_MIN(EH_MIN(s->left, p->used), CAPACITY - p->from);
        span_write(s, p->bytes + p->from, piece);
        p->from = (p->from + piece) % CAPACITY;
        p->used -= piece;
        done += piece;
    }
    return (s64)done;
}

static s64 put(struct eh_pipe *p, struct eh_span *s) {
    u64 done = 0;
    while (s->left && p->used < CAPACITY) {
        u64 at = (p->from + p->used) % CAPACITY;
        u64 piece = EH_MIN(EH_MIN(s->left, CAPACITY - p->used), CAPACITY - at);
        span_read(s, p->bytes + at, piece);
        p->used += piece;
        done += piece;
    }
    return (s64)done;
}

static s64 read_pipe(struct eh_file *file, struct eh_span *s) {
    struct eh_pipe *p = file->pipe;
    while (s->left && !p->used && p->writers) {
        s64 result = wait_here(file);
        if (result)
            return result;
    }
    s64 got = take(p, s);
    if (got)
        changed(p);
    return got;
}

static s64 write_pipe(struct eh_file *file, struct eh_span *s) {
    struct eh_pipe *p = file->pipe;
    s64 done = 0;
    while (s->left) {
        if (!p->readers) {
            signal_raise(SIGPIPE);
            return done ? done : -EPIPE;
        }
        u64 whole = s->left <= ATOMIC ? s->left : 1; // what is small goes in one piece
        if (CAPACITY - p->used >= whole) {
            done += put(p, s);
            changed(p);
            continue;
        }
        s64 result = wait_here(file);
        if (result)
            return done ? done : result;
    }
    return done;
}

s64 pipe_read(struct eh_file *file, struct eh_span *s) {
    file->references++;
    s64 result = is_counter(file->pipe) ? read_counter(file, s) : read_pipe(file, s);
    file_drop(file);
    return result;
}

s64 pipe_write(struct eh_file *file, struct eh_span *s) {
    file->references++;
    s64 result = is_counter(file->pipe) ? write_counter(file, s) : write_pipe(file, s);
    file_drop(file);
    return result;
}

// ---- a pipe that leaves: it lies outside from now on

int pipe_describe(const struct eh_file *file, struct eh_spawn_fd *to) {
    const struct eh_pipe *p = file->pipe;
    if (is_counter(p))
        return -EACCES;
    to->flags = (writes(file) ? EH_SPAWN_FLAG_WRITES : 0) | (file->flags & O_NONBLOCK ? EH_SPAWN_FLAG_NONBLOCK : 0);
    to->pending = (u32)p->used;
    for (u32 i = 0; i < FILES_MOST; i++) {
        const struct eh_file *other = fd_file_at(i);
        if (!other || other == file || other->kind != FILE_PIPE || other->pipe != p)
            continue;
        to->flags |= EH_SPAWN_FLAG_OTHER | (other->flags & O_NONBLOCK ? EH_SPAWN_FLAG_OTHER_NONBLOCK : 0);
        to->other = i;
    }
    return 0;
}

void pipe_leave(const struct eh_file *end) {
    struct eh_pipe *p = end->kind == FILE_PIPE ? end->pipe : 0;
    for (u32 i = 0; p && i < FILES_MOST; i++) {
        struct eh_file *file = fd_file_at(i);
        if (!file || file->kind != FILE_PIPE || file->pipe != p)
            continue;
        file->kind = FILE_STREAM;
        file->special = STREAM_PIPE;
        file->pipe = 0;
    }
    if (p) {
        changed(p);
        destroy(p);
    }
}

u64 pipe_pending(const struct eh_file *file) { return is_counter(file->pipe) ? 0 : file->pipe->used; }

u64 pipe_room(const struct eh_file *file) { return CAPACITY - file->pipe->used; }

void pipe_peek(const struct eh_file *file, u8 *to, u64 size) {
    const struct eh_pipe *p = file->pipe;
    u64 first = EH_MIN(size, CAPACITY - p->from);
    memcpy(to, p->bytes + p->from, first);
    memcpy(to + first, p->bytes, size - first);
}

u32 pipe_mode(const struct eh_file *file) { return is_counter(file->pipe) ? 0600 : S_IFIFO | 0600; }
