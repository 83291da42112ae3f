// SPDX-License-Identifier: BSD-2-Clause
// Reading and writing. A regular file's offset is kept inside and its data crosses by pread64 and pwrite64;
// a stream's crosses as it is.
#include "files.h"
#include "process.h"
#include "sockets.h"
#include "stores.h"
#include "thread.h"
#include "waiting.h"

enum { SIGPIPE = 13 };

static s64 fetch_piece(struct eh_file *file, u8 *to, u64 size, u64 offset) {
    struct eh_request r = {.row = ROW_pread64,
                           .rule = file->pin ? AUDIT_FILES_PINNED : AUDIT_FILES_READ,
                           .args = {file->number, size, offset},
                           .out_capacity = (u32)size};
    s64 got = wire_call(&r, size);
    if (got > 0)
        eh_copy(to, wire_output(&r), (u64)got);
    return got;
}

s64 file_fetch(struct eh_file *file, u8 *to, u64 size, u64 offset) {
    u64 done = 0;
    while (done < size) {
        u64 piece = EH_MIN(size - done, wire_most() & ~63ull);
        s64 got = fetch_piece(file, to + done, piece, offset + done);
        if (got < 0 && (!done || file->pin))
            return got;
        if (got <= 0)
            break;
        done += (u64)got;
        if ((u64)got < piece && offset + done >= file->size)
            break;
    }
    file->size = EH_MAX(file->size, offset + done);
    if (!file->pin)
        return (s64)done;
    if (done < size)
        return wire_violated(EH_RULE_FILES_PINNED);
    s64 result = pinned_check(file, to, size, offset);
    return result ? result : (s64)done;
}

void file_take(struct eh_file *file) {
    file->references++;
    while (file->busy)
        thread_hold_at((u64)file);
    file->busy = 1;
}

void file_give(struct eh_file *file) {
    file->busy = 0;
    if (file->stale)
        file->cache_used = 0;
    file->stale = 0;
    futex_wake((u64)file, 1, ~0u);
    file_drop(file);
}

s64 file_read_pages(struct eh_file *file, u8 *to, u64 size, u64 offset) {
    struct eh_span s = {0, 0, (u64)to, size, size};
    file_take(file);
    s64 got = cache_read(file, &s, offset);
    file_give(file);
    return got;
}

s64 file_mappable(const struct eh_file *file) {
    if (file->flags & O_PATH)
        return -EBADF;
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EACCES;
    return file->kind == FILE_REGULAR ? 0 : -ENODEV;
}

struct eh_file *file_usable(u64 fd, u32 not_mode) {
    struct eh_file *file = fd_file(fd);
    return file && !(file->flags & O_PATH) && (file->flags & O_ACCMODE) != not_mode ? file : 0;
}

// The call's buffer, or its vector of them.
static s64 span_take(struct eh_span *s, struct eh_context *c, int single, u32 protection) {
    return single ? span_single(s, c->x[1], c->x[2], protection)
                  : span_vector(s, c->x[1], c->x[2], protection);
}

// One request: what a stream has now.
static s64 read_stream(struct eh_file *file, struct eh_span *s, u32 row, u64 offset) {
    // the window is for all, and while one waits here the others need room too
    u64 size = EH_MIN(s->left, thread_others() ? wire_small() / 4 & ~15ull : wire_most());
    struct eh_request r = {
        .row = row, .rule = AUDIT_STREAMS, .args = {file->number, size, offset}, .out_capacity = (u32)size};
    file->references++; // another thread may close it while this one waits
    s64 got = wire_call(&r, size);
    if (got > 0)
        span_write(s, wire_output(&r), (u64)got);
    file_drop(file);
    return got;
}

static s64 read_at(struct eh_file *file, struct eh_span *s, u64 offset) {
    if (file->kind == FILE_DIRECTORY)
        return -EISDIR;
    if (file->kind == FILE_DEVICE)
        return device_read(file, s);
    if (file_waits_inside(file) || file->kind == FILE_SOCKET)
        return -ESPIPE;
    if (file->kind != FILE_REGULAR)
        return read_stream(file, s, ROW_pread64, offset);
    if (!s->left)
        return 0;
    file_take(file);
    s64 got = cache_read(file, s, offset);
    file_give(file);
    return got;
}

