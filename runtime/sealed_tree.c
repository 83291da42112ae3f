// SPDX-License-Identifier: BSD-2-Clause
// The tree of a sealed file: from the root in the header down to blocks. What is written goes to the slot that the
// last commit does not use, so that a loss of power at any point leaves what was committed.
#include "sealed.h"

enum { TOUCHED = 8 };

static u32 shift(u32 levels) { return levels * SEAL_FAN_SHIFT; }

static struct seal_entry *entry_of(struct eh_seal *s, u32 level, u64 index, struct seal_frame *parent) {
    return level == s->depth ? &s->root : (struct seal_entry *)parent->data + (index & (SEAL_FAN - 1));
}

// A unit of which the cache has nothing: read, decrypted, checked. A hole is zeros.
static s64 load(struct eh_seal *s, u32 level, u64 index, const struct seal_entry *e, struct seal_frame **frame) {
    s64 error;
    u32 units;
    u8 *staging = seal_staging(&units);
    struct seal_frame *f = seal_frame_take(s, level, index, &error);
    *frame = f;
    if (!f || !e->stamp)
        return error;
    s64 result = seal_host_read(s, staging, SEAL_UNIT, seal_place(level, index, e->stamp & 1));
    if (!result)
        result = seal_decrypt(s, level, index, staging, f->data, e);
    if (result)
        seal_frame_free(f);
    return result;
}

// The node of a level, by way of all above it. There must be room: nothing is flushed on the way.
static s64 node(struct eh_seal *s, u32 level, u64 index, struct seal_frame **frame) {
    struct seal_frame *f = 0;
    for (u32 l = s->depth; l >= level; l--) {
        u64 i = index >> shift(l - level);
        struct seal_frame *found = seal_frame_find(s, l, i);
        s64 result = found ? 0 : load(s, l, i, entry_of(s, l, i, f), &found);
        if (result)
            return result;
        f = found;
    }
    *frame = f;
    return 0;
}

// How many blocks from `block` on lie side by side in the host file, and are not here.
static u64 run_length(struct eh_seal *s, u64 block, const struct seal_entry *e, u64 most) {
    u64 count = 1, left = SEAL_FAN - (block & (SEAL_FAN - 1));
    while (count < EH_MIN(most, left) && e[count].stamp && !((e[count].stamp ^ e->stamp) & 1) &&
           !seal_frame_find(s, 0, block + count))
        count++;
    return count;
}

static s64 load_run(struct eh_seal *s, u64 block, u64 most, struct seal_frame *parent,
                    struct seal_frame **frame) {
    u32 units;
    s64 error;
    u8 *staging = seal_staging(&units);
    struct seal_entry *e = (struct seal_entry *)parent->data + (block & (SEAL_FAN - 1));
    u64 count = run_length(s, block, e, EH_MIN(most, (u64)units));
    s64 result = seal_host_read(s, staging, count * SEAL_UNIT, seal_place(0, block, e->stamp & 1));
    for (u64 i = 0; i < count && !result; i++) {
        struct seal_frame *f = seal_frame_take(s, 0, block + i, &error);
        result = f ? seal_decrypt(s, 0, block + i, staging + i * SEAL_UNIT, f->data, e + i) : error;
        if (f && result)
            seal_frame_free(f);
        if (!i)
            *frame = f;
        else if (result)
            return 0; // who reads that block will be told
    }
    return result;
}

s64 seal_block(struct eh_seal *s, u64 block, u64 ahead, int whole, struct seal_frame **frame) {
    s64 error;
    u32 units;
    struct seal_frame *parent;
    *frame = seal_frame_find(s, 0, block);
    if (*frame)
        return 0;
    seal_staging(&units);
    seal_frames_room(units + TOUCHED);
    if (s->broken)
        return s->broken;
    if (!whole && !(block >> shift(s->depth))) {
        s64 result = node(s, 1, block >> SEAL_FAN_SHIFT, &parent);
        if (result)
            return result;
        if (((struct seal_entry *)parent->data)[block & (SEAL_FAN - 1)].stamp)
            return load_run(s, block, EH_MAX(ahead, 1ull), parent, frame);
    }
    *frame = seal_frame_take(s, 0, block, &error);
    return error;
}

