// SPDX-License-Identifier: BSD-2-Clause
// Units of sealed files in secure memory, one pool for all of them. What is dirty is never dropped; what stands above
// it in the tree is dirty, too, so that a flush loads nothing.
#include "sealed.h"

enum { FRAMES_MOST = 128, FRAMES_LEAST = 32, STAGING_PART = 4 };

static struct {
    struct seal_frame frames[FRAMES_MOST];
    u32 count;
    u64 clock;
    u8 *staging;
} pool;

s64 seal_cache_begin(void) {
    u8 *data = 0;
    for (u32 count = FRAMES_MOST; !pool.count && count >= FRAMES_LEAST; count /= 2) {
        data = arena_own((u64)(count + count / STAGING_PART) * SEAL_UNIT);
        if (data)
            pool.count = count;
    }
    if (!data)
        return pool.count ? 0 : -ENOMEM;
    for (u32 i = 0; i < pool.count; i++)
        pool.frames[i].data = data + (u64)i * SEAL_UNIT;
    pool.staging = data + (u64)pool.count * SEAL_UNIT;
    return 0;
}

u8 *seal_staging(u32 *units) {
    *units = pool.count / STAGING_PART;
    return pool.staging;
}

struct seal_frame *seal_frame_find(struct eh_seal *s, u32 level, u64 index) {
    for (struct seal_frame *f = pool.frames; f < pool.frames + pool.count; f++)
        if (f->index == index && f->seal == s && f->level == level) {
            f->used = ++pool.clock;
            return f;
        }
    return 0;
}

void seal_frame_free(struct seal_frame *f) {
    memset(f->data, 0, SEAL_UNIT);
    *f = (struct seal_frame){.data = f->data};
}

// The frame that is clean and was used longest ago; *clean: how many are.
static struct seal_frame *oldest(u32 *clean) {
    struct seal_frame *best = 0;
    *clean = 0;
    for (struct seal_frame *f = pool.frames; f < pool.frames + pool.count; f++) {
        if (f->dirty)
            continue;
        ++*clean;
        if (!best || f->used < best->used)
            best = f;
    }
    return best;
}

void seal_frames_room(u32 count) {
    u32 clean;
    oldest(&clean);
    if (clean >= count)
        return;
    for (struct seal_frame *f = pool.frames; f < pool.frames + pool.count; f++)
        if (f->dirty)
            seal_flush(f->seal); // what fails breaks that file, and drops what is here of it
}

struct seal_frame *seal_frame_take(struct eh_seal *s, u32 level, u64 index, s64 *error) {
    u32 clean;
    seal_frames_room(1);
    struct seal_frame *f = oldest(&clean);
    *error = s->broken;
    if (*error)
        return 0;
    memset(f->data, 0, SEAL_UNIT);
    *f = (struct seal_frame){.seal = s, .level = level, .index = index, .used = ++pool.clock, .data = f->data};
    return f;
}

struct seal_frame *seal_frame_dirty(struct eh_seal *s, u32 level, u64 from) {
    struct seal_frame *best = 0;
    for (struct seal_frame *f = pool.frames; f < pool.frames + pool.count; f++)
        if (f->seal == s && f->dirty && f->level == level && f->index >= from &&
            (!best || f->index < best->index))
            best = f;
    return best;
}

void seal_frames_drop(struct eh_seal *s, u32 level, u64 from) {
    for (struct seal_frame *f = pool.frames; f < pool.frames + pool.count; f++)
        if (f->seal == s && f->level == level && f->index >= from)
            seal_frame_free(f);
}
