// SPDX-License-Identifier: BSD-2-Clause
// The arena: one range of secure pages, taken from the TEE core piece by piece and grown in place. It lies
// far behind the image, because the core maps parameters of entries into the first gap behind it.
#include "files.h"
#include "memory.h"

#define FAR_AWAY (96ull << 20)
#define SPAN_MAX (4ull << 30)
#define CHUNK_MIN (1ull << 20)
#define CHUNK_MAX (16ull << 20)
#define SPARE_VMAS 8 // slots of the list kept free, so that a growth of the list itself finds room

static struct eh_vma first_vmas[EH_MAX_SEGMENTS + 2 * SPARE_VMAS];
struct eh_map eh_map;
static struct {
    u64 start, end;         // pages held
    u64 brk_start, brk_end; // left free for brk as long as there is other room
} arena;

static int grow_to(u64 end) {
    u64 need = end - arena.end;
    u64 chunk = EH_MIN(EH_MAX((arena.end - arena.start) / 2, CHUNK_MIN), CHUNK_MAX);
    chunk = EH_PAGE_UP(EH_MAX(need, chunk));
    if (end < arena.end || end > arena.start + SPAN_MAX)
        return -ENOMEM;
    if (utee_map_zero(chunk, arena.end) != arena.end) {
        chunk = EH_PAGE_UP(need);
        if (utee_map_zero(chunk, arena.end) != arena.end)
            return -ENOMEM;
    }
    arena.end += chunk;
    return 0;
}

u32 arena_init(u64 image_end) {
    u64 wanted = (image_end + FAR_AWAY + 0x1fffff) & ~0x1fffffull;
    eh_map.vmas = first_vmas;
    eh_map.capacity = sizeof first_vmas / sizeof *first_vmas;
    arena.start = utee_map_zero(CHUNK_MIN, wanted);
    if (!arena.start)
        arena.start = utee_map_zero(CHUNK_MIN, 0);
    arena.end = arena.start + CHUNK_MIN;
    return arena.start ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

// A free range of `size` bytes, after growing if need be: above brk's reserve first, inside it at last.
static u64 find(u64 size) {
    u64 low = arena.brk_end ? arena.brk_end : arena.start;
    u64 at = vma_gap(&eh_map, low, arena.end, size);
    if (at)
        return at;
    u32 next = vma_first(&eh_map, arena.end);
    u64 tail = next ? EH_MAX(eh_map.vmas[next - 1].end, low) : low;
    if (tail + size > tail && !grow_to(tail + size))
        return tail;
    return vma_gap(&eh_map, arena.start, arena.end, size);
}

// Double the list of VMAs when it is nearly full.
static int make_room(void) {
    if (eh_map.count + SPARE_VMAS <= eh_map.capacity)
        return 0;
    u64 size = EH_PAGE_UP(eh_map.capacity * 2 * sizeof *eh_map.vmas);
    u64 at = find(size);
    if (!at)
        return -ENOMEM;
    struct eh_vma *old = eh_map.vmas;
    u64 old_size = EH_PAGE_UP(eh_map.capacity * sizeof *old);
    vma_insert(&eh_map, (struct eh_vma){at, at + size, PROT_NONE, VMA_RUNTIME});
    memcpy((void *)at, old, eh_map.count * sizeof *old);
    eh_map.vmas = (struct eh_vma *)at;
    eh_map.capacity = (u32)(size / sizeof *old);
    if (old != first_vmas)
        arena_disown(old, old_size);
    return 0;
}

int arena_protect(u64 start, u64 size, u32 protection) {
    return make_room() ? -ENOMEM : vma_protect(&eh_map, start, start + size, protection);
}

int arena_turn(u64 start, u64 size, u32 kind, u32 protection) {
    if (make_room() || vma_remove(&eh_map, start, start + size, 0))
        return -ENOMEM;
    return vma_insert(&eh_map, (struct eh_vma){start, start + size, protection, kind});
}

static u64 take(u64 size, u32 kind, u32 protection) {
    u64 at = size && !make_room() ? find(size) : 0;
    if (at && vma_insert(&eh_map, (struct eh_vma){at, at + size, protection, kind}))
        return 0;
    return at;
}

u64 arena_take(u64 size, u32 kind, u32 protection) {
    u64 at = take(size, kind, protection);
    return at || !cache_drop_all() ? at : take(size, kind, protection);
}

int arena_take_at(u64 start, u64 size, u32 kind, u32 protection) {
    if (!arena_holds(start, start + size) || make_room())
        return -ENOMEM;
    if (!vma_free(&eh_map, start, start + size))
        return -EEXIST;
    if (start + size > arena.end && grow_to(start + size))
        return -ENOMEM;
    return vma_insert(&eh_map, (struct eh_vma){start, start + size, protection, kind});
}

int arena_give(u64 start, u64 size) {
    u64 end = start + size;
    if (make_room())
        return -ENOMEM;
    stores_unmap(start, end);
    for (u32 i = vma_first(&eh_map, start); i < eh_map.count && eh_map.vmas[i].start < end; i++) {
        const struct eh_vma *v = &eh_map.vmas[i];
        u64 from = EH_MAX(v->start, start), to = EH_MIN(v->end, end);
        if (v->kind != VMA_RUNTIME && v->kind != VMA_SHARED && arena_holds(from, to))
            memset((void *)from, 0, to - from);
    }
    return vma_remove(&eh_map, start, end, VMA_RUNTIME);
}

void *arena_own(u64 size) { return (void *)arena_take(EH_PAGE_UP(size), VMA_RUNTIME, PROT_NONE); }

void arena_disown(void *start, u64 size) {
    size = EH_PAGE_UP(size);
    memset(start, 0, size);
    vma_remove(&eh_map, (u64)start, (u64)start + size, 0);
}

int arena_holds(u64 start, u64 end) {
    return arena.start <= start && start <= end && end <= arena.start + SPAN_MAX;
}

void arena_set_brk(u64 start, u64 reserve) {
    arena.brk_start = start;
    arena.brk_end = start + reserve;
}

u64 arena_size(void) { return arena.end - arena.start; }

u64 arena_unused(void) {
    u64 used = 0;
    for (u32 i = 0; i < eh_map.count; i++)
        if (arena_holds(eh_map.vmas[i].start, eh_map.vmas[i].end))
            used += eh_map.vmas[i].end - eh_map.vmas[i].start;
    return arena_size() - used;
}
