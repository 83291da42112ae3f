// SPDX-License-Identifier: BSD-2-Clause
// From one open file to another without the program's memory: through a piece of the runtime's.
#include "files.h"
#include "memory.h"

enum { PIECE = 65536, NONBLOCK = 2, SPLICE_FLAGS = 15 };
#define OWN (~0ull) // the file's own offset

struct side {
    struct eh_file *file;
    u64 offset, at; // where it stands, OWN: its own; the program's word that is moved on, 0: none
};

static s64 take_side(struct side *s, u64 fd, u64 at, u32 not_mode) {
    s->file = file_usable(fd, not_mode);
    s->at = at;
    s->offset = OWN;
    if (!s->file)
        return -EBADF;
    if (at && user_in(&s->offset, at, sizeof s->offset))
        return -EFAULT;
    return at && s->file->kind == FILE_PIPE ? -ESPIPE : at && (s64)s->offset < 0 ? -EINVAL : 0;
}

static s64 give_back(const struct side *s, u64 moved) {
    u64 now = s->offset + moved;
    return s->at ? user_out(s->at, &now, sizeof now) : 0;
}

// One piece. What could not be written of it the source has back, where it can.
static s64 piece(struct side *from, struct side *to, u8 *bytes, u64 size, u64 done) {
    struct eh_span in = {0, 0, (u64)bytes, size, size};
    s64 got = file_read(from->file, &in, from->offset == OWN ? OWN : from->offset + done);
    if (got <= 0)
        return got;
    struct eh_span out = {0, 0, (u64)bytes, (u64)got, (u64)got};
    s64 put = file_write(to->file, &out, to->offset == OWN ? OWN : to->offset + done);
    if (from->offset == OWN && from->file->kind == FILE_REGULAR)
        from->file->offset -= (u64)(got - EH_MAX(put, 0));
    return put;
}

static s64 move(struct side *from, struct side *to, u64 size, int once) {
    u8 *bytes = arena_own(PIECE);
    u64 done = 0;
    s64 got = bytes ? 1 : -ENOMEM;
    while (done < size && got > 0) {
        u64 most = EH_MIN(size - done, (u64)PIECE);
        got = piece(from, to, bytes, most, done);
        done += got > 0 ? (u64)got : 0;
        if (once || (got > 0 && (u64)got < most && from->file->kind != FILE_REGULAR))
            break;
    }
    if (bytes)
        arena_disown(bytes, PIECE);
    if (!done)
        return got < 0 ? got : 0;
    return give_back(from, done) || give_back(to, done) ? -EFAULT : (s64)done;
}

static u64 limit(u64 size) { return EH_MIN(size, 0x7ffff000ull); }

s64 sys_sendfile(struct eh_context *c) {
    struct side from, to;
    s64 result = take_side(&from, c->x[1], c->x[2], O_WRONLY);
    if (!result)
        result = take_side(&to, c->x[0], 0, O_RDONLY);
    if (result)
        return result;
    if (from.file->kind != FILE_REGULAR || (to.file->flags & O_APPEND) || (s64)c->x[3] < 0)
        return -EINVAL;
    return move(&from, &to, limit(c->x[3]), 0);
}

s64 sys_copy_file_range(struct eh_context *c) {
    struct side from, to;
    u64 size = limit(c->x[4]);
    s64 result = take_side(&from, c->x[0], c->x[1], O_WRONLY);
    if (!result)
        result = take_side(&to, c->x[2], c->x[3], O_RDONLY);
    if (result)
        return result;
    if (from.file->kind == FILE_DIRECTORY || to.file->kind == FILE_DIRECTORY)
        return -EISDIR;
    if ((u32)c->x[5] || from.file->kind != FILE_REGULAR || to.file->kind != FILE_REGULAR)
        return -EINVAL;
    if (to.file->flags & O_APPEND)
        return -EBADF;
    u64 a = from.at ? from.offset : from.file->offset, b = to.at ? to.offset : to.file->offset;
    if (from.file->device == to.file->device && from.file->inode == to.file->inode && a < b + size && b < a + size)
        return -EINVAL;
    return move(&from, &to, size, 0);
}

static int is_pipe(const struct eh_file *file) { return file->kind == FILE_PIPE && pipe_mode(file) != 0600; }

static int waits_not(const struct eh_file *file, u32 flags) {
    return (flags & NONBLOCK) || (file->flags & O_NONBLOCK);
}

s64 sys_splice(struct eh_context *c) {
    struct side from, to;
    u64 size = EH_MIN(c->x[4], (u64)PIECE);
    u32 flags = (u32)c->x[5];
    if (!c->x[4])
        return 0;
    if (flags & ~(u32)SPLICE_FLAGS)
        return -EINVAL;
    s64 result = take_side(&from, c->x[0], c->x[1], O_WRONLY);
    if (!result)
        result = take_side(&to, c->x[2], c->x[3], O_RDONLY);
    if (result)
        return result;
    int reads = is_pipe(from.file), writes = is_pipe(to.file);
    if ((!reads && !writes) || (reads && writes && from.file->pipe == to.file->pipe) ||
        (!writes && (to.file->flags & O_APPEND)))
        return -EINVAL;
    if (reads && waits_not(from.file, flags) && !pipe_pending(from.file) && !(pipe_ready(from.file) & 16))
        return -EAGAIN;
    if (writes && pipe_room(to.file))
        size = EH_MIN(size, pipe_room(to.file));
    else if (writes && waits_not(to.file, flags))
        return -EAGAIN;
    return move(&from, &to, size, 1);
}

s64 sys_tee(struct eh_context *c) {
    u64 size = EH_MIN(c->x[2], (u64)PIECE);
    struct eh_file *from = file_usable(c->x[0], O_WRONLY), *to = file_usable(c->x[1], O_RDONLY);
    if ((u32)c->x[3] & ~(u32)SPLICE_FLAGS)
        return -EINVAL;
    if (!size)
        return 0;
    if (!from || !to)
        return -EBADF;
    if (!is_pipe(from) || !is_pipe(to) || from->pipe == to->pipe)
        return -EINVAL;
    size = EH_MIN(EH_MIN(size, pipe_pending(from)), pipe_room(to));
    if (!size)
        return pipe_ready(from) & 16 ? 0 : -EAGAIN;
    u8 *bytes = arena_own(PIECE);
    if (!bytes)
        return -ENOMEM;
    pipe_peek(from, bytes, size);
    struct eh_span s = {0, 0, (u64)bytes, size, size};
    s64 result = pipe_write(to, &s);
    arena_disown(bytes, PIECE);
    return result;
}

s64 sys_vmsplice(struct eh_context *c) {
    struct eh_span s;
    struct eh_file *file = fd_file(c->x[0]);
    int writes = file && (file->flags & O_ACCMODE) == O_WRONLY;
    if ((u32)c->x[3] & ~(u32)SPLICE_FLAGS)
        return -EINVAL;
    if (!file || !is_pipe(file))
        return -EBADF;
    s64 result = span_vector(&s, c->x[1], c->x[2], writes ? PROT_READ : PROT_WRITE);
    if (result || !s.left)
        return result;
    if (((u32)c->x[3] & NONBLOCK) && !(writes ? pipe_room(file) : pipe_pending(file)))
        return -EAGAIN;
    return writes ? pipe_write(file, &s) : pipe_read(file, &s);
}