static s64 read_on(struct eh_file *file, struct eh_span *s) {
    if (file->kind == FILE_PIPE)
        return pipe_read(file, s);
    if (file->kind == FILE_SOCKET)
        return socket_read(file, s);
    if (file->kind == FILE_TIMER)
        return timer_read(file, s);
    if (file->kind == FILE_SIGNALS)
        return signals_read(file, s);
    if (file->kind == FILE_EPOLL || file->kind == FILE_QUEUE)
        return -EINVAL;
    if (file->itself)
        return -EINVAL;
    if (file->watches)
        return watches_read(file, s);
    if (file->kind == FILE_STREAM || file->kind == FILE_OTHER)
        return s->left ? read_stream(file, s, ROW_read, 0) : 0;
    if (file->kind != FILE_REGULAR || !s->left)
        return read_at(file, s, file->offset);
    file_take(file);
    s64 got = cache_read(file, s, file->offset);
    if (got > 0)
        file->offset += (u64)got;
    file_give(file);
    return got;
}

// How much goes at once: into a pipe what it takes without waiting, where there is any room.
static u64 piece_of(const struct eh_file *file, const struct eh_span *s) {
    int pipe = file->kind == FILE_STREAM && file->special == STREAM_PIPE;
    return EH_MIN(s->left, pipe ? EH_PAGE : wire_most());
}

// One request with the next bytes of the span. What was written, and in *end the file's offset after it.
static s64 write_piece(struct eh_file *file, struct eh_span *s, u32 row, u64 offset, u64 *end) {
    u64 size = piece_of(file, s);
    struct eh_request r = {.row = row,
                           .rule = file->kind == FILE_REGULAR ? AUDIT_FILES_WRITE : AUDIT_STREAMS,
                           .args = {file->number, size, offset},
                           .in_length = (u32)size};
    struct eh_span from = *s;
    s64 result;
    do {
        result = wire_open(&r);
        if (result)
            return result;
        if (row == ROW_write)
            r.args[2] = 0;
        *s = from;
        span_read(s, wire_input(&r), size);
        result = wire_send(&r, size);
    } while (result == TAKEN_BACK);
    *end = row == ROW_write ? r.value : offset + (u64)result;
    return result;
}

// What a TA of its own writes to its streams goes to the secure console, in lines.
static s64 write_console(struct eh_span *s) {
    static char text[256];
    static u64 used;
    u64 size = EH_MIN(s->left, sizeof text - used), end = used + size;
    span_read(s, text + used, size);
    for (used = end; end && text[end - 1] != '\n';)
        end--;
    if (!end && used == sizeof text)
        end = used;
    if (end)
        utee_log(text, end);
    memmove(text, text + end, used -= end);
    return (s64)size;
}

static s64 write_all(struct eh_file *file, struct eh_span *s, u32 row, u64 offset, u64 *end) {
    u64 done = 0;
    while (s->left) {
        u64 asked = piece_of(file, s);
        s64 got = file->kind == FILE_STREAM && eh_is_ta() ? write_console(s)
                                                          : write_piece(file, s, row, offset + done, end);
        if (got == -EPIPE)
            signal_raise(SIGPIPE);
        if (got < 0)
            return done ? (s64)done : got;
        done += (u64)got;
        if ((u64)got < asked)
            break;
    }
    return (s64)done;
}

static s64 write_regular(struct eh_file *file, struct eh_span *s, u32 row, u64 offset, u64 *end) {
    if (file->stored)
        return store_write(file, s, offset, end);
    if (file_sealed(file))
        return sealed_write(file, s, offset, end);
    s64 got = write_all(file, s, row, offset, end);
    cache_forget(file->device, file->inode);
    if (got <= 0)
        return got;
    if (row == ROW_write && (*end < (u64)got || *end >> 63))
        return wire_violated(EH_RULE_ANSWERS);
    file->size = EH_MAX(file->size, *end);
    return got;
}

static s64 write_on(struct eh_file *file, struct eh_span *s) {
    u64 end = file->offset;
    if (file->kind == FILE_DEVICE)
        return device_write(file, s);
    if (file->kind == FILE_PIPE)
        return pipe_write(file, s);
    if (file->kind == FILE_SOCKET)
        return socket_write(file, s);
    if (file->kind == FILE_EPOLL || file->kind == FILE_QUEUE || file->kind == FILE_TIMER || file->kind == FILE_SIGNALS)
        return -EINVAL;
    if (file->itself)
        return -EINVAL;
    if (!s->left)
        return 0;
    if (file->kind != FILE_REGULAR)
        return write_all(file, s, ROW_write, 0, &end);
    u32 row = file->flags & O_APPEND ? ROW_write : ROW_pwrite64;
    file_take(file);
    s64 got = write_regular(file, s, row, file->offset, &end);
    if (got > 0)
        file->offset = end;
    file_give(file);
    return got;
}

// At the end of a file nothing is copied, so that a bad pointer does no harm there.
static int at_end(const struct eh_file *file, u64 offset) {
    return file->kind == FILE_REGULAR && offset >= file_length(file);
}

