// SPDX-License-Identifier: BSD-2-Clause
// Where in a file a program stands, how long the file is, and what of it is on the disk.
#include "sealed.h"
#include "stores.h"

enum { SEEK_SET = 0, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE };
enum { FALLOC_FL_KEEP_SIZE = 1, FADV_NOREUSE = 5, STAT_MODE = 16 };

u64 file_length(const struct eh_file *file) {
    return file_sealed(file) ? sealed_size(file) : file->stored ? file->store->size : file->size;
}

static s64 seek_outside(struct eh_file *file, u64 offset, u32 whence) {
    struct eh_request r = {.row = ROW_lseek, .rule = AUDIT_FILES, .args = {file->number, offset, whence}};
    return wire_call(&r, ~0ull >> 1);
}

static s64 seek_regular(struct eh_file *file, s64 offset, u32 whence) {
    s64 base = whence == SEEK_CUR ? (s64)file->offset : 0, to;
    int kept = file_sealed(file) || file->stored;
    if (kept && whence > SEEK_END) {
        if (offset < 0 || (u64)offset >= file_length(file))
            return -ENXIO;
        return whence == SEEK_HOLE ? (s64)file_length(file) : offset;
    }
    if (whence == SEEK_END && (kept || file->pin || file->image))
        base = (s64)file_length(file);
    else if (whence >= SEEK_END)
        return seek_outside(file, (u64)offset, whence);
    if (__builtin_add_overflow(base, offset, &to))
        return -EOVERFLOW;
    if (!(to >> 40) || to < 0 || kept)
        return to < 0 || (file_sealed(file) && (u64)to > SEAL_SIZE_MAX) ? -EINVAL : to;
    s64 told = seek_outside(file, (u64)to, SEEK_SET); // how far a file can reach is its file system's to say
    return told < 0 || told == to ? told : wire_violated(EH_RULE_ANSWERS);
}

s64 sys_lseek(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    u32 whence = (u32)c->x[2];
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (whence > SEEK_HOLE)
        return -EINVAL;
    if (file->tree && file->kind == FILE_DIRECTORY && whence == SEEK_SET && !(c->x[1] >> 32))
        return (s64)(file->offset = c->x[1]);
    if (file->kind == FILE_DEVICE || file_waits_inside(file))
        return file_waits_inside(file) && file_mode_inside(file) != 0600 ? -ESPIPE : 0;
    if (file->kind != FILE_REGULAR)
        return seek_outside(file, c->x[1], whence);
    s64 to = seek_regular(file, (s64)c->x[1], whence);
    if (to >= 0)
        file->offset = (u64)to;
    return to;
}

s64 sys_ftruncate(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    u64 length = c->x[1];
    if ((s64)length < 0)
        return -EINVAL;
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (file->kind == FILE_DIRECTORY || (file->flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    if (file_sealed(file))
        return sealed_resize(file, length);
    if (file->stored)
        return store_resize(file->store, length);
    if (file_inside(file))
        return -EINVAL;
    struct eh_request r = {.row = ROW_ftruncate, .rule = AUDIT_FILES_WRITE, .args = {file->number, length}};
    s64 result = wire_call(&r, 0);
    cache_forget(file->device, file->inode);
    if (!result)
        file->size = length;
    return result;
}

s64 sys_fallocate(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    u32 mode = (u32)c->x[1];
    u64 offset = c->x[2], length = c->x[3];
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if ((s64)offset < 0 || (s64)length <= 0)
        return -EINVAL;
    if (mode & ~(u32)FALLOC_FL_KEEP_SIZE)
        return -EOPNOTSUPP;
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (file_sealed(file))
        return mode ? 0 : sealed_resize(file, EH_MAX(sealed_size(file), offset + length));
    if (file->stored)
        return mode ? 0 : store_resize(file->store, EH_MAX(file_length(file), offset + length));
    if (file_inside(file))
        return file_waits_inside(file) ? -ESPIPE : -ENODEV;
    struct eh_request r = {
        .row = ROW_fallocate, .rule = AUDIT_FILES_WRITE, .args = {file->number, mode, offset, length}};
    s64 result = wire_call(&r, 0);
    cache_forget(file->device, file->inode);
    if (!result && !mode)
        file->size = EH_MAX(file->size, offset + length);
    return result;
}

// Whether a stream is a pipe only the normal world knows.
static int is_pipe(struct eh_file *file) {
    u32 mode;
    if (file_waits_inside(file))
        return file_mode_inside(file) != 0600;
    if (file->kind != FILE_STREAM && file->kind != FILE_OTHER)
        return 0;
    struct eh_request r = {
        .row = ROW_fstat, .rule = AUDIT_FILES_READ, .args = {file->number}, .out_capacity = 128};
    if (wire_call(&r, 0))
        return 0;
    memcpy(&mode, wire_output(&r) + STAT_MODE, sizeof mode);
    return (mode & S_IFMT) == S_IFIFO;
}

s64 sys_fadvise64(struct eh_context *c) {
    struct eh_file *file = fd_file(c->x[0]);
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (is_pipe(file))
        return -ESPIPE;
    return (s64)c->x[2] < 0 || (u32)c->x[3] > FADV_NOREUSE ? -EINVAL : 0;
}

s64 file_sync(struct eh_file *file, u32 row) {
    if (!file || (file->flags & O_PATH))
        return -EBADF;
    if (file_sealed(file))
        return sealed_sync(file);
    if (file_inside(file))
        return file->kind == FILE_DEVICE || file_waits_inside(file) ? -EINVAL : 0;
    struct eh_request r = {.row = row, .rule = AUDIT_FILES_WRITE, .args = {file->number}};
    return wire_call(&r, 0);
}

s64 sys_fsync(struct eh_context *c) { return file_sync(fd_file(c->x[0]), ROW_fsync); }

s64 sys_fdatasync(struct eh_context *c) { return file_sync(fd_file(c->x[0]), ROW_fdatasync); }
