// SPDX-License-Identifier: BSD-2-Clause
// Sealed files as the program sees them: opened, read, written, resized, closed. Open files of one name share one
// struct eh_seal, and with it the root of the tree: what the normal world holds is never asked which version is right.
#include "sealed.h"
#include "thread.h"


static struct eh_seal seals[SEALS_MOST];
static u32 held; // its address is where threads wait

void seal_lock(void) {
    while (held)
        thread_hold_at((u64)&held);
    held = 1;
}

void seal_unlock(void) {
    held = 0;
    futex_wake((u64)&held, 1, ~0u);
}

struct eh_seal *seal_of(const struct eh_file *file) { return &seals[file->sealed - 1]; }

struct eh_seal *seal_named(const char *name, u32 length) {
    for (struct eh_seal *s = seals; s < seals + SEALS_MOST; s++)
        if (s->references && !s->gone && eh_equal(s->name, s->name_length, name, length))
            return s;
    return 0;
}

static void forget(struct eh_seal *s) {
    for (u32 level = 0; level <= SEAL_LEVELS; level++)
        seal_frames_drop(s, level, 0);
    seal_host_close(s);
    if (s->name)
        arena_disown(s->name, EH_PAGE);
    memset(s, 0, sizeof *s);
}

static s64 open_named(struct eh_seal *s, const struct eh_path *path, u32 flags, u32 mode) {
    s64 result = seal_host_open(s, path, flags, mode);
    if (result != -ENOENT)
        return result ? result : seal_open_head(s);
    if (seal_trust_load(s) || seal_must_exist(s))
        return wire_violated(EH_RULE_FILES_SEALED);
    return seal_trust_absent(s) ? -EIO : result;
}

static s64 make(const struct eh_path *path, const char *name, u32 length, u32 flags, u32 mode,
                struct eh_seal **made) {
    struct eh_seal *s = seals;
    while (s < seals + SEALS_MOST && s->references)
        s++;
    s64 result = s < seals + SEALS_MOST ? seal_cache_begin() : -ENFILE;
    if (result)
        return result;
    s->name = arena_own(EH_PAGE);
    if (!s->name)
        return -ENOMEM;
    memcpy(s->name, name, length);
    s->name_length = length;
    s->references = 1;
    result = open_named(s, path, flags, mode);
    if (result)
        forget(s);
    *made = s;
    return result;
}

s64 seal_acquire(const struct eh_path *path, u32 flags, u32 mode, struct eh_seal **seal) {
    char name[EH_PATH_MAX];
    u32 length = path_normalise(name, path->text, path->length);
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
    struct eh_seal *s = seal_named(name, length);
    s64 result = 0;
    if (s && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (s && writes && !s->writable)
        return -EACCES;
    if (s)
        s->references++;
    else
        result = make(path, name, length, flags, mode, &s);
    *seal = s;
    if (result || !(flags & O_TRUNC))
        return result;
    result = seal_resize(s, 0);
    if (result)
        seal_release(s);
    return result;
}

s64 seal_release(struct eh_seal *s) {
    if (s->references > 1)
        return s->references--, 0;
    s64 result = seal_commit(s);
    forget(s);
    return result;
}

s64 seal_resize(struct eh_seal *s, u64 size) {
    s64 result = s->broken;
    if (size > SEAL_SIZE_MAX)
        return -EFBIG;
    if (result || size == s->size)
        return result;
    s->dirty = 1;
    int cut = size < s->size;
    if (cut)
        result = seal_cut(s, size);
    if (!result)
        s->size = size;
    return result || !cut ? result : seal_commit(s); // at once: the slots of what was cut are free only then
}

static s64 read_locked(struct eh_file *file, struct eh_seal *s, struct eh_span *span, u64 offset) {
    u64 start = offset;
    u32 units;
    struct seal_frame *f;
    seal_staging(&units);
    while (span->left && offset < s->size && !s->broken) {
        u64 at = offset & (SEAL_UNIT - 1), size = EH_MIN(EH_MIN(SEAL_UNIT - at, span->left), s->size - offset);
        u64 wanted = (at + span->left + SEAL_UNIT - 1) / SEAL_UNIT;
        u64 ahead = start == file->sequel && start ? units : wanted;
        s64 result = seal_block(s, offset / SEAL_UNIT, ahead, 0, &f);
        if (result)
            return offset > start ? (s64)(offset - start) : result;
        span_write(span, f->data + at, size);
        offset += size;
    }
    file->sequel = offset;
    return offset > start || !s->broken ? (s64)(offset - start) : s->broken;
}

static s64 write_locked(struct eh_seal *s, struct eh_span *span, u64 offset) {
    u64 start = offset;
    struct seal_frame *f;
    while (span->left && !s->broken) {
        u64 at = offset & (SEAL_UNIT - 1), size = EH_MIN(SEAL_UNIT - at, span->left);
        if (offset + size > SEAL_SIZE_MAX)
            return offset > start ? (s64)(offset - start) : -EFBIG;
        s64 result = seal_block(s, offset / SEAL_UNIT, 1, size == SEAL_UNIT || offset - at >= s->size, &f);
        if (!result)
            result = seal_touch(s, offset / SEAL_UNIT);
        if (result)
            return offset > start ? (s64)(offset - start) : result;
        span_read(span, f->data + at, size);
        offset += size;
        s->size = EH_MAX(s->size, offset);
    }
    return offset > start ? (s64)(offset - start) : s->broken;
}

s64 sealed_read(struct eh_file *file, struct eh_span *span, u64 offset) {
    seal_lock();
    s64 result = read_locked(file, seal_of(file), span, offset);
    seal_unlock();
    return result;
}

s64 sealed_write(struct eh_file *file, struct eh_span *span, u64 offset, u64 *end) {
    seal_lock();
    struct eh_seal *s = seal_of(file);
    if (file->flags & O_APPEND)
        offset = s->size;
    s64 result = write_locked(s, span, offset);
    *end = offset + (result > 0 ? (u64)result : 0);
    seal_unlock();
    return result;
}

u64 sealed_size(const struct eh_file *file) { return seal_of(file)->size; }

u32 sealed_host(const struct eh_file *file) { return seal_of(file)->host->number; }

s64 sealed_open(struct eh_file *file, const struct eh_path *path, u32 flags, u32 mode) {
    struct eh_seal *s = 0;
    seal_lock();
    s64 result = seal_acquire(path, flags, mode, &s);
    if (!result) {
        file->kind = FILE_REGULAR;
        file->sealed = (u32)(s - seals) + 1;
        file->device = s->host->device;
        file->inode = s->host->inode;
    }
    seal_unlock();
    return result;
}

s64 sealed_close(struct eh_file *file) {
    seal_lock();
    s64 result = seal_release(seal_of(file));
    file->sealed = 0;
    seal_unlock();
    return result;
}

s64 sealed_resize(const struct eh_file *file, u64 size) {
    seal_lock();
    s64 result = seal_resize(seal_of(file), size);
    seal_unlock();
    return result;
}

s64 sealed_sync(const struct eh_file *file) {
    seal_lock();
    s64 result = seal_commit(seal_of(file));
    seal_unlock();
    return result;
}

void sealed_end(void) {
    seal_lock();
    for (struct eh_seal *s = seals; s < seals + SEALS_MOST; s++)
        if (s->references)
            seal_commit(s);
    seal_unlock();
}