// Another level above the root.
static s64 grow(struct eh_seal *s) {
    s64 error;
    struct seal_frame *f = seal_frame_take(s, s->depth + 1, 0, &error);
    if (!f)
        return error;
    memcpy(f->data, &s->root, sizeof s->root);
    memset(&s->root, 0, sizeof s->root);
    f->dirty = 1;
    s->depth++;
    return 0;
}

s64 seal_touch(struct eh_seal *s, u64 block) {
    struct seal_frame *f;
    s64 result = 0;
    seal_frames_room(2 * TOUCHED);
    s->dirty = 1;
    while (!result && !s->broken && block >> shift(s->depth))
        result = grow(s);
    for (u32 level = s->depth; level && !result && !s->broken; level--) {
        result = node(s, level, block >> shift(level), &f);
        if (!result)
            f->dirty = 1;
    }
    f = seal_frame_find(s, 0, block);
    if (f)
        f->dirty = 1;
    if (result && !s->broken)
        s->broken = (s32)result;
    return s->broken;
}

struct run { // units that go to one place
    u64 place, units;
};

static s64 write_out(struct eh_seal *s, struct run *run) {
    u32 most;
    u8 *staging = seal_staging(&most);
    s64 result = run->units ? seal_host_write(s, staging, run->units * SEAL_UNIT, run->place) : 0;
    run->units = 0;
    return result;
}

static s64 flush_one(struct eh_seal *s, struct seal_frame *f, struct run *run) {
    u32 most;
    s64 result = 0;
    u8 *staging = seal_staging(&most);
    struct seal_frame *parent =
        f->level == s->depth ? 0 : seal_frame_find(s, f->level + 1, f->index >> SEAL_FAN_SHIFT);
    struct seal_entry *e = entry_of(s, f->level, f->index, parent);
    u32 fresh = s->sequence + 1, slot = e->stamp & 1;
    if (e->stamp && e->stamp >> 1 != fresh)
        slot ^= 1;
    u64 place = seal_place(f->level, f->index, slot);
    if (run->units == most || (run->units && place != run->place + run->units * SEAL_UNIT))
        result = write_out(s, run);
    if (!run->units)
        run->place = place;
    if (!result)
        seal_encrypt(s, f->level, f->index, f->data, staging + run->units * SEAL_UNIT, e);
    e->stamp = fresh << 1 | slot;
    run->units++;
    f->dirty = 0;
    return result;
}

s64 seal_flush(struct eh_seal *s) {
    s64 result = 0;
    for (u32 level = 0; level <= s->depth && !result; level++) {
        struct run run = {0, 0};
        struct seal_frame *f;
        for (u64 from = 0; !result && (f = seal_frame_dirty(s, level, from)); from = f->index + 1)
            result = flush_one(s, f, &run);
        if (!result)
            result = write_out(s, &run);
    }
    if (result && !s->broken)
        s->broken = (s32)result;
    for (u32 level = 0; s->broken && level <= SEAL_LEVELS; level++)
        seal_frames_drop(s, level, 0);
    return s->broken;
}

// The last block that stays gets zeros behind its end.
static s64 cut_block(struct eh_seal *s, u64 size) {
    struct seal_frame *f;
    u64 end = size & (SEAL_UNIT - 1), block = size / SEAL_UNIT;
    if (!end)
        return 0;
    s64 result = seal_block(s, block, 1, 0, &f);
    if (!result)
        result = seal_touch(s, block);
    if (!result)
        memset(f->data + end, 0, SEAL_UNIT - end);
    return result;
}

s64 seal_cut(struct eh_seal *s, u64 size) {
    u64 kept = (size + SEAL_UNIT - 1) / SEAL_UNIT;
    s64 result = cut_block(s, size);
    if (!result && kept)
        result = seal_touch(s, kept - 1);
    if (result)
        return result;
    seal_frames_drop(s, 0, kept);
    for (u32 level = 1; level <= s->depth; level++) {
        u64 children = kept;
        kept = (kept + SEAL_FAN - 1) >> SEAL_FAN_SHIFT;
        seal_frames_drop(s, level, kept);
        u64 first = kept ? children - ((kept - 1) << SEAL_FAN_SHIFT) : 0;
        struct seal_frame *f = kept ? seal_frame_find(s, level, kept - 1) : 0;
        if (f)
            memset(f->data + first * sizeof(struct seal_entry), 0,
                   (SEAL_FAN - first) * sizeof(struct seal_entry));
    }
    if (!size) {
        s->depth = 1;
        memset(&s->root, 0, sizeof s->root);
    }
    return 0;
}
