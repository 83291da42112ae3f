// SPDX-License-Identifier: BSD-2-Clause
// Read-ahead of regular files into secure memory: a sequential reader crosses once for many reads. A piece
// starts at 64 KiB and doubles to the window's size. Memory is given back when anything else needs it.
#include "files.h"
#include "rt.h"
#include "stores.h"

enum { AHEAD_FIRST = 65536, RANDOM_PIECE = 4096 };

static u32 caches; // open files that hold one

void cache_drop(struct eh_file *file) {
    if (!file->cache)
        return;
    arena_disown(file->cache, file->cache_size);
    file->cache = 0;
    file->cache_size = file->cache_used = 0;
    caches--;
}

static int drop_matching(int all, u64 device, u64 inode) {
    int dropped = 0;
    for (u32 i = 0; caches && i < FILES_MOST; i++) {
        struct eh_file *file = fd_file_at(i);
        if (!file || !file->cache || (!all && (file->device != device || file->inode != inode)))
            continue;
        if (file->busy) {
            file->stale = 1; // a thread is at it: dropped when it is done
            continue;
        }
        if (all)
            cache_drop(file);
        file->cache_used = 0;
        dropped = 1;
    }
    return dropped;
}

int cache_drop_all(void) { return drop_matching(1, 0, 0); }

void cache_forget(u64 device, u64 inode) { drop_matching(0, device, inode); }

// How much to fetch at `offset` for a reader that wants `want` bytes.
static u64 piece(struct eh_file *file, u64 offset, u64 want) {
    u64 most = EH_MAX(wire_most() & ~(EH_PAGE - 1), EH_PAGE), size = RANDOM_PIECE;
    if (offset == file->sequel) {
        file->ahead = file->ahead ? (u32)EH_MIN(file->ahead * 2ull, most) : (u32)EH_MIN(AHEAD_FIRST, most);
        size = file->ahead;
    }
    size = EH_MIN(EH_MAX(size, EH_PAGE_UP(want)), most);
    if (offset >= file->size)
        return RANDOM_PIECE; // the end, unless it has moved
    return EH_MIN(size, EH_PAGE_UP(file->size - offset + 1));
}

static int make_cache(struct eh_file *file, u64 size) {
    if (file->cache_size >= size)
        return 1;
    cache_drop(file);
    file->cache = arena_own(size);
    file->cache_size = file->cache ? size : 0;
    caches += file->cache != 0;
    return file->cache != 0;
}

// Fill the cache from `offset` on. Bytes there (0: the end), or an errno; -ENOMEM when there is no room.
static s64 fill(struct eh_file *file, u64 offset, u64 want) {
    u64 size = piece(file, offset, want), skip = 0;
    if (file->pin) { // whole blocks
        u64 block = 1ull << file->pin->block_shift;
        skip = offset & (block - 1);
        if (offset >= file->pin->size)
            return 0;
        size = EH_MIN(EH_MAX((skip + size) & ~(block - 1), block), file->pin->size - (offset - skip));
    }
    while (!make_cache(file, size)) {
        if (file->pin || size <= RANDOM_PIECE)
            return -ENOMEM;
        size = EH_PAGE_UP(size / 2);
    }
    file->cache_used = 0;
    s64 got = file_fetch(file, file->cache, size, offset - skip);
    if (got < 0)
        return got;
    file->cache_from = offset - skip;
    file->cache_used = (u64)got;
    return got - (s64)skip;
}

static u64 cached(const struct eh_file *file, u64 offset) {
    u64 at = offset - file->cache_from;
    return offset >= file->cache_from && at < file->cache_used ? file->cache_used - at : 0;
}

static int whole(const struct eh_file *file, u64 chunk, u64 offset) {
    if (!file->pin)
        return chunk >= AHEAD_FIRST;
    u64 block = 1ull << file->pin->block_shift;
    return chunk >= block && !(offset & (block - 1)) && offset < file->pin->size;
}

// Straight into the program's memory: no room for a cache, or more than a cache is good for.
static s64 direct(struct eh_file *file, u64 to, u64 chunk, u64 offset) {
    if (file->pin && offset + chunk < file->pin->size)
        chunk &= ~((1ull << file->pin->block_shift) - 1);
    else if (file->pin)
        chunk = file->pin->size - offset;
    return file_fetch(file, (u8 *)to, chunk, offset);
}

// The next bytes of a read: how many reached the span, 0 at the end, or an errno.
static s64 step(struct eh_file *file, struct eh_span *s, u64 offset) {
    u64 to, chunk = span_chunk(s, &to), have = cached(file, offset);
    int skip_cache = whole(file, chunk, offset) || (!file->size && !file->pin);
    s64 got = have ? (s64)have : skip_cache ? -ENOMEM : fill(file, offset, s->left);
    if (got == -ENOMEM && (skip_cache || !file->pin)) {
        got = direct(file, to, chunk, offset);
        if (got > 0)
            span_skip(s, (u64)got);
        return got;
    }
    if (got <= 0)
        return got;
    have = EH_MIN(cached(file, offset), s->left);
    span_write(s, file->cache + (offset - file->cache_from), have);
    return (s64)have;
}

s64 cache_read(struct eh_file *file, struct eh_span *s, u64 offset) {
    u64 start = offset;
    if (file_sealed(file))
        return sealed_read(file, s, offset);
    if (file->image)
        return image_read(file, s, offset);
    if (file->stored)
        return store_read(file, s, offset);
    while (s->left) {
        if (offset > start && offset >= file->size && !cached(file, offset))
            break; // the end: whether it has moved, the next read asks
        s64 got = step(file, s, offset);
        if (got < 0 && offset == start)
            return got;
        if (got <= 0)
            break;
        offset += (u64)got;
        file->sequel = offset;
    }
    return (s64)(offset - start);
}