s64 sys_read(struct eh_context *c) {
    struct eh_file *file = file_usable(c->x[0], O_WRONLY);
    struct eh_span s;
    s64 result = file ? span_single(&s, c->x[1], c->x[2], PROT_WRITE) : -EBADF;
    if (result == -EFAULT && c->x[1] + c->x[2] < 1ull << 48 && at_end(file, file->offset))
        return 0;
    return result ? result : read_on(file, &s);
}

s64 sys_readv(struct eh_context *c) {
    struct eh_file *file = file_usable(c->x[0], O_WRONLY);
    struct eh_span s;
    s64 result = file ? span_vector(&s, c->x[1], c->x[2], PROT_WRITE) : -EBADF;
    return result ? result : read_on(file, &s);
}

// At an offset of the call's own: a span that `single` says how to take.
static s64 read_from(struct eh_context *c, int single, u64 offset) {
    struct eh_span s;
    if ((s64)offset < 0)
        return -EINVAL;
    struct eh_file *file = file_usable(c->x[0], O_WRONLY);
    s64 result = file ? span_take(&s, c, single, PROT_WRITE) : -EBADF;
    return result ? result : read_at(file, &s, offset);
}

s64 sys_pread64(struct eh_context *c) { return read_from(c, 1, c->x[3]); }
s64 sys_preadv(struct eh_context *c) { return read_from(c, 0, c->x[3]); }

// Offset -1: the file's own. A flag asks for what cannot be promised, as soon as there is anything to do.
s64 sys_preadv2(struct eh_context *c) {
    struct eh_span s;
    u64 offset = c->x[3];
    if ((s64)offset < -1)
        return -EINVAL;
    struct eh_file *file = file_usable(c->x[0], O_WRONLY);
    s64 result = file ? span_vector(&s, c->x[1], c->x[2], PROT_WRITE) : -EBADF;
    if (!result && s.left && (u32)c->x[5])
        result = -EOPNOTSUPP;
    if (result)
        return result;
    return file_read(file, &s, offset);
}

s64 sys_write(struct eh_context *c) {
    struct eh_file *file = file_usable(c->x[0], O_RDONLY);
    struct eh_span s;
    s64 result = file ? span_single(&s, c->x[1], c->x[2], PROT_READ) : -EBADF;
    return result ? result : write_on(file, &s);
}

s64 sys_writev(struct eh_context *c) {
    struct eh_file *file = file_usable(c->x[0], O_RDONLY);
    struct eh_span s;
    s64 result = file ? span_vector(&s, c->x[1], c->x[2], PROT_READ) : -EBADF;
    return result ? result : write_on(file, &s);
}

static s64 write_at(struct eh_file *file, struct eh_span *s, u64 offset) {
    u64 end;
    if (file->kind == FILE_DEVICE)
        return device_write(file, s);
    if (file_waits_inside(file) || file->kind == FILE_SOCKET)
        return -ESPIPE;
    if (file->kind != FILE_REGULAR)
        return write_all(file, s, ROW_pwrite64, offset, &end);
    if (!s->left)
        return 0;
    file_take(file);
    s64 got = write_regular(file, s, ROW_pwrite64, offset, &end);
    file_give(file);
    return got;
}

static s64 write_to(struct eh_context *c, int single, u64 offset) {
    struct eh_span s;
    if ((s64)offset < 0)
        return -EINVAL;
    struct eh_file *file = file_usable(c->x[0], O_RDONLY);
    s64 result = file ? span_take(&s, c, single, PROT_READ) : -EBADF;
    return result ? result : write_at(file, &s, offset);
}

s64 sys_pwrite64(struct eh_context *c) { return write_to(c, 1, c->x[3]); }
s64 sys_pwritev(struct eh_context *c) { return write_to(c, 0, c->x[3]); }

s64 sys_pwritev2(struct eh_context *c) {
    struct eh_span s;
    u64 offset = c->x[3];
    if ((s64)offset < -1)
        return -EINVAL;
    struct eh_file *file = file_usable(c->x[0], O_RDONLY);
    s64 result = file ? span_vector(&s, c->x[1], c->x[2], PROT_READ) : -EBADF;
    if (!result && s.left && (u32)c->x[5])
        result = -EOPNOTSUPP;
    if (result)
        return result;
    return file_write(file, &s, offset);
}

s64 file_read(struct eh_file *file, struct eh_span *s, u64 offset) {
    return offset == ~0ull ? read_on(file, s) : read_at(file, s, offset);
}

s64 file_write(struct eh_file *file, struct eh_span *s, u64 offset) {
    return offset == ~0ull ? write_on(file, s) : write_at(file, s, offset);
}
